//! Names that the pipeline leaves out: what it recorded of them before is no evidence of the time after.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use jiff::Timestamp;
use ssmbak::history::{HistoryOptions, history};
use ssmbak::read::timelines;
use ssmbak::recording_scope::{note_scope, note_swept, scope_record};
use ssmbak::store::PutParameter;
use ssmbak::verify::verify;
use ssmbak::{BackupBucket as _, Capture, ErrorKind, ParamPath};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Target;
use ssmbak_core::recording_scope::{RecordingScope, SCOPE_KEY};
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::SweepRecord;
use ssmbak_core::timeline::{State, Unknown};
use ssmbak_core::unknown::ReasonCode;
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults};

struct World {
    clock: Clock,
    store: FakeStore,
    bucket: FakeBucket,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T01:00:00Z".parse().unwrap());
        let store = FakeStore::new(clock.clone(), Faults::default());
        Self { store, bucket: FakeBucket::new(clock.clone(), Faults::default()), clock }
    }

    fn put(&self, name: &str, value: &str) {
        let put = PutParameter {
            overwrite: self.store.present(&parameter(name)).is_some(),
            ..PutParameter::string(name, value)
        };
        self.store.put_now(&put).unwrap();
    }

    /// The bucket hears of everything up to now that is in the scope, and a sweep has finished.
    async fn swept(&self, scope: &RecordingScope) {
        self.clock.advance_ms(100_000);
        let (capture, begun) = (Capture::new(self.store.clone(), self.bucket.clone()), self.clock.now());
        let record = note_scope(&self.bucket, scope, begun).await.unwrap();
        for name in ["/h/kept", "/h/token"].map(parameter) {
            if scope.contains(&name) {
                let drift = capture.find_drift(&name, begun).await.unwrap();
                capture.record_drift(drift).await.unwrap();
            }
        }
        self.clock.advance_ms(10_000);
        let sweep = SweepRecord::new(begun, self.clock.now(), (2, 0, 0), &[]);
        self.bucket.put_sweep(&sweep).await.unwrap();
        note_swept(&self.bucket, &record, begun).await.unwrap();
    }

    fn hour(&self) -> Timestamp {
        self.clock.advance_ms(1_800_000);
        let now = self.clock.now();
        self.clock.advance_ms(1_800_000);
        now
    }

    async fn get(&self, name: &str, at: Timestamp) -> String {
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), tree(), Instant::exact(at));
        match path.version_in_effect(&parameter(name)).await.unwrap() {
            Target::Held(held) => held.value.expose().to_owned(),
            Target::Absent(_) => "absent".to_owned(),
            Target::Unknown(reason) => reason.code.as_str().to_owned(),
        }
    }

    /// The names of which a preview cannot tell what they were.
    async fn unknown(&self, at: Timestamp) -> Vec<(String, ReasonCode)> {
        let path = ParamPath::new(self.store.clone(), self.bucket.clone(), tree(), Instant::exact(at));
        let plan = path.preview().await.unwrap();
        plan.unknown.into_iter().map(|unknown| (unknown.name.to_string(), unknown.reason.code)).collect()
    }
}

fn parameter(name: &str) -> ParameterName {
    ParameterName::parse(name).unwrap()
}

fn tree() -> Selection {
    Selection::new(&["/h/"], true, &[], &[]).unwrap()
}

fn scope(exclude: &str) -> RecordingScope {
    RecordingScope::parse("", exclude).unwrap()
}

/// Recorded, excluded, changed meanwhile: what was recorded is not taken for what was true.
#[tokio::test]
async fn excluded_name_is_unknown_since_then() {
    let world = World::new();
    world.put("/h/kept", "one");
    world.put("/h/token", "one");
    world.swept(&scope("")).await;
    let recorded = world.hour();
    world.swept(&scope("*token")).await;
    let meanwhile = world.hour();
    world.put("/h/kept", "two");
    world.put("/h/token", "two");
    world.hour();
    world.store.delete_now(&parameter("/h/token"));
    world.hour();
    world.put("/h/token", "three");
    world.swept(&scope("*token")).await;
    let now = world.hour();
    for at in [recorded, meanwhile] {
        assert_eq!(world.get("/h/kept", at).await, "one");
    }
    // The last sweep that saw it was before this.
    assert_eq!(world.get("/h/token", recorded).await, "Excluded");
    assert_eq!(world.get("/h/token", meanwhile).await, "Excluded");
    assert_eq!(world.get("/h/token", now).await, "three", "Parameter Store itself tells");
    assert_eq!(world.unknown(meanwhile).await, [("/h/token".to_owned(), ReasonCode::Excluded)]);
    let reason = timelines(&world.bucket, &tree()).await.unwrap().timelines.remove(&parameter("/h/token")).unwrap();
    assert_eq!(reason.segments().len(), 3, "unknown, held, excluded: {:?}", reason.segments());
    let warnings = history(&world.bucket, &tree(), HistoryOptions::default()).await.unwrap().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("/h/token is excluded from recording"), "{warnings:?}");
    let found = verify(&world.store, &world.bucket, &tree()).await.unwrap();
    assert_eq!((found.findings.len(), found.verified, found.excluded), (0, 1, 1), "{:?}", found.findings);
}

/// A name that no record ever was of says why.
#[tokio::test]
async fn name_excluded_from_the_beginning_says_so() {
    let world = World::new();
    world.swept(&scope("*token")).await;
    world.put("/h/token", "one");
    let then = world.hour();
    world.put("/h/token", "two");
    assert_eq!(world.unknown(then).await, [("/h/token".to_owned(), ReasonCode::Excluded)]);
    assert_eq!(world.get("/h/token", then).await, "Excluded");
}

/// Recorded again, it is believed once a sweep has seen it: what was deleted and made again meanwhile has a gap.
#[tokio::test]
async fn name_recorded_again_is_believed_after_a_sweep() {
    let world = World::new();
    world.put("/h/token", "one");
    world.swept(&scope("")).await;
    let before = world.hour();
    world.swept(&scope("/h/token")).await;
    let meanwhile = world.hour();
    world.put("/h/token", "two");
    let changed = world.hour();
    note_scope(&world.bucket, &scope(""), world.clock.now()).await.unwrap();
    let timeline = timelines(&world.bucket, &tree()).await.unwrap().timelines.remove(&parameter("/h/token")).unwrap();
    assert!(matches!(timeline.state_by(meanwhile), State::Unknown(Unknown::Excluded(_))), "no sweep has seen it yet");
    assert_eq!(world.get("/h/token", meanwhile).await, "Excluded");
    world.swept(&scope("")).await;
    for (at, value) in [(before, "one"), (meanwhile, "one"), (changed, "two")] {
        assert_eq!(world.get("/h/token", at).await, value, "{at}");
    }
    assert!(world.unknown(meanwhile).await.is_empty());
    assert_eq!(scope_record(&world.bucket).await.unwrap().excluded_since(&parameter("/h/token")), None);
}

/// A record that cannot be read ends the command: what it excludes would be taken for unchanged.
#[tokio::test]
async fn damaged_record_is_an_error() {
    let world = World::new();
    for damage in ["", "{}", "deleted"] {
        match damage {
            "deleted" => world.bucket.delete_marker(SCOPE_KEY).await.unwrap(),
            text => world.bucket.put_document(SCOPE_KEY, text.as_bytes()).await.unwrap(),
        }
        let error = timelines(&world.bucket, &tree()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreadable, "{damage}");
        assert!(error.message.contains(SCOPE_KEY) && error.hint.is_some(), "{error:?}");
    }
}
