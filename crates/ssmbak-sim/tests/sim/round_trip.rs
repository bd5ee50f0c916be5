//! Restores of random states: everything is restored, a second restore changes nothing, and it can be undone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ssmbak::restore::Unobserved;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_sim::rng::Rng;
use ssmbak_sim::run::{name, put_of};

use crate::support::{World, all};

const PARAMETERS: usize = 6;

type State = BTreeMap<ParameterName, (ParameterVersion, BTreeMap<String, String>)>;

fn state_of(world: &World) -> State {
    let of = |name: ParameterName| Some((name.clone(), world.store.present(&name)?));
    world.store.names().into_iter().filter_map(of).collect()
}

fn count_versions(world: &World) -> u64 {
    state_of(world).values().map(|(version, _)| version.details.version).sum()
}

/// Records everything without delay.
async fn record(world: &World, gone: &[ParameterName], before: Timestamp) {
    for name in world.store.names() {
        world.record(name.as_str()).await;
    }
    for name in gone {
        world.record_deletion(name.as_str(), before).await;
    }
}

/// A few random changes, each recorded; then some time passes.
async fn change(world: &World, rng: &mut Rng) {
    // Tiers cannot be lowered, so a random history keeps one.
    world.habits(|habits| habits.fixed_types = false);
    for _ in 0..rng.between(1, 5) {
        let before = world.clock.now();
        world.clock.advance_ms(1_500);
        let parameter = usize::try_from(rng.below(PARAMETERS as u64)).unwrap();
        let name = name(parameter);
        let exists = world.store.present(&name).is_some();
        let mut gone = Vec::new();
        if exists && rng.chance(25) {
            world.delete(name.as_str());
            gone.push(name);
        } else {
            world.put_as(&put_of(parameter, rng.below(64), exists, true));
        }
        world.clock.advance_ms(1_500);
        record(world, &gone, before).await;
    }
    world.clock.advance_ms(5_000);
}

/// Restores everything, in a Parameter Store that changes types in place or not, and records the result.
async fn restore(world: &World, at: Timestamp, changes_type: bool) {
    world.clock.advance_ms(2_000);
    let before = world.clock.now();
    let mut gone = world.store.names();
    world.clock.advance_ms(1_000);
    world.habits(|habits| habits.fixed_types = !changes_type);
    let (plan, applied) = world.path(all(), at).restore(&world.options(), &Unobserved).await.unwrap();
    assert!(applied.is_complete(), "{applied:?}");
    assert_eq!(plan.unknown, []);
    world.clock.advance_ms(1_000);
    gone.retain(|name| world.store.present(name).is_none());
    record(world, &gone, before).await;
    world.clock.advance_ms(5_000);
}

/// The recorded part of a state: a restored parameter has a new version number and date.
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
        let world = World { put_ms: 0, ..World::starting(Timestamp::now() - jiff::SignedDuration::from_hours(2)) };
        world.habits(|habits| habits.drops_omitted = !rng.chance(50));
        let changes_type = rng.chance(50);
        let mut states = vec![(world.clock.now(), state_of(&world))];
        for _ in 0..rng.between(2, 5) {
            change(&world, &mut rng).await;
            states.push((world.clock.now(), state_of(&world)));
            world.clock.advance_ms(3_000);
        }
        let latest = states.last().cloned().unwrap();
        let (then, state) = states[usize::try_from(rng.below(states.len() as u64)).unwrap()].clone();
        restore(&world, then, changes_type).await;
        assert_eq!(recorded(&state_of(&world)), recorded(&state), "seed {seed}: restored");
        let versions = count_versions(&world);
        restore(&world, then, changes_type).await;
        assert_eq!(count_versions(&world), versions, "seed {seed}: a second restore changes nothing");
        restore(&world, latest.0, changes_type).await;
        assert_eq!(recorded(&state_of(&world)), recorded(&latest.1), "seed {seed}: undone");
    }
}
