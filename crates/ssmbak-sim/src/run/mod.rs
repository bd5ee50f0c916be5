//! Plays a history: the real capture and restore code over the fakes, each answer compared with the model.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use ssmbak::Capture;
use ssmbak::store::PutParameter;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{ParameterType, ParameterValue};

use crate::history::{History, Mutation, RETENTION_MS, StepKind};
use crate::log::{Entry, Happened};
use crate::model::{Change, Model};
use crate::rng::Rng;
use crate::{Clock, FakeBucket, FakeStore, Faults};

mod deliver;
mod judge;
mod parallel;
mod sweep;
mod tally;

pub use judge::same;
pub use parallel::play_seeds;
pub use tally::Tally;

/// Where milliseconds begin to count.
fn beginning() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The point in time so many milliseconds from the beginning.
pub fn time_at(at: i64) -> Timestamp {
    beginning().checked_add(SignedDuration::from_millis(at)).unwrap_or(Timestamp::MAX)
}

/// The name of a history's parameter.
pub fn name(parameter: usize) -> ParameterName {
    // Two constant shapes of a name, both legal.
    let text = if parameter == 0 { "/sim/a".to_owned() } else { format!("/sim/a{parameter}") };
    ParameterName::parse(&text).unwrap_or_else(|error| unreachable!("a legal name: {error}"))
}

/// The attributes a [`Mutation::Put`] stands for.
pub fn put_of(parameter: usize, attributes: u64, overwrite: bool, advanced: bool) -> PutParameter {
    let bit = |bit: u64| attributes >> bit & 1 == 1;
    let parameter_type = match attributes % 4 {
        0 | 1 => ParameterType::String,
        2 => ParameterType::StringList,
        _ => ParameterType::SecureString,
    };
    PutParameter {
        spelling: name(parameter).as_str().to_owned(),
        value: ParameterValue::new(format!("value {attributes}\n")),
        parameter_type,
        description: if bit(2) {
            format!("descripción № {attributes} ").repeat(if bit(5) { 45 } else { 1 })
        } else {
            String::new()
        },
        tier: Some(if advanced || bit(3) { "Advanced" } else { "Standard" }.to_owned()),
        data_type: Some("text".to_owned()),
        key_id: (parameter_type == ParameterType::SecureString).then(|| format!("alias/{}", attributes % 3)),
        allowed_pattern: Some(if bit(4) { "^v.*\\s$".to_owned() } else { String::new() }),
        policies: Some(if bit(5) { vec![r#"{"Type":"NoChangeNotification"}"#.to_owned()] } else { vec![] }),
        tags: [].into(),
        overwrite,
    }
}

struct World {
    clock: Clock,
    faults: Faults,
    store: FakeStore,
    bucket: FakeBucket,
    capture: Capture<FakeStore, FakeBucket>,
    model: Model,
    /// The events, by number.
    events: BTreeMap<u64, Event>,
    lifecycle_ran: bool,
    /// Parameters with a handling that failed: it may have written more than its event says, and its retry may have come
    /// too late.
    disturbed: BTreeSet<usize>,
    /// Parameters about which a false event was handled that nothing has refuted yet.
    deceived: BTreeMap<usize, Option<(u64, Timestamp)>>,
    /// The steps that are still to come, by time.
    agenda: BTreeMap<(i64, usize), StepKind>,
    added: usize,
    tally: Tally,
    log: Vec<Entry>,
}

/// What an event is about.
#[derive(Clone, Copy)]
struct Event {
    parameter: usize,
    mutation: Mutation,
    time: Timestamp,
    /// Whether the parameter was created.
    created: bool,
}

/// Nobody waits here: each read lags on its own.
const NO_PAUSES: [std::time::Duration; 3] = [std::time::Duration::ZERO; 3];

/// What is broken on purpose, to see that the judge notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    None,
    /// The bucket drops tombstones.
    LosesTombstones,
    /// The bucket drops versions that were superseded when they were recorded.
    LosesBackfilledVersions,
    /// The bucket forgets which versions were reported lost.
    NotesNothingLost,
}

/// Plays a history and judges every answer.
pub async fn play(history: &History) -> Tally {
    play_sabotaged(history, Sabotage::None).await
}

/// Plays a history into a broken bucket.
pub async fn play_sabotaged(history: &History, sabotage: Sabotage) -> Tally {
    play_all(history, sabotage).await.0
}

/// As [`play`], with a log of what happened.
pub async fn play_logged(history: &History) -> (Tally, Vec<Entry>) {
    play_all(history, Sabotage::None).await
}

async fn play_all(history: &History, sabotage: Sabotage) -> (Tally, Vec<Entry>) {
    let mut world = World::new(history, sabotage);
    let mut together = history.conditions.together.map(Rng::new);
    let mut locked = history.conditions.locked.map(Rng::new);
    while let Some(((at, _), step)) = world.agenda.pop_first() {
        if time_at(at) > world.clock.now() {
            world.clock.set(time_at(at));
        }
        if let Some(rng) = &mut locked
            && rng.chance(20)
        {
            let third = (!rng.chance(50)).then(|| rng.between(0, 2));
            world.store.with_habits(|habits| habits.locked_third = third);
        }
        match step {
            StepKind::Change { id, parameter, mutation } => world.change(id, parameter, mutation),
            StepKind::Ask { of } => world.ask(of).await,
            StepKind::Lifecycle { mask } => world.expire(mask),
            StepKind::Sweep { fault } => world.sweep(fault).await,
            StepKind::Foreign { parameter, operation, other_region } => {
                world.deliver_foreign(parameter, operation, other_region).await;
            }
            message => match together.as_mut().and_then(|rng| Some((world.next_message(at)?, rng))) {
                Some((other, rng)) => world.deliver_both(&message, &other, rng).await,
                None => world.deliver(&message).await,
            },
        }
    }
    world.judge_end().await;
    (world.tally, world.log)
}

impl World {
    fn new(history: &History, sabotage: Sabotage) -> Self {
        let clock = Clock::new(beginning());
        let faults = Faults::default();
        let store = FakeStore::new(clock.clone(), faults.clone());
        store.with_habits(|habits| habits.kept_versions = Some(history.kept_versions));
        store.lag().set(history.conditions.lag);
        let bucket = FakeBucket::new(clock.clone(), faults.clone()).sabotaged(sabotage);
        let capture = Capture::new(store.clone(), bucket.clone()).with_pauses(NO_PAUSES);
        let steps = history.steps.iter().enumerate();
        Self {
            clock,
            faults,
            store,
            bucket,
            capture,
            model: Model::new(),
            events: BTreeMap::new(),
            lifecycle_ran: false,
            disturbed: BTreeSet::new(),
            deceived: BTreeMap::new(),
            agenda: steps.map(|(index, step)| ((step.at, index), step.kind.clone())).collect(),
            added: history.steps.len(),
            tally: Tally::of(history),
            log: Vec::new(),
        }
    }

    fn log(&mut self, what: Happened) {
        self.log.push(Entry { at: self.clock.now(), what });
    }

    fn change(&mut self, id: u64, parameter: usize, mutation: Mutation) {
        let name = name(parameter);
        let time = self.clock.now();
        let before = self.store.present(&name);
        let created = before.is_none();
        let left = match mutation {
            Mutation::Put(attributes) => {
                let advanced = before.is_some_and(|(v, _)| v.details.tier.as_deref() == Some("Advanced"));
                let put = put_of(parameter, attributes, !created, advanced);
                if self.store.put_now(&put).is_err() {
                    return;
                }
                self.log(Happened::Put { id, put });
                self.store.present(&name).map(|(version, _)| version)
            }
            Mutation::Delete | Mutation::Expire { .. } => {
                if !self.store.delete_now(&name) {
                    return;
                }
                self.log(Happened::Deleted { id, name });
                None
            }
            Mutation::Label => {
                if !created {
                    self.events.insert(id, Event { parameter, mutation, time, created });
                    self.log(Happened::Labelled { id, name });
                }
                return;
            }
        };
        self.events.insert(id, Event { parameter, mutation, time, created });
        self.model.entry(parameter).or_default().push(Change { time, left, id });
        // Parameter Store orders changes: no two happen at the same instant.
        self.clock.advance_ms(1);
    }

    fn expire(&mut self, mask: u64) {
        let mut bits = mask;
        self.lifecycle_ran = true;
        self.bucket.expire(SignedDuration::from_millis(RETENTION_MS), || {
            bits = bits.rotate_left(1);
            bits & 1 == 1
        });
    }
}
