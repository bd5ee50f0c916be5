//! Buckets that both tools wrote: an upgrade, and the way back.

use ssmbak_e2e::{Outcome, Recorder, World, next_second};
use ssmbak_testkit::Original;

use crate::scenario::{Life, PARTS, same_as_recorded};

async fn both_read(
    world: &World,
    original: &Original,
    prefix: &'static str,
    recorders: [&dyn Recorder; PARTS],
) -> Outcome {
    let life = Life::live(world, prefix, recorders).await?;
    for moment in &life.moments {
        same_as_recorded(&life.by_us(world, moment)?, &life.goal(moment), moment);
    }
    for moment in &life.moments[2..4] {
        life.check_the_originals_preview(original, moment)?;
    }
    for number in [3, 1] {
        let moment = &life.moments[number];
        same_as_recorded(&life.restore(world, moment).await?, &life.goal(moment), moment);
    }
    Ok(())
}

#[tokio::test]
async fn an_upgrade_from_the_original_to_ours_keeps_history_for_both() -> Outcome {
    let world = World::new("upgrade").await?;
    let (function, original) = (world.function()?, world.original()?);
    both_read(&world, &original, "/upgrade", [&original, &original, &function, &function, &function]).await
}

#[tokio::test]
async fn going_back_from_ours_to_the_original_keeps_history_for_both() -> Outcome {
    let world = World::new("way-back").await?;
    let (function, original) = (world.function()?, world.original()?);
    both_read(&world, &original, "/way-back", [&function, &function, &function, &original, &original]).await
}

/// Where two tools write to one bucket, two changes within the few seconds that clocks may differ by are still two.
#[tokio::test]
async fn what_the_original_records_within_seconds_of_ours_counts() -> Outcome {
    let world = World::new("seconds").await?;
    let (function, original) = (world.function()?, world.original()?);
    function.record(&[world.store.put("/seconds/p", "String", "by us", "").await?])?;
    next_second().await;
    original.record(&[world.store.put("/seconds/p", "StringList", "by the original", "").await?])?;
    let then = next_second().await;
    world.store.delete("/seconds/p").await?;
    let plan = world.run(&format!("ssmbak preview /seconds/ {then} -o json"))?.well()?.json()?;
    assert_eq!(plan["Changes"][0]["Value"], "by the original", "{plan}");
    Ok(())
}
