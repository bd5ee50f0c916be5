//! A simulated history: changes of some parameters, and the delivery of their events.

use ssmbak_core::event::Operation;

use crate::Fault;
use crate::rng::Rng;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long the bucket keeps noncurrent versions.
pub const RETENTION_MS: i64 = 40 * DAY;

/// A history as a value: it can be replayed, printed and shrunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// How many versions Parameter Store keeps (100; fewer to see versions dropped without hundreds of updates).
    pub kept_versions: usize,
    /// How unreliable Parameter Store and the queue are.
    pub conditions: Conditions,
    /// The steps, in order of time.
    pub steps: Vec<Step>,
}

/// Adversities between Parameter Store and the bucket that no change causes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Each answer of Parameter Store is up to two minutes old, and listings leave names out, by this seed; `None`: every
    /// answer is fresh.
    pub lag: Option<u64>,
    /// Two messages that arrive close to each other are handled at the same time, interleaved by this seed.
    pub together: Option<u64>,
    /// A third of all versions cannot be decrypted for a while, now and then, by this seed.
    pub locked: Option<u64>,
}

/// A step of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its time, in milliseconds from the beginning.
    pub at: i64,
    /// What happens.
    pub kind: StepKind,
}

/// What happens in a step. `id` is the number of the event that a change causes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields that recur: `id`, `parameter`, `fault`")]
pub enum StepKind {
    /// Somebody changes a parameter.
    Change { id: u64, parameter: usize, mutation: Mutation },
    /// The function gets the event of a change.
    Deliver {
        id: u64,
        /// How long after the change the queue received it, in milliseconds.
        sent_after: i64,
        /// A call of the function that fails, counted from its first.
        fault: Option<(u64, Fault)>,
    },
    /// The function gets a Delete event of a parameter that was not deleted.
    FalseDelete { id: u64, parameter: usize },
    /// The function gets an event of another account, or of another region, about a parameter of the same name.
    Foreign {
        parameter: usize,
        operation: Operation,
        /// Whether it is another region of the same account.
        other_region: bool,
    },
    /// The function gets an early event again.
    Redeliver {
        id: u64,
        /// How long after the change the queue received it, in milliseconds.
        sent_after: i64,
        /// Which of the change's events.
        operation: Operation,
        /// How often it was early.
        times: u32,
    },
    /// A sweep of all parameters, as `ssmbak-all --do-it` does.
    Sweep { fault: Option<(u64, Fault)> },
    /// Lifecycle rules remove expired versions.
    Lifecycle {
        /// One bit for each candidate, again and again: whether it is removed this time.
        mask: u64,
    },
    /// Somebody asks for the state at a point in time, in milliseconds from the beginning.
    Ask { of: i64 },
}

/// A change of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A put of a version with these attributes (a number that stands for all of them).
    Put(u64),
    /// A deletion.
    Delete,
    /// A deletion by the parameter's policy: there is an event of the expiry, and whether there is one of a deletion too is
    /// not documented.
    Expire {
        /// Whether there is.
        also_deletes: bool,
    },
    /// A label of a version.
    Label,
}

impl History {
    /// The history of a seed.
    pub fn generate(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let kept_versions = rng.pick(&[2, 3, 5, 100, 100]).unwrap_or(100);
        let parameters = rng.pick(&[1, 1, 2]).unwrap_or(1);
        let mut steps = Vec::new();
        let mut now = rng.between(0, DAY);
        let mut id = 0;
        for _ in 0..rng.between(2, 14) {
            now += pause(&mut rng);
            let parameter = usize::try_from(rng.below(parameters)).unwrap_or(0);
            let mutation = match rng.below(100) {
                0..62 => Mutation::Put(rng.below(64)),
                62..92 => Mutation::Delete,
                92..96 => Mutation::Expire { also_deletes: rng.chance(50) },
                _ => Mutation::Label,
            };
            id += 1;
            steps.push(Step { at: now, kind: StepKind::Change { id, parameter, mutation } });
            deliveries(&mut rng, now, id, &mut steps);
            if rng.chance(8) {
                let fault = some_fault(&mut rng, 30);
                steps.push(Step { at: now + pause(&mut rng), kind: StepKind::Sweep { fault } });
            }
        }
        let end = steps.iter().map(|step| step.at).max().unwrap_or(now);
        if rng.chance(30) {
            steps.push(Step { at: end + MINUTE, kind: StepKind::Sweep { fault: None } });
        }
        if rng.chance(40) {
            for _ in 0..rng.between(1, 4) {
                let at = rng.between(0, end + RETENTION_MS + DAY);
                steps.push(Step { at, kind: StepKind::Lifecycle { mask: rng.next_u64() | rng.next_u64() } });
            }
        }
        asks(&mut rng, end, &mut steps);
        // Drawn last, so that the changes of a seed stay what they were.
        let conditions = Conditions {
            lag: rng.chance(60).then(|| rng.next_u64()),
            together: rng.chance(30).then(|| rng.next_u64()),
            locked: None,
        };
        if rng.chance(15) {
            let parameter = usize::try_from(rng.below(parameters)).unwrap_or(0);
            let at = rng.between(0, end);
            steps.push(Step { at, kind: StepKind::FalseDelete { id: id + 1, parameter } });
        }
        if rng.chance(15) {
            let parameter = usize::try_from(rng.below(parameters)).unwrap_or(0);
            let operation =
                rng.pick(&[Operation::Delete, Operation::Delete, Operation::Update]).unwrap_or(Operation::Create);
            let (at, other_region) = (rng.between(0, end), rng.chance(50));
            steps.push(Step { at, kind: StepKind::Foreign { parameter, operation, other_region } });
        }
        steps.sort_by_key(|step| step.at);
        Self { kept_versions, conditions, steps }
    }
}

/// The time to the next change: often within the same second, sometimes days.
fn pause(rng: &mut Rng) -> i64 {
    match rng.below(10) {
        0..2 => rng.between(1, 900),
        2..4 => rng.between(500, 5 * SECOND),
        4..7 => rng.between(SECOND, 10 * MINUTE),
        7..9 => rng.between(MINUTE, 12 * HOUR),
        _ => rng.between(HOUR, 10 * DAY),
    }
}

fn deliveries(rng: &mut Rng, now: i64, id: u64, steps: &mut Vec<Step>) {
    if rng.chance(12) {
        return;
    }
    let copies = if rng.chance(15) { 2 } else { 1 };
    for _ in 0..copies {
        let sent_after = match rng.below(20) {
            0 => rng.between(HOUR, 2 * DAY),
            1 => rng.between(MINUTE, HOUR),
            _ => rng.between(0, 60 * SECOND),
        };
        let queued = match rng.below(20) {
            0 => rng.between(HOUR, 14 * DAY),
            1..4 => rng.between(SECOND, HOUR),
            _ => rng.between(10, 30 * SECOND),
        };
        let at = now + sent_after + queued;
        let fault = some_fault(rng, 15);
        steps.push(Step { at, kind: StepKind::Deliver { id, sent_after, fault } });
        if fault.is_some() {
            // The queue gives it again after the visibility timeout.
            let again = at + 3 * MINUTE + rng.between(0, SECOND);
            steps.push(Step { at: again, kind: StepKind::Deliver { id, sent_after, fault: None } });
        }
    }
}

fn some_fault(rng: &mut Rng, percent: u64) -> Option<(u64, Fault)> {
    if !rng.chance(percent) {
        return None;
    }
    let fault = rng.pick(&[Fault::Throttled, Fault::Before, Fault::After, Fault::Kill, Fault::Kill])?;
    Some((rng.below(14), fault))
}

fn asks(rng: &mut Rng, end: i64, steps: &mut Vec<Step>) {
    let changes: Vec<i64> =
        steps.iter().filter(|step| matches!(step.kind, StepKind::Change { .. })).map(|step| step.at).collect();
    for _ in 0..rng.between(4, 10) {
        let near = rng.pick(&changes).unwrap_or(0);
        let of = match rng.below(4) {
            0 => near,
            1 => near + rng.between(-2 * SECOND, 2 * SECOND),
            2 => near + pause(rng),
            _ => rng.between(0, end),
        };
        // Asked at the end, in the middle, or after things have expired.
        let at = match rng.below(6) {
            0 => rng.between(of.max(0), end.max(of)),
            1 => end + rng.between(0, RETENTION_MS),
            2 => of.max(0) + RETENTION_MS - rng.between(1, HOUR),
            _ => end + HOUR,
        };
        steps.push(Step { at: at.max(of), kind: StepKind::Ask { of } });
    }
}
