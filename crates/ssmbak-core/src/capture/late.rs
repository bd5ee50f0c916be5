//! Reads that are older than the change they are made for.
//!
//! Parameter Store's reads are eventually consistent: after a write they may show the old state for a while, and
//! EventBridge is often faster. So a read that lacks a change is no proof that the change is gone. An event whose change
//! the history does not show yet is *early*: it is handled again, until [`PATIENCE`] has passed since its time.

use jiff::{SignedDuration, Timestamp};

use super::Contents;
use super::contents::in_history;
use super::matching::{EventClock, Matched, match_version};
use crate::event::{Change, Operation};
use crate::parameter::ParameterVersion;
use crate::record::{CLOCK_AGREEMENT, Evidence, READ_LAG, Record, times_agree};

/// How long after a change its event may be early. Far more than [`READ_LAG`], the longest that any read is assumed to
/// lag, so that a read made after it shows what it will ever show.
pub const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// How much earlier than an event's second an incarnation began that is surely another than the one after it.
const SECOND_AND_SKEW: SignedDuration = SignedDuration::from_secs(2);

/// Whether the change that an event reports is not visible in `history` (`None`: the parameter is not there) and may become
/// so. `history` is not older than what the bucket knows (see [`is_behind`]).
pub(super) fn is_early(
    change: &Change,
    clock: EventClock,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> bool {
    if clock == EventClock::Unvouched || now.duration_since(change.time) >= PATIENCE {
        return false;
    }
    match (change.operation, history) {
        (Operation::Create | Operation::Update, Some(history)) => {
            let overtaken = history.iter().any(|version| is_after(version.details.modified, change.time));
            !overtaken
                && !ended_before(change, history, contents)
                && !shows(change, clock, history, contents)
                && !contents.accounts_for(&super::event::lost(change))
        }
        (Operation::Create | Operation::Update, None) => {
            !contents.accounts_for(&super::event::lost(change))
                && !contents.deleted_after(change.time)
                && !ended_at_once(change, contents)
        }
        (Operation::Delete, Some(history)) => {
            may_be_over(history, change.time) && !ended_another(change, history, contents)
        }
        (Operation::PolicyExpiration, Some(history)) => is_over(history, change.time),
        _ => false,
    }
}

/// Whether `history` is older than what the bucket knows: a version that is not in it yet, or the deletion of all that it
/// shows. Knowledge older than [`PATIENCE`] is no reason for doubt: by then any read shows it. `deleted` is when an event says
/// that the parameter was deleted.
pub(super) fn is_behind(
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    deleted: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let last = contents.values().max_by_key(|value| value.details.modified);
    let newest = last.map(|value| value.details.modified).max(contents.newest_locked());
    match history.and_then(|history| history.last().map(|present| (history, present.details.modified))) {
        Some((history, shown)) => {
            let recent = |time: Timestamp| now.duration_since(time) < PATIENCE;
            newest.is_some_and(|newest| newest > shown && recent(newest))
                || contents.deletions().any(|deleted| recent(deleted) && is_over(history, deleted))
        }
        None => last.is_some_and(|last| {
            let newest = last.details.modified;
            // An incarnation that began in the very second may have come before the deletion or after it.
            let began = contents
                .values()
                .any(|value| value.details.version == 1 && value.details.modified.as_second() == newest.as_second());
            let told = deleted.is_some_and(|deleted| match began {
                true => deleted.as_second() > newest.as_second(),
                false => deleted.as_second() >= newest.as_second(),
            });
            now.duration_since(newest) < READ_LAG && !told && !contents.deleted_after(newest)
        }),
    }
}

/// Whether the incarnation that `history` shows is the one that was deleted at `deleted`: it began before, and nothing of
/// it is later.
pub(super) fn is_over(history: &[ParameterVersion], deleted: Timestamp) -> bool {
    let began = history.first().map(|oldest| oldest.details.modified);
    began.is_some_and(|began| deleted.duration_since(began) > SECOND_AND_SKEW) && may_be_over(history, deleted)
}

/// As [`is_over`], or the incarnation began in the very moment of the deletion, so that either may have come first.
pub(super) fn may_be_over(history: &[ParameterVersion], deleted: Timestamp) -> bool {
    history
        .last()
        .is_some_and(|present| present.details.modified.duration_since(deleted) < SignedDuration::from_secs(1))
}

/// Whether a recorded deletion lies between a change and the beginning of the incarnation that `history` shows, so that the
/// change was one of the incarnation before.
fn ended_before(change: &Change, history: &[ParameterVersion], contents: &Contents<'_>) -> bool {
    let began = history.first().filter(|first| first.details.version == 1).map(|first| first.details.modified);
    began.is_some_and(|began| {
        contents.deletions_told().any(|deleted| {
            let after = match change.operation {
                Operation::Update => deleted.as_second() >= change.time.as_second(),
                _ => deleted.as_second() > change.time.as_second(),
            };
            after && deleted.as_second() < began.as_second()
        })
    })
}

/// Whether a recorded deletion of the very second ended what the change of a missing parameter made. An update comes before
/// the deletion of its second; a creation does unless another incarnation may have lived until then.
pub(super) fn ended_at_once(change: &Change, contents: &Contents<'_>) -> bool {
    let deleted = contents.deleted_in_second_of(change.time, None);
    deleted && (change.operation == Operation::Update || contents.lived_before(change.time) == Some(false))
}

/// Whether the deletion of an event ended an incarnation that the bucket has, so that the one that `history` shows, which
/// began in the same second, came after it. Another deletion of that second may be of either.
fn ended_another(change: &Change, history: &[ParameterVersion], contents: &Contents<'_>) -> bool {
    let Some(began) = history.first().filter(|first| first.details.version == 1).map(|first| first.details.modified)
    else {
        return false;
    };
    // Whether the new one is recorded already says nothing of the one before.
    let of_before = |record: &&Record| match &record.evidence {
        Evidence::Value(value) => !in_history(history, value),
        _ => true,
    };
    let before: Vec<Record> = contents.records().iter().filter(of_before).cloned().collect();
    began >= change.time
        && Contents::new(&before).lived_before(change.time) == Some(true)
        && !contents.deleted_in_second_of(change.time, change.id.as_deref())
}

fn shows(change: &Change, clock: EventClock, history: &[ParameterVersion], contents: &Contents<'_>) -> bool {
    match match_version(change, clock, history, contents) {
        Matched::Version(index) => {
            history.get(index).is_some_and(|version| times_agree(change.time, version.details.modified))
        }
        Matched::Gone => false,
    }
}

/// Whether `later` is after the second of `time`, and more than clocks may differ.
fn is_after(later: Timestamp, time: Timestamp) -> bool {
    let apart = later.duration_since(time);
    apart > SignedDuration::from_secs(CLOCK_AGREEMENT.as_secs() as i64 + 1)
}
