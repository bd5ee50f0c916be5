//! Plans that are saved, and applied or refused.

use std::fs;

use serde_json::{Value, json};

use crate::common::schema::check;
use crate::common::{Outcome, Ran, World, bare};
use crate::{changed, some, state};

#[tokio::test]
async fn a_saved_plan_is_applied_as_it_was_saved() -> Outcome {
    let world = World::new("saved").await;
    let then = changed(&world, "/saved").await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.json");
    let shown = file.display();

    let ran = world.run(&format!("ssmbak preview /saved/ -R {then} --out {shown}"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains(&format!("apply with: ssmbak restore --plan {shown}")), "{}", ran.err);
    let text = fs::read_to_string(&file)?;
    let plan = check("plan", &serde_json::from_str(&text)?);
    for value in ["\"one\"", "\"two\"", "hush", "louder", "null"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
    let rows = plan["Changes"].as_array().unwrap();
    let rows: Vec<String> = rows.iter().map(|row| format!("{} {}", row["Action"], row["Name"])).collect();
    assert_eq!(
        rows,
        [
            "\"update\" \"/saved/changed\"",
            "\"create\" \"/saved/gone\"",
            "\"delete\" \"/saved/new\"",
            "\"update\" \"/saved/secret\"",
        ]
    );
    assert_eq!(
        (&plan["Bucket"], &plan["Region"], &plan["Account"]),
        (&json!("saved"), &json!("us-east-1"), &json!("123456789012"))
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(folder.path())?.count(), 1, "nothing is left beside it");

    // The plan knows its bucket.
    let ran = Ran::of(world.command(&format!("ssmbak restore --plan {shown} -y -o json")).env_remove("SSMBAK_BUCKET"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let done = check("restore", &ran.json());
    assert_eq!((&done["Path"], &done["At"], &done["Recursive"]), (&json!("/saved/"), &json!(then), &json!(true)));
    let outcomes: Vec<&Value> = done["Changes"].as_array().unwrap().iter().map(|row| &row["Outcome"]).collect();
    assert_eq!(outcomes, vec!["done"; 4]);
    assert_eq!(state(&world, "/saved").await, some(["one", "one", "", "hush-hush"]));

    // It has been applied, so it does not fit any more.
    let ran = world.run(&format!("ssmbak restore --plan {shown} -y"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(5), ""), "{ran:?}");
    assert!(ran.err.contains("/saved/gone: to create in the plan, and no change now"), "{}", ran.err);
    Ok(())
}

#[tokio::test]
async fn a_stale_plan_changes_nothing_and_says_what_has_changed() -> Outcome {
    let world = World::new("stale").await;
    let then = changed(&world, "/stale").await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("plan.json");
    let shown = file.display();
    let saved = world.run(&format!("ssmbak preview /stale/ -R {then} --no-delete --out {shown} -o json"));
    assert_eq!((saved.code, saved.json()["Changes"].as_array().map(Vec::len)), (Some(0), Some(3)), "{saved:?}");

    world.put("/stale/changed", "three", "String").await;
    world.put("/stale/gone", "four", "String").await;
    let ran = world.run(&format!("ssmbak restore --plan {shown} -y -o json"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(5), ""), "{ran:?}");
    let error = check("error", &ran.error());
    assert_eq!(error["Error"]["Code"], "StalePlan");
    let told: Vec<String> = error["Error"]["Differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{}: {}", row["Name"].as_str().unwrap(), row["Reason"].as_str().unwrap()))
        .collect();
    assert!(
        told[0].starts_with("/stale/changed: it was version 2 of ") && told[0].contains("and is version 3 of"),
        "{told:?}"
    );
    assert_eq!(told[1..], ["/stale/gone: to create in the plan, and now to update"]);
    assert_eq!(state(&world, "/stale").await, some(["three", "four", "new", "louder"]));
    let ran = world.run(&format!("ssmbak restore --plan {shown}"));
    assert_eq!(ran.code, Some(5));
    assert!(ran.err.contains("  /stale/changed: it was version 2"), "{}", ran.err);

    // What the plan does not touch may change.
    let folder = tempfile::tempdir()?;
    let other = folder.path().join("p").display().to_string();
    world.run(&format!("ssmbak preview /stale/secret {then} --out {other}"));
    world.put("/stale/changed", "five", "String").await;
    assert_eq!(world.run(&format!("ssmbak restore --plan {other} -y")).code, Some(0));

    for (options, told) in
        [(" -b another", "bucket stale, not another"), (" --region eu-west-1", "region us-east-1, not eu-west-1")]
    {
        let ran = world.run(&format!("ssmbak restore --plan {shown} -y{options}"));
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert!(ran.err.contains(told), "{}", ran.err);
    }
    let text = fs::read_to_string(&file)?.replace("123456789012", "210987654321");
    fs::write(&file, text)?;
    let ran = world.run(&format!("ssmbak restore --plan {shown} -y"));
    assert!(ran.code == Some(5) && ran.err.contains("account 210987654321, not 123456789012"), "{ran:?}");
    Ok(())
}

#[test]
fn what_is_no_plan_is_told_before_aws_is_asked() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let file = |name: &str, content: &[u8]| {
        fs::write(folder.path().join(name), content).unwrap();
        path(name)
    };
    let plan = r#"{"SchemaVersion":1,"Kind":"RestorePlan","Made":"2026-01-01T00:00:00Z","Bucket":"b","Region":"r","Question":{"Paths":["/"],"Recursive":true,"At":"2026-01-01T00:00:00Z"},"Changes":[]}"#;
    let large = fs::File::create(folder.path().join("large"))?;
    large.set_len(200 << 20)?;
    for (name, told) in [
        (path("missing"), "cannot read the plan"),
        (folder.path().display().to_string(), "cannot read the plan"),
        (file("empty", b""), "it is no plan of ssmbak"),
        (file("foreign", b"{\"a\":1}"), "it is no plan of ssmbak"),
        (file("text", "größe\u{1b}[2J".as_bytes()), "it is no plan of ssmbak"),
        (file("bytes", b"\xff\xfe\x00"), "it is no plan of ssmbak"),
        (file("cut", &plan.as_bytes()[..120]), "it is damaged: it ends in the middle"),
        (file("newer", plan.replace(":1,", ":7,").as_bytes()), "newer ssmbak (schema version 7)"),
        (file("time", plan.replace("\"At\":\"2026", "\"At\":\"x2026").as_bytes()), "its time cannot be read"),
        (path("large"), "larger than 64 MiB"),
    ] {
        let ran = Ran::of(&mut bare(&format!("ssmbak restore --plan {name}")));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{name}: {ran:?}");
        assert!(
            ran.err.contains(told) && ran.err.lines().count() <= 2 && !ran.err.contains('\u{1b}'),
            "{name}: {}",
            ran.err
        );
    }
    let good = file("good", plan.as_bytes());
    for line in [
        format!("ssmbak restore --plan {good} /a now"),
        format!("ssmbak restore --plan {good} -R"),
        format!("ssmbak restore --plan {good} --no-delete"),
        "ssmbak restore".to_owned(),
    ] {
        assert_eq!(Ran::of(&mut bare(&line)).code, Some(2), "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_plan_that_cannot_be_written_is_told() {
    let world = World::new("unwritten").await;
    world.recorded("/unwritten/a", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let ran = world.run("ssmbak preview /unwritten/ 2024-01-02 --out /nonexistent/plan.json -o json");
    assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("PlanFile")), "{ran:?}");
}
