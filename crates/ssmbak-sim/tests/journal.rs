//! The record that a restore leaves of itself, and undoing by it, under what no emulator shows.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use ssmbak::restore::journal::{restore_record, restores, undo};
use ssmbak::restore::{
    Now, Outcome, ProgressObserver, Restore, RestoreOptions, RestoreReport, RetryPolicy, Unobserved,
};
use ssmbak::store::PutParameter;
use ssmbak::{Capture, ErrorKind, ParamPath};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Place, Plan, Query};
use ssmbak_core::restore_record::{RestoreDraft, RestoreId, RestoreRecord, RestoreState, RowOutcome};
use ssmbak_core::scope::Selection;
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Fault, Faults};

struct World {
    clock: Clock,
    store: FakeStore,
    bucket: FakeBucket,
    bucket_faults: Faults,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let bucket_faults = Faults::default();
        Self {
            store: FakeStore::new(clock.clone(), Faults::default()),
            bucket: FakeBucket::new(clock.clone(), bucket_faults.clone()),
            bucket_faults,
            clock,
        }
    }

    async fn put(&self, spelling: &str, value: &str) {
        let overwrite = self.store.present(&name(spelling)).is_some();
        let put = PutParameter { overwrite, ..PutParameter::string(spelling, value) };
        self.store.put_now(&put).unwrap();
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

    async fn plan(&self, selection: Selection, at: Timestamp) -> Plan {
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), selection, Instant::exact(at));
        path.preview().await.unwrap()
    }

    async fn apply(&self, plan: &Plan, id: &RestoreId, observer: &impl ProgressObserver) -> RestoreReport {
        let clock = self.clock.clone();
        let options = RestoreOptions {
            puts_per_second: None,
            deletes_per_second: None,
            retry: RetryPolicy { attempts: 3, first_pause: Duration::from_millis(1) },
            recreate_delay: Duration::ZERO,
            // No two looks at it are the same.
            now: Now::new(move || {
                clock.advance_ms(700);
                clock.now()
            }),
        };
        let draft = RestoreDraft {
            id: id.clone(),
            place: Place::default(),
            author: None,
            question: Query::default(),
            undoes: None,
        };
        let done = Restore::new(self.store.clone(), self.bucket.clone())
            .apply_and_record(plan, draft, &options, observer)
            .await;
        self.clock.advance_ms(5_000);
        done
    }

    fn value(&self, of: &str) -> Option<String> {
        Some(self.store.present(&name(of))?.0.value?.expose().to_owned())
    }
}

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn all() -> Selection {
    Selection::new(&["/"], true, &[], &[]).unwrap()
}

fn id(text: &str) -> RestoreId {
    RestoreId::parse(text).unwrap()
}

/// What is recorded while the rows are settled; stops after so many.
struct Looks<'a> {
    world: &'a World,
    id: RestoreId,
    seen: Mutex<Vec<RestoreState>>,
    most: usize,
}

impl ProgressObserver for Looks<'_> {
    fn finished(&self, _name: &ParameterName, _outcome: &Outcome) {
        let stored = self.world.bucket.current(&self.id.key()).unwrap();
        let record = RestoreRecord::decode(&self.id.key(), &stored).unwrap();
        self.seen.lock().unwrap().push(record.state);
    }

    fn should_stop(&self) -> bool {
        self.seen.lock().unwrap().len() >= self.most
    }
}

#[tokio::test]
async fn the_record_is_there_before_the_first_write_and_tells_the_end() {
    let world = World::new();
    for number in 0..4 {
        world.put(&format!("/p/{number}"), "then").await;
    }
    world.sweep().await;
    let then = world.clock.now();
    world.clock.advance_ms(5_000);
    for number in 0..4 {
        world.put(&format!("/p/{number}"), "now").await;
    }
    let plan = world.plan(all(), then).await;
    let looks = Looks { world: &world, id: id("r-1"), seen: Mutex::default(), most: 2 };
    let done = world.apply(&plan, &looks.id, &looks).await;
    assert_eq!(*looks.seen.lock().unwrap(), [RestoreState::Begun; 2]);
    let record = restore_record(&world.bucket, None).await.unwrap();
    assert!(done.recorded && record == done.record);
    assert_eq!((record.state, record.count(RowOutcome::Skipped)), (RestoreState::Stopped, 2));

    // What was not touched is not undone.
    world.put("/p/3", "later").await;
    let back = undo(&world.store, &world.bucket, &record).await.unwrap();
    assert_eq!(back.counts().update, 2);
    assert!(world.apply(&back, &id("r-2"), &Unobserved).await.applied.is_complete());
    let values: Vec<Option<String>> = (0..4).map(|number| world.value(&format!("/p/{number}"))).collect();
    assert_eq!(values, ["now", "now", "now", "later"].map(|value| Some(value.to_owned())));
    let listed = restores(&world.bucket, 1).await.unwrap();
    assert_eq!(listed.restores.iter().map(|record| record.id.as_str()).collect::<Vec<_>>(), ["r-2"]);
    let missing = restore_record(&world.bucket, Some(&id("r-3"))).await;
    assert_eq!(missing.map_err(|error| error.kind), Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn bringing_back_what_went_unnoticed_can_be_undone() {
    let world = World::new();
    world.put("/a", "then").await;
    world.sweep().await;
    let then = world.clock.now();
    world.clock.advance_ms(60_000);
    // No event, no sweep: the bucket believes it alive.
    world.store.delete_now(&name("/a"));
    world.clock.advance_ms(60_000);
    // Neither when the bucket has not heard of the creation yet, nor when it has.
    for heard in [false, true] {
        let plan = world.plan(all(), then).await;
        assert_eq!(plan.counts().create, 1, "{heard}");
        let done = world.apply(&plan, &id("r-1"), &Unobserved).await;
        assert!(done.applied.is_complete(), "{done:?}");
        assert_eq!(world.value("/a").as_deref(), Some("then"));
        if heard {
            world.sweep().await;
        }
        let back = undo(&world.store, &world.bucket, &done.record).await.unwrap();
        assert_eq!((back.unknown.len(), back.counts().delete), (0, 1), "{heard}: {back:?}");
        if heard {
            assert!(world.apply(&back, &id("r-2"), &Unobserved).await.applied.is_complete());
            assert_eq!(world.value("/a"), None);
        } else {
            world.store.delete_now(&name("/a"));
        }
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_left_stops_nothing_and_is_told() {
    // What is created takes no look at the bucket: the calls are the two states of the record.
    for (broken, recorded) in [(vec![0], true), (vec![1], true), (vec![0, 1], false)] {
        let world = World::new();
        world.put("/a", "then").await;
        world.sweep().await;
        let then = world.clock.now();
        world.clock.advance_ms(5_000);
        world.store.delete_now(&name("/a"));
        let capture = Capture::new(world.store.clone(), world.bucket.clone());
        capture.deleted(&name("/a"), then, world.clock.now()).await.unwrap();
        world.clock.advance_ms(5_000);
        let plan = world.plan(all(), then).await;
        for call in &broken {
            world.bucket_faults.plan(*call, Fault::Before);
        }
        let done = world.apply(&plan, &id("r-1"), &Unobserved).await;
        assert!(done.applied.is_complete());
        assert_eq!((done.recorded, done.applied.warnings.len()), (recorded, 1), "{broken:?}: {done:?}");
        assert_eq!(world.bucket.current("ssmbak-restore/r-1").is_some(), recorded);
        assert_eq!(world.value("/a").as_deref(), Some("then"));
    }
}
