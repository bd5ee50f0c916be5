//! Restoring to another path.

use serde_json::json;

use crate::common::schema::check;
use crate::common::{Outcome, World};
use crate::{changed, some, state};

#[tokio::test]
async fn a_path_is_restored_to_another_and_nothing_there_is_deleted() -> Outcome {
    let world = World::new("destination").await;
    let then = changed(&world, "/source").await;
    world.put("/there/old/changed", "mine", "String").await;
    world.put("/there/old/new", "kept", "String").await;
    let line = format!("/source/ -R {then} --to /there/old/");

    let shown = check("preview", &world.run(&format!("ssmbak preview {line} -o json")).json());
    assert_eq!((&shown["Path"], &shown["To"]), (&json!("/source/"), &json!("/there/old/")));
    let rows: Vec<String> = shown["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["Action"].as_str().unwrap(), row["Name"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, ["update /there/old/changed", "create /there/old/gone", "create /there/old/secret"]);
    let told = world.run(&format!("ssmbak preview {line} --on-conflict skip"));
    assert!(told.out.ends_with("2 to create, 1 skipped\n"), "{told:?}");
    assert!(told.err.contains("-R --to /there/old/ -b destination --on-conflict skip"), "{}", told.err);

    let refused = world.run(&format!("ssmbak restore {line} --on-conflict fail -o json"));
    assert_eq!((refused.code, &refused.error()["Error"]["Code"]), (Some(1), &json!("Conflict")), "{refused:?}");
    let existing = world.run(&format!("ssmbak restore {line} --only-existing --on-conflict skip"));
    let skipped = "skipped, because it exists with other values:\n  /there/old/changed\n";
    let expected = format!("{skipped}no changes: 2 unchanged, 1 skipped\n");
    assert_eq!((existing.code, existing.out), (Some(0), expected));
    let told = world.run(&format!("ssmbak restore {line} --only-existing --on-conflict skip -o json"));
    assert_eq!(check("restore", &told.json())["Skipped"], json!(["/there/old/changed"]));
    assert_eq!(state(&world, "/there/old").await, some(["mine", "", "kept", ""]));

    let ran = world.run(&format!("ssmbak restore {line} -o json"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    check("restore", &ran.json());
    assert_eq!(state(&world, "/there/old").await, some(["one", "one", "kept", "hush-hush"]));
    assert_eq!(state(&world, "/source").await, some(["two", "", "new", "louder"]), "the source stays as it is");
    let again = world.run(&format!("ssmbak restore {line}"));
    assert_eq!((again.code, again.out.as_str()), (Some(0), "no changes: 3 unchanged\n"), "{again:?}");

    // What was not there before goes again.
    let undone = world.run("ssmbak undo -y");
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(state(&world, "/there/old").await, some(["mine", "", "kept", ""]));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_there_is_refused_before_anything_is_written() -> Outcome {
    let world = World::new("illegal").await;
    world.recorded("/illegal/a", "x", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/illegal/b/c", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let deep = "/d".repeat(14);
    let ran = world.run(&format!("ssmbak restore /illegal/ -R 2024-01-02 --to {deep} -o json"));
    assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("Refused")), "{ran:?}");
    assert!(ran.err.contains("/illegal/b/c cannot be there"), "{}", ran.err);
    assert_eq!(world.value(&format!("{deep}/a")).await, None);
    for line in [
        "ssmbak restore /illegal/ 2024-01-02 --to /illegal",
        "ssmbak restore /illegal/ /b/ 2024-01-02 --to /c/",
        "ssmbak restore /illegal/ 2024-01-02 --to c/d",
        "ssmbak restore /illegal/ 2024-01-02 --only-existing",
        "ssmbak preview /illegal/ 2024-01-02 --to /c/ --out x",
    ] {
        assert_eq!(world.run(line).code, Some(2), "{line}");
    }
    Ok(())
}
