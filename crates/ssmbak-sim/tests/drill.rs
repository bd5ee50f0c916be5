//! Restore drills under what no emulator shows: keys that are disabled, names that are not deleted, attributes that get
//! lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use ssmbak::drill::{Drill, DrillOutcome, DrillResult};
use ssmbak::rehearsal::{Rehearsal, RehearsalOptions, rehearse};
use ssmbak::restore::{RestoreOptions, RetryPolicy, Unobserved};
use ssmbak::store::{ParameterPage, ParameterStore, PutParameter};
use ssmbak::{Capture, Error};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterType, ParameterValue, ParameterVersion};
use ssmbak_core::plan::Field;
use ssmbak_core::scope::{Scope, Selection};
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults};

const SCRATCH: &str = "/newvoll/ssmbak/drill-1";

fn name(text: &str) -> ParameterName {
    ParameterName::parse(text).unwrap()
}

fn put(spelling: &str, key: Option<&str>) -> PutParameter {
    PutParameter {
        spelling: spelling.to_owned(),
        value: ParameterValue::new("x"),
        parameter_type: if key.is_some() { ParameterType::SecureString } else { ParameterType::String },
        description: "described".to_owned(),
        tier: None,
        data_type: None,
        key_id: key.map(str::to_owned),
        allowed_pattern: None,
        policies: None,
        tags: [("team".to_owned(), "blue".to_owned())].into(),
        overwrite: false,
    }
}

/// A store that writes no descriptions, if it is told to.
#[derive(Clone)]
struct Forgetful {
    store: FakeStore,
    forgets: bool,
}

impl ParameterStore for Forgetful {
    async fn history(&self, name: &ParameterName) -> Result<Option<Vec<ParameterVersion>>, Error> {
        self.store.history(name).await
    }
    async fn tags(&self, name: &ParameterName) -> Result<BTreeMap<String, String>, Error> {
        self.store.tags(name).await
    }
    async fn describe(&self, scope: &Scope) -> Result<Vec<CurrentParameter>, Error> {
        self.store.describe(scope).await
    }
    async fn page(&self, after: Option<&str>) -> Result<ParameterPage, Error> {
        self.store.page(after).await
    }
    async fn find(&self, names: &[ParameterName]) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
        self.store.find(names).await
    }
    async fn values(&self, spellings: &[String]) -> Result<BTreeMap<String, Result<ParameterValue, Error>>, Error> {
        self.store.values(spellings).await
    }
    async fn put(&self, put: &PutParameter) -> Result<Option<u64>, Error> {
        let description = if self.forgets { String::new() } else { put.description.clone() };
        self.store.put(&PutParameter { description, ..put.clone() }).await
    }
    async fn set_tags(&self, of: &str, add: &BTreeMap<String, String>, remove: &[String]) -> Result<(), Error> {
        self.store.set_tags(of, add, remove).await
    }
    async fn delete(&self, spellings: &[String]) -> Result<Vec<String>, Error> {
        self.store.delete(spellings).await
    }
}

async fn drill(store: &Forgetful, bucket: &FakeBucket, clock: &Clock) -> DrillResult {
    let all = Selection::new(&["/app/"], true, &[], &[]).unwrap();
    let drill = Drill::prepare(bucket, &all, &Instant::exact(clock.now()), SCRATCH).await.unwrap();
    drill.run(store, bucket, &options(), &Unobserved).await.unwrap()
}

fn options() -> RestoreOptions {
    RestoreOptions {
        puts_per_second: None,
        deletes_per_second: None,
        retry: RetryPolicy { attempts: 1, first_pause: Duration::from_millis(1) },
        recreate_delay: Duration::ZERO,
        ..RestoreOptions::default()
    }
}

async fn record_all(store: &FakeStore, bucket: &FakeBucket, clock: &Clock) {
    let capture = Capture::new(store.clone(), bucket.clone());
    for name in store.names() {
        let drift = capture.find_drift(&name, clock.now()).await.unwrap();
        capture.record_drift(drift).await.unwrap();
    }
}

#[tokio::test]
async fn a_drill_tells_what_would_not_come_back_and_cleans_up() {
    let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let bucket = FakeBucket::new(clock.clone(), Faults::default());
    let mut store = Forgetful { store: FakeStore::new(clock.clone(), Faults::default()), forgets: false };
    store.store.put_now(&put("/app/plain", None)).unwrap();
    store.store.put_now(&put("/app/secret", Some("alias/app"))).unwrap();
    clock.advance_ms(5_000);
    record_all(&store.store, &bucket, &clock).await;
    clock.advance_ms(5_000);
    let there =
        |store: &Forgetful| store.store.names().iter().filter(|name| name.as_str().starts_with(SCRATCH)).count();
    let rows = |drilled: &DrillResult| -> Vec<DrillOutcome> {
        drilled.parameters.iter().map(|(_, back)| back.clone()).collect()
    };

    let fine = drill(&store, &bucket, &clock).await;
    assert_eq!((rows(&fine), fine.left.len(), there(&store)), (vec![DrillOutcome::Same, DrillOutcome::Same], 0, 0));

    store.forgets = true;
    let forgotten = drill(&store, &bucket, &clock).await;
    let different = DrillOutcome::Different(vec![Field::Description]);
    assert_eq!((rows(&forgotten), there(&store)), (vec![different.clone(), different], 0));
    store.forgets = false;

    store.store.with_habits(|habits| {
        habits.disabled_keys.insert("alias/app".to_owned());
    });
    let locked = drill(&store, &bucket, &clock).await;
    assert!(matches!(rows(&locked)[..], [DrillOutcome::Same, DrillOutcome::Failed(_)]), "{locked:?}");
    assert_eq!(there(&store), 0);

    let first = name(&format!("{SCRATCH}/000000"));
    store.store.with_habits(|habits| {
        habits.disabled_keys.clear();
        habits.undeletable.insert(first.to_string());
    });
    let stuck = drill(&store, &bucket, &clock).await;
    assert_eq!(stuck.left, [(first.to_string(), "parameter store did not delete it".to_owned())]);
    assert_eq!(there(&store), 1);
}

/// An hour later, as the function rehearses.
async fn rehearsed(store: &FakeStore, bucket: &FakeBucket, clock: &Clock) -> Rehearsal {
    clock.advance_ms(2 * 3_600_000);
    let rehearsal = RehearsalOptions { now: clock.now(), age: SignedDuration::from_hours(1), most: 50 };
    rehearse(store, bucket, rehearsal, &options(), &Unobserved).await.unwrap()
}

fn copies(store: &FakeStore) -> usize {
    store.names().iter().filter(|name| name.as_str().starts_with("/newvoll/ssmbak/drill-rehearsal-")).count()
}

#[tokio::test]
async fn rehearsal_restores_a_sample_and_fails_if_any_of_it_does_not_come_back() {
    let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let bucket = FakeBucket::new(clock.clone(), Faults::default());
    let store = FakeStore::new(clock.clone(), Faults::default());
    let empty = rehearsed(&store, &bucket, &clock).await;
    assert_eq!((empty.failure(), empty), (None, Rehearsal::default()), "nothing is recorded");

    for number in 0..70 {
        store.put_now(&put(&format!("/app{}/p{number}", number % 7), None)).unwrap();
    }
    store.put_now(&put("/app0/secret", Some("alias/app"))).unwrap();
    store.put_now(&put("/newvoll/ssmbak/bucketname", None)).unwrap();
    store.put_now(&put("/gone", None)).unwrap();
    record_all(&store, &bucket, &clock).await;
    clock.advance_ms(5_000);
    store.delete_now(&name("/gone"));
    clock.advance_ms(5_000);
    let capture = Capture::new(store.clone(), bucket.clone());
    let drift = capture.find_drift(&name("/gone"), clock.now()).await.unwrap();
    capture.record_drift(drift).await.unwrap();

    // The least number of places for 71 names that no schedule divides is 11.
    store.with_habits(|habits| {
        habits.disabled_keys.insert("alias/app".to_owned());
    });
    let mut failed = 0;
    for _ in 0..11 {
        let rehearsal = rehearsed(&store, &bucket, &clock).await;
        assert_eq!((rehearsal.restored + rehearsal.failed.len(), rehearsal.left.len()), (50, 0), "{rehearsal:?}");
        for (of, _) in &rehearsal.failed {
            assert_eq!(of.as_str(), "/app0/secret");
        }
        assert_eq!(rehearsal.failure().is_some(), !rehearsal.failed.is_empty());
        failed += rehearsal.failed.len();
        assert_eq!(copies(&store), 0);
    }
    assert!((1..11).contains(&failed), "the secret had its turn, and others had theirs: {failed}");
    assert_eq!(store.names().len(), 72, "nothing else was touched");
}

#[tokio::test]
async fn rehearsal_deletes_what_earlier_ones_left_and_nothing_of_people() {
    let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let bucket = FakeBucket::new(clock.clone(), Faults::default());
    let store = FakeStore::new(clock.clone(), Faults::default());
    store.put_now(&put("/app/p", None)).unwrap();
    record_all(&store, &bucket, &clock).await;
    let began = clock.now().as_second();
    let (copy, drill) = (format!("/newvoll/ssmbak/drill-rehearsal-{began}/000000"), "/newvoll/ssmbak/drill-x/000000");
    store.put_now(&put(&copy, None)).unwrap();
    store.put_now(&put(drill, None)).unwrap();

    store.with_habits(|habits| {
        habits.undeletable.insert(copy.clone());
    });
    let stuck = rehearsed(&store, &bucket, &clock).await;
    assert_eq!((stuck.restored, stuck.cleaned, stuck.left.len()), (1, 0, 1));
    assert!(stuck.failure().is_some_and(|why| why.contains("`ssmbak drill --clean`")), "{stuck:?}");

    store.with_habits(|habits| habits.undeletable.clear());
    let well = rehearsed(&store, &bucket, &clock).await;
    assert_eq!((well.restored, well.cleaned, well.failure()), (1, 1, None));
    assert_eq!((copies(&store), store.names().len()), (0, 2));
}

#[tokio::test]
async fn unknown_parameters_are_counted_and_fail_a_rehearsal_that_restores_nothing() {
    let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let bucket = FakeBucket::new(clock.clone(), Faults::default());
    let store = FakeStore::new(clock.clone(), Faults::default());
    // What an original of old has stored without tags says nothing.
    bucket.put_as_original("/app/silent", "x", Vec::new());
    let nothing = rehearsed(&store, &bucket, &clock).await;
    assert_eq!((nothing.restored, nothing.unknown.len()), (0, 1), "{nothing:?}");
    assert!(nothing.failure().is_some_and(|why| why.contains("nothing could be restored")), "{nothing:?}");
    store.put_now(&put("/app/p", None)).unwrap();
    record_all(&store, &bucket, &clock).await;
    let some = rehearsed(&store, &bucket, &clock).await;
    assert_eq!((some.restored, some.unknown.len(), some.failure()), (1, 1, None));
}
