//! Why the state of a parameter is unknown: a code for programs, a sentence for people.

use std::fmt;

use jiff::Timestamp;

use crate::timeline::Unknown;

/// The kinds of reasons, by which programs tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReasonCode {
    /// The bucket holds nothing about the name.
    NothingRecorded,
    /// Everything that is recorded is later.
    BeforeFirstRecord,
    /// Versions in between were never recorded.
    VersionsMissing,
    /// A version was superseded when it was recorded, and its successor never was.
    SuccessorMissing,
    /// A deletion was found later, and its time is unknown.
    DeletedUnnoticed,
    /// A creation was found later, and its time is unknown.
    CreatedUnnoticed,
    /// An event reported a change whose value was gone before it could be read.
    ValueLost,
    /// The stored version cannot be read: it is damaged, or of a newer format.
    Unreadable,
    /// The stored version has expired from the bucket, or was deleted from it.
    Expired,
    /// The value cannot be decrypted.
    KeyUnusable,
    /// The bucket and Parameter Store contradict each other.
    Contradiction,
    /// What would tell may not be read.
    AccessDenied,
    /// It changed while it was read.
    Changed,
    /// The pipeline does not record the name.
    Excluded,
}

impl ReasonCode {
    /// The code as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NothingRecorded => "NothingRecorded",
            Self::BeforeFirstRecord => "BeforeFirstRecord",
            Self::VersionsMissing => "VersionsMissing",
            Self::SuccessorMissing => "SuccessorMissing",
            Self::DeletedUnnoticed => "DeletedUnnoticed",
            Self::CreatedUnnoticed => "CreatedUnnoticed",
            Self::ValueLost => "ValueLost",
            Self::Unreadable => "Unreadable",
            Self::Expired => "Expired",
            Self::KeyUnusable => "KeyUnusable",
            Self::Contradiction => "Contradiction",
            Self::AccessDenied => "AccessDenied",
            Self::Changed => "Changed",
            Self::Excluded => "Excluded",
        }
    }
}

/// Why the state of one parameter is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownReason {
    /// The kind of reason.
    pub code: ReasonCode,
    /// One sentence, without the name.
    pub message: String,
    /// When the first record is of, if everything that is recorded is later.
    pub recorded_from: Option<Timestamp>,
}

impl UnknownReason {
    /// A reason in words.
    pub fn new(code: ReasonCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), recorded_from: None }
    }

    /// The bucket holds nothing about the name.
    pub fn nothing_recorded() -> Self {
        Self::from(&Unknown::NothingRecorded)
    }

    /// The same reason, with words before it that say what it is about.
    #[must_use]
    pub fn about(self, what: &str) -> Self {
        Self { message: format!("{what}: {}", self.message), ..self }
    }
}

impl From<&Unknown> for UnknownReason {
    fn from(unknown: &Unknown) -> Self {
        let code = match unknown {
            Unknown::NothingRecorded => ReasonCode::NothingRecorded,
            Unknown::BeforeFirstRecord(_) => ReasonCode::BeforeFirstRecord,
            Unknown::VersionsMissing { .. } => ReasonCode::VersionsMissing,
            Unknown::SuccessorMissing(_) => ReasonCode::SuccessorMissing,
            Unknown::DeletedUnnoticed { .. } => ReasonCode::DeletedUnnoticed,
            Unknown::CreatedUnnoticed { .. } => ReasonCode::CreatedUnnoticed,
            Unknown::ValueLost(_) => ReasonCode::ValueLost,
            Unknown::ValueLocked { .. } => ReasonCode::KeyUnusable,
            Unknown::Unreadable(_) => ReasonCode::Unreadable,
            Unknown::Excluded(_) => ReasonCode::Excluded,
        };
        let recorded_from = match unknown {
            Unknown::BeforeFirstRecord(first) => Some(*first),
            _ => None,
        };
        Self { code, message: unknown.to_string(), recorded_from }
    }
}

impl From<Unknown> for UnknownReason {
    fn from(unknown: Unknown) -> Self {
        Self::from(&unknown)
    }
}

impl fmt::Display for UnknownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
