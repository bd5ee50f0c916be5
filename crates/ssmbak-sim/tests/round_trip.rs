//! Restores of random states: what is read back is what was, a second restore changes nothing, and it can be undone.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use ssmbak::restore::{Now, RestoreOptions, RetryPolicy, Unobserved};
use ssmbak::{Capture, ParamPath};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_core::scope::Selection;
use ssmbak_sim::rng::Rng;
use ssmbak_sim::run::{name, put_of};
use ssmbak_sim::{Clock, FakeBucket, FakeStore, Faults};

const PARAMETERS: usize = 6;

type State = BTreeMap<ParameterName, (ParameterVersion, BTreeMap<String, String>)>;

struct World {
    clock: Clock,
    store: FakeStore,
    bucket: FakeBucket,
    /// Whether Parameter Store changes a type in place for whoever restores.
    changes_type: bool,
}

impl World {
    fn state(&self) -> State {
        self.store.names().into_iter().filter_map(|name| Some((name.clone(), self.store.present(&name)?))).collect()
    }

    fn versions(&self) -> u64 {
        self.state().values().map(|(version, _)| version.details.version).sum()
    }

    /// The pipeline, on a good day: everything is recorded at once.
    async fn record(&self, gone: &[ParameterName], before: Timestamp) {
        let capture = Capture::new(self.store.clone(), self.bucket.clone());
        for name in self.store.names() {
            let drift = capture.find_drift(&name, self.clock.now()).await.unwrap();
            capture.record_drift(drift).await.unwrap();
        }
        for name in gone {
            capture.deleted(name, before, self.clock.now()).await.unwrap();
        }
    }

    /// A few random changes, each recorded; then some time passes.
    async fn change(&self, rng: &mut Rng) {
        for _ in 0..rng.between(1, 5) {
            let before = self.clock.now();
            self.clock.advance_ms(1_500);
            let parameter = usize::try_from(rng.below(PARAMETERS as u64)).unwrap();
            let name = name(parameter);
            let present = self.store.present(&name);
            let mut gone = Vec::new();
            if present.is_some() && rng.chance(25) {
                self.store.delete_now(&name);
                gone.push(name);
            } else {
                // Tiers cannot be lowered, so a random history keeps one.
                self.store.with_habits(|habits| habits.changes_type = true);
                let put = put_of(parameter, rng.below(64), present.is_some(), true);
                self.store.put_now(&put).unwrap();
            }
            self.clock.advance_ms(1_500);
            self.record(&gone, before).await;
        }
        self.clock.advance_ms(5_000);
    }

    fn path(&self, at: Timestamp) -> ParamPath<FakeStore, FakeBucket> {
        let all = Selection::new(&["/"], true, &[], &[]).unwrap();
        ParamPath::new(self.store.clone(), self.bucket.clone(), all, Instant::exact(at))
    }

    async fn restore(&self, at: Timestamp) {
        self.clock.advance_ms(2_000);
        let before = self.clock.now();
        let names: Vec<ParameterName> = self.store.names();
        let options = RestoreOptions {
            puts_per_second: None,
            deletes_per_second: None,
            retry: RetryPolicy { attempts: 0, first_pause: std::time::Duration::ZERO },
            recreate_delay: std::time::Duration::ZERO,
            now: {
                let clock = self.clock.clone();
                Now::new(move || clock.now())
            },
        };
        self.clock.advance_ms(1_000);
        self.store.with_habits(|habits| habits.changes_type = self.changes_type);
        let (plan, applied) = self.path(at).restore(&options, &Unobserved).await.unwrap();
        assert!(applied.is_complete(), "{applied:?}");
        assert_eq!(plan.unknown, []);
        self.clock.advance_ms(1_000);
        let gone: Vec<ParameterName> = names.into_iter().filter(|name| self.store.present(name).is_none()).collect();
        self.record(&gone, before).await;
        self.clock.advance_ms(5_000);
    }
}

/// All that is recorded of a state: a restored parameter has a version number and date of its own.
fn recorded(state: &State) -> BTreeMap<ParameterName, String> {
    state
        .iter()
        .map(|(name, (version, tags))| {
            let mut version = version.clone();
            let value = version.value.take().map(|value| value.expose().to_owned());
            version.details.version = 0;
            version.details.modified = Timestamp::UNIX_EPOCH;
            version.details.author = None;
            (name.clone(), format!("{value:?} {version:?} {tags:?}"))
        })
        .collect()
}

#[tokio::test]
async fn restoring_any_state_brings_all_of_it_back_and_can_be_undone() {
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let clock = Clock::new(Timestamp::now() - jiff::SignedDuration::from_hours(2));
        let faults = Faults::default();
        let store = FakeStore::new(clock.clone(), faults.clone());
        store.with_habits(|habits| {
            habits.keeps_omitted = rng.chance(50);
        });
        let bucket = FakeBucket::new(clock.clone(), faults);
        let world = World { clock, store, bucket, changes_type: rng.chance(50) };
        let mut states = vec![(world.clock.now(), world.state())];
        for _ in 0..rng.between(2, 5) {
            world.change(&mut rng).await;
            states.push((world.clock.now(), world.state()));
            world.clock.advance_ms(3_000);
        }
        let latest = states.last().cloned().unwrap();
        let (then, state) = states[usize::try_from(rng.below(states.len() as u64)).unwrap()].clone();
        world.restore(then).await;
        assert_eq!(recorded(&world.state()), recorded(&state), "seed {seed}: restored");
        let versions = world.versions();
        world.restore(then).await;
        assert_eq!(world.versions(), versions, "seed {seed}: a second restore changes nothing");
        world.restore(latest.0).await;
        assert_eq!(recorded(&world.state()), recorded(&latest.1), "seed {seed}: undone");
    }
}
