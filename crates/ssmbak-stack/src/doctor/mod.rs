//! Whether a deployed pipeline does its work: facts about it, and what they mean.
//!
//! [`look`] reads [`Facts`], [`examine`] turns them into [`Finding`]s. What may not be looked at is a finding as well, and
//! stops none of the others.

mod examine;
mod facts;
mod look;

pub use examine::{Reference, examine};
pub use facts::{
    Backlog, BucketFacts, Encryption, Facts, FailureQueue, Function, Lifecycle, Look, Mapping, Point, PublicAccess,
    RehearsalFacts, Replica, ReplicationFacts, ReplicationRule, Rule, Runs, StackFacts, SweepRecord, Target,
    VaultFacts,
};
pub use look::{Clients, look};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Changes are recorded, but something should be looked at.
    Warning,
    /// Changes are not recorded, or the history is in danger.
    Problem,
    /// It could not be looked at.
    Unknown,
}

impl Status {
    /// The word for it, in tables and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
        }
    }
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was checked: a stable name, for programs.
    pub check: &'static str,
    /// How it came out.
    pub status: Status,
    /// One clause that says what is.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether the look itself failed or was refused, so that it is not known to be well.
    pub is_unseen: bool,
}

impl Finding {
    /// All is well.
    pub fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, message: message.into(), hint: None, is_unseen: false }
    }

    /// Something to look at.
    pub fn warning(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, status: Status::Warning, message: message.into(), hint: Some(hint.into()), is_unseen: false }
    }

    /// Something is wrong.
    pub fn problem(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { check, status: Status::Problem, message: message.into(), hint: Some(hint.into()), is_unseen: false }
    }

    /// There is nothing yet that would tell.
    pub fn unknown(check: &'static str, message: impl Into<String>) -> Self {
        Self { check, status: Status::Unknown, message: message.into(), hint: None, is_unseen: false }
    }

    /// It could not be looked at.
    pub fn unseen(check: &'static str, message: impl Into<String>) -> Self {
        Self { is_unseen: true, ..Self::unknown(check, message) }
    }
}
