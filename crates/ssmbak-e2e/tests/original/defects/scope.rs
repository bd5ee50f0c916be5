//! What is selected, and what it is compared with.

use serde_json::json;
use ssmbak_e2e::{Outcome, Recorder as _, World, next_second};

use crate::scenario::theirs;

/// Defects: `/x` selects `/x2` and `/x-prod`; `restore /x/db` rolls back the sibling `/x/db_password` when `/x/db` has no
/// history; `-R` without the slash silently does nothing.
#[tokio::test]
async fn a_name_is_that_parameter_and_with_r_its_subtree_and_never_a_sibling() -> Outcome {
    let world = World::new("scope").await?;
    let original = world.original()?;
    let mut events = Vec::new();
    for name in ["/scope/x2", "/scope/x-prod", "/scope/x/child", "/scope/y/child"] {
        events.push(world.store.put(name, "String", "old", "").await?);
    }
    original.record(&events)?;
    let then = next_second().await;
    for name in ["/scope/x2", "/scope/x-prod", "/scope/x/child", "/scope/y/child"] {
        world.store.put(name, "String", "new", "").await?;
    }

    let rows = original.preview("/scope/x", &theirs(then), false)?;
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "it takes both siblings: {rows}");
    assert_eq!(original.preview("/scope/y", &theirs(then), true)?, json!([]), "it takes nothing");

    let ran = world.run(&format!("ssmbak restore /scope/x {then} -o json"))?;
    assert_eq!((ran.code, &ran.json()?["Changes"]), (Some(1), &json!([])), "there is no such parameter: {ran:?}");
    for path in ["/scope/x", "/scope/y"] {
        let ran = world.run(&format!("ssmbak restore {path} {then} -R -o json"))?.well()?.json()?;
        assert_eq!(ran["Changes"].as_array().map(Vec::len), Some(1), "{ran}");
        assert_eq!(ran["Changes"][0]["Name"], format!("{path}/child"), "{ran}");
    }
    assert_eq!(world.store.value("/scope/x2").await.as_deref(), Some("new"));
    Ok(())
}

/// Defect: a parameter that has children is never compared with its current state.
#[tokio::test]
async fn a_parameter_that_has_children_is_compared_with_its_current_state() -> Outcome {
    let world = World::new("parent").await?;
    let original = world.original()?;
    let events =
        [world.store.put("/parent", "String", "p", "").await?, world.store.put("/parent/a", "String", "a", "").await?];
    original.record(&events)?;
    let then = next_second().await;
    let rows = original.preview("/parent", &theirs(then), false)?;
    assert_eq!(rows[0]["Name"], "/parent", "it would restore what is already so: {rows}");
    let ran = world.run(&format!("ssmbak preview /parent {then} -o json"))?.well()?.json()?;
    assert_eq!((&ran["Changes"], &ran["Unchanged"]), (&json!([]), &json!(1)), "{ran}");
    Ok(())
}

/// Defect: a root-level name is split into two histories, for events and listings spell it without its slash.
#[tokio::test]
async fn a_root_level_name_has_one_history() -> Outcome {
    let world = World::new("root-level").await?;
    let original = world.original()?;
    world.store.put("root-level", "String", "one", "").await?;
    let recorded = original.cli("ssmbak-all", &["--do-it", "-p", "root-level", "-b", world.bucket])?;
    assert_eq!(recorded.status.code(), Some(0), "{recorded:?}");
    let first = next_second().await;
    // What its handler makes of the event; here the emulator knows two parameters where AWS knows one.
    let second = next_second().await;
    let tags = format!("ssmbakTime={}&ssmbakType=String", second.as_second());
    world.put_object("/root-level", b"two", &tags).await?;
    world.store.put("root-level", "String", "three", "").await?;

    let keys = world.s3.list_objects_v2().bucket(world.bucket).send().await?;
    let keys: Vec<&str> = keys.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, ["/root-level", "root-level"], "it writes two keys");
    assert_eq!(original.preview("/root-level", &theirs(first), false)?, json!([]), "and reads one");
    for (time, value) in [(first, "one"), (second, "two")] {
        for name in ["/root-level", "root-level"] {
            let ran = world.run(&format!("ssmbak preview {name} {time} -o json"))?.well()?.json()?;
            assert_eq!(ran["Changes"][0]["Value"], value, "{ran}");
        }
    }
    Ok(())
}
