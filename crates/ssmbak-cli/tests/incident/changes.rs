//! What happened, and what differs.

use serde_json::json;

use crate::common::schema::check;
use crate::common::{Outcome, World};
use crate::{next_second, of, past, records};

#[tokio::test]
async fn log_tells_every_change_and_reads_values_only_where_they_are_needed() -> Outcome {
    let world = World::new("logged").await;
    let then = past(&world, "/logged").await;
    records(&world, "/logged");

    let log = check("log", &world.run("ssmbak log /logged/ -R -o json").json());
    assert_eq!((&log["Recursive"], &log["Bucket"], &log["Warnings"]), (&json!(true), &json!("logged"), &json!([])));
    let lines: Vec<String> = log["Entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {} {}", entry["Name"].as_str().unwrap(), entry["Operation"], entry["Fields"]))
        .collect();
    let mut sorted = lines.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            "/logged/gone \"create\" []",
            "/logged/gone \"delete\" []",
            "/logged/gone \"unknown\" []",
            // Of one size, and not the same.
            "/logged/host \"create\" []",
            "/logged/host \"update\" [\"Value\"]",
            "/logged/key \"create\" []",
            "/logged/key \"update\" [\"Value\"]",
            "/logged/new \"create\" []",
            "/logged/pem \"create\" []",
            "/logged/pem \"update\" [\"Value\"]",
        ]
    );
    assert!(log["Entries"].as_array().unwrap().iter().all(|e| e.get("Value").is_none() && e.get("Masked").is_none()));
    let times = of(&log["Entries"], "Time");
    let time = |text: &serde_json::Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(times.windows(2).all(|pair| time(pair[0]) <= time(pair[1])), "{times:?}");

    let since = check("log", &world.run(&format!("ssmbak log /logged/host --since {then} -o json -p")).json());
    assert_eq!((&since["Entries"][0]["Value"], since["Entries"].as_array().unwrap().len()), (&json!("omega"), 1));
    assert_eq!((&since["Entries"][0]["Version"], &since["Entries"][0]["Size"]), (&json!(2), &json!(5)));
    let until = world.run(&format!("ssmbak log /logged/host --until {then} -o json")).json();
    assert_eq!(of(&until["Entries"], "Operation"), ["create"]);

    let secret = check("log", &world.run("ssmbak log /logged/key -p -o json").json());
    assert_eq!(of(&secret["Entries"], "Masked"), [true, true]);
    let shown = world.run("ssmbak log /logged/key -p");
    assert!(shown.out.contains("(hidden) 6 → 7 bytes") && !format!("{shown:?}").contains("hush"), "{shown:?}");
    let revealed = world.run("ssmbak log /logged/key -p --reveal");
    assert!(revealed.out.contains("- hush-1\n") && revealed.out.contains("+ hush-22\n"), "{revealed:?}");
    let patch = world.run("ssmbak log /logged/pem -p");
    assert!(patch.out.contains("    - two\n    + TWO\n"), "{patch:?}");
    let table = world.run("ssmbak log /logged/ -R");
    assert!(table.out.contains("it was found missing") && table.err.contains('▕'), "{table:?}");
    Ok(())
}

#[tokio::test]
async fn log_of_nothing_is_a_warning() {
    let world = World::new("unlogged").await;
    let ran = world.run("ssmbak log /unlogged/x -o json");
    let log = check("log", &ran.json());
    assert_eq!((ran.code, &log["Entries"], log["Warnings"].as_array().unwrap().len()), (Some(0), &json!([]), 1));
    let wrong = world.run("ssmbak log /unlogged/x --since now --until 2h");
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[tokio::test]
async fn diff_tells_what_changed_since_a_time_or_between_two() -> Outcome {
    let world = World::new("differs").await;
    let then = past(&world, "/differs").await;
    // The present is Parameter Store's, not the bucket's.
    let ran = world.run(&format!("ssmbak diff /differs/ {then} -o json"));
    let diff = check("diff", &ran.json());
    assert_eq!(ran.code, Some(4), "{diff}");
    let rows: Vec<String> = diff["Changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["Action"].as_str().unwrap(), row["Name"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, ["delete /differs/gone", "update /differs/host", "update /differs/key", "update /differs/pem"]);
    assert_eq!(diff["Unknown"][0]["Name"], "/differs/new", "it may have existed unrecorded: {diff}");
    assert_eq!(
        (&diff["Changes"][1]["Value"], &diff["Changes"][1]["Before"]["Value"]),
        (&json!("omega"), &json!("alpha"))
    );
    assert!(!ran.out.contains("hush"), "{}", ran.out);

    // That there is no difference is not known: that is no reason to say so.
    let unknown = world.run(&format!("ssmbak diff /differs/new {then} -o json"));
    assert_eq!((unknown.code, &unknown.json()["Changes"]), (Some(4), &json!([])), "{unknown:?}");

    records(&world, "/differs");
    let later = next_second().await;
    let ran = world.run(&format!("ssmbak diff /differs/ {then} {later} -o json"));
    let diff = check("diff", &ran.json());
    assert_eq!((ran.code, of(&diff["Changes"], "Action").len()), (Some(4), 4), "{diff}");
    assert_eq!(of(&diff["Changes"], "Action"), ["update", "update", "create", "update"], "{diff}");
    // It was found missing later, and nobody saw it at the first time.
    assert_eq!(of(&diff["Unknown"], "Name"), ["/differs/gone"]);
    assert_eq!(diff["Changes"][2]["Value"], "fresh");

    let same = world.run(&format!("ssmbak diff /differs/ {later} -o json"));
    assert_eq!((same.code, &check("diff", &same.json())["Unchanged"]), (Some(0), &json!(4)), "{same:?}");
    let people = world.run(&format!("ssmbak diff /differs/ {then} -p --reveal"));
    assert!(people.out.contains("    - two\n    + TWO\n") && people.out.contains("hush-22"), "{people:?}");
    let back = world.run(&format!("ssmbak diff /differs/ {later} {then}"));
    assert_eq!((back.code, back.out.as_str()), (Some(2), ""), "{back:?}");
    Ok(())
}
