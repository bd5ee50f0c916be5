//! Sweeps of everything: page by page, and what the last one is good for.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;

use ssmbak::bucket::BackupBucket as _;
use ssmbak::capture::CaptureReport;
use ssmbak::store::PutParameter;
use ssmbak::{Capture, ParameterStore as _, sweep};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Ended, Outcome, Place, Progress, SweepRecord};
use ssmbak_core::timeline::State;
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults};

struct World {
    clock: Clock,
    faults: Faults,
    store: FakeStore,
    bucket: FakeBucket,
    capture: Capture<FakeStore, FakeBucket>,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let faults = Faults::default();
        let store = FakeStore::new(clock.clone(), faults.clone());
        let bucket = FakeBucket::new(clock.clone(), faults.clone());
        Self { capture: Capture::new(store.clone(), bucket.clone()), clock, faults, store, bucket }
    }

    fn put(&self, spelling: &str, value: &str) {
        let overwrite = self.store.present(&name(spelling)).is_some();
        let put = PutParameter { overwrite, ..PutParameter::string(spelling, value) };
        self.store.put_now(&put).unwrap();
        self.clock.advance_ms(1);
    }

    /// Sweeps page by page, with a break after every page as if another invocation went on, and leaves the record.
    async fn sweep(&self) -> SweepRecord {
        let last = sweep::last(&self.bucket).await.unwrap();
        let mut progress = Progress::start(self.clock.now());
        loop {
            let began = progress.at.clone();
            let page = sweep::page(&self.capture, &progress.at, last.as_ref()).await.unwrap();
            for turn in page.names {
                let now = self.clock.now();
                let outcome = match sweep::process(&self.capture, &turn, last.as_ref(), now).await {
                    Ok(CaptureReport { writes, .. }) if writes.is_empty() => Outcome::Unchanged,
                    Ok(_) => Outcome::Written,
                    Err(_) => Outcome::Failed,
                };
                progress.count(&turn.name, outcome, turn.again);
            }
            progress.at = page.next.clone().unwrap_or(began.clone());
            if let Ended::Finished(record) = progress.ended(&began, page.next.is_none(), self.clock.now()) {
                self.bucket.put_sweep(&record).await.unwrap();
                self.clock.advance_ms(1);
                return record;
            }
        }
    }

    fn hours(&self, hours: i64) {
        self.clock.advance_ms(hours * 3_600_000);
    }

    /// The answer for a moment: the value, `-` or `?`.
    async fn state(&self, of: &str, time: &str) -> String {
        let selection = Selection::new(&[of], false, &[], &[]).unwrap();
        let recorded = ssmbak::read::timelines(&self.bucket, &selection).await.unwrap();
        let instant = Instant::exact(time.parse().unwrap());
        match recorded.timelines[&name(of)].state_by(instant.until()) {
            State::Held(held) => {
                let body = self.bucket.body(of, Some(&held.record.version_id)).await.unwrap();
                String::from_utf8(body).unwrap()
            }
            State::Absent(_) => "-".to_owned(),
            State::Unknown(_) => "?".to_owned(),
        }
    }
}

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

#[tokio::test]
async fn every_name_of_the_store_and_of_the_bucket_has_its_turn() {
    let world = World::new();
    for number in 0..20 {
        world.put(&format!("/tree/p{number}"), "value");
    }
    world.put("root", "value");
    world.bucket.put_as_original(
        "/gone/a",
        "value",
        vec![("ssmbakTime".into(), "1".into()), ("ssmbakType".into(), "String".into())],
    );
    world.bucket.put_as_original("logs/of/somebody", "x", vec![]);
    world.bucket.delete_as_original("/gone/long/ago");
    let record = world.sweep().await;
    assert_eq!((record.names, record.written, record.failed), (22, 22, 0));
    assert_eq!(world.bucket.current("/gone/a"), None);
    for number in 0..20 {
        assert_eq!(world.bucket.current(&format!("/tree/p{number}")).as_deref(), Some(b"value".as_slice()));
    }
    world.hours(1);
    let again = world.sweep().await;
    assert_eq!((again.names, again.written), (21, 0));
}

#[tokio::test]
async fn what_is_on_top_of_its_key_costs_no_history() {
    let world = World::new();
    for number in 0..7 {
        world.put(&format!("/tree/p{number}"), "value");
    }
    world.sweep().await;
    let taken = async || {
        let counts = || ["history", "tags", "tags_of_many", "head"].map(|call| world.faults.count(call));
        let before = counts();
        world.sweep().await;
        counts().iter().zip(before).map(|(after, before)| after - before).collect::<Vec<u64>>()
    };
    assert_eq!(taken().await, [0, 0, 3, 14], "tags once a page, the version on top twice");
    world.store.with_habits(|habits| habits.has_no_index = true);
    assert_eq!(taken().await, [0, 7, 3, 14], "tags one by one");
    let before = world.faults.count("history");
    world.put("/tree/p3", "new");
    world.sweep().await;
    assert_eq!(world.faults.count("history"), before + 1);
    assert_eq!(world.bucket.current("/tree/p3").as_deref(), Some(b"new".as_slice()));
}

#[tokio::test]
async fn what_was_deleted_is_read_once_and_parameter_store_not_asked() {
    let world = World::new();
    world.put("/tree/p", "value");
    world.sweep().await;
    world.hours(1);
    world.store.delete_now(&name("/tree/p"));
    world.sweep().await;
    let counts = || ["versions", "history"].map(|call| world.faults.count(call));
    let taken = async || {
        world.hours(1);
        let before = counts();
        world.sweep().await;
        [0, 1].map(|call| counts()[call] - before[call])
    };
    assert_eq!(taken().await, [1, 0], "the marker was stored after the last sweep had begun");
    assert_eq!(taken().await, [0, 0]);
    world.put("/tree/p", "again");
    assert_eq!(taken().await, [1, 1]);
    assert_eq!(world.bucket.current("/tree/p").as_deref(), Some(b"again".as_slice()));
}

#[tokio::test]
async fn index_of_tags_that_lags_writes_nothing() {
    let world = World::new();
    world.put("/tree/p", "value");
    let tags = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
    world.store.set_tags("/tree/p", &tags, &[]).await.unwrap();
    world.sweep().await;
    world.store.with_habits(|habits| habits.unindexed = ["/tree/p".to_owned()].into());
    let (tags, histories) = (world.faults.count("tags"), world.faults.count("history"));
    assert_eq!(world.sweep().await.written, 0);
    assert_eq!(world.faults.count("tags"), tags + 1, "the parameter itself is asked");
    assert_eq!(world.faults.count("history"), histories);
}

#[tokio::test]
async fn tags_that_changed_are_recorded_by_a_sweep_with_and_without_an_index() {
    for has_no_index in [false, true] {
        let world = World::new();
        world.store.with_habits(|habits| habits.has_no_index = has_no_index);
        world.put("/tree/p", "value");
        world.sweep().await;
        let tags = BTreeMap::from([("team".to_owned(), "blue".to_owned())]);
        world.store.set_tags("/tree/p", &tags, &[]).await.unwrap();
        assert_eq!(world.sweep().await.written, 1);
        assert_eq!(world.sweep().await.written, 0);
    }
}

#[tokio::test]
async fn a_lost_deletion_is_unknown_only_since_the_last_sweep() {
    let world = World::new();
    world.put("/months/p", "value");
    world.put("/months/stays", "value");
    world.sweep().await;
    world.hours(24 * 60);
    world.sweep().await;
    world.hours(12);
    world.store.delete_now(&name("/months/p"));
    world.hours(12);
    world.sweep().await;
    assert_eq!(world.state("/months/p", "2026-03-15T00:00:00Z").await, "value", "weeks after it was recorded");
    assert_eq!(world.state("/months/p", "2026-04-30T11:57:00Z").await, "value", "as the last sweep surely saw it");
    assert_eq!(world.state("/months/p", "2026-04-30T20:00:00Z").await, "?");
    assert_eq!(world.state("/months/p", "2026-05-02T00:00:00Z").await, "-");
}

#[tokio::test]
async fn without_a_finished_sweep_nothing_is_claimed() {
    let world = World::new();
    world.put("/months/p", "value");
    world.sweep().await;
    world.hours(24 * 60);
    // Somebody's object in its place.
    world.bucket.put_as_original("ssmbak-sweep/last", "{\"format\":7}", vec![]);
    world.store.delete_now(&name("/months/p"));
    world.hours(1);
    world.sweep().await;
    assert_eq!(world.state("/months/p", "2026-03-15T00:00:00Z").await, "?");
}

#[tokio::test]
async fn a_sweep_that_failed_at_a_name_proves_nothing_of_it() {
    let world = World::new();
    world.put("/months/p", "value");
    world.sweep().await;
    world.hours(24 * 60);
    let now = world.clock.now();
    let failed = SweepRecord::new(now, now, (1, 0, 1), &[name("/months/p")]);
    world.bucket.put_sweep(&failed).await.unwrap();
    world.hours(1);
    world.store.delete_now(&name("/months/p"));
    world.sweep().await;
    assert_eq!(world.state("/months/p", "2026-03-15T00:00:00Z").await, "?");
}

#[tokio::test]
async fn readers_of_the_bucket_pass_the_record_over() {
    let world = World::new();
    world.put("/a", "value");
    world.sweep().await;
    assert!(world.bucket.current("ssmbak-sweep/last").is_some());
    let all = Selection::new(&["/"], true, &[], &[]).unwrap();
    let recorded = ssmbak::read::timelines(&world.bucket, &all).await.unwrap();
    assert_eq!(recorded.foreign_keys, Vec::<String>::new());
    assert_eq!(recorded.timelines.into_keys().collect::<Vec<_>>(), [name("/a")]);
}

#[tokio::test]
async fn a_sweep_goes_on_after_the_last_name_of_an_unfinished_page() {
    let world = World::new();
    for number in 0..5 {
        world.put(&format!("/tree/p{number}"), "value");
    }
    let page = sweep::page(&world.capture, &Place::START, None).await.unwrap();
    let names: Vec<&str> = page.names.iter().map(|turn| turn.name.as_str()).collect();
    assert_eq!(names, ["/tree/p2", "/tree/p3", "/tree/p4"], "by name within the page, the pages in the store's order");
    let rest = sweep::page(&world.capture, &page.names[0].then, None).await.unwrap();
    let left: Vec<&str> = rest.names.iter().map(|turn| turn.name.as_str()).collect();
    assert_eq!((left.as_slice(), rest.next), (["/tree/p3", "/tree/p4"].as_slice(), page.next));
}
