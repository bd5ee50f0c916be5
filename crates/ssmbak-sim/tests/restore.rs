//! Restores under what no emulator shows: throttling, refusals, broken connections, interruptions, types that do not
//! change in place, keys that are disabled.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Elapsed};

use jiff::Timestamp;
use ssmbak::restore::{Applied, Now, Outcome, ProgressObserver, Restore, RestoreOptions, RetryPolicy, Unobserved};
use ssmbak::store::{ParameterPage, PutParameter};
use ssmbak::{Capture, Error, ErrorKind, ParamPath, ParameterStore};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::plan::{Action, Plan};
use ssmbak_core::scope::{Scope, Selection};
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Fault, Faults};

struct World {
    clock: Clock,
    store_faults: Faults,
    store: FakeStore,
    bucket: FakeBucket,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let store_faults = Faults::default();
        Self {
            store: FakeStore::new(clock.clone(), store_faults.clone()),
            bucket: FakeBucket::new(clock.clone(), Faults::default()),
            clock,
            store_faults,
        }
    }

    fn put(&self, put: &PutParameter) {
        let exists = self.store.present(&name(&put.spelling)).is_some();
        self.store.put_now(&PutParameter { overwrite: exists, ..put.clone() }).unwrap();
        self.clock.advance_ms(5_000);
    }

    async fn sweep(&self) {
        let capture = Capture::new(self.store.clone(), self.bucket.clone());
        for name in self.store.names() {
            let drift = capture.find_drift(&name, self.clock.now()).await.unwrap();
            capture.record_drift(drift).await.unwrap();
        }
        self.clock.advance_ms(5_000);
    }

    fn moment(&self) -> Timestamp {
        self.clock.advance_ms(5_000);
        let now = self.clock.now();
        self.clock.advance_ms(5_000);
        now
    }

    async fn plan(&self, at: Timestamp) -> Plan {
        let all = Selection::new(&["/"], true, &[], &[]).unwrap();
        ParamPath::new(self.store.clone(), self.bucket.clone(), all, Instant::exact(at)).preview().await.unwrap()
    }

    async fn apply(&self, plan: &Plan, observer: &impl ProgressObserver) -> Applied {
        let clock = self.clock.clone();
        let options = RestoreOptions { now: Now::new(move || clock.now()), ..options() };
        Restore::new(self.store.clone(), self.bucket.clone()).apply(plan, &options, observer).await
    }

    fn value(&self, of: &str) -> Option<String> {
        Some(self.store.present(&name(of))?.0.value?.expose().to_owned())
    }
}

fn options() -> RestoreOptions {
    RestoreOptions {
        puts_per_second: None,
        deletes_per_second: None,
        retry: RetryPolicy { attempts: 3, first_pause: Duration::from_millis(1) },
        recreate_delay: Duration::from_millis(1),
        now: Now::default(),
    }
}

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

/// What [`std::collections::BTreeSet::insert`] says is of no interest.
fn habits_changed(_: bool) {}

fn string(spelling: &str, value: &str) -> PutParameter {
    PutParameter::string(spelling, value)
}

/// Ten parameters changed, ten deleted, twelve new since then.
async fn changed_tree(world: &World) -> Timestamp {
    for number in 0..20 {
        world.put(&string(&format!("/p/{number:02}"), "then"));
    }
    world.sweep().await;
    let then = world.moment();
    for number in 0..10 {
        world.put(&string(&format!("/p/{number:02}"), "now"));
    }
    for number in 10..20 {
        world.store.delete_now(&name(&format!("/p/{number:02}")));
        let capture = Capture::new(world.store.clone(), world.bucket.clone());
        capture.deleted(&name(&format!("/p/{number:02}")), world.clock.now(), world.clock.now()).await.unwrap();
        world.clock.advance_ms(1_000);
    }
    for number in 0..12 {
        world.put(&string(&format!("/new/{number:02}"), "n"));
    }
    world.sweep().await;
    then
}

#[tokio::test]
async fn puts_come_before_deletes_and_what_is_overwritten_is_recorded_before_the_first() {
    let world = World::new();
    let then = changed_tree(&world).await;
    for number in 0..10 {
        world.put(&string(&format!("/p/{number:02}"), "unrecorded"));
    }
    let unrecorded = world.moment();
    let plan = world.plan(then).await;
    assert_eq!(plan.changes.len(), 32);
    let before = world.store.journal().len();
    assert!(world.apply(&plan, &Unobserved).await.is_complete());
    let journal = world.store.journal().split_off(before);
    let last_put = journal.iter().rposition(|entry| entry.starts_with("put")).unwrap();
    let first_delete = journal.iter().position(|entry| entry.starts_with("delete")).unwrap();
    assert!(last_put < first_delete, "{journal:?}");
    world.sweep().await;
    let undo = world.plan(unrecorded).await;
    assert_eq!(undo.unknown, []);
    assert!(world.apply(&undo, &Unobserved).await.is_complete());
    assert_eq!(world.value("/p/03").as_deref(), Some("unrecorded"), "every restore can be undone");
    assert_eq!(world.value("/p/15"), None);
    assert_eq!(world.value("/new/07").as_deref(), Some("n"));
}

#[tokio::test]
async fn a_throttled_restore_goes_on() {
    let world = World::new();
    let then = changed_tree(&world).await;
    let plan = world.plan(then).await;
    for ahead in [41, 42, 43, 50, 60, 61, 65] {
        world.store_faults.plan(ahead, Fault::Throttled);
    }
    assert!(world.apply(&plan, &Unobserved).await.is_complete());
    assert_eq!(world.plan(then).await.changes, []);
}

#[tokio::test]
async fn a_restore_that_breaks_anywhere_says_what_is_done_and_a_second_one_finishes_it() {
    for broken_call in (0..75).step_by(3) {
        for fault in [Fault::Before, Fault::After, Fault::Kill] {
            let world = World::new();
            let then = changed_tree(&world).await;
            let plan = world.plan(then).await;
            world.store_faults.plan(broken_call, fault);
            let applied = world.apply(&plan, &Unobserved).await;
            assert_eq!(applied.outcomes.len(), plan.changes.len());
            world.store_faults.revive();
            for (change, outcome) in plan.changes.iter().zip(&applied.outcomes) {
                if *outcome == Outcome::Done {
                    let there = world.value(change.name.as_str());
                    let wanted = change.recorded().map(|recorded| recorded.value.expose().to_owned());
                    assert_eq!(there, wanted, "{} is said to be done", change.name);
                }
            }
            world.sweep().await;
            let rest = world.plan(then).await;
            assert!(world.apply(&rest, &Unobserved).await.is_complete(), "{broken_call} {fault:?}");
            assert_eq!(world.plan(then).await.changes, [], "{broken_call} {fault:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_first_is_not_touched() {
    let world = World::new();
    let locked = PutParameter {
        parameter_type: ParameterType::SecureString,
        key_id: Some("alias/locked".to_owned()),
        ..string("/locked", "then")
    };
    world.put(&locked);
    world.put(&string("/free", "then"));
    world.sweep().await;
    let then = world.moment();
    world.put(&PutParameter { value: ParameterValue::new("now"), ..locked });
    world.put(&string("/free", "now"));
    let plan = world.plan(then).await;
    world.store.with_habits(|habits| habits_changed(habits.disabled_keys.insert("alias/locked".to_owned())));
    let applied = world.apply(&plan, &Unobserved).await;
    assert_eq!(applied.outcomes[0], Outcome::Done);
    let Outcome::Failed(error) = &applied.outcomes[1] else { panic!("{:?}", applied.outcomes) };
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
        let secret = PutParameter {
            parameter_type: ParameterType::SecureString,
            key_id: Some("alias/mine".to_owned()),
            tags: [("team".to_owned(), "core".to_owned())].into(),
            ..string("/secret", "hush")
        };
        world.put(&secret);
        world.sweep().await;
        let then = world.moment();
        world.put(&PutParameter { tags: [].into(), ..string("/secret", "hush") });
        world.store.with_habits(|habits| habits.changes_type = changes_type);
        let plan = world.plan(then).await;
        assert!(world.apply(&plan, &Unobserved).await.is_complete());
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
    let then = world.moment();
    for number in 0..12 {
        world.put(&string(&format!("/n/{number:02}"), "n"));
    }
    world.sweep().await;
    let plan = world.plan(then).await;
    world.store.with_habits(|habits| habits_changed(habits.undeletable.insert("/n/04".to_owned())));
    world.store.delete_now(&name("/n/05"));
    let applied = world.apply(&plan, &Unobserved).await;
    let failed: Vec<usize> = (0..12).filter(|row| !matches!(applied.outcomes[*row], Outcome::Done)).collect();
    assert_eq!(failed, [4], "and what was gone already is as wanted: {:?}", applied.outcomes);
}

#[tokio::test]
async fn one_refused_parameter_does_not_stop_the_others() {
    let world = World::new();
    let then = changed_tree(&world).await;
    let plan = world.plan(then).await;
    world.store.with_habits(|habits| habits_changed(habits.unwritable.insert("/p/02".to_owned())));
    let applied = world.apply(&plan, &Unobserved).await;
    let failed: Vec<&str> = plan
        .changes
        .iter()
        .zip(&applied.outcomes)
        .filter(|(_, outcome)| **outcome != Outcome::Done)
        .map(|(change, _)| change.name.as_str())
        .collect();
    assert_eq!(failed, ["/p/02"]);
}

struct StopAfter(AtomicUsize);

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
    assert_eq!(applied.outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count(), 7);
    assert_eq!(applied.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Skipped(_))).count(), 25);
    let rest = world.plan(then).await;
    assert_eq!(rest.changes.len(), 25);
    assert!(world.apply(&rest, &Unobserved).await.is_complete());
}

#[tokio::test]
async fn no_value_is_in_any_error_or_debug_output() {
    let world = World::new();
    world.put(&string("/p", "s3cret-then"));
    world.sweep().await;
    let then = world.moment();
    world.put(&string("/p", "s3cret-now"));
    let plan = world.plan(then).await;
    world.store.with_habits(|habits| habits_changed(habits.unwritable.insert("/p".to_owned())));
    let applied = world.apply(&plan, &Unobserved).await;
    let shown = format!("{plan:?} {applied:?}");
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn the_usual_event_takes_few_requests() {
    let world = World::new();
    let faults = Faults::default();
    let store = FakeStore::new(world.clock.clone(), faults.clone());
    let bucket = FakeBucket::new(world.clock.clone(), faults.clone());
    let capture = Capture::new(store.clone(), bucket.clone());
    let handle = async |operation: ssmbak_core::event::Operation| {
        let now = world.clock.now();
        let change = ssmbak_core::event::Change {
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
        let before = faults.calls();
        capture.event(&change, Some(world.clock.now()), world.clock.now()).await.unwrap();
        faults.calls() - before
    };
    store.put_now(&string("/hot/p", "0")).unwrap();
    assert_eq!(handle(ssmbak_core::event::Operation::Create).await, 5, "history, head, list, tags, put");
    for number in 1..60 {
        world.clock.advance_ms(60_000);
        store.put_now(&PutParameter { overwrite: true, ..string("/hot/p", &number.to_string()) }).unwrap();
        assert_eq!(handle(ssmbak_core::event::Operation::Update).await, 4, "history, head, tags, put");
    }
}

/// A store whose puts take their time, and the times at which they began.
#[derive(Clone)]
struct Slow {
    store: FakeStore,
    begun: Arc<Mutex<Vec<Elapsed>>>,
}

const PUT_LATENCY: Duration = Duration::from_millis(300);

impl ParameterStore for Slow {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        self.store.history(name).await
    }

    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        self.store.tags(name).await
    }

    async fn describe(&self, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
        self.store.describe(scope).await
    }

    async fn page(&self, token: Option<&str>) -> Result<ParameterPage, Error> {
        self.store.page(token).await
    }

    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        self.store.find(names).await
    }

    async fn values(&self, spellings: &[String]) -> Result<BTreeMap<String, Result<ParameterValue, Error>>, Error> {
        self.store.values(spellings).await
    }

    async fn put(&self, put: &PutParameter) -> Result<Option<u64>, Error> {
        self.begun.lock().unwrap().push(Elapsed::now());
        tokio::time::sleep(PUT_LATENCY).await;
        self.store.put(put).await
    }

    async fn set_tags(&self, spelling: &str, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
        self.store.set_tags(spelling, add, remove).await
    }

    async fn delete(&self, spellings: &[String]) -> Result<Vec<String>, Error> {
        self.store.delete(spellings).await
    }
}

/// Twenty parameters to be created.
async fn slow_creations(world: &World) -> (Slow, Plan) {
    for number in 0..20 {
        world.put(&string(&format!("/p/{number:02}"), "v"));
    }
    world.sweep().await;
    let then = world.moment();
    for number in 0..20 {
        world.store.delete_now(&name(&format!("/p/{number:02}")));
    }
    world.sweep().await;
    let plan = world.plan(then).await;
    assert_eq!(plan.changes.len(), 20);
    (Slow { store: world.store.clone(), begun: Arc::default() }, plan)
}

#[tokio::test]
async fn slow_puts_overlap_and_keep_to_their_rate() {
    let world = World::new();
    let (slow, plan) = slow_creations(&world).await;
    let options = RestoreOptions { puts_per_second: Some(20.0), ..options() };
    let began = Elapsed::now();
    let applied = Restore::new(slow.clone(), world.bucket.clone()).apply(&plan, &options, &Unobserved).await;
    let took = began.elapsed();
    assert!(applied.is_complete(), "{applied:?}");
    // One after the other they would take six seconds. At twenty a second they begin within one.
    assert!(took >= Duration::from_millis(950) && took < Duration::from_secs(3), "{took:?}");
    let begun = slow.begun.lock().unwrap();
    assert!(begun[19].duration_since(begun[0]) >= Duration::from_millis(900), "evenly spread");
}

#[tokio::test]
async fn interrupted_overlapping_puts_end_and_no_other_begins() {
    struct AfterFirst(AtomicUsize);
    impl ProgressObserver for AfterFirst {
        fn finished(&self, _name: &ParameterName, _outcome: &Outcome) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn should_stop(&self) -> bool {
            self.0.load(Ordering::Relaxed) > 0
        }
    }
    let world = World::new();
    let (slow, plan) = slow_creations(&world).await;
    let options = RestoreOptions { puts_per_second: Some(20.0), ..options() };
    let observer = AfterFirst(AtomicUsize::new(0));
    let applied = Restore::new(slow.clone(), world.bucket.clone()).apply(&plan, &options, &observer).await;
    assert!(applied.stopped);
    let begun = slow.begun.lock().unwrap().len();
    assert!((2..15).contains(&begun), "{begun}");
    let done = applied.outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count();
    assert_eq!(done, begun, "what has begun is done and told");
    assert!(applied.outcomes[..done].iter().all(|outcome| *outcome == Outcome::Done), "in the order of the plan");
    assert_eq!(world.store.names().len(), done);
}

#[tokio::test]
async fn present_is_recorded_in_bulk_and_histories_are_read_only_of_unrecorded_versions() {
    let world = World::new();
    let then = changed_tree(&world).await;
    // Two of the ten that are to be overwritten have a version that nothing recorded.
    for number in 0..2 {
        world.put(&string(&format!("/p/{number:02}"), "unrecorded"));
    }
    let plan = world.plan(then).await;
    let updates = plan.changes.iter().filter(|change| matches!(change.action, Action::Update { .. })).count();
    assert_eq!(updates, 10);
    world.store.take_reads();
    assert!(world.apply(&plan, &Unobserved).await.is_complete());
    let read: BTreeSet<String> = world.store.take_reads().iter().map(|read| read.name.to_string()).collect();
    assert_eq!(read, ["/p/00", "/p/01"].map(String::from).into());
}
