//! Which stored versions are evidence: copies counted once, markers paired, contradicted leftovers set aside.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::record::{
    DeletionSource, Evidence, LegacyRecord, LostVersion, Presence, READ_LAG, Record, TombstoneRecord, ValueRecord,
    accounts_for_change, pair_markers, times_agree,
};

/// A version of the parameter at the time it came into effect; copies of one version are one of these.
pub(super) struct ValuePoint<'a> {
    pub record: &'a ValueRecord,
    pub time: Timestamp,
    /// Positions of all its copies, in storage order.
    pub copies: Vec<usize>,
    /// Its predecessor was set aside, see [`in_order_of_versions`]: nothing follows from its number for the time before.
    pub unanchored: bool,
    /// Whether it had a successor when it was recorded, and that is not.
    pub successor_missing: bool,
    /// Whether every later version of its life and second is recorded: it was the present one when its second was over,
    /// or a recorded successor is of a later second or as complete.
    pub complete: bool,
    /// When it was last seen to be the present version.
    pub seen: Option<Timestamp>,
}

/// A deletion.
pub(super) struct Deletion {
    pub time: Timestamp,
    pub source: DeletionSource,
    /// As in [`TombstoneRecord::live`].
    pub live: Option<Timestamp>,
    /// Whether its time is known to the second alone.
    pub whole_second: bool,
    /// If it says no more than that the parameter was missing when a deletion's event was handled: the time of that event.
    pub afterwards: Option<Timestamp>,
    /// Whether it was found by several reads, of which not all can have lagged.
    pub certain: bool,
    /// When its event was first handled: it happened before.
    pub handled: Option<Timestamp>,
    /// Whether an incarnation that had begun well before its second was still shown when its event was handled: it ended that
    /// one, and what began in its second came after it.
    pub of_earlier: bool,
    /// Whether an incarnation began so close to the look that handled its event that the look may have been before it.
    pub doubtful: bool,
}

/// A version as the original recorded it.
pub(super) struct LegacyPoint<'a> {
    pub record: &'a LegacyRecord,
    pub position: usize,
}

/// The evidence about one name.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    pub values: Vec<ValuePoint<'a>>,
    pub deletions: Vec<Deletion>,
    pub legacy: Vec<LegacyPoint<'a>>,
    /// Delete markers without a tombstone, at their LastModified.
    pub markers: Vec<Timestamp>,
    pub lost: Vec<LostVersion>,
}

pub(super) fn gather(records: &[Record]) -> Gathered<'_> {
    let mut gathered = Gathered { values: values(records), ..Gathered::default() };
    for (position, record) in records.iter().enumerate() {
        match &record.evidence {
            Evidence::Tombstone(tombstone) => {
                gathered.lost.extend(tombstone.lost.iter().cloned());
                if !confirmed_through(records, tombstone.time) && !is_overtaken(records, tombstone) {
                    add_deletion(&mut gathered.deletions, tombstone);
                }
            }
            Evidence::Value(value) => gathered.lost.extend(value.lost.iter().cloned()),
            Evidence::Legacy(legacy) => gathered.legacy.push(LegacyPoint { record: legacy, position }),
            Evidence::DeleteMarker | Evidence::Unreadable(_) => {}
        }
    }
    gathered.markers = pair_markers(records)
        .lone_markers
        .into_iter()
        .filter(|&position| !outlived(records, position))
        .filter_map(|position| Some(records.get(position)?.last_modified))
        .collect();
    gathered.markers.retain(|&time| !inside_a_life(&gathered.values, time));
    let values = &gathered.values;
    gathered.legacy.retain(|point| !contradicted(values, point.record.time));
    gathered.legacy.sort_by_key(|point| (point.record.time, point.position));
    gathered.lost.retain(|lost| !recovered(&gathered.values, lost) && !confirmed_through(records, lost.time));
    find_locked_successors(&mut gathered);
    settle_deletions(&mut gathered);
    gathered.lost.sort_by(|a, b| (a.time, !a.created, &a.event).cmp(&(b.time, !b.created, &b.event)));
    gathered.lost.dedup();
    gathered.deletions.sort_by_key(|deletion| deletion.time);
    gathered
}

/// A version is in effect until its successor, whether that could be decrypted or not. All that Parameter Store had when the
/// successor was noted is recorded or noted like it, so that no other life is hidden between the two.
fn find_locked_successors(gathered: &mut Gathered<'_>) {
    let Gathered { values, deletions, lost, .. } = gathered;
    let times: Vec<Timestamp> = values.iter().map(|point| point.record.details.modified).collect();
    for point in values.iter_mut().filter(|point| point.successor_missing) {
        let (version, modified) = point.record.identity();
        let between = |successor: Timestamp, time: Timestamp| modified < time && time < successor;
        let is_next = |next: &LostVersion| {
            next.locked == Some(version + 1)
                && next.time >= modified
                && !times.iter().any(|time| between(next.time, *time))
                && !deletions.iter().any(|deletion| between(next.time, deletion.time))
                && !lost.iter().any(|lost| lost.created && between(next.time, lost.time))
        };
        point.successor_missing = !lost.iter().any(is_next);
    }
}

/// The numbered versions in order: by second, then by life and number.
fn values(records: &[Record]) -> Vec<ValuePoint<'_>> {
    let mut by_identity: BTreeMap<(Timestamp, u64), Vec<(usize, &ValueRecord)>> = BTreeMap::new();
    for (position, record) in records.iter().enumerate() {
        if let Evidence::Value(value) = &record.evidence {
            let (version, modified) = value.identity();
            by_identity.entry((modified, version)).or_default().push((position, value));
        }
    }
    let mut points = Vec::new();
    for copies in by_identity.into_values() {
        let positions: Vec<usize> = copies.iter().map(|(position, _)| *position).collect();
        // The event's time is authoritative: a copy that was matched to an event overrules those that were not.
        let confirmed = copies.iter().any(|(_, value)| value.event.is_some());
        let mut times: BTreeMap<Timestamp, &ValueRecord> = BTreeMap::new();
        for (_, value) in copies {
            if value.event.is_some() || !confirmed {
                // A copy that was written when its predecessor could be seen links the two.
                let known = times.entry(value.time).or_insert(value);
                if known.previous.is_none() {
                    *known = value;
                }
            }
        }
        points.extend(times.into_iter().map(|(time, record)| ValuePoint {
            record,
            time,
            copies: positions.clone(),
            unanchored: false,
            successor_missing: false,
            complete: false,
            seen: None,
        }));
    }
    points.sort_by_key(|point| (point.time.as_second(), point.record.details.modified, point.record.details.version));
    let mut points = in_order_of_versions(points);
    let mut next: Option<(&ValueRecord, Timestamp, bool)> = None;
    for point in points.iter_mut().rev() {
        let successor = next.filter(|(later, _, _)| follows(point.record, later));
        let second = point.time.as_second();
        let later = successor.is_some_and(|(_, time, complete)| time.as_second() > second || complete);
        let copies = || point.copies.iter().filter_map(|&copy| value_of(records.get(copy)?));
        point.seen = copies().filter_map(|value| value.seen).max().map(shown_by);
        point.successor_missing = successor.is_none() && copies().all(|value| value.present == Presence::Superseded);
        let outlived = point.seen.is_some_and(|seen| seen.as_second() > second);
        point.complete = outlived || later;
        next = Some((point.record, point.time, point.complete));
    }
    points
}

/// Where events and Parameter Store go by different clocks, a version without an event may seem to come after its
/// successor. A version never does: it is set aside, and nothing is concluded from its number.
fn in_order_of_versions(points: Vec<ValuePoint<'_>>) -> Vec<ValuePoint<'_>> {
    let mut by_life: Vec<usize> = (0..points.len()).collect();
    by_life.sort_by_key(|&i| (points[i].record.details.modified, points[i].record.details.version, points[i].time));
    let mut misplaced = vec![false; points.len()];
    let mut successor: Option<(usize, Timestamp)> = None;
    for &index in by_life.iter().rev() {
        let point = &points[index];
        let bound = successor.filter(|(later, _)| follows(point.record, points[*later].record)).map(|(_, time)| time);
        misplaced[index] = bound.is_some_and(|bound| bound < point.time);
        successor = Some((index, bound.map_or(point.time, |bound| bound.min(point.time))));
    }
    if !misplaced.contains(&true) {
        return points;
    }
    let aside: Vec<(u64, Timestamp)> =
        points.iter().zip(&misplaced).filter(|(_, aside)| **aside).map(|(point, _)| point.record.identity()).collect();
    let mut kept: Vec<ValuePoint<'_>> =
        points.into_iter().zip(misplaced).filter(|(_, aside)| !aside).map(|(point, _)| point).collect();
    for point in &mut kept {
        let predecessor = point.record.previous.map(|modified| (point.record.details.version - 1, modified));
        point.unanchored = predecessor.is_some_and(|identity| aside.contains(&identity));
    }
    kept
}

/// Whether `later` is the next version of the same life as `earlier`.
pub(super) fn follows(earlier: &ValueRecord, later: &ValueRecord) -> bool {
    later.details.version == earlier.details.version + 1 && later.previous == Some(earlier.details.modified)
}

fn value_of(record: &Record) -> Option<&ValueRecord> {
    match &record.evidence {
        Evidence::Value(value) => Some(value),
        _ => None,
    }
}

/// Whether a deletion that was recorded before Parameter Store showed it was recorded again since.
fn is_overtaken(records: &[Record], tombstone: &TombstoneRecord) -> bool {
    let later = |record: &Record| matches!(&record.evidence, Evidence::Tombstone(other) if !other.is_provisional() && other.is_same_deletion(tombstone));
    tombstone.is_provisional() && records.iter().any(later)
}

/// What cannot have happened inside of an incarnation is set aside. A parameter that was found missing by a read that may
/// have lagged was so before the incarnation that began meanwhile; if that was to handle a deletion's event, it says nothing.
fn settle_deletions(gathered: &mut Gathered<'_>) {
    let Gathered { values, deletions, lost, legacy, markers } = gathered;
    let began_meanwhile = |deletion: &Deletion| {
        let within = |began: &Timestamp| *began <= deletion.time && deletion.time.duration_since(*began) < READ_LAG;
        let created = lost.iter().filter(|lost| lost.created).map(|lost| lost.time);
        // Of a later version whose predecessors have expired it is not known that they lived before that.
        let lived_before = |point: &&ValuePoint<'_>| {
            let previous = point.record.previous.filter(|_| point.record.details.version > 1);
            previous.is_some_and(|previous| deletion.time.duration_since(previous) >= READ_LAG)
        };
        let began = values.iter().filter(|point| !lived_before(point)).map(|point| point.time);
        began.chain(created).filter(within).min()
    };
    let told: Vec<Timestamp> = deletions.iter().map(|deletion| deletion.time).collect();
    let knows_before = |time: Timestamp| {
        let earlier = |known: Timestamp| known < time;
        values.iter().any(|point| earlier(point.time))
            || lost.iter().any(|lost| earlier(lost.time))
            || legacy.iter().any(|point| earlier(point.record.time))
            || told.iter().chain(&*markers).any(|known| earlier(*known))
    };
    let mut dropped: Vec<Timestamp> = Vec::new();
    deletions.retain_mut(|deletion| {
        if deletion.source == DeletionSource::Observed
            && !deletion.certain
            && let Some(began) = began_meanwhile(deletion)
        {
            deletion.time = just_before(began);
            dropped.extend(deletion.afterwards);
            // That it was missing before its first record says of nothing that it was deleted.
            return deletion.afterwards.is_none() && knows_before(began);
        }
        !happened_inside(values, deletion)
    });
    // Several looks at the end of its second leave no doubt.
    let certain: Vec<Timestamp> = deletions.iter().filter(|d| d.certain).map(|d| d.time).collect();
    for deletion in deletions.iter_mut().filter(|deletion| deletion.source == DeletionSource::Event) {
        deletion.doubtful = deletion.live.is_none()
            && dropped.contains(&deletion.time)
            && !certain.contains(&next_second(deletion.time));
    }
    // An expiry and its deletion are one: what was seen alive when the one was handled came after both.
    let seen_alive: Vec<Timestamp> =
        deletions.iter().filter(|d| d.source == DeletionSource::Event && d.live.is_some()).map(|d| d.time).collect();
    let told_again = |deletion: &Deletion| deletion.source == DeletionSource::Event && deletion.live.is_none();
    deletions.retain(|deletion| !told_again(deletion) || !seen_alive.contains(&deletion.time));
}

/// Whether a deletion, wherever in its second, lies between two consecutive versions of one incarnation.
fn happened_inside(values: &[ValuePoint<'_>], deletion: &Deletion) -> bool {
    let until = if deletion.whole_second { next_second(deletion.time) } else { deletion.time };
    values.windows(2).any(|pair| match pair {
        [earlier, later] => {
            follows(earlier.record, later.record)
                && !later.unanchored
                && earlier.time < deletion.time
                && until <= later.time
        }
        _ => false,
    })
}

fn next_second(time: Timestamp) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}

fn add_deletion(deletions: &mut Vec<Deletion>, tombstone: &TombstoneRecord) {
    // A life that began within the clocks' agreement before the deletion's time began after the deletion.
    let recreated = tombstone.live.filter(|live| {
        tombstone.source == DeletionSource::Event
            && *live <= tombstone.time
            && tombstone.time.duration_since(*live) <= SignedDuration::from_secs(2)
    });
    let deletion = Deletion {
        time: recreated.map_or(tombstone.time, just_before),
        source: tombstone.source,
        live: tombstone.live,
        whole_second: recreated.is_none() && tombstone.time.subsec_nanosecond() == 0,
        afterwards: None,
        certain: tombstone.source == DeletionSource::Observed && tombstone.seen.is_some(),
        handled: tombstone.seen.filter(|_| tombstone.source == DeletionSource::Event),
        of_earlier: tombstone.is_provisional(),
        doubtful: false,
    };
    // A tombstone that was written again (to carry a lost version) is one deletion; so are an expiry and its deletion.
    let known = |d: &Deletion| d.time == deletion.time && d.source == deletion.source && d.live == deletion.live;
    if !deletions.iter().any(known) {
        deletions.push(deletion);
    }
    // Whoever handled the event found the parameter missing, whatever had become of it since.
    if let (DeletionSource::Event, None, Some(seen)) = (tombstone.source, tombstone.live, tombstone.seen) {
        let source = DeletionSource::Observed;
        let afterwards = Some(tombstone.time);
        deletions.push(Deletion {
            time: seen,
            source,
            live: None,
            whole_second: false,
            afterwards,
            certain: false,
            handled: None,
            of_earlier: false,
            doubtful: false,
        });
    }
}

/// Until when at least what a read at `seen` showed was true: the read may have lagged.
fn shown_by(seen: Timestamp) -> Timestamp {
    seen.checked_sub(READ_LAG).unwrap_or(Timestamp::MIN)
}

/// The nanosecond before.
pub(super) fn just_before(time: Timestamp) -> Timestamp {
    time.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}

/// A sweep found a version present that was in effect before `time` and never changed since: nothing happened then.
fn confirmed_through(records: &[Record], time: Timestamp) -> bool {
    records.iter().any(|record| match &record.evidence {
        Evidence::Value(value) => {
            let shown = value.seen.map(shown_by);
            value.present == Presence::Confirmed && value.time < time && shown.is_some_and(|shown| time <= shown)
        }
        _ => false,
    })
}

/// Whether a version that was in effect before this marker was found present after it: the marker came late.
fn outlived(records: &[Record], marker: usize) -> bool {
    // Nothing was stored after the current version of a key.
    let Some(stored) = records.get(marker).filter(|record| !record.is_latest).map(|record| record.last_modified) else {
        return false;
    };
    let is_gone = records.iter().any(|record| record.is_latest && matches!(record.evidence, Evidence::DeleteMarker));
    // What is gone in the end was deleted at some time: by this marker, if nothing else tells of it.
    let told_since = |time: Timestamp| {
        records.iter().any(|record| match &record.evidence {
            Evidence::Tombstone(tombstone) => tombstone.time.as_second() >= time.as_second(),
            _ => false,
        })
    };
    records.iter().any(|record| match &record.evidence {
        Evidence::Value(value) => {
            // Within one second a listing does not tell which came first; ours follow their markers.
            let same_second = record.last_modified == stored && (!is_gone || told_since(value.time));
            let after = record.last_modified > stored || same_second;
            value.present != Presence::Superseded && after && value.time <= stored
        }
        _ => false,
    })
}

/// Whether `time` lies between two consecutive versions of one life: nothing else can have been true then.
fn inside_a_life(values: &[ValuePoint<'_>], time: Timestamp) -> bool {
    values.windows(2).any(|pair| match pair {
        [earlier, later] => {
            follows(earlier.record, later.record) && earlier.time <= time && time < later.time && !later.unanchored
        }
        _ => false,
    })
}

/// Whether a version recorded by the original adds nothing to, or contradicts, what Parameter Store's own history says.
fn contradicted(values: &[ValuePoint<'_>], time: Timestamp) -> bool {
    // Here the seconds must be the same: what the original wrote beside us within the clocks' agreement may be another
    // version, while the same one a second off does no harm.
    let second = time.as_second();
    let same = |point: &ValuePoint<'_>| {
        point.time.as_second() == second || point.record.details.modified.as_second() == second
    };
    let attested = |point: &ValuePoint<'_>| {
        times_agree(point.time, point.record.details.modified)
            && point.time <= time
            && point.seen.is_some_and(|seen| time <= seen)
    };
    values.iter().any(|point| same(point) || attested(point)) || inside_a_life(values, time)
}

/// Whether a version reported as lost is in the bucket after all (or shows as a gap in the numbers), or cannot have been:
/// two consecutive versions of one incarnation leave no room for it.
fn recovered(values: &[ValuePoint<'_>], lost: &LostVersion) -> bool {
    values.iter().any(|point| accounts_for_change(point.record, point.complete, lost))
        || (inside_a_life(values, lost.time) && inside_a_life(values, just_before(next_second(lost.time))))
}
