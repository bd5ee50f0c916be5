//! Parameter Store's present version as evidence: events that are late or lost, and markers that somebody made by hand.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use jiff::Timestamp;
use ssmbak::bucket::BackupBucket;
use ssmbak::store::PutParameter;
use ssmbak::{Capture, ParamPath, ParameterStore as _, diff};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Plan, Target};
use ssmbak_core::scope::Selection;
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults};

/// What is said of a name that the bucket has nothing about.
const UNRECORDED: &str = "nothing is recorded about it";

struct World {
    clock: Clock,
    store: FakeStore,
    bucket: FakeBucket,
    faults: Faults,
}

impl World {
    fn new() -> Self {
        let clock = Clock::new("2026-03-01T01:00:00Z".parse().unwrap());
        let faults = Faults::default();
        Self {
            store: FakeStore::new(clock.clone(), faults.clone()),
            bucket: FakeBucket::new(clock.clone(), Faults::default()),
            clock,
            faults,
        }
    }

    fn put(&self, value: &str) {
        let put =
            PutParameter { overwrite: self.store.present(&name()).is_some(), ..PutParameter::string("/h/a", value) };
        self.store.put_now(&put).unwrap();
    }

    /// The bucket hears of everything up to now.
    async fn heard(&self) {
        self.clock.advance_ms(10_000);
        let capture = Capture::new(self.store.clone(), self.bucket.clone());
        let drift = capture.find_drift(&name(), self.clock.now()).await.unwrap();
        capture.record_drift(drift).await.unwrap();
    }

    async fn delete_and_hear(&self) {
        let seen = self.clock.now();
        self.store.delete_now(&name());
        let capture = Capture::new(self.store.clone(), self.bucket.clone());
        capture.deleted(&name(), seen, self.clock.now()).await.unwrap();
    }

    fn hour(&self) -> Timestamp {
        self.clock.advance_ms(1_800_000);
        let now = self.clock.now();
        self.clock.advance_ms(1_800_000);
        now
    }

    async fn plan(&self, at: Timestamp) -> Plan {
        self.path(at).preview().await.unwrap()
    }

    fn path(&self, at: Timestamp) -> ParamPath<FakeStore, FakeBucket> {
        ParamPath::new(self.store.clone(), self.bucket.clone(), selection(), Instant::exact(at))
    }

    /// What `get` answers.
    async fn get(&self, at: Timestamp) -> String {
        match self.path(at).version_in_effect(&name()).await.unwrap() {
            Target::Held(held) => held.value.expose().to_owned(),
            Target::Absent(_) => "absent".to_owned(),
            Target::Unknown(reason) => reason.message,
        }
    }
}

fn name() -> ParameterName {
    ParameterName::parse("/h/a").unwrap()
}

fn selection() -> Selection {
    Selection::new(&["/h/"], true, &[], &[]).unwrap()
}

#[tokio::test]
async fn index_of_tags_that_lags_makes_no_plan() {
    let world = World::new();
    world.put("one");
    let tags = [("team".to_owned(), "blue".to_owned())].into();
    world.store.set_tags("/h/a", &tags, &[]).await.unwrap();
    world.heard().await;
    let then = world.hour();
    assert!(world.plan(then).await.changes.is_empty());
    assert_eq!(world.faults.count("tags_of_many"), 1);
    let before = world.faults.count("tags");
    world.store.with_habits(|habits| habits.unindexed = ["/h/a".to_owned()].into());
    assert!(world.plan(then).await.changes.is_empty());
    assert_eq!(world.faults.count("tags"), before + 1, "where the index differs the parameter itself is asked");
    world.store.with_habits(|habits| habits.has_no_index = true);
    assert!(world.plan(then).await.changes.is_empty());
    assert_eq!(world.faults.count("tags"), before + 2);
}

#[tokio::test]
async fn tags_that_changed_are_planned_with_and_without_an_index() {
    for has_no_index in [false, true] {
        let world = World::new();
        world.store.with_habits(|habits| habits.has_no_index = has_no_index);
        world.put("one");
        world.heard().await;
        let then = world.hour();
        let tags = [("team".to_owned(), "red".to_owned())].into();
        world.store.set_tags("/h/a", &tags, &[]).await.unwrap();
        assert_eq!(world.plan(then).await.changes.len(), 1, "{has_no_index}");
    }
}

#[tokio::test]
async fn version_that_the_bucket_has_not_heard_of_is_not_reverted() {
    let world = World::new();
    world.put("one");
    world.heard().await;
    world.hour();
    world.put("deployed");
    let then = world.hour();
    let plan = world.plan(then).await;
    assert_eq!((plan.changes.len(), plan.unchanged, plan.unknown.len()), (0, 1, 0), "{plan:?}");
    assert_eq!(world.get(then).await, "deployed");
    let since = diff::until_now(&world.store, &world.bucket, &selection(), &Instant::exact(then)).await.unwrap();
    assert_eq!((since.changes.len(), since.unchanged), (0, 1), "{since:?}");
    assert_eq!(world.faults.count("history"), 1, "the sweep's own: the date alone tells");
}

#[tokio::test]
async fn versions_between_the_bucket_and_the_present_are_read_from_history() {
    let world = World::new();
    world.put("one");
    world.heard().await;
    let first = world.hour();
    world.put("two");
    let second = world.hour();
    world.put("three");
    world.hour();
    let plan = world.plan(second).await;
    assert_eq!(plan.changes.len(), 1, "{plan:?}");
    assert_eq!(plan.changes[0].recorded().map(|to| to.value.expose().to_owned()).as_deref(), Some("two"));
    assert_eq!((world.get(first).await, world.get(second).await), ("one".to_owned(), "two".to_owned()));
    // Parameter Store has dropped what was there.
    world.store.with_habits(|habits| habits.kept_versions = 1);
    for value in ["four", "five", "six"] {
        world.put(value);
    }
    assert_eq!(world.get(second).await, "versions 2 to 3 were never recorded");
    assert_eq!(world.plan(second).await.unknown.len(), 1);
}

#[tokio::test]
async fn parameter_whose_creation_is_still_queued_is_not_deleted() {
    let world = World::new();
    world.put("one");
    world.heard().await;
    world.hour();
    world.delete_and_hear().await;
    let gone = world.hour();
    world.put("again");
    let then = world.hour();
    assert_eq!(world.plan(then).await.changes, []);
    assert_eq!(world.get(then).await, "again");
    // Before it was created again it is known to have been absent.
    assert_eq!((world.plan(gone).await.counts().delete, world.get(gone).await), (1, "absent".to_owned()));
    // Created again and changed: its history has its beginning.
    world.put("changed");
    world.hour();
    assert_eq!((world.get(then).await, world.get(gone).await), ("again".to_owned(), "absent".to_owned()));
}

#[tokio::test]
async fn unheard_deletion_counts_from_the_creation_after_it() {
    let world = World::new();
    world.put("one");
    world.heard().await;
    let then = world.hour();
    world.store.delete_now(&name());
    world.hour();
    world.put("recreated");
    let since = world.hour();
    assert_eq!(world.get(since).await, "recreated");
    // When it was deleted nobody can tell before the bucket has heard of it.
    assert_eq!(world.get(then).await, "one");
    world.heard().await;
    assert!(world.get(then).await.starts_with("it was deleted at an unrecorded time before "));
    assert_eq!(world.plan(then).await.changes, []);
}

#[tokio::test]
async fn marker_made_by_hand_deletes_nothing_that_lives() {
    let world = World::new();
    world.put("one");
    world.heard().await;
    world.hour();
    world.bucket.delete_marker("/h/a").await.unwrap();
    let now = world.hour();
    assert_eq!(world.plan(now).await.changes, []);
    assert_eq!(world.get(now).await, "one");
}

#[tokio::test]
async fn recorded_deletion_of_what_still_lives_is_unknown() {
    let world = World::new();
    world.put("one");
    world.heard().await;
    let seen = world.hour();
    let capture = Capture::new(world.store.clone(), world.bucket.clone());
    capture.deleted(&name(), seen, world.clock.now()).await.unwrap();
    let now = world.hour();
    let plan = world.plan(now).await;
    assert_eq!((plan.changes.len(), plan.unknown.len()), (0, 1), "{plan:?}");
    assert!(plan.unknown[0].reason.message.starts_with("the bucket has it deleted at "), "{plan:?}");
}

#[tokio::test]
async fn random_lives_of_a_parameter_that_lives_are_answered_truly_since_its_present_version() {
    for seed in 1..400_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut chance = |of: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % of
        };
        let world = World::new();
        let mut truth: Vec<(Timestamp, Option<String>)> = Vec::new();
        let mut deletions = 0;
        for step in 0..12 {
            let exists = world.store.present(&name()).is_some();
            match chance(5) {
                0 if exists => {
                    world.store.delete_now(&name());
                    deletions += 1;
                    truth.push((world.clock.now(), None));
                }
                1 if exists => world.heard().await,
                _ => {
                    let value = format!("value {step}");
                    world.put(&value);
                    truth.push((world.clock.now(), Some(value)));
                }
            }
            world.hour();
        }
        if world.store.present(&name()).is_none() {
            continue;
        }
        let since = world.store.present(&name()).unwrap().0.details.modified;
        for (from, value) in &truth {
            // Of an earlier life nobody may have heard.
            if *from < since && deletions > 0 {
                continue;
            }
            match world.get(*from).await {
                answer if answer.starts_with("value ") => assert_eq!(Some(answer), *value, "seed {seed} at {from}"),
                answer => assert!(*from < since || answer == UNRECORDED, "seed {seed} at {from}: {answer}"),
            }
        }
    }
}
