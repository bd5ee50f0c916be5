//! A world in memory: Parameter Store, a bucket and a clock.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use ssmbak::restore::journal::{UndoOptions, restore_record, undo_with};
use ssmbak::restore::{
    Applied, Now, Outcome, ProgressObserver, Restore, RestoreOptions, RestoreReport, RetryPolicy, Unobserved,
};
use ssmbak::store::PutParameter;
use ssmbak::{Capture, ParamPath, ParameterStore as _};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterType;
use ssmbak_core::plan::{Place, Plan, PlanOptions, Query, Target};
use ssmbak_core::restore_record::{RestoreDraft, RestoreId, RestoreRecord};
use ssmbak_core::scope::Selection;
use ssmbak_sim::store::Habits;
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults};

mod put;

pub use put::{PutExt, put};

pub const HOUR_MS: i64 = 3_600_000;

/// Value, type, description and tags.
pub type Content = (String, ParameterType, Option<String>, BTreeMap<String, String>);

pub struct World {
    pub clock: Clock,
    pub store: FakeStore,
    pub bucket: FakeBucket,
    pub store_faults: Faults,
    pub bucket_faults: Faults,
    /// How far the clock advances with each put.
    pub put_ms: i64,
}

impl World {
    pub fn new() -> Self {
        Self::starting("2026-03-01T12:00:00Z".parse().unwrap())
    }

    /// A world whose puts take no time.
    pub fn still() -> Self {
        Self { put_ms: 0, ..Self::new() }
    }

    pub fn starting(time: Timestamp) -> Self {
        let (clock, store_faults, bucket_faults) = (Clock::new(time), Faults::default(), Faults::default());
        Self {
            store: FakeStore::new(clock.clone(), store_faults.clone()),
            bucket: FakeBucket::new(clock.clone(), bucket_faults.clone()),
            clock,
            store_faults,
            bucket_faults,
            put_ms: 5_000,
        }
    }

    pub fn habits(&self, change: impl FnOnce(&mut Habits)) {
        self.store.with_habits(change);
    }

    pub fn put(&self, spelling: &str, value: &str) {
        self.put_as(&put(spelling, value));
    }

    pub fn put_all(&self, spellings: &[&str], value: &str) {
        spellings.iter().for_each(|spelling| self.put(spelling, value));
    }

    /// Puts `PREFIX00`, `PREFIX01` and so on.
    pub fn put_numbered(&self, prefix: &str, numbers: std::ops::Range<usize>, value: &str) {
        numbers.for_each(|number| self.put(&format!("{prefix}{number:02}"), value));
    }

    pub fn put_as(&self, put: &PutParameter) {
        let overwrite = self.store.present(&name(&put.spelling)).is_some();
        self.store.put_now(&PutParameter { overwrite, ..put.clone() }).unwrap();
        self.clock.advance_ms(self.put_ms);
    }

    /// Puts a parameter and records it.
    pub async fn put_and_record(&self, spelling: &str, value: &str) {
        self.put(spelling, value);
        self.record(spelling).await;
    }

    pub fn delete(&self, of: &str) {
        assert!(self.store.delete_now(&name(of)), "{of}");
    }

    /// Deletes a parameter and records the deletion.
    pub async fn delete_and_record(&self, of: &str) {
        let seen = self.clock.now();
        self.delete(of);
        self.record_deletion(of, seen).await;
    }

    pub async fn record_deletion(&self, of: &str, seen: Timestamp) {
        self.capture().deleted(&name(of), seen, self.clock.now()).await.unwrap();
    }

    /// Replaces all tags of a parameter.
    pub async fn tag(&self, of: &str, tags: &[(&str, &str)]) {
        let old: Vec<String> = self.tags(of).into_keys().collect();
        self.store.set_tags(of, &BTreeMap::new(), &old).await.unwrap();
        self.store.set_tags(of, &tag_map(tags), &[]).await.unwrap();
        self.clock.advance_ms(self.put_ms);
    }

    pub fn capture(&self) -> Capture<FakeStore, FakeBucket> {
        Capture::new(self.store.clone(), self.bucket.clone())
    }

    /// Records what the bucket lacks of a parameter.
    pub async fn record(&self, of: &str) {
        let drift = self.capture().find_drift(&name(of), self.clock.now()).await.unwrap();
        self.capture().record_drift(drift).await.unwrap();
    }

    /// Records what the bucket lacks of all parameters.
    pub async fn sweep(&self) {
        for name in self.store.names() {
            self.record(name.as_str()).await;
        }
        self.clock.advance_ms(5_000);
    }

    /// A time at which nothing happens.
    pub fn quiet_time(&self) -> Timestamp {
        self.clock.advance_ms(5_000);
        let now = self.clock.now();
        self.clock.advance_ms(60_000);
        now
    }

    /// The middle of an hour in which nothing happens.
    pub fn quiet_hour(&self) -> Timestamp {
        self.clock.advance_ms(HOUR_MS / 2);
        let now = self.clock.now();
        self.clock.advance_ms(HOUR_MS / 2);
        now
    }

    /// Records everything; returns a time after that.
    pub async fn recorded(&self) -> Timestamp {
        self.sweep().await;
        self.quiet_time()
    }

    pub fn path(&self, selection: Selection, at: Timestamp) -> ParamPath<FakeStore, FakeBucket> {
        ParamPath::new(self.store.clone(), self.bucket.clone(), selection, Instant::exact(at))
    }

    pub async fn plan(&self, at: Timestamp) -> Plan {
        let options = PlanOptions { now: Some(self.clock.now()), ..PlanOptions::default() };
        self.path(all(), at).with_options(options).preview().await.unwrap()
    }

    /// The state of a parameter below `/h/`.
    pub async fn target(&self, of: &str, at: Timestamp) -> Target {
        self.path(below("/h/"), at).version_in_effect(&name(of)).await.unwrap()
    }

    /// Options of a restore without limits, on this world's clock.
    pub fn options(&self) -> RestoreOptions {
        let clock = self.clock.clone();
        RestoreOptions {
            puts_per_second: None,
            deletes_per_second: None,
            retry: RetryPolicy { attempts: 3, first_pause: Duration::from_millis(1) },
            recreate_delay: Duration::from_millis(1),
            now: Now::new(move || clock.now()),
        }
    }

    fn restore(&self) -> Restore<FakeStore, FakeBucket> {
        Restore::new(self.store.clone(), self.bucket.clone())
    }

    /// Applies a plan without a record.
    pub async fn apply(&self, plan: &Plan, observer: &impl ProgressObserver) -> Applied {
        self.apply_with(plan, &self.options(), observer).await
    }

    pub async fn apply_with(&self, plan: &Plan, to: &RestoreOptions, observer: &impl ProgressObserver) -> Applied {
        self.restore().apply(plan, to, observer).await
    }

    /// Applies a plan completely, without a record.
    pub async fn apply_all(&self, plan: &Plan) {
        let applied = self.apply(plan, &Unobserved).await;
        assert!(applied.is_complete(), "{applied:?}");
    }

    /// Applies a plan and leaves the restore record `id`.
    pub async fn restore_as(&self, id: &str, plan: &Plan, observer: &impl ProgressObserver) -> RestoreReport {
        let clock = self.clock.clone();
        // Time passes between any two rows.
        let now = Now::new(move || {
            clock.advance_ms(700);
            clock.now()
        });
        let options = RestoreOptions { recreate_delay: Duration::ZERO, now, ..self.options() };
        let draft = RestoreDraft {
            id: RestoreId::parse(id).unwrap(),
            place: Place::default(),
            author: None,
            question: Query::default(),
            undoes: None,
        };
        let done = self.restore().apply_and_record(plan, draft, &options, observer).await;
        self.clock.advance_ms(5_000);
        done
    }

    /// Applies a plan completely and leaves the restore record `id`.
    pub async fn restored_as(&self, id: &str, plan: &Plan) -> RestoreReport {
        let done = self.restore_as(id, plan, &Unobserved).await;
        assert!(done.applied.is_complete(), "{done:?}");
        done
    }

    /// The plan that undoes a restore, from its record.
    pub async fn undo_plan(&self, id: &str) -> Plan {
        let clock = self.clock.clone();
        let options = UndoOptions { looks: 4, pause: Duration::from_millis(1), now: Now::new(move || clock.now()) };
        undo_with(&self.store, &self.bucket, &self.restore_record(id).await, &options).await.unwrap()
    }

    /// Undoes a restore completely, which is the restore `undo`.
    pub async fn undo(&self, id: &str, undo: &str) -> Plan {
        let plan = self.undo_plan(id).await;
        assert_eq!(plan.unknown, []);
        self.restored_as(undo, &plan).await;
        plan
    }

    pub async fn restore_record(&self, id: &str) -> RestoreRecord {
        restore_record(&self.bucket, Some(&RestoreId::parse(id).unwrap())).await.unwrap()
    }

    pub fn value(&self, of: &str) -> Option<String> {
        Some(self.store.present(&name(of))?.0.value?.expose().to_owned())
    }

    pub fn tags(&self, of: &str) -> BTreeMap<String, String> {
        self.store.present(&name(of)).unwrap().1
    }

    /// All parameters without numbers, dates and authors.
    pub fn state(&self) -> BTreeMap<String, Content> {
        let of = |name: &ParameterName| {
            let (present, tags) = self.store.present(name)?;
            let value = present.value?.expose().to_owned();
            Some((name.to_string(), (value, present.parameter_type, present.description, tags)))
        };
        self.store.names().iter().filter_map(of).collect()
    }

    /// Asserts that each row that is done has the planned value.
    pub fn assert_done_rows(&self, plan: &Plan, applied: &Applied, case: &str) {
        assert_eq!(applied.outcomes.len(), plan.changes.len(), "{case}");
        for (change, outcome) in plan.changes.iter().zip(&applied.outcomes) {
            if *outcome == Outcome::Done {
                let wanted = change.recorded().map(|recorded| recorded.value.expose().to_owned());
                assert_eq!(self.value(change.name.as_str()), wanted, "{case}: {} is reported as done", change.name);
            }
        }
    }

    /// How often an operation was called, of Parameter Store or the bucket.
    pub fn count(&self, operation: &str) -> u64 {
        self.store_faults.count(operation) + self.bucket_faults.count(operation)
    }
}

pub fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

pub fn all() -> Selection {
    below("/")
}

pub fn below(path: &str) -> Selection {
    Selection::new(&[path], true, &[], &[]).unwrap()
}

pub fn tag_map(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// The number of rows that are done.
pub fn done_rows(applied: &Applied) -> usize {
    applied.outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count()
}
