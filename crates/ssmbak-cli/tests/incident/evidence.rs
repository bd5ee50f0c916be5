//! Whether the backup is whole, and from when on it knows.

use serde_json::{Value, json};

use crate::common::schema::check;
use crate::common::{Outcome, World};
use crate::{of, past};

#[tokio::test]
async fn verify_finds_what_is_out_of_step_and_repairs_what_can_be() -> Outcome {
    let world = World::new("verified").await;
    past(&world, "/verified").await;
    world.s3.put_object().bucket(world.bucket).key("/verified/foreign").body(b"x".to_vec().into()).send().await?;
    let ran = world.run("ssmbak verify /verified/ -o json");
    let report = check("verify", &ran.json());
    let rows = |report: &Value| -> Vec<String> {
        let rows = report["Findings"].as_array().unwrap().iter();
        rows.map(|row| format!("{} {}", row["Name"].as_str().unwrap(), row["Finding"].as_str().unwrap())).collect()
    };
    let expected = [
        "/verified/foreign unreadable",
        "/verified/gone zombie",
        "/verified/host stale",
        "/verified/key stale",
        "/verified/new missing",
        "/verified/pem stale",
    ];
    assert_eq!((ran.code, rows(&report)), (Some(4), expected.map(str::to_owned).to_vec()), "{report}");
    assert_eq!(report["Verified"], 0);

    let ran = world.run("ssmbak verify /verified/ --repair -o json");
    let report = check("verify", &ran.json());
    assert_eq!((ran.code, &report["Verified"]), (Some(4), &json!(5)), "{report}");
    let repaired: Vec<Option<bool>> =
        report["Findings"].as_array().unwrap().iter().map(|row| row.get("Repaired").and_then(Value::as_bool)).collect();
    assert_eq!(repaired, [None, Some(true), Some(true), Some(true), Some(true), Some(true)], "{report}");
    let left = world.run("ssmbak verify /verified/");
    assert_eq!(left.code, Some(4));
    assert!(left.out.ends_with("1 finding; 5 parameters in sync\n"), "{left:?}");
    let in_step = world.run("ssmbak verify /verified/ --exclude foreign");
    assert_eq!((in_step.code, in_step.out.as_str()), (Some(0), "5 parameters in sync\n"), "{in_step:?}");
    Ok(())
}

#[tokio::test]
async fn before_the_beginning_it_says_from_when_on_it_knows() -> Outcome {
    let world = World::new("covered").await;
    world.recorded("/covered/old", "x", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/covered/young", "x", "2024-01-01T13:00:00Z", "String", None).await;
    let near = world.run("ssmbak preview /covered/ 2024-01-01T12:00:00Z");
    assert_eq!(near.code, Some(0), "{near:?}");
    assert!(near.err.contains("1 parameter has no history before 2024-01-01T13:00:00Z"), "{near:?}");
    for command in ["preview", "restore"] {
        let before = world.run(&format!("ssmbak {command} /covered/ 2024-01-01T09:00:00Z -o json"));
        assert_eq!((before.code, of(&before.json()["Unknown"], "Name").len()), (Some(1), 2), "{before:?}");
        let error = check("error", &before.error());
        assert_eq!(error["Error"]["Code"], "Unknown");
        assert!(error["Error"]["Hint"].as_str().unwrap().contains("2024-01-01T13:00:00Z"), "{error}");
        check(command, &before.json());
    }
    let told = world.run("ssmbak restore /covered/ 2024-01-01T09:00:00Z");
    assert!(told.code == Some(1) && told.err.contains("error: nothing is known of /covered/ at"), "{told:?}");
    // Who takes it for absent is not told that it is unknown.
    assert_eq!(world.run("ssmbak preview /covered/ 2024-01-01T09:00:00Z --assume-absent").code, Some(0));
    Ok(())
}
