//! What to write when looking a parameter over without an event: at the first seeding, at any later sweep, and before a restore.

use jiff::Timestamp;

use super::event::{below_deletion, bring_up_to_date};
use super::late::is_behind;
use super::locked::note_locked;
use super::{Contents, Describe, Write, marker_on_top};
use crate::parameter::{Details, ParameterVersion};
use crate::record::{DeletionSource, Evidence, Presence, Record, TombstoneRecord};
use crate::timeline::{State, Timeline};

/// How many versions of a parameter Parameter Store keeps.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html>
const KEPT_VERSIONS: u64 = 100;

/// Whether a key's current version shows by itself that [`on_sweep`] has nothing to write, given what Parameter Store lists
/// of the parameter: it is that very version, recorded as the present one, and the bucket has all that history can still
/// hold below it. Tags that were not read (`None`) are not compared.
pub fn is_settled(listed: &Details, current: &Record) -> bool {
    let Evidence::Value(value) = &current.evidence else { return false };
    let same = value.identity() == (listed.version, listed.modified) && value.present != Presence::Superseded;
    let oldest = listed.version.saturating_sub(KEPT_VERSIONS - 1).max(1);
    same && value.floor <= oldest && (listed.tags.is_none() || listed.tags == value.details.tags)
}

/// What to write so that the bucket says of one name what Parameter Store says (`history` `None`: it does not exist).
///
/// Versions that the bucket lacks are written at their true times. A name that the bucket believes alive and that does
/// not exist gets a tombstone whose time is `now`: when it was deleted is not known, save that it was after `last_seen`, if
/// an earlier sweep saw it alive and unchanged then (see [`crate::sweep::SweepRecord::saw_unchanged`]). A name that lives, although the
/// bucket believes otherwise, is recorded again as confirmed. Nothing to write means that the two agree.
///
/// What Parameter Store says may be [`READ_LAG`](crate::record::READ_LAG) old. If it is older than what the bucket knows,
/// there is nothing to write: the next sweep decides.
pub fn on_sweep(
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    last_seen: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Write> {
    let history = history.filter(|history| !history.is_empty());
    if is_behind(history, contents, None, now) {
        return below_deletion(history, contents, now);
    }
    match history {
        Some(history) => {
            let mut writes = on_living(history, contents, now);
            note_locked(history, contents, &mut writes);
            writes
        }
        None => on_missing(contents, last_seen.filter(|seen| *seen < now), now),
    }
}

/// Whether a parameter that was not found must be looked at again before that is believed: a version of it is so young that
/// the read may be of the time before.
pub fn is_doubtfully_missing(contents: &Contents<'_>, now: Timestamp) -> bool {
    is_behind(None, contents, None, now)
}

/// As [`on_sweep`] of a name that was looked at several times, and was never there.
pub fn on_surely_missing(contents: &Contents<'_>, last_seen: Option<Timestamp>, now: Timestamp) -> Vec<Write> {
    let mut writes = on_missing(contents, last_seen.filter(|seen| *seen < now), now);
    for write in &mut writes {
        if let Write::Tombstone(tombstone) = write
            && tombstone.source == DeletionSource::Observed
        {
            tombstone.seen = Some(now);
        }
    }
    writes
}

/// What to write after deleting a parameter oneself: it lived, unchanged, at `seen` and is gone at `now`. The Delete event
/// will tell the second; should it be lost, this is evidence enough.
pub fn deleted_here(seen: Timestamp, now: Timestamp) -> Vec<Write> {
    observed(now, Some(seen), true)
}

fn observed(now: Timestamp, live: Option<Timestamp>, certain: bool) -> Vec<Write> {
    let (source, seen) = (DeletionSource::Observed, certain.then_some(now));
    let tombstone = TombstoneRecord { time: now, source, event: None, live, seen, lost: Vec::new() };
    vec![Write::Tombstone(tombstone), Write::DeleteMarker]
}

/// What to write of a name that exists.
pub(super) fn on_living(history: &[ParameterVersion], contents: &Contents<'_>, now: Timestamp) -> Vec<Write> {
    let mut writes = bring_up_to_date(history, contents, now);
    let Some(present) = history.last() else { return writes };
    let identity = present.identity();
    let describe = Describe::new(history, contents, now);
    let tags_changed = contents
        .value(identity)
        .is_some_and(|known| present.details.tags.is_some() && known.details.tags != present.details.tags);
    if writes.is_empty() && tags_changed {
        writes.extend(describe.present_again(contents, &[], Presence::Present));
    }
    let timeline = Timeline::new(contents.records().to_vec());
    let believed = match timeline.state_by(Timestamp::MAX) {
        State::Held(held) => match &held.record.evidence {
            Evidence::Value(value) => value.identity() == identity,
            _ => false,
        },
        _ => false,
    };
    // What is missing is being written; if nothing of the present version is, the bucket holds something against it, and so
    // does a deletion after it.
    let deleted_since =
        || contents.deletions().any(|deleted| deleted.as_second() > present.details.modified.as_second());
    if !believed && (contents.value(identity).is_some() || deleted_since()) {
        match writes.last_mut().and_then(Write::record_mut) {
            Some(record) if record.identity() == identity => record.present = Presence::Confirmed,
            _ => writes.extend(describe.present_again(contents, &[], Presence::Confirmed)),
        }
    }
    writes
}

/// What to write of a name that does not exist.
pub(super) fn on_missing(contents: &Contents<'_>, last_seen: Option<Timestamp>, now: Timestamp) -> Vec<Write> {
    let timeline = Timeline::new(contents.records().to_vec());
    if !timeline.is_tracked() {
        return Vec::new();
    }
    match timeline.state_by(Timestamp::MAX) {
        State::Absent(_) => marker_on_top(contents),
        State::Held(_) | State::Unknown(_) => observed(now, last_seen, false),
    }
}
