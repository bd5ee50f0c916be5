//! What to write when looking a parameter over without an event: at the first seeding, at any later sweep, and before a restore.

use jiff::Timestamp;

use super::event::bring_up_to_date;
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
pub fn on_sweep(
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    last_seen: Option<Timestamp>,
    now: Timestamp,
) -> Vec<Write> {
    match history.filter(|history| !history.is_empty()) {
        Some(history) => on_living(history, contents, now),
        None => on_missing(contents, last_seen.filter(|seen| *seen < now), now),
    }
}

/// What to write after deleting a parameter oneself: it lived, unchanged, at `seen` and is gone at `now`. The Delete event
/// will tell the second; should it be lost, this is evidence enough.
pub fn deleted_here(seen: Timestamp, now: Timestamp) -> Vec<Write> {
    observed(now, Some(seen))
}

fn observed(now: Timestamp, live: Option<Timestamp>) -> Vec<Write> {
    let source = DeletionSource::Observed;
    let tombstone = TombstoneRecord { time: now, source, event: None, live, seen: None, lost: Vec::new() };
    vec![Write::Tombstone(tombstone), Write::DeleteMarker]
}

fn on_living(history: &[ParameterVersion], contents: &Contents<'_>, now: Timestamp) -> Vec<Write> {
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
    // What is missing is being written; if nothing of the present version is, the bucket holds something against it.
    if !believed && contents.value(identity).is_some() {
        match writes.last_mut() {
            Some(Write::Value { record, .. }) if record.identity() == identity => record.present = Presence::Confirmed,
            _ => writes.extend(describe.present_again(contents, &[], Presence::Confirmed)),
        }
    }
    writes
}

fn on_missing(contents: &Contents<'_>, last_seen: Option<Timestamp>, now: Timestamp) -> Vec<Write> {
    let timeline = Timeline::new(contents.records().to_vec());
    if !timeline.is_tracked() {
        return Vec::new();
    }
    match timeline.state_by(Timestamp::MAX) {
        State::Absent(_) => marker_on_top(contents),
        State::Held(_) | State::Unknown(_) => observed(now, last_seen),
    }
}
