//! Restores and their undoing beside somebody who changes parameters, and with a Parameter Store whose answers are late,
//! lost or empty.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use ssmbak::restore::journal::{UndoOptions, restore_record, undo_with};
use ssmbak::restore::{
    Now, Outcome, ProgressObserver, Restore, RestoreOptions, RestoreReport, RetryPolicy, Unobserved,
};
use ssmbak::store::{ParameterPage, ParameterStore, PutParameter};
use ssmbak::{Capture, Error, ErrorKind, ParamPath};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::plan::{Place, Plan, Query};
use ssmbak_core::restore_record::{RestoreDraft, RestoreId, RestoreRecord, RestoreState};
use ssmbak_core::scope::{Scope, Selection};
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Fault, Faults};

/// What a read of the moment before a restore shows.
type Seen = BTreeMap<ParameterName, (CurrentParameter, BTreeMap<String, String>)>;

/// Value, type, description and tags.
type Everything = (String, ParameterType, Option<String>, BTreeMap<String, String>);

/// A store whose answers can be told to be odd.
#[derive(Clone)]
struct Odd {
    store: FakeStore,
    /// How many histories are answered as if there were none.
    empty_histories: Arc<AtomicU32>,
    /// How many lookups are answered as they once were.
    late_lookups: Arc<AtomicU32>,
    seen: Arc<Mutex<Seen>>,
    /// The answer of the next put is lost, and the SDK sends it again.
    loses_answer: Arc<AtomicU32>,
    /// How many times setting tags is refused.
    refuses_tags: Arc<AtomicU32>,
}

fn spend(left: &AtomicU32) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

impl ParameterStore for Odd {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        if spend(&self.empty_histories) { Ok(None) } else { self.store.history(name).await }
    }
    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        if self.late_lookups.load(Ordering::Relaxed) > 0
            && let Some((_, tags)) = self.seen.lock().unwrap().get(name)
        {
            return Ok(tags.clone());
        }
        self.store.tags(name).await
    }
    async fn describe(&self, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
        self.store.describe(scope).await
    }
    async fn page(&self, after: Option<&str>) -> Result<ParameterPage, Error> {
        self.store.page(after).await
    }
    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        if spend(&self.late_lookups) {
            let seen = self.seen.lock().unwrap();
            let found = names.iter().filter_map(|name| Some((name.clone(), seen.get(name)?.0.clone())));
            return Ok(found.collect());
        }
        self.store.find(names).await
    }
    async fn values(&self, spellings: &[String]) -> Result<BTreeMap<String, Result<ParameterValue, Error>>, Error> {
        self.store.values(spellings).await
    }
    async fn put(&self, put: &PutParameter) -> Result<Option<u64>, Error> {
        let first = self.store.put(put).await;
        if spend(&self.loses_answer) { self.store.put(put).await } else { first }
    }
    async fn set_tags(&self, of: &str, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
        if !add.is_empty() && spend(&self.refuses_tags) {
            return Err(Error::new(ErrorKind::AccessDenied, "cannot tag: AccessDeniedException"));
        }
        self.store.set_tags(of, add, remove).await
    }
    async fn delete(&self, spellings: &[String]) -> Result<Vec<String>, Error> {
        self.store.delete(spellings).await
    }
}

struct World {
    clock: Clock,
    store: Odd,
    bucket: FakeBucket,
    faults: Faults,
    bucket_faults: Faults,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let (faults, bucket_faults) = (Faults::default(), Faults::default());
        Self {
            store: Odd {
                store: FakeStore::new(clock.clone(), faults.clone()),
                empty_histories: Arc::default(),
                late_lookups: Arc::default(),
                seen: Arc::default(),
                loses_answer: Arc::default(),
                refuses_tags: Arc::default(),
            },
            bucket: FakeBucket::new(clock.clone(), bucket_faults.clone()),
            faults,
            bucket_faults,
            clock,
        }
    }

    fn put(&self, spelling: &str, value: &str) {
        self.put_as(&string(spelling, value));
    }

    fn put_as(&self, put: &PutParameter) {
        let overwrite = self.store.store.present(&name(&put.spelling)).is_some();
        self.store.store.put_now(&PutParameter { overwrite, ..put.clone() }).unwrap();
        self.clock.advance_ms(5_000);
    }

    async fn tag(&self, spelling: &str, tags: &[(&str, &str)]) {
        let old: Vec<String> = self.tags(spelling).into_keys().collect();
        self.store.store.set_tags(spelling, &BTreeMap::new(), &old).await.unwrap();
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        self.store.store.set_tags(spelling, &tags, &[]).await.unwrap();
        self.clock.advance_ms(5_000);
    }

    async fn sweep(&self) {
        let capture = Capture::new(self.store.store.clone(), self.bucket.clone());
        for name in self.store.store.names() {
            let drift = capture.find_drift(&name, self.clock.now()).await.unwrap();
            capture.record_drift(drift).await.unwrap();
        }
        self.clock.advance_ms(5_000);
    }

    /// Puts a parameter, and its event is handled.
    async fn put_and_record(&self, spelling: &str, value: &str) {
        self.put(spelling, value);
        let capture = Capture::new(self.store.store.clone(), self.bucket.clone());
        let drift = capture.find_drift(&name(spelling), self.clock.now()).await.unwrap();
        capture.record_drift(drift).await.unwrap();
    }

    fn moment(&self) -> Timestamp {
        self.clock.advance_ms(5_000);
        let now = self.clock.now();
        self.clock.advance_ms(60_000);
        now
    }

    async fn plan(&self, at: Timestamp) -> Plan {
        let all = Selection::new(&["/"], true, &[], &[]).unwrap();
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), all, Instant::exact(at));
        path.preview().await.unwrap()
    }

    async fn apply(&self, plan: &Plan, id: &str, observer: &impl ProgressObserver) -> RestoreReport {
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
            id: RestoreId::parse(id).unwrap(),
            place: Place::default(),
            author: None,
            question: Query::default(),
            undoes: None,
        };
        let restore = Restore::new(self.store.clone(), self.bucket.clone());
        let done = restore.apply_and_record(plan, draft, &options, observer).await;
        self.clock.advance_ms(5_000);
        done
    }

    /// What would undo a restore, as its record in the bucket says.
    async fn undoing(&self, id: &str) -> Plan {
        let clock = self.clock.clone();
        let options = UndoOptions { looks: 4, pause: Duration::from_millis(1), now: Now::new(move || clock.now()) };
        let record = self.record(id).await;
        undo_with(&self.store, &self.bucket, &record, &options).await.unwrap()
    }

    async fn record(&self, id: &str) -> RestoreRecord {
        restore_record(&self.bucket, Some(&RestoreId::parse(id).unwrap())).await.unwrap()
    }

    /// Everything that is there but numbers, dates and authors.
    fn state(&self) -> BTreeMap<String, Everything> {
        let of = |name: &ParameterName| {
            let (present, tags) = self.store.store.present(name)?;
            let value = present.value?.expose().to_owned();
            Some((name.to_string(), (value, present.parameter_type, present.description, tags)))
        };
        self.store.store.names().iter().filter_map(of).collect()
    }

    fn tags(&self, of: &str) -> BTreeMap<String, String> {
        self.store.store.present(&name(of)).unwrap().1
    }

    fn allow_everything(&self) {
        self.store.store.with_habits(|habits| {
            habits.disabled_keys.clear();
            habits.unwritable.clear();
        });
    }

    fn value(&self, of: &str) -> Option<String> {
        Some(self.store.store.present(&name(of))?.0.value?.expose().to_owned())
    }

    /// From now on so many lookups show what is there now.
    fn reads_lag(&self, lookups: u32) {
        let mut seen = self.store.seen.lock().unwrap();
        seen.clear();
        for name in self.store.store.names() {
            let (present, tags) = self.store.store.present(&name).unwrap();
            let ParameterVersion { parameter_type, description, details, .. } = present;
            let spelling = name.as_str().to_owned();
            let listed = CurrentParameter { name: name.clone(), spelling, parameter_type, description, details };
            seen.insert(name, (listed, tags));
        }
        drop(seen);
        self.store.late_lookups.store(lookups, Ordering::Relaxed);
    }
}

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn string(spelling: &str, value: &str) -> PutParameter {
    PutParameter::string(spelling, value)
}

fn tagged(tags: &[(&str, &str)]) -> BTreeMap<String, String> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Does something as soon as a row is settled.
struct Then<F: Fn() + Sync>(&'static str, F);

impl<F: Fn() + Sync> ProgressObserver for Then<F> {
    fn finished(&self, name: &ParameterName, _: &Outcome) {
        if name.as_str() == self.0 {
            (self.1)();
        }
    }
}

#[tokio::test]
async fn undo_brings_tags_back_beside_deletions_and_type_changes() {
    for changes_type in [true, false] {
        let world = World::new();
        world.put("/plain", "then");
        world.put_as(&PutParameter { parameter_type: ParameterType::SecureString, ..string("/typed", "then") });
        world.put("/tagged", "same");
        for of in ["/plain", "/typed", "/tagged"] {
            world.tag(of, &[("team", "then")]).await;
        }
        world.sweep().await;
        let then = world.moment();
        world.put("/plain", "now");
        world.put("/typed", "now");
        world.put_and_record("/new", "now").await;
        for of in ["/plain", "/typed", "/tagged", "/new"] {
            world.tag(of, &[("team", "now"), ("only", "now")]).await;
        }
        world.store.store.with_habits(|habits| habits.changes_type = changes_type);
        let before = world.state();
        let plan = world.plan(then).await;
        assert_eq!((plan.counts().update, plan.counts().delete), (3, 1), "{plan:?}");
        assert!(world.apply(&plan, "r-1", &Unobserved).await.applied.is_complete());
        assert_eq!(world.tags("/tagged"), tagged(&[("team", "then")]));
        let back = world.undoing("r-1").await;
        assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
        assert_eq!(world.state(), before, "types change in place: {changes_type}");
        // An undo is undone as well.
        let redo = world.undoing("r-2").await;
        assert!(world.apply(&redo, "r-3", &Unobserved).await.applied.is_complete());
        assert_eq!(world.tags("/typed"), tagged(&[("team", "then")]));
        assert_eq!(world.plan(then).await.changes, []);
    }
}

#[tokio::test]
async fn undo_brings_tags_back_that_alone_differed() {
    let world = World::new();
    for number in 0..40 {
        world.put(&format!("/t/{number:02}"), "same");
        world.tag(&format!("/t/{number:02}"), &[("stage", "then")]).await;
    }
    world.sweep().await;
    let then = world.moment();
    for number in 0..40 {
        world.tag(&format!("/t/{number:02}"), &[("stage", "now")]).await;
    }
    let now = world.state();
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().update, 40);
    assert!(world.apply(&plan, "r-1", &Unobserved).await.applied.is_complete());
    let restored = world.state();
    assert_ne!(restored, now);
    for (of, id, expected) in [("r-1", "r-2", &now), ("r-2", "r-3", &restored), ("r-3", "r-4", &now)] {
        let plan = world.undoing(of).await;
        assert_eq!((plan.counts().update, plan.unknown.len()), (40, 0), "undoing {of}");
        assert!(world.apply(&plan, id, &Unobserved).await.applied.is_complete());
        assert_eq!(world.state(), *expected, "undoing {of}");
    }
}

#[tokio::test]
async fn row_that_was_not_touched_is_not_undone() {
    let world = World::new();
    let locked = PutParameter {
        parameter_type: ParameterType::SecureString,
        key_id: Some("alias/locked".to_owned()),
        ..string("/locked", "then")
    };
    world.put_as(&locked);
    world.put("/free", "then");
    world.put("/refused", "then");
    world.sweep().await;
    let then = world.moment();
    world.put_as(&PutParameter { value: ParameterValue::new("now"), ..locked.clone() });
    world.put("/free", "now");
    world.put("/refused", "now");
    let plan = world.plan(then).await;
    world.store.store.with_habits(|habits| {
        habits.disabled_keys.insert("alias/locked".to_owned());
        habits.unwritable.insert("/refused".to_owned());
    });
    let done = world.apply(&plan, "r-1", &Unobserved).await;
    assert_eq!(done.applied.outcomes.iter().filter(|outcome| **outcome == Outcome::Done).count(), 1);
    let touched: Vec<Option<bool>> = done.record.changes.iter().map(|change| change.touched).collect();
    assert_eq!(touched, [Some(true), Some(false), Some(false)], "/free, /locked, /refused");
    world.allow_everything();
    world.put_as(&PutParameter { value: ParameterValue::new("later"), ..locked });
    world.put("/refused", "later");
    let back = world.undoing("r-1").await;
    let names: Vec<&str> = back.changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["/free"]);
}

#[tokio::test]
async fn killed_restore_takes_back_what_it_created_whatever_the_bucket_has_heard() {
    let world = World::new();
    for of in ["/a", "/b", "/c"] {
        world.put(of, "then");
    }
    world.sweep().await;
    let then = world.moment();
    // No event, no sweep: the bucket believes them alive.
    for of in ["/a", "/b", "/c"] {
        world.store.store.delete_now(&name(of));
    }
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().create, 3);
    world.store.store.with_habits(|habits| habits.unwritable.extend(["/b".to_owned()]));
    // The record of the end is never left, as if the process had been killed after its writes.
    world.bucket_faults.plan(1, Fault::Before);
    let done = world.apply(&plan, "r-1", &Unobserved).await;
    assert_eq!((world.value("/a").as_deref(), world.value("/b")), (Some("then"), None), "{done:?}");
    assert_eq!(world.record("r-1").await.state, RestoreState::Begun);
    world.allow_everything();
    let back = world.undoing("r-1").await;
    assert_eq!((back.counts().create, back.counts().delete), (0, 2), "{back:?}");
    assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
    assert_eq!(world.state(), BTreeMap::new());
}

#[tokio::test]
async fn creation_whose_answer_was_lost_is_done() {
    let world = World::new();
    world.put("/a", "then");
    world.sweep().await;
    let then = world.moment();
    world.store.store.delete_now(&name("/a"));
    let plan = world.plan(then).await;
    world.store.loses_answer.store(1, Ordering::Relaxed);
    let done = world.apply(&plan, "r-1", &Unobserved).await;
    assert!(done.applied.is_complete(), "{done:?}");
    let back = world.undoing("r-1").await;
    assert_eq!(back.counts().delete, 1);
    // What somebody else created meanwhile is not taken for it.
    world.store.store.delete_now(&name("/a"));
    let plan = world.plan(then).await;
    world.put("/a", "somebody's");
    let done = world.apply(&plan, "r-2", &Unobserved).await;
    let [Outcome::Failed(error)] = &done.applied.outcomes[..] else { panic!("{done:?}") };
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    assert_eq!(world.undoing("r-2").await.changes, []);
    assert_eq!(world.value("/a").as_deref(), Some("somebody's"));
}

#[tokio::test]
async fn overwrite_that_was_sent_twice_is_nobodys_change() {
    let world = World::new();
    world.put("/a", "then");
    world.sweep().await;
    let then = world.moment();
    world.put("/a", "now");
    let plan = world.plan(then).await;
    world.store.loses_answer.store(1, Ordering::Relaxed);
    let done = world.apply(&plan, "r-1", &Unobserved).await;
    assert_eq!((done.applied.is_complete(), &done.applied.warnings[..]), (true, &[][..]));
    let back = world.undoing("r-1").await;
    assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
    assert_eq!(world.value("/a").as_deref(), Some("now"));
}

#[tokio::test]
async fn undo_waits_for_reads_that_are_older_than_the_restore() {
    for lookups in [2, 50] {
        let world = World::new();
        world.put("/changed", "then");
        world.put("/tagged", "same");
        world.tag("/tagged", &[("stage", "then")]).await;
        world.sweep().await;
        let then = world.moment();
        world.put("/changed", "now");
        world.put_and_record("/new", "now").await;
        world.tag("/tagged", &[("stage", "now")]).await;
        let before = world.state();
        let plan = world.plan(then).await;
        assert_eq!(plan.changes.len(), 3);
        // Reads show the moment before the restore for a while after it.
        let saved = world.store.late_lookups.clone();
        world.reads_lag(0);
        assert!(world.apply(&plan, "r-1", &Unobserved).await.applied.is_complete());
        saved.store(lookups, Ordering::Relaxed);
        let back = world.undoing("r-1").await;
        if lookups > 4 {
            assert_eq!((back.changes.len(), back.unknown.len()), (0, 3), "it is not taken for undone: {back:?}");
            continue;
        }
        assert_eq!(back.unknown, []);
        assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
        assert_eq!(world.state(), before);
    }
}

#[tokio::test]
async fn type_change_keeps_tags_that_were_not_recorded() {
    let world = World::new();
    world.put_as(&PutParameter { parameter_type: ParameterType::SecureString, ..string("/typed", "hush") });
    let then = world.moment();
    world.put("/typed", "hush");
    world.tag("/typed", &[("team", "blue")]).await;
    // The first version is recorded when it is superseded already: its tags are not known.
    world.sweep().await;
    world.store.store.with_habits(|habits| habits.changes_type = false);
    let plan = world.plan(then).await;
    assert_eq!(plan.warnings.len(), 1, "{plan:?}");
    assert!(plan.warnings[0].contains("keeps its present tags (team=blue)"), "{plan:?}");
    assert!(world.apply(&plan, "r-1", &Unobserved).await.applied.is_complete());
    let (present, tags) = world.store.store.present(&name("/typed")).unwrap();
    assert_eq!((present.parameter_type, tags), (ParameterType::SecureString, tagged(&[("team", "blue")])));
}

#[tokio::test]
async fn value_put_during_the_restore_is_recorded_and_undone_to() {
    let world = World::new();
    for of in ["/a", "/b"] {
        world.put(of, "then");
    }
    world.sweep().await;
    let then = world.moment();
    for of in ["/a", "/b"] {
        world.put(of, "now");
    }
    let plan = world.plan(then).await;
    let meanwhile = Then("/a", || world.put("/b", "somebody's"));
    let done = world.apply(&plan, "r-1", &meanwhile).await;
    assert!(done.applied.is_complete(), "{done:?}");
    assert_eq!(done.applied.warnings.len(), 1, "{done:?}");
    assert!(done.applied.warnings[0].starts_with("/b was changed while the restore ran: its version 3 "), "{done:?}");
    assert_eq!(world.value("/b").as_deref(), Some("then"));
    let back = world.undoing("r-1").await;
    assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
    assert_eq!((world.value("/a").as_deref(), world.value("/b").as_deref()), (Some("now"), Some("somebody's")));
}

#[tokio::test]
async fn value_put_before_a_deletion_is_recorded_and_undone_to() {
    let world = World::new();
    world.put("/kept", "then");
    world.sweep().await;
    let then = world.moment();
    world.put("/kept", "now");
    for number in 0..12 {
        world.put_and_record(&format!("/new/{number:02}"), "new").await;
    }
    let plan = world.plan(then).await;
    assert_eq!(plan.counts().delete, 12);
    let meanwhile = Then("/kept", || {
        world.put("/new/03", "somebody's");
        world.store.store.delete_now(&name("/new/11"));
        world.put("/new/11", "recreated");
    });
    let done = world.apply(&plan, "r-1", &meanwhile).await;
    assert!(done.applied.is_complete(), "{done:?}");
    assert_eq!(done.applied.warnings.len(), 2, "{done:?}");
    let back = world.undoing("r-1").await;
    assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
    let value = |of: &str| world.value(of).unwrap();
    assert_eq!(
        (value("/new/03"), value("/new/11"), value("/new/04")),
        ("somebody's".into(), "recreated".into(), "new".into())
    );
}

#[tokio::test]
async fn overwrite_of_a_parameter_that_was_deleted_meanwhile_has_all_its_tags() {
    let world = World::new();
    world.put("/a", "then");
    world.put("/b", "then");
    world.tag("/b", &[("team", "blue")]).await;
    world.sweep().await;
    let then = world.moment();
    world.put("/a", "now");
    world.put("/b", "now");
    let plan = world.plan(then).await;
    let meanwhile = Then("/a", || assert!(world.store.store.delete_now(&name("/b"))));
    let done = world.apply(&plan, "r-1", &meanwhile).await;
    assert!(done.applied.is_complete() && done.applied.warnings.len() == 1, "{done:?}");
    assert_eq!(world.tags("/b"), tagged(&[("team", "blue")]));
    let back = world.undoing("r-1").await;
    assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
    assert_eq!(world.value("/b"), None, "right before its row it did not exist");
}

#[tokio::test]
async fn undo_warns_of_what_was_changed_since() {
    let world = World::new();
    for of in ["/a", "/b", "/c"] {
        world.put(of, "then");
    }
    world.sweep().await;
    let then = world.moment();
    for of in ["/a", "/b", "/c"] {
        world.put(of, "now");
    }
    let plan = world.plan(then).await;
    assert!(world.apply(&plan, "r-1", &Unobserved).await.applied.is_complete());
    world.put("/b", "later");
    world.store.store.delete_now(&name("/c"));
    let back = world.undoing("r-1").await;
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
        world.sweep().await;
        let then = world.moment();
        // What nothing has recorded: of what the bucket has on top no history is read.
        for of in ["/changed", "/new", "/swept"] {
            world.put(of, "now");
        }
        let before = world.state();
        let plan = world.plan(then).await;
        let stored = || ["/changed", "/new", "/swept"].map(|key| world.bucket.len_of(key));
        let stored_before = stored();
        world.store.empty_histories.store(empty, Ordering::Relaxed);
        let ran = world.apply(&plan, "r-1", &Unobserved).await;
        world.store.empty_histories.store(0, Ordering::Relaxed);
        assert_eq!(ran.applied.is_complete(), done, "{ran:?}");
        if done {
            let back = world.undoing("r-1").await;
            assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
        } else {
            assert!(
                ran.applied.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Failed(error)
                if error.message.contains("parameter store contradicts itself"))),
                "{ran:?}"
            );
            assert_eq!(stored(), stored_before, "no tombstone, no version");
            assert_eq!(world.undoing("r-1").await.changes, []);
        }
        assert_eq!(world.state(), before);
    }
}

#[tokio::test]
async fn tags_are_added_before_any_is_removed() {
    let world = World::new();
    world.put("/a", "then");
    world.tag("/a", &[("stage", "then"), ("team", "blue")]).await;
    world.sweep().await;
    let then = world.moment();
    world.put("/a", "now");
    world.tag("/a", &[("owner", "somebody")]).await;
    let before = world.state();
    let plan = world.plan(then).await;
    world.store.refuses_tags.store(1, Ordering::Relaxed);
    let done = world.apply(&plan, "r-1", &Unobserved).await;
    let [Outcome::Failed(error)] = &done.applied.outcomes[..] else { panic!("{done:?}") };
    assert!(
        error.message.starts_with("everything but its tags is restored: its new tags could not be set: "),
        "{error}"
    );
    assert_eq!(world.tags("/a"), tagged(&[("owner", "somebody")]), "nothing is lost");
    assert_eq!(world.value("/a").as_deref(), Some("then"));
    let back = world.undoing("r-1").await;
    assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete());
    assert_eq!(world.state(), before);
}

#[tokio::test]
async fn fifty_other_tags_take_the_place_of_fifty() {
    let world = World::new();
    let of = |stage: &str| -> Vec<(String, String)> {
        (0..50).map(|number| (format!("{stage}{number}"), stage.to_owned())).collect()
    };
    let set = async |tags: Vec<(String, String)>| {
        let tags: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        world.tag("/a", &tags).await;
    };
    world.put("/a", "same");
    set(of("then")).await;
    world.sweep().await;
    let then = world.moment();
    set(of("now")).await;
    let plan = world.plan(then).await;
    let journal = world.store.store.journal().len();
    assert!(world.apply(&plan, "r-1", &Unobserved).await.applied.is_complete());
    assert_eq!(world.store.store.journal().len(), journal + 2);
    assert_eq!(world.tags("/a"), of("then").into_iter().collect());
}

#[tokio::test]
async fn record_is_left_before_the_present_is_recorded() {
    let world = World::new();
    world.put("/a", "then");
    world.sweep().await;
    let then = world.moment();
    world.put("/a", "now");
    let before = world.state();
    let plan = world.plan(then).await;
    // Killed at its first look at the parameter.
    world.faults.plan(0, Fault::Kill);
    world.apply(&plan, "r-1", &Unobserved).await;
    world.faults.revive();
    let record = restore_record(&world.bucket, None).await.unwrap();
    assert_eq!(record.id.as_str(), "r-1");
    world.put("/a", "later");
    assert_eq!(world.undoing("r-1").await.changes, [], "it has touched nothing");
    assert_ne!(world.state(), before);
}

#[tokio::test]
async fn undo_after_any_single_fault_brings_everything_back() {
    let set_up = async || {
        let world = World::new();
        for number in 0..3 {
            world.put(&format!("/p/{number}"), "then");
            world.tag(&format!("/p/{number}"), &[("stage", "then")]).await;
        }
        world.put_as(&PutParameter { parameter_type: ParameterType::SecureString, ..string("/typed", "then") });
        world.put("/gone", "then");
        world.sweep().await;
        let then = world.moment();
        world.put("/p/0", "now");
        world.tag("/p/0", &[("stage", "now"), ("more", "now")]).await;
        world.tag("/p/1", &[("stage", "now")]).await;
        world.put("/typed", "now");
        world.tag("/typed", &[("stage", "now")]).await;
        world.store.store.delete_now(&name("/gone"));
        world.put_and_record("/new", "now").await;
        world.store.store.with_habits(|habits| habits.changes_type = false);
        let plan = world.plan(then).await;
        assert_eq!(plan.changes.len(), 5, "{plan:?}");
        (world, plan)
    };
    for of_bucket in [false, true] {
        let faults = |world: &World| if of_bucket { world.bucket_faults.clone() } else { world.faults.clone() };
        let (world, plan) = set_up().await;
        let calls = faults(&world).calls();
        world.apply(&plan, "r-1", &Unobserved).await;
        let calls = faults(&world).calls() - calls;
        assert!(calls > 15, "{calls}");
        for call in 0..calls {
            for fault in [Fault::Before, Fault::After, Fault::Kill, Fault::Throttled] {
                let told = format!("bucket {of_bucket}, call {call}, {fault:?}");
                let (world, plan) = set_up().await;
                let before = world.state();
                faults(&world).plan(call, fault);
                let done = world.apply(&plan, "r-1", &Unobserved).await;
                faults(&world).revive();
                for (change, outcome) in plan.changes.iter().zip(&done.applied.outcomes) {
                    if *outcome == Outcome::Done {
                        let wanted = change.recorded().map(|recorded| recorded.value.expose().to_owned());
                        assert_eq!(world.value(change.name.as_str()), wanted, "{told}: {}", change.name);
                    }
                }
                if !done.recorded {
                    let last = done.applied.warnings.last().unwrap();
                    assert!(last.contains("record is not complete"), "{told}: {done:?}");
                    continue;
                }
                let back = world.undoing("r-1").await;
                assert_eq!(back.unknown, [], "{told}");
                assert!(world.apply(&back, "r-2", &Unobserved).await.applied.is_complete(), "{told}");
                assert_eq!(world.state(), before, "{told}");
            }
        }
    }
}
