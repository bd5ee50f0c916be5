//! Restore drills.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;

use crate::changed;
use crate::common::schema::check;
use crate::common::{Outcome, Ran, World};

/// How many parameters drills have left behind.
async fn left(world: &World, scratch: &str) -> usize {
    let path = world.ssm.get_parameters_by_path().path(scratch).recursive(true);
    path.send().await.unwrap().parameters().len()
}

#[tokio::test]
async fn a_drill_brings_everything_back_elsewhere_and_takes_it_away_again() -> Outcome {
    let world = World::new("drilled").await;
    let then = changed(&world, "/drilled").await;
    let ran = world.run(&format!("ssmbak drill /drilled/ -R {then} -o json"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let report = check("drill", &ran.json());
    let rows: Vec<String> = report["Parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {}", row["Name"].as_str().unwrap(), row["Result"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, ["/drilled/changed same", "/drilled/gone same", "/drilled/secret same"]);
    let scratch = report["Scratch"].as_str().unwrap();
    assert!(scratch.starts_with("/newvoll/ssmbak/drill-"), "{scratch}");
    assert_eq!(left(&world, scratch).await, 0);
    assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "{ran:?}");
    assert_eq!(world.value("/drilled/changed").await.as_deref(), Some("two"), "nothing else is touched");
    assert_eq!(world.run("ssmbak restores -o json").json()["Restores"], json!([]));

    let told = world.run(&format!("ssmbak drill /drilled/ -R {then}"));
    assert_eq!((told.code, told.out.as_str()), (Some(0), "3 came back as recorded\n"), "{told:?}");
    // An unknown state cannot be restored.
    world.put("/drilled/unrecorded", "x", "String").await;
    world.recorded("/drilled/late", "x", "2030-01-01T00:00:00Z", "String", None).await;
    let told = world.run(&format!("ssmbak drill /drilled/ -R {then}"));
    assert_eq!(told.code, Some(4), "{told:?}");
    assert!(told.out.contains("/drilled/late: not known: "), "{}", told.out);
    assert!(told.out.contains("/drilled/unrecorded: not known: nothing is recorded about it"), "{}", told.out);
    // That it did not exist then is what --assume-absent is for; a parameter that was never recorded is not known still.
    let told = world.run(&format!("ssmbak drill /drilled/ -R {then} --assume-absent"));
    assert!(told.code == Some(4) && !told.out.contains("/drilled/late"), "{told:?}");
    let told = world.run(&format!("ssmbak drill /drilled/ -R {then} --reveal"));
    assert_eq!(told.code, Some(2), "{told:?}");
    let nothing = world.run(&format!("ssmbak drill /nothing/here {then}"));
    assert_eq!((nothing.code, nothing.out.as_str()), (Some(1), "there is nothing to drill\n"), "{nothing:?}");
    assert!(nothing.err.contains("nothing is recorded at /nothing/here"), "{nothing:?}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_drill_leaves_nothing_behind() -> Outcome {
    let world = World::new("interrupted").await;
    for number in 0..6 {
        world.recorded(&format!("/interrupted/{number}"), "x", "2024-01-01T10:00:00Z", "String", None).await;
    }
    let line = "ssmbak drill /interrupted/ 2024-01-02 --put-rate 1 -o json";
    let child = world.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // Of the drills of other tests none is as slow.
    tokio::time::sleep(Duration::from_millis(300)).await;
    while left(&world, "/newvoll/ssmbak").await == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    let ran = Ran::from(child.wait_with_output()?);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    let report = check("drill", &ran.json());
    let of =
        |result: &str| report["Parameters"].as_array().unwrap().iter().filter(|row| row["Result"] == result).count();
    assert!(of("same") > 0 && of("skipped") > 0 && of("same") + of("skipped") == 6, "{report}");
    assert_eq!((left(&world, report["Scratch"].as_str().unwrap()).await, &report["Left"]), (0, &json!([])));
    Ok(())
}
