//! What happened while a history was played, for those who write it down or play it to somebody else.

use jiff::Timestamp;
use ssmbak::store::PutParameter;
use ssmbak_core::event::Operation;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_core::plan::Target;

use crate::model::Demand;

/// Something that happened, and when by the world's clock.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
}

/// Something that happened. `id` is the number of the event that a deed causes.
#[derive(Clone, Debug)]
pub enum Happened {
    /// A version was put.
    Put {
        /// The event's number.
        id: u64,
        /// What was put.
        put: PutParameter,
    },
    /// A parameter that existed was deleted.
    Deleted {
        /// The event's number.
        id: u64,
        /// Which.
        name: ParameterName,
    },
    /// A version got a label.
    Labelled {
        /// The event's number.
        id: u64,
        /// Of which parameter.
        name: ParameterName,
    },
    /// The function got an event, whatever became of it.
    Delivered {
        /// The event's number.
        id: u64,
        /// About which parameter.
        name: ParameterName,
        /// What it tells.
        operation: Operation,
        /// When it says that this happened.
        time: Timestamp,
    },
    /// Everything was looked over, as `ssmbak-all --do-it` does.
    Swept,
    /// Somebody asked.
    Asked(Answer),
}

/// A question, the true answer and what became of ours.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of which parameter.
    pub name: ParameterName,
    /// The moment asked for, as it was given.
    pub of: Timestamp,
    /// What it was then, `None`: it did not exist.
    pub truth: Option<ParameterVersion>,
    /// Our answer.
    pub ours: Verdict,
    /// What the evidence demands of it; `None`: nothing, the times are finer than events tell.
    pub demand: Option<Demand>,
}

/// What an answer is worth, measured by the truth alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the truth.
    Right,
    /// It says that it does not know.
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

    /// Its name in what is written down.
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
