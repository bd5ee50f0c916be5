//! Which version of Parameter Store's history an event tells of.

use jiff::{SignedDuration, Timestamp};

use super::Contents;
use super::contents::in_history;
use crate::event::{Change, Operation};
use crate::parameter::ParameterVersion;
use crate::record::{Evidence, times_agree};

/// How far an event's time can be compared with Parameter Store's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventClock {
    /// The queue's own stamp shows that the event is of the world's time: it was sent after the event happened, no later
    /// than EventBridge retries, and before now. An event that matches no version is about one that is gone.
    Vouched,
    /// Nothing vouches for it (a replayed sample, an emulator, a test): the event's time is used unchanged.
    Unvouched,
}

impl EventClock {
    /// What the queue's SentTimestamp says of an event's time.
    ///
    /// AWS retries for 24 hours from service to bus and 24 more from bus to queue.
    pub fn of(event: Timestamp, sent: Option<Timestamp>, now: Timestamp) -> Self {
        let slack = SignedDuration::from_secs(2);
        let longest = SignedDuration::from_hours(48) + slack;
        match sent {
            Some(sent)
                if sent.duration_since(event) >= -slack
                    && sent.duration_since(event) <= longest
                    && now.duration_since(sent) >= -slack =>
            {
                Self::Vouched
            }
            _ => Self::Unvouched,
        }
    }
}

/// The version an event tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matched {
    /// The one at this position of the history.
    Version(usize),
    /// It is not in history any more: deleted, re-created or pushed out since.
    Gone,
}

/// Matches a Create or Update to a version: the latest that is not later than the event's second, else the nearest.
pub(super) fn match_version(
    change: &Change,
    clock: EventClock,
    history: &[ParameterVersion],
    contents: &Contents<'_>,
) -> Matched {
    // Of comparable clocks, a Create tells of a first version and an Update of a later one.
    let fits = |version: &ParameterVersion| {
        clock == EventClock::Unvouched || (version.details.version == 1) == (change.operation == Operation::Create)
    };
    let agrees = |version: &ParameterVersion| times_agree(change.time, version.details.modified);
    let by_second = |version: &ParameterVersion| version.details.modified.as_second() <= change.time.as_second();
    let mut fitting = history.iter().enumerate().filter(|(_, version)| fits(version));
    let mut latest = None;
    let next = loop {
        match fitting.next() {
            Some((index, version)) if by_second(version) => latest = Some((index, version)),
            other => break other,
        }
    };
    match (latest, next) {
        (Some((index, version)), _) if agrees(version) => Matched::Version(index),
        (_, Some((index, version))) if agrees(version) => Matched::Version(index),
        (Some((index, _)), _) => Matched::Version(index),
        (None, _) if clock == EventClock::Vouched => Matched::Gone,
        (None, _) => Matched::Version(first_unconfirmed(change, history, contents)),
    }
}

/// Without comparable clocks, events are taken to come in the order of the versions: this one tells of the first version
/// that no event has told of yet.
fn first_unconfirmed(change: &Change, history: &[ParameterVersion], contents: &Contents<'_>) -> usize {
    let repeated = |index: usize| {
        history.get(index).is_some_and(|version| {
            contents.values().any(|value| {
                value.identity() == version.identity()
                    && value.event.as_ref().is_some_and(|event| event.time == change.time && event.id == change.id)
            })
        })
    };
    if let Some(index) = (0..history.len()).find(|&index| repeated(index)) {
        return index;
    }
    if change.operation == Operation::Create {
        return 0;
    }
    let confirmed = contents
        .values()
        .filter(|value| value.event.is_some() && in_history(history, value))
        .map(|value| value.details.version)
        .max()
        .unwrap_or(0);
    let by_original =
        contents.records().iter().filter(|record| matches!(record.evidence, Evidence::Legacy(_))).count() as u64;
    let told = confirmed.max(by_original);
    history.iter().position(|version| version.details.version > told).unwrap_or(history.len().saturating_sub(1))
}
