//! Restore drills with disabled keys, names that are not deleted and attributes that get lost.

use jiff::SignedDuration;
use ssmbak::drill::{Drill, DrillOutcome, DrillResult};
use ssmbak::rehearsal::{Rehearsal, RehearsalOptions, rehearse};
use ssmbak::restore::Unobserved;
use ssmbak::store::PutParameter;
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::Field;

use crate::support::{HOUR_MS, PutExt as _, World, below, put};

const SCRATCH: &str = "/newvoll/ssmbak/drill-1";

fn described(spelling: &str) -> PutParameter {
    put(spelling, "x").description("described").tags(&[("team", "blue")])
}

/// Puts parameters with a description and tags at the same time.
fn put_described(world: &World, spellings: &[&str]) {
    spellings.iter().for_each(|spelling| world.put_as(&described(spelling)));
}

async fn drill(world: &World) -> DrillResult {
    let instant = Instant::exact(world.clock.now());
    let drill = Drill::prepare(&world.bucket, &below("/app/"), &instant, SCRATCH).await.unwrap();
    drill.run(&world.store, &world.bucket, &world.options(), &Unobserved).await.unwrap()
}

fn rows(drilled: &DrillResult) -> Vec<DrillOutcome> {
    drilled.parameters.iter().map(|(_, outcome)| outcome.clone()).collect()
}

/// How many copies of a drill there are.
fn copies(world: &World, prefix: &str) -> usize {
    world.store.names().iter().filter(|name| name.as_str().starts_with(prefix)).count()
}

#[tokio::test]
async fn a_drill_reports_what_would_not_be_restored_and_cleans_up() {
    let world = World::still();
    world.habits(|habits| habits.has_no_index = true);
    put_described(&world, &["/app/plain"]);
    world.put_as(&described("/app/secret").key("alias/app"));
    world.clock.advance_ms(5_000);
    world.sweep().await;

    let fine = drill(&world).await;
    assert_eq!((rows(&fine), fine.left.len()), (vec![DrillOutcome::Same, DrillOutcome::Same], 0));
    assert_eq!(copies(&world, SCRATCH), 0);

    world.habits(|habits| habits.drops_descriptions = true);
    let dropped = drill(&world).await;
    let different = DrillOutcome::Different(vec![Field::Description]);
    assert_eq!((rows(&dropped), copies(&world, SCRATCH)), (vec![different.clone(), different], 0));
    world.habits(|habits| habits.drops_descriptions = false);

    world.habits(|habits| habits.disabled_keys = ["alias/app".to_owned()].into());
    let locked = drill(&world).await;
    assert!(matches!(rows(&locked)[..], [DrillOutcome::Same, DrillOutcome::Failed(_)]), "{locked:?}");
    assert_eq!(copies(&world, SCRATCH), 0);

    let first = format!("{SCRATCH}/000000");
    world.habits(|habits| {
        habits.disabled_keys.clear();
        habits.undeletable = [first.clone()].into();
    });
    let stuck = drill(&world).await;
    assert_eq!(stuck.left, [(first, "parameter store did not delete it".to_owned())]);
    assert_eq!(copies(&world, SCRATCH), 1);
}

const REHEARSALS: &str = "/newvoll/ssmbak/drill-rehearsal-";

/// A rehearsal two hours later, as the function runs it.
async fn rehearsed(world: &World) -> Rehearsal {
    world.clock.advance_ms(2 * HOUR_MS);
    let rehearsal = RehearsalOptions { now: world.clock.now(), age: SignedDuration::from_hours(1), most: 50 };
    rehearse(&world.store, &world.bucket, rehearsal, &world.options(), &Unobserved).await.unwrap()
}

#[tokio::test]
async fn rehearsal_restores_a_sample_and_fails_if_any_of_it_does_not_come_back() {
    let world = World::still();
    let empty = rehearsed(&world).await;
    assert_eq!((empty.failure(), empty), (None, Rehearsal::default()), "nothing is recorded");

    for number in 0..70 {
        put_described(&world, &[&format!("/app{}/p{number}", number % 7)]);
    }
    world.put_as(&described("/app0/secret").key("alias/app"));
    put_described(&world, &["/newvoll/ssmbak/bucketname", "/gone"]);
    world.sweep().await;
    world.delete("/gone");
    world.clock.advance_ms(5_000);
    world.record("/gone").await;

    // The least number of places for 71 names that no schedule divides is 11.
    world.habits(|habits| habits.disabled_keys = ["alias/app".to_owned()].into());
    let mut failed = 0;
    for _ in 0..11 {
        let rehearsal = rehearsed(&world).await;
        assert_eq!((rehearsal.restored + rehearsal.failed.len(), rehearsal.left.len()), (50, 0), "{rehearsal:?}");
        assert!(rehearsal.failed.iter().all(|(of, _)| of.as_str() == "/app0/secret"), "{rehearsal:?}");
        assert_eq!(rehearsal.failure().is_some(), !rehearsal.failed.is_empty());
        failed += rehearsal.failed.len();
        assert_eq!(copies(&world, REHEARSALS), 0);
    }
    assert!((1..11).contains(&failed), "the secret was in some samples and not in others: {failed}");
    assert_eq!(world.store.names().len(), 72, "nothing else was touched");
}

#[tokio::test]
async fn rehearsal_deletes_what_earlier_ones_left_and_nothing_of_people() {
    let world = World::still();
    put_described(&world, &["/app/p"]);
    world.record("/app/p").await;
    let copy = format!("{REHEARSALS}{}/000000", world.clock.now().as_second());
    put_described(&world, &[&copy, "/newvoll/ssmbak/drill-x/000000"]);

    world.habits(|habits| habits.undeletable = [copy.clone()].into());
    let stuck = rehearsed(&world).await;
    assert_eq!((stuck.restored, stuck.cleaned, stuck.left.len()), (1, 0, 1));
    assert!(stuck.failure().is_some_and(|why| why.contains("`ssmbak drill --clean`")), "{stuck:?}");

    world.habits(|habits| habits.undeletable.clear());
    let well = rehearsed(&world).await;
    assert_eq!((well.restored, well.cleaned, well.failure()), (1, 1, None));
    assert_eq!((copies(&world, REHEARSALS), world.store.names().len()), (0, 2));
}

#[tokio::test]
async fn unknown_parameters_are_counted_and_fail_a_rehearsal_that_restores_nothing() {
    let world = World::still();
    // A version of an old original, without tags, is no evidence.
    world.bucket.put_as_original("/app/silent", "x", Vec::new());
    let nothing = rehearsed(&world).await;
    assert_eq!((nothing.restored, nothing.unknown.len()), (0, 1), "{nothing:?}");
    assert!(nothing.failure().is_some_and(|why| why.contains("nothing could be restored")), "{nothing:?}");
    put_described(&world, &["/app/p"]);
    world.record("/app/p").await;
    let some = rehearsed(&world).await;
    assert_eq!((some.restored, some.unknown.len(), some.failure()), (1, 1, None));
}
