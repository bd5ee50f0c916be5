//! Puts that take their time.

use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use ssmbak::restore::{Outcome, RestoreOptions, Unobserved};
use ssmbak_core::plan::Plan;

use crate::restore::StopAfter;
use crate::support::{World, done_rows};

/// Twenty creations, at 300 ms each and twenty a second at most.
async fn slow_creations(world: &World) -> (Plan, RestoreOptions) {
    world.put_numbered("/p/", 0..20, "v");
    let then = world.recorded().await;
    for number in 0..20 {
        world.delete(&format!("/p/{number:02}"));
    }
    let plan = world.plan(then).await;
    assert_eq!(plan.changes.len(), 20);
    world.habits(|habits| habits.put_latency = Some(Duration::from_millis(300)));
    (plan, RestoreOptions { puts_per_second: Some(20.0), ..world.options() })
}

#[tokio::test]
async fn slow_puts_overlap_and_keep_to_their_rate() {
    let world = World::new();
    let (plan, options) = slow_creations(&world).await;
    let began = Instant::now();
    let applied = world.apply_with(&plan, &options, &Unobserved).await;
    let took = began.elapsed();
    assert!(applied.is_complete(), "{applied:?}");
    // One after the other they would take six seconds. At twenty a second they begin within one.
    assert!(took >= Duration::from_millis(950) && took < Duration::from_secs(3), "{took:?}");
    let begun = world.store.put_starts();
    assert!(begun[19].duration_since(begun[0]) >= Duration::from_millis(900), "evenly spread");
}

#[tokio::test]
async fn interrupted_overlapping_puts_end_and_no_other_begins() {
    let world = World::new();
    let (plan, options) = slow_creations(&world).await;
    let applied = world.apply_with(&plan, &options, &StopAfter(AtomicUsize::new(1))).await;
    assert!(applied.stopped);
    let begun = world.store.put_starts().len();
    assert!((2..15).contains(&begun), "{begun}");
    let done = done_rows(&applied);
    assert_eq!(done, begun, "every put that began is reported as done");
    assert!(applied.outcomes[..done].iter().all(|outcome| *outcome == Outcome::Done), "in the order of the plan");
    assert_eq!(world.store.names().len(), done);
}
