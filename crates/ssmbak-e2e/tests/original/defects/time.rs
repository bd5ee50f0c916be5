//! What was true when.

use serde_json::json;
use ssmbak_e2e::{Outcome, Recorder as _, World, next_second};

use crate::scenario::theirs;

/// Defect: a parameter older than its first backup is deleted by a restore to before it.
#[tokio::test]
async fn a_parameter_older_than_its_first_backup_survives_a_restore_to_before_it() -> Outcome {
    let world = World::new("older").await?;
    for name in ["/older/a", "/older/b"] {
        world.store.put(name, "String", "value", "").await?;
    }
    let then = next_second().await;
    let original = world.original()?;
    let recorded = original.cli("ssmbak-all", &["--do-it", "-p", "/older", "-b", world.bucket])?;
    assert_eq!(recorded.status.code(), Some(0), "{recorded:?}");
    let rows = original.preview("/older/", &theirs(then), true)?;
    assert_eq!((&rows[0]["Deleted"], &rows[1]["Deleted"]), (&json!(true), &json!(true)), "it empties the tree: {rows}");

    let ran = world.run(&format!("ssmbak restore /older/ {then} -R -o json"))?;
    // Parameter Store's own date says that they existed.
    let ran = ran.well()?.json()?;
    assert_eq!((&ran["Changes"], &ran["Unknown"], &ran["Unchanged"]), (&json!([]), &json!([]), &json!(2)), "{ran}");
    assert_eq!(world.store.value("/older/a").await.as_deref(), Some("value"));

    // With our own seeding there is nothing unknown about it.
    world.run("ssmbak-all --do-it -p /older")?.well()?;
    let ran = world.run(&format!("ssmbak preview /older/ {then} -R -o json"))?.well()?.json()?;
    assert_eq!((&ran["Changes"], &ran["Unknown"], &ran["Unchanged"]), (&json!([]), &json!([]), &json!(2)), "{ran}");
    Ok(())
}

/// Defect: delete and re-create within the delivery delay deletes the live parameter.
#[tokio::test]
async fn delete_and_recreate_within_the_delivery_delay_keeps_the_live_parameter() -> Outcome {
    let (ours, theirs_world) = (World::new("recreated").await?, World::new("recreated-theirs").await?);
    let (function, original) = (ours.function()?, theirs_world.original()?);
    let name = "/recreated/p";
    let created = ours.store.put(name, "String", "old", "").await?;
    let old = next_second().await;
    let deleted = ours.store.delete(name).await?;
    let none = next_second().await;
    let again = ours.store.put(name, "String", "new", "").await?;
    next_second().await;
    let late = [created, deleted, again];
    function.record(&late)?;
    original.record(&late)?;
    let now = next_second().await;

    let rows = original.preview("/recreated/", &theirs(now), false)?;
    assert_eq!((&rows[0]["Name"], &rows[0]["Deleted"]), (&json!(name), &json!(true)), "it deletes it: {rows}");
    let ran = ours.run(&format!("ssmbak restore /recreated/ {now} -o json"))?.well()?.json()?;
    assert_eq!((&ran["Changes"], &ran["Unchanged"]), (&json!([]), &json!(1)), "{ran}");
    let ran = ours.run(&format!("ssmbak preview /recreated/ {none} -o json"))?.well()?.json()?;
    assert_eq!(ran["Changes"][0]["Action"], "delete", "{ran}");
    // The old value was gone before its event was handled: that it is lost is known, and nothing is made up.
    let ran = ours.run(&format!("ssmbak preview /recreated/ {old} -o json"))?;
    assert_eq!(ran.code, Some(1), "all of it is unknown: {ran:?}");
    let ran = ran.json()?;
    assert_eq!(ran["Unknown"][0]["Name"], name, "{ran}");
    Ok(())
}

/// Defects: rapid updates record the later value under the earlier time and lose the earlier one; a type change leaves a
/// secret restored as plain String.
#[tokio::test]
async fn rapid_updates_and_a_change_of_type_are_told_apart() -> Outcome {
    let (ours, theirs_world) = (World::new("rapid").await?, World::new("rapid-theirs").await?);
    let (function, original) = (ours.function()?, theirs_world.original()?);
    let name = "/rapid/p";
    let created = ours.store.put(name, "String", "public", "").await?;
    let then = next_second().await;
    let updated = ours.store.put(name, "SecureString", "secret", "").await?;
    function.record(&[created.clone(), updated.clone()])?;
    original.record(&[created, updated])?;
    ours.store.delete(name).await?;

    let rows = original.preview("/rapid/", &theirs(then), false)?;
    assert_eq!((&rows[0]["Type"], &rows[0]["Value"]), (&json!("String"), &json!("secret")), "it bares it: {rows}");
    let ran = ours.run(&format!("ssmbak preview /rapid/ {then} -o json"))?.well()?.json()?;
    assert_eq!(
        (&ran["Changes"][0]["Type"], &ran["Changes"][0]["Value"]),
        (&json!("String"), &json!("public")),
        "{ran}"
    );
    Ok(())
}
