//! What the state asks for, and what it is told.

use std::fmt;

use ssmbak_core::diff::Side;
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Target;

use crate::data::Data;

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Read names, times, attributes and marks; [`Answer::Loaded`] or [`Answer::NotLoaded`].
    Load,
    /// Read values; [`Answer::Looked`]. A later one takes the place of one that is under way.
    Look {
        /// The parameter.
        name: ParameterName,
        /// The time.
        at: Instant,
        /// Whether what it was then is wanted.
        then: bool,
        /// Whether what it is now is wanted.
        now: bool,
    },
    /// Plan a restore; [`Answer::Planned`] or [`Answer::NotPlanned`].
    Plan {
        /// Nothing but these.
        names: Vec<ParameterName>,
        /// Paths that mean them.
        paths: Vec<String>,
        /// Whether everything below the paths is meant.
        recursive: bool,
        /// The time.
        at: Instant,
    },
    /// The plan is not wanted any more, or not yet there and not awaited.
    Drop,
    /// Carry out the plan that was shown; [`Answer::Settled`] for each row, then [`Answer::Restored`].
    Restore,
    /// Stop the restore before its next write.
    Stop,
    /// The end.
    Quit,
}

/// What became of an effect.
#[derive(Clone, Debug)]
pub enum Answer {
    /// What was read.
    Loaded(Box<Data>),
    /// It could not be read, for this reason.
    NotLoaded(String),
    /// Values were read.
    Looked(Looked),
    /// A plan is there.
    Planned(Proposal),
    /// It could not be made, for this reason.
    NotPlanned(String),
    /// One row of a restore is settled.
    Settled,
    /// A restore is over; what became of it.
    Restored {
        /// What became of it, and how to undo it.
        said: Lines,
        /// Whether every row is done.
        complete: bool,
        /// The parameters that are as they were at the time that is shown.
        restored: Vec<ParameterName>,
    },
}

/// Values of a parameter.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The parameter.
    pub name: ParameterName,
    /// The time.
    pub at: Instant,
    /// What it was then, if that was asked for; or why it could not be read.
    pub then: Option<Result<Target, String>>,
    /// What it is now, likewise.
    pub now: Option<Result<Side, String>>,
}

/// A plan that is to be decided on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// What is asked: account, region, path, counts.
    pub question: String,
    /// What will change, what is not known, what to beware of.
    pub lines: Lines,
    /// How many changes it holds.
    pub changes: usize,
}

/// Text that may hold values, and therefore does not print itself.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Lines(pub Vec<String>);

impl Lines {
    /// The lines of a text.
    pub fn of(text: &str) -> Self {
        Self(text.lines().map(str::to_owned).collect())
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lines({})", self.0.len())
    }
}
