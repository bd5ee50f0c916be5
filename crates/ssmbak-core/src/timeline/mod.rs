//! From the stored versions of one name to what was true at any instant.
//!
//! A [`Timeline`] is a piecewise constant function of time: [`Segment`]s, each *held* (a version was in effect), *absent*
//! (the parameter is known not to have existed) or *unknown* (the evidence does not tell). It is built in two steps:
//! `gather` decides which stored versions are evidence at all (copies counted once, markers paired with their
//! tombstones, contradicted leftovers of ssmbak 0.5.2 set aside), `walk` puts them in order and draws the segments.

mod normalize;
mod reading;
mod same_second;
mod segments;

pub use reading::{Reach, initial_window, next_window};

use std::fmt;

use jiff::Timestamp;

use crate::instant::Instant;
use crate::record::{Evidence, Record, Unreadable};

/// What is known of one name over all time.
#[derive(Clone, Debug)]
pub struct Timeline {
    records: Vec<Record>,
    segments: Vec<Segment>,
}

/// A span of time from `from` to the next segment's `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins; the first one begins at [`Timestamp::MIN`].
    pub from: Timestamp,
    /// What is known of it.
    pub state: SegmentState,
}

/// What is known of a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentState {
    /// A version was in effect: the positions of its copies among the records, in storage order.
    Held(Vec<usize>),
    /// The parameter did not exist.
    Absent(Absence),
    /// The evidence does not tell.
    Unknown(Unknown),
}

/// The evidence that a parameter did not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// It was deleted at this time.
    Deleted(Timestamp),
    /// Its first version came later, at this time.
    NotYetCreated(Timestamp),
}

/// Why the evidence does not tell what was true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The bucket holds nothing about the name.
    NothingRecorded,
    /// All that the bucket holds is later.
    BeforeFirstRecord(Timestamp),
    /// Parameter Store counted versions between these two numbers that were never recorded.
    VersionsMissing {
        /// The last recorded version before the gap.
        after: u64,
        /// The first recorded version after it.
        before: u64,
    },
    /// This version had been superseded when it was recorded, and its successor never was.
    SuccessorMissing(u64),
    /// The parameter was deleted and created again without a record of the deletion.
    DeletedUnnoticed {
        /// When it existed again, or was found missing.
        until: Timestamp,
    },
    /// The parameter was created again and changed before anything was recorded.
    CreatedUnnoticed {
        /// The first record of its new life.
        until: Timestamp,
    },
    /// An event tells of a change whose value was gone before it could be read.
    ValueLost(Timestamp),
    /// Parameter Store has the version, and its KMS key kept it from being recorded.
    ValueLocked {
        /// Its number.
        version: u64,
        /// When it came into effect.
        time: Timestamp,
    },
    /// What is stored cannot be read.
    Unreadable(Unreadable),
    /// The pipeline leaves the name out since then.
    Excluded(Timestamp),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingRecorded => write!(f, "nothing is recorded about it"),
            Self::BeforeFirstRecord(first) => write!(f, "its first record is later, of {first}"),
            Self::VersionsMissing { after, before } if after + 1 == *before => {
                write!(f, "whether version {before} followed it at once was not to be seen any more")
            }
            Self::VersionsMissing { after, before } if after + 2 == *before => {
                write!(f, "version {} was never recorded", after + 1)
            }
            Self::VersionsMissing { after, before } => {
                write!(f, "versions {} to {} were never recorded", after + 1, before.saturating_sub(1))
            }
            Self::SuccessorMissing(version) => {
                write!(f, "version {version} was followed by another that was never recorded")
            }
            Self::DeletedUnnoticed { until } => write!(f, "it was deleted at an unrecorded time before {until}"),
            Self::CreatedUnnoticed { until } => write!(f, "it was created at an unrecorded time before {until}"),
            Self::ValueLost(at) => write!(f, "it changed at {at} and the value was gone before it could be recorded"),
            Self::ValueLocked { version, time } => {
                write!(
                    f,
                    "version {version} of {time} was not recorded: its KMS key was disabled or denied the decryption"
                )
            }
            Self::Unreadable(reason) => write!(f, "what is stored cannot be read: {reason}"),
            // Without a sweep before, nothing tells when it began.
            Self::Excluded(since) if *since == Timestamp::UNIX_EPOCH => write!(f, "it is excluded from recording"),
            Self::Excluded(since) => write!(f, "it is excluded from recording since {since}"),
        }
    }
}

/// The state of a parameter at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State<'a> {
    /// It existed, as this record says.
    Held(Held<'a>),
    /// It did not exist.
    Absent(Absence),
    /// The evidence does not tell.
    Unknown(&'a Unknown),
}

/// A version in effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<'a> {
    /// The stored version to read it from.
    pub record: &'a Record,
    /// When the version came into effect.
    pub since: Timestamp,
}

impl Timeline {
    /// Builds the timeline of one name from all stored versions of its key, oldest first in storage order.
    pub fn new(records: Vec<Record>) -> Self {
        let segments = segments::segments(&records, normalize::gather(&records));
        Self { records, segments }
    }

    /// The same, of a name that the pipeline leaves out since `excluded`: its last record says nothing of the time after.
    #[must_use]
    pub fn excluded_since(mut self, excluded: Option<Timestamp>) -> Self {
        if let Some(since) = excluded {
            let last = self.segments.last().map_or(since, |segment| segment.from);
            self.segments
                .push(Segment { from: last.max(since), state: SegmentState::Unknown(Unknown::Excluded(since)) });
        }
        self
    }

    /// What was true at the end of `instant` (a time given to the second includes that whole second).
    pub fn state_at(&self, instant: &Instant) -> State<'_> {
        self.state_by(instant.until())
    }

    /// What was true at exactly `time`.
    pub fn state_by(&self, time: Timestamp) -> State<'_> {
        let position = self.segments.partition_point(|segment| segment.from <= time);
        // The first segment begins at the beginning of time, so there is always one before `position`.
        let Some(segment) = self.segments.get(position.saturating_sub(1)) else {
            return State::Unknown(&Unknown::NothingRecorded);
        };
        match &segment.state {
            SegmentState::Held(copies) => match self.copy_for(copies, time) {
                Some(record) => State::Held(Held { record, since: segment.from }),
                None => State::Unknown(&Unknown::NothingRecorded),
            },
            SegmentState::Absent(absence) => State::Absent(*absence),
            SegmentState::Unknown(reason) => State::Unknown(reason),
        }
    }

    /// Of a version's copies the one that knew its tags at `time`: tags have no history, so a copy written later may
    /// hold later tags.
    fn copy_for(&self, copies: &[usize], time: Timestamp) -> Option<&Record> {
        let copies = || copies.iter().filter_map(|&index| self.records.get(index));
        let tagged = |record: &&Record| match &record.evidence {
            Evidence::Value(value) => value.details.tags.is_some(),
            _ => false,
        };
        copies()
            .rfind(|record| tagged(record) && record.last_modified <= time)
            .or_else(|| copies().find(tagged))
            .or_else(|| copies().next())
    }

    /// The segments, in order of time.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The stored versions it was built from, oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The stored versions that say nothing, with the reason.
    pub fn unreadable(&self) -> impl Iterator<Item = (&Record, &Unreadable)> {
        self.records.iter().filter_map(|record| match &record.evidence {
            Evidence::Unreadable(reason) => Some((record, reason)),
            _ => None,
        })
    }

    /// Whether anything at all is evidence about the name.
    pub fn is_tracked(&self) -> bool {
        self.records.iter().any(|record| !matches!(record.evidence, Evidence::Unreadable(_)))
    }
}

#[cfg(test)]
mod tests;
