//! The results of histories, added up.

use std::collections::{BTreeMap, BTreeSet};

use crate::Fault;
use crate::history::{History, StepKind};

/// How the answers of histories turned out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answers that had to be exact and were.
    pub exact: u64,
    /// Answers that were right although the evidence did not demand it.
    pub right: u64,
    /// Unknown where the evidence shows a gap.
    pub unknown: u64,
    /// The state before, where the change in effect left no trace at all.
    pub untraceable: u64,
    /// Not judged: a parameter deleted and created again within the resolution of the events' times.
    pub below_resolution: u64,
    /// Wrong answers.
    pub mismatches: Vec<String>,
    /// How many histories had which fault.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// An empty tally of one history: it counts once for each of its faults.
    pub(super) fn of(history: &History) -> Self {
        Self { faults: faults(history).into_iter().map(|fault| (fault, 1)).collect(), ..Self::default() }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: Tally) {
        self.exact += other.exact;
        self.right += other.right;
        self.unknown += other.unknown;
        self.untraceable += other.untraceable;
        self.below_resolution += other.below_resolution;
        self.mismatches.extend(other.mismatches);
        for (fault, histories) in other.faults {
            *self.faults.entry(fault).or_default() += histories;
        }
    }

    /// How many answers were judged and not wrong.
    pub fn judged(&self) -> u64 {
        self.exact + self.right + self.unknown + self.untraceable
    }
}

/// The faults of a history.
fn faults(history: &History) -> BTreeSet<&'static str> {
    let conditions = [
        ("late reads, listings that leave names out", history.conditions.lag),
        ("versions that cannot be decrypted for a while", history.conditions.locked),
        ("two messages interleaved", history.conditions.together),
    ];
    let conditions = conditions.into_iter().filter_map(|(fault, seed)| seed.map(|_| fault));
    let steps = history.steps.iter().filter_map(|step| match &step.kind {
        StepKind::FalseDelete { .. } => Some("a false Delete event"),
        StepKind::Foreign { .. } => Some("an event of another account or region"),
        StepKind::Deliver { fault: Some((_, fault)), .. } | StepKind::Sweep { fault: Some((_, fault)) } => {
            Some(match fault {
                Fault::Throttled => "a request throttled",
                Fault::Before => "a request failed",
                Fault::After => "an answer lost",
                Fault::Kill => "a function killed",
            })
        }
        _ => None,
    });
    conditions.chain(steps).collect()
}
