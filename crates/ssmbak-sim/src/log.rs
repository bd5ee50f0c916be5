//! A log of a played history, for those who export it.

use jiff::Timestamp;
use ssmbak::store::PutParameter;
use ssmbak_core::event::Operation;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_core::plan::Target;

use crate::model::Demand;

/// A log entry, with its time by the simulated clock.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// What happened. `id` is the number of the event that a change causes.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields that recur: `id`, `name`")]
pub enum Happened {
    /// A version was put.
    Put { id: u64, put: PutParameter },
    /// A parameter that existed was deleted.
    Deleted { id: u64, name: ParameterName },
    /// A version got a label.
    Labelled { id: u64, name: ParameterName },
    /// The function got an event, whatever the outcome.
    Delivered { id: u64, name: ParameterName, operation: Operation, time: Timestamp },
    /// A sweep of all parameters, as `ssmbak-all --do-it` does.
    Swept,
    /// Somebody asked.
    Asked(Answer),
}

/// A question, the true answer and ours.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of which parameter.
    pub name: ParameterName,
    /// The point in time, as it was given.
    pub of: Timestamp,
    /// The true state, `None`: it did not exist.
    pub truth: Option<ParameterVersion>,
    /// Our answer.
    pub ours: Verdict,
    /// What the evidence demands of it; `None`: nothing, the times are finer than those of events.
    pub demand: Option<Demand>,
}

/// How an answer compares with the truth alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the truth.
    Right,
    /// It is unknown.
    Unknown,
    /// It says that the parameter did not exist, and it did.
    Deleted,
    /// It says that the parameter existed, and it did not.
    Alive,
    /// It names another state than the true one.
    Another,
}

impl Verdict {
    pub(crate) fn of(answer: &Target, truth: Option<&ParameterVersion>, right: bool) -> Self {
        match (answer, truth) {
            _ if right => Self::Right,
            (Target::Unknown(_), _) => Self::Unknown,
            (Target::Absent(_), _) => Self::Deleted,
            (Target::Held(_), None) => Self::Alive,
            (Target::Held(_), Some(_)) => Self::Another,
        }
    }

    /// Its name in an export.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Unknown => "unknown",
            Self::Deleted => "deleted",
            Self::Alive => "alive",
            Self::Another => "another",
        }
    }
}
