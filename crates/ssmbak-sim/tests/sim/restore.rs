//! Restores under throttling, refusals, broken connections, interruptions and disabled keys.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use ssmbak::ErrorKind;
use ssmbak::restore::{Outcome, ProgressObserver, Unobserved};
use ssmbak_core::event::{Change, Operation};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterType;
use ssmbak_sim::Fault;

use crate::support::{PutExt as _, World, done_rows, name, put};

/// Ten parameters changed, ten deleted, twelve new since the returned time.
async fn changed_tree(world: &World) -> Timestamp {
    world.put_numbered("/p/", 0..20, "then");
    let then = world.recorded().await;
    world.put_numbered("/p/", 0..10, "now");
    for number in 10..20 {
        world.delete_and_record(&format!("/p/{number}")).await;
        world.clock.advance_ms(1_000);
    }
    world.put_numbered("/new/", 0..12, "n");
    world.sweep().await;
    then
}

#[tokio::test]
async fn puts_come_before_deletes_and_what_is_overwritten_is_recorded_before_the_first() {
    let world = World::new();
    let then = changed_tree(&world).await;
    world.put_numbered("/p/", 0..10, "unrecorded");
    let unrecorded = world.quiet_time();
    let plan = world.plan(then).await;
    assert_eq!(plan.changes.len(), 32);
    let before = world.store.journal().len();
    world.apply_all(&plan).await;
    let journal = world.store.journal().split_off(before);
    let last_put = journal.iter().rposition(|entry| entry.starts_with("put")).unwrap();
    let first_delete = journal.iter().position(|entry| entry.starts_with("delete")).unwrap();
    assert!(last_put < first_delete, "{journal:?}");
    world.sweep().await;
    let undo = world.plan(unrecorded).await;
    assert_eq!(undo.unknown, []);
    world.apply_all(&undo).await;
    let values = ["/p/03", "/p/15", "/new/07"].map(|of| world.value(of));
    assert_eq!(values, [Some("unrecorded".into()), None, Some("n".into())], "every restore can be undone");
}

#[tokio::test]
async fn a_throttled_restore_goes_on() {
    let world = World::new();
    let then = changed_tree(&world).await;
    let plan = world.plan(then).await;
    for ahead in [41, 42, 43, 50, 60, 61, 65] {
        world.store_faults.plan(ahead, Fault::Throttled);
    }
    world.apply_all(&plan).await;
    assert_eq!(world.plan(then).await.changes, []);
}

#[tokio::test]
async fn a_restore_that_breaks_anywhere_says_what_is_done_and_a_second_one_finishes_it() {
    for broken_call in (0..75).step_by(3) {
        for fault in [Fault::Before, Fault::After, Fault::Kill] {
            let case = format!("call {broken_call}, {fault:?}");
            let world = World::new();
            let then = changed_tree(&world).await;
            let plan = world.plan(then).await;
            world.store_faults.plan(broken_call, fault);
            let applied = world.apply(&plan, &Unobserved).await;
            world.store_faults.revive();
            world.assert_done_rows(&plan, &applied, &case);
            world.sweep().await;
            world.apply_all(&world.plan(then).await).await;
            assert_eq!(world.plan(then).await.changes, [], "{case}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_first_is_not_touched() {
    let world = World::new();
    let locked = put("/locked", "then").key("alias/locked");
    world.put_as(&locked);
    world.put("/free", "then");
    let then = world.recorded().await;
    world.put_as(&locked.value("now"));
    world.put("/free", "now");
    let plan = world.plan(then).await;
    world.habits(|habits| habits.disabled_keys = ["alias/locked".to_owned()].into());
    let applied = world.apply(&plan, &Unobserved).await;
    let [Outcome::Done, Outcome::Failed(error)] = &applied.outcomes[..] else { panic!("{:?}", applied.outcomes) };
    assert_eq!(error.kind, ErrorKind::KeyUnusable);
    assert!(error.message.contains("could not be recorded first"), "{error}");
    assert_eq!(world.store.versions(&name("/locked")).unwrap().len(), 2);
    let plan = world.plan(then).await;
    assert_eq!((plan.changes.len(), plan.unknown.len()), (0, 1), "its present value cannot be read");
}

#[tokio::test]
async fn a_type_change_is_made_in_place_or_by_a_new_creation() {
    for changes_type in [true, false] {
        let world = World::new();
        let secret = put("/secret", "hush").key("alias/mine").tags(&[("team", "core")]);
        world.put_as(&secret);
        let then = world.recorded().await;
        world.put("/secret", "hush");
        world.habits(|habits| habits.fixed_types = !changes_type);
        world.apply_all(&world.plan(then).await).await;
        let (present, tags) = world.store.present(&name("/secret")).unwrap();
        assert_eq!(present.parameter_type, ParameterType::SecureString, "never left as a plain String");
        assert_eq!(present.details.key_id.as_deref(), Some("alias/mine"));
        assert_eq!(tags, secret.tags);
        assert_eq!(present.details.version, if changes_type { 3 } else { 1 });
        assert_eq!(world.plan(then).await.changes, []);
    }
}

#[tokio::test]
async fn names_that_parameter_store_did_not_delete_are_reported() {
    let world = World::new();
    let then = world.quiet_time();
    world.put_numbered("/n/", 0..12, "n");
    world.sweep().await;
    let plan = world.plan(then).await;
    world.habits(|habits| habits.undeletable = ["/n/04".to_owned()].into());
    world.delete("/n/05");
    let applied = world.apply(&plan, &Unobserved).await;
    let failed: Vec<usize> = (0..12).filter(|row| applied.outcomes[*row] != Outcome::Done).collect();
    assert_eq!(failed, [4], "a parameter that no longer exists is as wanted: {:?}", applied.outcomes);
}

#[tokio::test]
async fn one_refused_parameter_does_not_stop_the_others() {
    let world = World::new();
    let then = changed_tree(&world).await;
    let plan = world.plan(then).await;
    world.habits(|habits| habits.unwritable = ["/p/02".to_owned()].into());
    let applied = world.apply(&plan, &Unobserved).await;
    let rows = plan.changes.iter().zip(&applied.outcomes);
    let failed: Vec<&str> =
        rows.filter(|(_, outcome)| **outcome != Outcome::Done).map(|(change, _)| change.name.as_str()).collect();
    assert_eq!(failed, ["/p/02"]);
}

/// Stops after so many outcomes.
pub struct StopAfter(pub AtomicUsize);

impl ProgressObserver for StopAfter {
    fn finished(&self, _: &ParameterName, _: &Outcome) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
    }

    fn should_stop(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

#[tokio::test]
async fn an_interrupted_restore_ends_between_writes_and_says_what_is_left() {
    let world = World::new();
    let then = changed_tree(&world).await;
    let plan = world.plan(then).await;
    let applied = world.apply(&plan, &StopAfter(AtomicUsize::new(7))).await;
    assert!(applied.stopped);
    assert_eq!(done_rows(&applied), 7);
    assert_eq!(applied.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Skipped(_))).count(), 25);
    let rest = world.plan(then).await;
    assert_eq!(rest.changes.len(), 25);
    world.apply_all(&rest).await;
}

#[tokio::test]
async fn no_value_is_in_any_error_or_debug_output() {
    let world = World::new();
    world.put("/p", "s3cret-then");
    let then = world.recorded().await;
    world.put("/p", "s3cret-now");
    let plan = world.plan(then).await;
    world.habits(|habits| habits.unwritable = ["/p".to_owned()].into());
    let applied = world.apply(&plan, &Unobserved).await;
    let shown = format!("{plan:?} {applied:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn the_usual_event_takes_few_requests() {
    let world = World::still();
    let handle = async |operation: Operation| {
        let now = world.clock.now();
        let change = Change {
            id: Some(now.to_string()),
            name: name("/hot/p"),
            operation,
            time: Timestamp::from_second(now.as_second()).unwrap(),
            parameter_type: None,
            description: None,
            region: None,
            account: None,
        };
        world.clock.advance_ms(1_000);
        let calls = || world.store_faults.calls() + world.bucket_faults.calls();
        let before = calls();
        world.capture().event(&change, Some(world.clock.now()), world.clock.now()).await.unwrap();
        calls() - before
    };
    world.put("/hot/p", "0");
    assert_eq!(handle(Operation::Create).await, 5, "history, head, list, tags, put");
    for number in 1..60 {
        world.clock.advance_ms(60_000);
        world.put("/hot/p", &number.to_string());
        assert_eq!(handle(Operation::Update).await, 4, "history, head, tags, put");
    }
}

#[tokio::test]
async fn present_is_recorded_in_bulk_and_histories_are_read_only_of_unrecorded_versions() {
    let world = World::new();
    let then = changed_tree(&world).await;
    // Two of the ten that are overwritten have a version that nothing recorded.
    world.put_numbered("/p/", 0..2, "unrecorded");
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().update, 10);
    world.store.take_reads();
    world.apply_all(&plan).await;
    let read: BTreeSet<String> = world.store.take_reads().iter().map(|read| read.name.to_string()).collect();
    assert_eq!(read, ["/p/00", "/p/01"].map(String::from).into());
}
