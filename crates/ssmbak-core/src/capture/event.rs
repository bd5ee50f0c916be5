//! What to write for one event.

use jiff::Timestamp;

use super::contents::in_history;
use super::matching::{EventClock, Matched, match_version};
use super::{Contents, Describe, Write, carry, marked_again, marker_on_top, tombstone_of};
use crate::event::{Change, Operation};
use crate::parameter::ParameterVersion;
use crate::record::{
    DeletionSource, EventReference, Evidence, LostVersion, Record, TombstoneRecord, pair_markers, times_agree,
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

/// What to write for an event, given what Parameter Store's history holds now (`None`: the parameter does not exist) and
/// what the bucket holds.
pub fn on_event(
    change: &Change,
    clock: EventClock,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> Vec<Write> {
    let history = history.filter(|history| !history.is_empty());
    match (change.operation, history) {
        // An expiry is told when it is decided: only a life that began after it proves that it was carried out.
        (Operation::PolicyExpiration, Some(history)) if begins_after(history, change.time) => {
            on_deletion(change, Some(history), contents, now)
        }
        (Operation::Delete, _) | (Operation::PolicyExpiration, None) => on_deletion(change, history, contents, now),
        (Operation::Create | Operation::Update, Some(history)) => on_put(change, clock, history, contents, now),
        (Operation::Create | Operation::Update, None) => on_put_of_missing(change, contents, now),
        (_, Some(history)) => bring_up_to_date(history, contents, now),
        (_, None) => Vec::new(),
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
                    writes.extend(describe.present_again(contents, &[], crate::record::Presence::Present));
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
    let timeline = Timeline::new(records.to_vec());
    let last_tombstone = records.iter().rev().find_map(tombstone_of);
    let mut tombstone = match (timeline.state_by(Timestamp::MAX), last_tombstone) {
        (State::Absent(_), Some(tombstone)) => TombstoneRecord { lost: Vec::new(), ..tombstone.clone() },
        // The bucket believes it alive: that it is not is all that is known; its Delete event will tell when.
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

fn lost(change: &Change) -> LostVersion {
    LostVersion { time: change.time, created: change.operation == Operation::Create, event: change.id.clone() }
}

fn on_deletion(
    change: &Change,
    history: Option<&[ParameterVersion]>,
    contents: &Contents<'_>,
    now: Timestamp,
) -> Vec<Write> {
    let mut writes =
        history.map(|history| missing(&Describe::new(history, contents, now), contents, None)).unwrap_or_default();
    match recorded_deletion(change, contents) {
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
        None if writes.is_empty() => writes = marker_on_top(contents),
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
    contents.records().iter().filter_map(tombstone_of).find(|tombstone| {
        tombstone.source == DeletionSource::Event
            && match (&tombstone.event, &change.id) {
                // Two events of one moment may be two deletions; where they are one, readers take them for one.
                (Some(known), Some(id)) => known == id,
                _ => tombstone.time == change.time,
            }
    })
}
