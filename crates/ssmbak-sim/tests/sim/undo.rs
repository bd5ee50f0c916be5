//! Undoing restores: after faults, from late answers, and only of rows that were touched.

use std::collections::BTreeMap;

use ssmbak::ErrorKind;
use ssmbak::restore::journal::restore_record;
use ssmbak::restore::{Outcome, Unobserved};
use ssmbak_core::plan::Plan;
use ssmbak_core::restore_record::RestoreState;
use ssmbak_sim::{Fault, Faults};

use crate::support::{PutExt as _, World, done_rows, put};

#[tokio::test]
async fn row_that_was_not_touched_is_not_undone() {
    let world = World::new();
    let locked = put("/locked", "then").key("alias/locked");
    world.put_as(&locked);
    world.put_all(&["/free", "/refused"], "then");
    let then = world.recorded().await;
    world.put_as(&locked.clone().value("now"));
    world.put_all(&["/free", "/refused"], "now");
    let plan = world.plan(then).await;
    world.habits(|habits| {
        habits.disabled_keys = ["alias/locked".to_owned()].into();
        habits.unwritable = ["/refused".to_owned()].into();
    });
    let done = world.restore_as("r-1", &plan, &Unobserved).await;
    assert_eq!(done_rows(&done.applied), 1);
    let touched: Vec<Option<bool>> = done.record.changes.iter().map(|change| change.touched).collect();
    assert_eq!(touched, [Some(true), Some(false), Some(false)], "/free, /locked, /refused");
    world.habits(|habits| {
        habits.disabled_keys.clear();
        habits.unwritable.clear();
    });
    world.put_as(&locked.value("later"));
    world.put("/refused", "later");
    let back = world.undo_plan("r-1").await;
    let names: Vec<&str> = back.changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["/free"]);
}

#[tokio::test]
async fn killed_restore_takes_back_what_it_created_whatever_the_bucket_has_heard() {
    let world = World::new();
    world.put_all(&["/a", "/b", "/c"], "then");
    let then = world.recorded().await;
    // No event, no sweep: for the bucket they still exist.
    ["/a", "/b", "/c"].iter().for_each(|of| world.delete(of));
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().create, 3);
    world.habits(|habits| habits.unwritable = ["/b".to_owned()].into());
    // The final record is never written, as if the process had been killed after its last put.
    world.bucket_faults.plan(1, Fault::Before);
    let done = world.restore_as("r-1", &plan, &Unobserved).await;
    assert_eq!((world.value("/a").as_deref(), world.value("/b")), (Some("then"), None), "{done:?}");
    assert_eq!(world.restore_record("r-1").await.state, RestoreState::Begun);
    world.habits(|habits| habits.unwritable.clear());
    let back = world.undo("r-1", "r-2").await;
    assert_eq!((back.counts().create, back.counts().delete), (0, 2), "{back:?}");
    assert_eq!(world.state(), BTreeMap::new());
}

#[tokio::test]
async fn creation_whose_answer_was_lost_is_done() {
    let world = World::new();
    world.put("/a", "then");
    let then = world.recorded().await;
    world.delete("/a");
    let plan = world.plan(then).await;
    world.habits(|habits| habits.lost_put_answers = 1);
    world.restored_as("r-1", &plan).await;
    assert_eq!(world.undo_plan("r-1").await.counts().delete, 1);
    // A creation by somebody else is not mistaken for it.
    world.delete("/a");
    let plan = world.plan(then).await;
    world.put("/a", "somebody's");
    let done = world.restore_as("r-2", &plan, &Unobserved).await;
    let [Outcome::Failed(error)] = &done.applied.outcomes[..] else { panic!("{done:?}") };
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    assert_eq!(world.undo_plan("r-2").await.changes, []);
    assert_eq!(world.value("/a").as_deref(), Some("somebody's"));
}

#[tokio::test]
async fn overwrite_that_was_sent_twice_is_nobodys_change() {
    let world = World::new();
    world.put("/a", "then");
    let then = world.recorded().await;
    world.put("/a", "now");
    let plan = world.plan(then).await;
    world.habits(|habits| habits.lost_put_answers = 1);
    let done = world.restored_as("r-1", &plan).await;
    assert_eq!(done.applied.warnings, [""; 0]);
    world.undo("r-1", "r-2").await;
    assert_eq!(world.value("/a").as_deref(), Some("now"));
}

#[tokio::test]
async fn undo_waits_for_reads_that_are_older_than_the_restore() {
    for lookups in [2, 50] {
        let world = World::new();
        world.habits(|habits| habits.has_no_index = true);
        world.put("/changed", "then");
        world.put("/tagged", "same");
        world.tag("/tagged", &[("stage", "then")]).await;
        let then = world.recorded().await;
        world.put("/changed", "now");
        world.put_and_record("/new", "now").await;
        world.tag("/tagged", &[("stage", "now")]).await;
        let before = world.state();
        let plan = world.plan(then).await;
        assert_eq!(plan.changes.len(), 3);
        // For a while after the restore, reads show the state before it.
        let late = world.clock.now();
        world.restored_as("r-1", &plan).await;
        world.habits(|habits| habits.late_lookups = Some((late, lookups)));
        if lookups > 4 {
            let back = world.undo_plan("r-1").await;
            assert_eq!((back.changes.len(), back.unknown.len()), (0, 3), "not mistaken for undone: {back:?}");
            continue;
        }
        world.undo("r-1", "r-2").await;
        assert_eq!(world.state(), before);
    }
}

#[tokio::test]
async fn undo_warns_of_what_was_changed_since() {
    let world = World::new();
    world.put_all(&["/a", "/b", "/c"], "then");
    let then = world.recorded().await;
    world.put_all(&["/a", "/b", "/c"], "now");
    let plan = world.plan(then).await;
    world.restored_as("r-1", &plan).await;
    world.put("/b", "later");
    world.delete("/c");
    let back = world.undo_plan("r-1").await;
    assert_eq!(back.changes.len(), 3);
    assert_eq!(back.warnings.len(), 2, "{:?}", back.warnings);
    assert!(back.warnings[0].starts_with("/b was changed after that restore (version 4 of "), "{:?}", back.warnings);
    assert!(back.warnings[1].starts_with("/c was changed after that restore (a deletion)"), "{:?}", back.warnings);
}

#[tokio::test]
async fn empty_history_of_a_parameter_that_exists_is_read_again_and_never_believed() {
    for (empty, done) in [(2, true), (60, false)] {
        let world = World::new();
        world.put("/changed", "then");
        let then = world.recorded().await;
        // Unrecorded versions: histories of recorded ones are not read.
        let names = ["/changed", "/new", "/swept"];
        world.put_all(&names, "now");
        let before = world.state();
        let plan = world.plan(then).await;
        let stored = || names.map(|key| world.bucket.len_of(key));
        let stored_before = stored();
        world.habits(|habits| habits.empty_histories = empty);
        let ran = world.restore_as("r-1", &plan, &Unobserved).await;
        world.habits(|habits| habits.empty_histories = 0);
        assert_eq!(ran.applied.is_complete(), done, "{ran:?}");
        if done {
            world.undo("r-1", "r-2").await;
        } else {
            let contradicts = |outcome: &Outcome| {
                matches!(outcome, Outcome::Failed(error)
                    if error.message.contains("parameter store contradicts itself"))
            };
            assert!(ran.applied.outcomes.iter().all(contradicts), "{ran:?}");
            assert_eq!(stored(), stored_before, "no tombstone, no version");
            assert_eq!(world.undo_plan("r-1").await.changes, []);
        }
        assert_eq!(world.state(), before);
    }
}

#[tokio::test]
async fn record_is_left_before_the_present_is_recorded() {
    let world = World::new();
    world.put("/a", "then");
    let then = world.recorded().await;
    world.put("/a", "now");
    let before = world.state();
    let plan = world.plan(then).await;
    // Killed at its first read of the parameter.
    world.store_faults.plan(0, Fault::Kill);
    world.restore_as("r-1", &plan, &Unobserved).await;
    world.store_faults.revive();
    let record = restore_record(&world.bucket, None).await.unwrap();
    assert_eq!(record.id.as_str(), "r-1");
    world.put("/a", "later");
    assert_eq!(world.undo_plan("r-1").await.changes, [], "it has touched nothing");
    assert_ne!(world.state(), before);
}

/// A restore of every kind of change, of a Parameter Store that changes no type in place.
async fn varied_restore() -> (World, Plan) {
    let world = World::new();
    world.habits(|habits| habits.has_no_index = true);
    for of in ["/p/0", "/p/1", "/p/2"] {
        world.put(of, "then");
        world.tag(of, &[("stage", "then")]).await;
    }
    world.put_as(&put("/typed", "then").secret());
    world.put("/gone", "then");
    let then = world.recorded().await;
    world.put("/p/0", "now");
    world.tag("/p/0", &[("stage", "now"), ("more", "now")]).await;
    world.tag("/p/1", &[("stage", "now")]).await;
    world.put("/typed", "now");
    world.tag("/typed", &[("stage", "now")]).await;
    world.delete("/gone");
    world.put_and_record("/new", "now").await;
    world.habits(|habits| habits.fixed_types = true);
    let plan = world.plan(then).await;
    assert_eq!(plan.changes.len(), 5, "{plan:?}");
    (world, plan)
}

#[tokio::test]
async fn undo_after_any_single_fault_brings_everything_back() {
    for of_bucket in [false, true] {
        let faults = |world: &World| -> Faults {
            if of_bucket { world.bucket_faults.clone() } else { world.store_faults.clone() }
        };
        let (world, plan) = varied_restore().await;
        let calls = faults(&world).calls();
        world.restore_as("r-1", &plan, &Unobserved).await;
        let calls = faults(&world).calls() - calls;
        assert!(calls > 15, "{calls}");
        for call in 0..calls {
            for fault in [Fault::Before, Fault::After, Fault::Kill, Fault::Throttled] {
                let case = format!("bucket {of_bucket}, call {call}, {fault:?}");
                let (world, plan) = varied_restore().await;
                let before = world.state();
                faults(&world).plan(call, fault);
                let done = world.restore_as("r-1", &plan, &Unobserved).await;
                faults(&world).revive();
                world.assert_done_rows(&plan, &done.applied, &case);
                if !done.recorded {
                    let last = done.applied.warnings.last().unwrap();
                    assert!(last.contains("record is not complete"), "{case}: {done:?}");
                    continue;
                }
                let back = world.undo_plan("r-1").await;
                assert_eq!(back.unknown, [], "{case}");
                let undone = world.restore_as("r-2", &back, &Unobserved).await;
                assert!(undone.applied.is_complete(), "{case}: {undone:?}");
                assert_eq!(world.state(), before, "{case}");
            }
        }
    }
}
