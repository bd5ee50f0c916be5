//! The records of restores, and undoing them.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::common::schema::check;
use crate::common::{Outcome, Ran, World};
use crate::{changed, some, state};

fn restores(world: &World, options: &str) -> Vec<Value> {
    let found = check("restores", &world.run(&format!("ssmbak restores -o json{options}")).json());
    assert_eq!(found["Warnings"], json!([]), "{found}");
    found["Restores"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_restore_leaves_a_record_and_is_undone_by_its_name() -> Outcome {
    let world = World::new("undone").await;
    let then = changed(&world, "/undone").await;
    assert!(restores(&world, "").is_empty());
    assert_eq!(world.run("ssmbak restores").out, "no restore is recorded\n");
    let none = world.run("ssmbak undo -y -o json");
    assert_eq!((none.code, &none.error()["Error"]["Code"]), (Some(1), &json!("NotFound")));

    let ran = world.run(&format!("ssmbak restore /undone/ -R {then} -o json"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = check("restore", &ran.json());
    let id = restores(&world, "").remove(0)["Id"].as_str().unwrap().to_owned();
    assert!(ran.err.contains(&format!("undo with: ssmbak undo {id} -b undone\n")), "{}", ran.err);
    assert_eq!(told["RestoreId"], json!(id));
    assert_eq!(state(&world, "/undone").await, some(["one", "one", "", "hush-hush"]));
    let record = restores(&world, "").remove(0);
    assert_eq!((&record["Id"], &record["State"]), (&json!(id), &json!("finished")));
    assert_eq!((&record["Account"], &record["Region"]), (&json!("123456789012"), &json!("us-east-1")));
    assert!(record["Author"].as_str().unwrap().starts_with("arn:aws:"), "{record}");
    assert_eq!(record["Question"], json!({"Paths": ["/undone/"], "Recursive": true, "At": then}));
    let row = &record["Changes"][2];
    assert_eq!(
        (&row["Action"], &row["Name"], &row["Outcome"]),
        (&json!("delete"), &json!("/undone/new"), &json!("done"))
    );
    assert_eq!((&row["Touched"], &row["After"]), (&json!(true), &json!({"Absent": true})));
    assert_eq!((&row["Before"]["Version"], &row["Before"]["Tags"]), (&json!(1), &json!({})), "{row}");
    let text = record.to_string();
    assert!(!text.contains("hush") && !text.contains("louder") && !text.contains("\"one\""), "{text}");

    // Nothing of ssmbak's own is taken for a stranger.
    let whole = world.run(&format!("ssmbak preview / -R {then} --include undone -o json"));
    assert_eq!(
        whole.json()["Warnings"]
            .as_array()
            .map(|warnings| warnings.iter().filter(|warning| warning.to_string().contains("ssmbak-")).count()),
        Some(0),
        "{whole:?}"
    );

    // Somebody's change of what the restore did not touch stays.
    world.put("/undone/other", "mine", "String").await;
    let undone = world.run("ssmbak undo -y -o json");
    assert_eq!(undone.code, Some(0), "{undone:?}");
    check("restore", &undone.json());
    assert_eq!(state(&world, "/undone").await, some(["two", "", "new", "louder"]));
    assert_eq!(world.value("/undone/other").await.as_deref(), Some("mine"));

    let both = restores(&world, "");
    assert_eq!((both.len(), &both[0]["Undoes"], &both[1]["Id"]), (2, &json!(id), &json!(id)));
    assert_eq!(restores(&world, " -n 1"), both[..1]);
    let redone = world.run("ssmbak undo -y");
    assert_eq!(redone.code, Some(0), "{redone:?}");
    assert_eq!(state(&world, "/undone").await, some(["one", "one", "", "hush-hush"]));
    let again = world.run(&format!("ssmbak undo -y {}", both[0]["Id"].as_str().unwrap()));
    assert_eq!((again.code, again.out.as_str()), (Some(0), "no changes: 3 unchanged\n"), "{again:?}");

    let table = world.run("ssmbak restores").out;
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.contains(&format!("undo {id}")) && table.contains("4 done"), "{table}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_undone_is_told() -> Outcome {
    let world = World::new("notundone").await;
    let refused = |line: &str| world.run(&format!("{line} -y -o json"));
    let ran = refused("ssmbak undo a/b");
    assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(2), &json!("Usage")));
    let ran = refused("ssmbak undo 20260101T000000000Z-000000");
    assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("NotFound")));
    for (id, content) in [("damaged", "{"), ("newer", r#"{"SchemaVersion":9}"#), ("bytes", "\u{1b}[2J")] {
        let put = world.s3.put_object().bucket(world.bucket).key(format!("ssmbak-restore/{id}"));
        put.body(content.as_bytes().to_vec().into()).send().await?;
        let ran = refused(&format!("ssmbak undo {id}"));
        assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("Unreadable")), "{ran:?}");
    }
    let listed = world.run("ssmbak restores -o json").json();
    assert_eq!((&listed["Restores"], listed["Warnings"].as_array().map(Vec::len)), (&json!([]), Some(3)), "{listed}");
    let record = r#"{"SchemaVersion":1,"Id":"elsewhere","State":"finished","Begun":"2026-01-01T00:00:00Z","Before":"2026-01-01T00:00:00Z","Bucket":"b","Region":"eu-west-1","Question":{"Paths":["/"],"Recursive":true,"At":"2026-01-01T00:00:00Z"},"Changes":[]}"#;
    let put = world.s3.put_object().bucket(world.bucket).key("ssmbak-restore/elsewhere");
    put.body(record.as_bytes().to_vec().into()).send().await?;
    let ran = refused("ssmbak undo elsewhere");
    assert!(ran.code == Some(1) && ran.err.contains("was made in region eu-west-1, not us-east-1"), "{ran:?}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn a_restore_that_was_killed_can_be_undone() -> Outcome {
    let world = World::new("killed").await;
    for number in 0..5 {
        world.recorded(&format!("/killed/{number}"), "x", "2024-01-01T10:00:00Z", "String", None).await;
        world.put(&format!("/killed/{number}"), "now", "String").await;
    }
    let line = "ssmbak restore /killed/ 2024-01-02 --put-rate 1 -o json";
    let mut child = world.command(line).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    while world.value("/killed/1").await.as_deref() != Some("x") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    child.kill()?;
    child.wait()?;
    let record = restores(&world, "").remove(0);
    assert_eq!((&record["State"], record.get("Finished")), (&json!("begun"), None));
    let ran = Ran::of(&mut world.command("ssmbak undo -y"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("it is under way, or was killed"), "{}", ran.err);
    for number in 0..5 {
        assert_eq!(world.value(&format!("/killed/{number}")).await.as_deref(), Some("now"), "{number}");
    }
    Ok(())
}
