//! What to write for one event.

use jiff::{SignedDuration, Timestamp};

use super::contents::in_history;
use super::late::{ended_at_once, is_behind, is_early, is_over};
use super::locked::{note_locked, top_again};
use super::matching::{EventClock, Matched, match_version};
use super::sweep::{deleted_here, on_living, on_missing};
use super::{Contents, Describe, Write, carry, marked_again, tombstone_of};
use crate::event::{Change, Operation};
use crate::parameter::ParameterVersion;
use crate::record::{
    DeletionSource, EventReference, Evidence, LostVersion, Presence, Record, TombstoneRecord, pair_markers, times_agree,
};
use crate::timeline::{State, Timeline};

/// Whether the key's current version alone does not settle what to write, so that all of its versions must be read.
///
/// The usual event needs only the current version: it describes itself, belongs to the life that history shows, and
/// says from which version number on everything is recorded.
pub fn needs_all_records(
    change: &Change,
    clock: EventClock,
    history: Option<&[ParameterVersion]>,
    current: Option<&Record>,
) -> bool {
    let (Some(history), Some(current)) = (history, current) else { return true };
    let Evidence::Value(value) = &current.evidence else { return true };
    let known_life = in_history(history, value);
    let complete = history.first().is_some_and(|oldest| value.floor <= oldest.details.version);
    if !known_life || !complete {
        return true;
    }
    match change.operation {
        Operation::Create | Operation::Update => {
            let contents = Contents::new(std::slice::from_ref(current));
            match match_version(change, clock, history, &contents) {
                Matched::Gone => true,
                Matched::Version(index) => {
                    !history.get(index).is_some_and(|version| times_agree(change.time, version.details.modified))
                }
            }
        }
        Operation::LabelParameterVersion | Operation::PolicyNotification => false,
        Operation::Delete | Operation::PolicyExpiration | Operation::Other => true,
    }
}

/// What handling an event comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The writes, in the order in which they must be made.
    pub writes: Vec<Write>,
    /// Parameter Store does not show the change yet: the event must be handled again.
    pub early: bool,
}

impl Decision {
    fn settled(writes: Vec<Write>) -> Self {
        Self { writes, early: false }
    }

    fn early(writes: Vec<Write>) -> Self {
        Self { writes, early: true }
    }
}

/// What to write for an event, given what Parameter Store's history holds now (`None`: the parameter does not exist) and
/// what the bucket holds.
///
/// Both are doubted: the history may be [`READ_LAG`](crate::record::READ_LAG) old. What it shows is recorded, and a deletion
/// that an event reports as well, since both may be gone at the next look. What it lacks is awaited.
pub fn on_event(
    change: &Change,
    clock: EventClock,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> Decision {
    let history = history.filter(|history| !history.is_empty());
    let deletes = matches!(change.operation, Operation::Delete | Operation::PolicyExpiration);
    let deleted = deletes.then_some(change.time);
    let behind = clock == EventClock::Vouched && is_behind(history, contents, deleted, now);
    if is_early(change, clock, history, contents, now) {
        return Decision::early(known_meanwhile(change, history, contents, behind, now));
    }
    if behind {
        return Decision { writes: below_deletion(history, contents, now), early: !is_settled(change, contents) };
    }
    let mut writes = match (change.operation, history) {
        // An expiry is told when it is decided: only a life that began after it proves that it was carried out.
        (Operation::PolicyExpiration, Some(history)) if begins_after(history, change.time) => {
            on_deletion(change, Some(history), contents, now)
        }
        (Operation::Delete, Some(history)) if clock == EventClock::Vouched && is_over(history, change.time) => {
            // It lives on, unchanged, long after: it was not deleted. If that is recorded, it is taken back.
            on_living(history, contents, now)
        }
        (Operation::Delete, _) | (Operation::PolicyExpiration, None) => on_deletion(change, history, contents, now),
        (Operation::Create | Operation::Update, Some(history)) => {
            let mut writes = on_put(change, clock, history, contents, now);
            confirm(clock, history, contents, &mut writes);
            writes
        }
        (Operation::Create | Operation::Update, None) => on_put_of_missing(change, contents, now),
        (_, Some(history)) => {
            let mut writes = bring_up_to_date(history, contents, now);
            confirm(clock, history, contents, &mut writes);
            writes
        }
        (_, None) => Vec::new(),
    };
    // Of an event whose clock has nothing to do with Parameter Store's, versions are recorded at the event's time.
    let agrees = |version: &ParameterVersion| times_agree(change.time, version.details.modified);
    if let Some(history) = history.filter(|history| clock == EventClock::Vouched || history.iter().any(agrees)) {
        note_locked(history, contents, &mut writes);
    }
    writes.extend(history.and_then(|history| sighting(history, contents, &writes, now)));
    Decision::settled(writes)
}

/// Whether a deletion that [`on_event`] found early is so only because one look at a missing parameter may be older than a
/// version of the deletion's own second.
pub fn is_doubtfully_deleted(
    change: &Change,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> bool {
    let gone = history.is_none_or(<[ParameterVersion]>::is_empty);
    change.operation == Operation::Delete && gone && is_behind(None, contents, Some(change.time), now)
}

/// As [`on_event`] for the deletion of a parameter that was looked at several times, and was never there.
pub fn on_sure_deletion(change: &Change, contents: &Contents<'_>, now: Timestamp) -> Decision {
    let mut writes = on_deletion(change, None, contents, now);
    if let Some(told) = writes.iter().position(|write| matches!(write, Write::Tombstone(_))) {
        // The event tells a second that has a version as well; the looks, that nothing of it is left once that is over.
        let over = change.time.checked_add(SignedDuration::from_secs(1)).unwrap_or(now);
        let seen =
            deleted_here(change.time, now.max(over)).into_iter().filter(|write| matches!(write, Write::Tombstone(_)));
        writes.splice(told..told, seen);
    }
    Decision::settled(writes)
}

/// How old the last sighting of a version is before an event that writes nothing leaves a new one.
const SIGHTING_AGE: SignedDuration = SignedDuration::from_hours(1);

/// The present version again, as it was seen now. Should the event of its deletion be lost, it is known to have lived until
/// then. Not where something is written anyway, nor when it was seen a short while ago, so that doubled messages cost nothing.
fn sighting(history: &[ParameterVersion], contents: &Contents<'_>, writes: &[Write], now: Timestamp) -> Option<Write> {
    let present = history.last()?.identity();
    let on_top = match &contents.latest()?.evidence {
        Evidence::Value(value) => value.identity() == present && value.present != Presence::Superseded,
        _ => false,
    };
    let seen = contents.values().filter(|value| value.identity() == present).filter_map(|value| value.seen).max()?;
    let due = writes.is_empty() && on_top && now.duration_since(seen) >= SIGHTING_AGE;
    due.then(|| Describe::new(history, contents, now).present_again(contents, &[], Presence::Present)).flatten()
}

/// The versions that a late read still shows of a parameter whose deletion is recorded, below that deletion. Not where the
/// bucket knows of a newer version, which must stay on top.
pub(super) fn below_deletion(
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> Vec<Write> {
    let Some((history, shown)) = history.and_then(|history| Some((history, history.last()?.details.modified))) else {
        return Vec::new();
    };
    let tombstone = contents.records().iter().rev().find_map(tombstone_of);
    let Some(tombstone) = tombstone.filter(|_| contents.values().all(|value| value.details.modified <= shown)) else {
        return Vec::new();
    };
    let mut writes = missing(&Describe::new(history, contents, now), contents, None);
    if !writes.is_empty() {
        writes.extend(marked_again(tombstone));
    }
    writes
}

/// A present version that is put on top of a deletion after it, which is no news, shows that deletion to be false.
fn confirm(clock: EventClock, history: &[ParameterVersion], contents: &Contents<'_>, writes: &mut [Write]) {
    let Some(present) = history.last().filter(|_| clock == EventClock::Vouched) else { return };
    if let Some(record) = writes.last_mut().and_then(Write::record_mut)
        && record.identity() == present.identity()
        && contents.deleted_since(present.details.modified)
    {
        record.present = Presence::Confirmed;
    }
}

/// Whether the bucket needs nothing more of a change, whatever a read that is behind it shows.
fn is_settled(change: &Change, contents: &Contents<'_>) -> bool {
    match change.operation {
        Operation::Create | Operation::Update => contents.accounts_for(&lost(change)),
        Operation::Delete | Operation::PolicyExpiration => {
            recorded_deletion(change, contents).is_some_and(|tombstone| !tombstone.is_provisional())
        }
        // They report no change: that of the read which they caused is the business of its own event.
        Operation::LabelParameterVersion | Operation::PolicyNotification | Operation::Other => true,
    }
}

/// What an early event allows to record at once: the versions that are shown, which may be gone at the next look, and a
/// deletion. Not where the bucket knows of something newer, which must stay on top.
fn known_meanwhile(
    change: &Change,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    behind: bool,
    now: Timestamp,
) -> Vec<Write> {
    let Some(history) = history else { return Vec::new() };
    match change.operation {
        Operation::Delete if is_over(history, change.time) => {
            let newer =
                |value: &crate::record::ValueRecord| value.details.modified.as_second() > change.time.as_second();
            if contents.values().any(newer) {
                return Vec::new();
            }
            if recorded_deletion(change, contents).is_some() {
                return below_deletion(Some(history), contents, now);
            }
            let mut writes = missing(&Describe::new(history, contents, now), contents, None);
            writes.push(Write::Tombstone(TombstoneRecord {
                time: change.time,
                source: DeletionSource::Event,
                event: change.id.clone(),
                live: None,
                seen: None,
                lost: Vec::new(),
            }));
            writes.push(Write::DeleteMarker);
            writes
        }
        Operation::Create | Operation::Update | Operation::PolicyExpiration if !behind => {
            let describe = Describe::new(history, contents, now);
            let mut writes = missing(&describe, contents, None);
            if !writes.is_empty() {
                describe.present_on_top(contents, &mut writes);
            }
            writes
        }
        _ => Vec::new(),
    }
}

fn begins_after(history: &[ParameterVersion], time: Timestamp) -> bool {
    history.first().is_some_and(|first| first.details.version == 1 && first.details.modified > time)
}

/// Everything in history that the bucket lacks, oldest first, and the present version on top.
pub(super) fn bring_up_to_date(history: &[ParameterVersion], contents: &Contents<'_>, now: Timestamp) -> Vec<Write> {
    let describe = Describe::new(history, contents, now);
    let mut writes = missing(&describe, contents, None);
    describe.present_on_top(contents, &mut writes);
    writes
}

fn missing(describe: &Describe<'_>, contents: &Contents<'_>, matched: Option<(usize, &EventReference)>) -> Vec<Write> {
    (0..describe.history.len())
        .filter_map(|index| match matched {
            Some((at, event)) if at == index => {
                let recorded = is_recorded_for(describe.history, index, event, contents);
                (!recorded).then(|| describe.value(index, Some(event.clone()))).flatten()
            }
            _ => (!contents.has(describe.history, index)).then(|| describe.value(index, None)).flatten(),
        })
        .collect()
}

/// Whether a version is recorded as this event tells it: at all, where the two clocks agree; at the event's time, where
/// they have nothing to do with each other.
fn is_recorded_for(
    history: &[ParameterVersion],
    index: usize,
    event: &EventReference,
    contents: &Contents<'_>,
) -> bool {
    let Some(version) = history.get(index) else { return true };
    if times_agree(event.time, version.details.modified) {
        return contents.has(history, index);
    }
    let identity = version.identity();
    contents
        .values()
        .any(|value| value.identity() == identity && value.event.as_ref().is_some_and(|known| known.time == event.time))
}

fn on_put(
    change: &Change,
    clock: EventClock,
    history: &[ParameterVersion],
    contents: &Contents<'_>,
    now: Timestamp,
) -> Vec<Write> {
    let describe = Describe::new(history, contents, now);
    let event = EventReference { time: change.time, id: change.id.clone() };
    match match_version(change, clock, history, contents) {
        Matched::Version(index) => {
            // Of comparable clocks, Parameter Store's is the finer: a version that is recorded is not recorded again.
            let settled = clock == EventClock::Vouched && contents.has(history, index);
            let matched = (!settled).then_some((index, &event));
            let mut writes = missing(&describe, contents, matched);
            describe.present_on_top(contents, &mut writes);
            writes
        }
        Matched::Gone => {
            let mut writes = missing(&describe, contents, None);
            if contents.accounts_for(&lost(change)) {
                describe.present_on_top(contents, &mut writes);
            } else {
                if writes.is_empty() {
                    writes.extend(describe.present_again(contents, &[], Presence::Present));
                }
                if writes.is_empty() {
                    // The present version cannot be decrypted.
                    writes.extend(top_again(history, contents));
                }
                describe.present_on_top(contents, &mut writes);
                carry(lost(change), &mut writes);
            }
            writes
        }
    }
}

/// The parameter is gone before the change could be read.
fn on_put_of_missing(change: &Change, contents: &Contents<'_>, now: Timestamp) -> Vec<Write> {
    let records = contents.records();
    let told = |record: &Record| !matches!(record.evidence, Evidence::Unreadable(_));
    if !records.iter().any(told) || contents.accounts_for(&lost(change)) {
        return Vec::new();
    }
    let at_once = ended_at_once(change, contents);
    let ended = |tombstone: &&TombstoneRecord| {
        let (deleted, changed) = (tombstone.time.as_second(), change.time.as_second());
        match tombstone.source {
            DeletionSource::Event => deleted > changed || (at_once && deleted == changed),
            DeletionSource::Observed => tombstone.seen.is_some() && deleted > changed,
        }
    };
    let absent = matches!(Timeline::new(records.to_vec()).state_by(Timestamp::MAX), State::Absent(_));
    let mut tombstone = match records.iter().rev().filter_map(tombstone_of).find(ended) {
        Some(tombstone) if absent => TombstoneRecord { lost: Vec::new(), ..tombstone.clone() },
        // That it is not there is all that is known; its Delete event tells, or has told, since when.
        _ => TombstoneRecord {
            time: now,
            source: DeletionSource::Observed,
            event: None,
            live: None,
            seen: None,
            lost: Vec::new(),
        },
    };
    tombstone.lost.push(lost(change));
    vec![Write::Tombstone(tombstone), Write::DeleteMarker]
}

pub(super) fn lost(change: &Change) -> LostVersion {
    let created = change.operation == Operation::Create;
    LostVersion { time: change.time, created, event: change.id.clone(), locked: None }
}

fn on_deletion(
    change: &Change,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> Vec<Write> {
    let mut writes =
        history.map(|history| missing(&Describe::new(history, contents, now), contents, None)).unwrap_or_default();
    match recorded_deletion(change, contents).filter(|tombstone| !tombstone.is_provisional()) {
        None => {
            let live = history.and_then(|history| history.first()).map(|oldest| oldest.details.modified);
            writes.push(Write::Tombstone(TombstoneRecord {
                time: change.time,
                source: DeletionSource::Event,
                event: change.id.clone(),
                live,
                seen: Some(now),
                lost: Vec::new(),
            }));
            writes.push(Write::DeleteMarker);
        }
        Some(tombstone) if !is_marked(tombstone, contents) => writes.extend(marked_again(tombstone)),
        Some(_) => {}
    }
    match history {
        Some(history) => Describe::new(history, contents, now).present_on_top(contents, &mut writes),
        None if writes.is_empty() => writes = on_missing(contents, None, now),
        None => {}
    }
    writes
}

/// Whether any copy of a tombstone has its marker.
fn is_marked(tombstone: &TombstoneRecord, contents: &Contents<'_>) -> bool {
    let lone = pair_markers(contents.records()).lone_tombstones;
    let same = |other: &TombstoneRecord| other.time == tombstone.time && other.event == tombstone.event;
    let copies = contents.records().iter().enumerate().filter(|(_, record)| tombstone_of(record).is_some_and(same));
    copies.into_iter().any(|(position, _)| !lone.contains(&position))
}

fn recorded_deletion<'a>(change: &Change, contents: &Contents<'a>) -> Option<&'a TombstoneRecord> {
    let mut tombstones = contents.records().iter().filter_map(tombstone_of).filter(|tombstone| {
        tombstone.source == DeletionSource::Event
            && match (&tombstone.event, &change.id) {
                // Two events of one moment may be two deletions; where they are one, readers take them for one.
                (Some(known), Some(id)) => known == id,
                _ => tombstone.time == change.time,
            }
    });
    // What was recorded of it last says most.
    let first = tombstones.next()?;
    Some(tombstones.find(|tombstone| !tombstone.is_provisional()).filter(|_| first.is_provisional()).unwrap_or(first))
}
