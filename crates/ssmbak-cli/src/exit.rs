//! The exit codes, which are part of the contract with programs.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done: 0.
    Done,
    /// It failed: 1.
    Failed,
    /// It was called wrongly: 2.
    Usage,
    /// Some changes failed: 3.
    Partly,
    /// A check or comparison found a difference: 4.
    Difference,
    /// The saved plan does not fit any more: 5.
    Stale,
    /// It was interrupted: 130, as shells have it.
    Interrupted,
}

impl Exit {
    /// The same, but [`Exit::Partly`] where it would be [`Exit::Done`] and something is missing.
    pub fn partly_if(self, missing: bool) -> Self {
        if self == Self::Done && missing { Self::Partly } else { self }
    }

    /// The number the process ends with.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Partly => 3,
            Self::Difference => 4,
            Self::Stale => 5,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
