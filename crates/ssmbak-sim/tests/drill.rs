//! Restore drills under what no emulator shows: keys that are disabled, names that are not deleted, attributes that get
//! lost.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use ssmbak::drill::{Drill, DrillOutcome, DrillResult};
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
    let options = RestoreOptions {
        puts_per_second: None,
        deletes_per_second: None,
        retry: RetryPolicy { attempts: 1, first_pause: Duration::from_millis(1) },
        recreate_delay: Duration::ZERO,
        ..RestoreOptions::default()
    };
    drill.run(store, bucket, &options, &Unobserved).await.unwrap()
}

#[tokio::test]
async fn a_drill_tells_what_would_not_come_back_and_cleans_up() {
    let clock = Clock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let bucket = FakeBucket::new(clock.clone(), Faults::default());
    let mut store = Forgetful { store: FakeStore::new(clock.clone(), Faults::default()), forgets: false };
    store.store.put_now(&put("/app/plain", None)).unwrap();
    store.store.put_now(&put("/app/secret", Some("alias/app"))).unwrap();
    clock.advance_ms(5_000);
    let capture = Capture::new(store.store.clone(), bucket.clone());
    for name in store.store.names() {
        let drift = capture.find_drift(&name, clock.now()).await.unwrap();
        capture.record_drift(drift).await.unwrap();
    }
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
