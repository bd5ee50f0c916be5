//! Which stored versions have to be read to know the state at an instant.
//!
//! Two proofs allow to stop before all is read. From either on, the timeline of what was read is the timeline of
//! everything (the simulation compares the two for every answer).
//!
//! *An anchor*: what a stored version tells of happened before it was stored. So a version that was stored well before a
//! recorded change cannot tell anything about what came after that change. If all that was stored since is read, one may
//! stop at a version of the parameter that was in effect by the instant, alone in its second, and later than everything
//! unread was stored. Two things void this, and then all is read: a version that says that it happened after it was stored
//! (clocks that have nothing to do with each other), and a version of 0.5.2 that unread ones may prove wrong.
//!
//! *A link*: two consecutive versions of one life, the instant well between them. The later one names the earlier one's
//! time, so nothing else can have been true then, whatever else is stored.

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};

use super::Timeline;
use super::normalize::{LegacyPoint, ValuePoint, follows, gather, just_before};
use crate::record::{Evidence, MARKER_FOLLOWS, Presence, Record};
use crate::trash::looks_back_to;

/// How much later than its effect a version counts as stored: the clocks of Parameter Store, EventBridge and S3 agree
/// much better than this, and a marker follows its tombstone within it.
const MARGIN: SignedDuration = SignedDuration::from_secs(MARKER_FOLLOWS.as_secs() as i64);

/// Which versions to read first, of those stored at these times, oldest first: the newest one stored before `until` (or an
/// earlier one, where versions were stored within moments), and what was stored next.
pub fn initial_window(stored: &[Timestamp], until: Timestamp) -> Range<usize> {
    let begin = stored.partition_point(|time| *time < earlier(until)).saturating_sub(1);
    let by_then = stored.partition_point(|time| *time <= until);
    begin..(by_then + 1).max(begin + 2).min(stored.len())
}

/// Which versions to read next, right before or right after those of `looked`; `None`, if what has been read tells all
/// there is to know of `until`.
///
/// `read` are the versions of `looked`, as far as they are still there, in storage order; `stored` are the times of all
/// versions, oldest first.
pub fn next_window(
    stored: &[Timestamp],
    looked: &Range<usize>,
    read: &[Record],
    until: Timestamp,
) -> Option<Range<usize>> {
    let (begin, end) = (looked.start, looked.end.min(stored.len()));
    if has_link(read, begin == 0, until) {
        return None;
    }
    if end < stored.len() {
        // Where there is more than numbered versions a link is not to be expected.
        let values = read.iter().all(|record| matches!(record.evidence, Evidence::Value(_)));
        let further = if values { end.saturating_add(looked.len() * 2) } else { stored.len() };
        return Some(end..further.clamp(end + 1, stored.len()));
    }
    next_older(stored, begin, read, until)
}

/// What of a name has to be known, where a single time is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    All,
    /// All that happened from this time on, and what was true right before it.
    Since(Timestamp),
    /// How the name came to its end (see [`crate::trash::gone`]).
    End,
}

impl Reach {
    /// From which version on to read first, of those stored at these times, oldest first; on to the last one.
    pub fn first(self, stored: &[Timestamp]) -> usize {
        match self {
            Self::All => 0,
            // The newest version stored before it is mostly the one that was in effect.
            Self::Since(since) => stored.partition_point(|time| *time < since).saturating_sub(1),
            Self::End => stored.len().saturating_sub(1),
        }
    }

    /// Which older versions to read next, where all from `begin` on have been read; `None`, if the timeline of these tells
    /// what that of all would.
    ///
    /// `read` and `stored` are as in [`next_window`].
    pub fn next(self, stored: &[Timestamp], begin: usize, read: &[Record]) -> Option<Range<usize>> {
        let from = match self {
            _ if begin == 0 => return None,
            Self::All => Timestamp::MIN,
            Self::Since(since) => just_before(since),
            Self::End => looks_back_to(&Timeline::new(read.to_vec())),
        };
        next_older(stored, begin, read, from)
    }
}

/// Which older versions to read next, where all from `begin` on have been read; `None`, if these tell all there is to know
/// of the time from `since` on.
fn next_older(stored: &[Timestamp], begin: usize, read: &[Record], since: Timestamp) -> Option<Range<usize>> {
    let unread = stored.get(..begin).and_then(<[Timestamp]>::last)?;
    if is_anchored(read, *unread, since) {
        return None;
    }
    // Each step is half of what has been read, so that few steps read all.
    let step = (stored.len().saturating_sub(begin) / 2).max(1);
    Some(begin.saturating_sub(step)..begin)
}

/// Whether `until` lies well between a version and the one that says that it followed it; `from_first` says that there is
/// nothing older than what is read.
///
/// All that was stored by `until` since the first version that is read must be read: of a version's copies the one is
/// chosen that knew its tags by then.
fn has_link(read: &[Record], from_first: bool, until: Timestamp) -> bool {
    let gathered = gather(read);
    gathered.values.windows(2).any(|pair| {
        let [held, next] = pair else { return false };
        held.time <= earlier(until)
            && until <= earlier(next.time)
            && follows(held.record, next.record)
            && !held.unanchored
            && !next.unanchored
            && tells_its_tags(read, held, from_first, until)
    })
}

/// Whether no copy of this version that is unread may be the one that knew its tags at `until`.
fn tells_its_tags(read: &[Record], point: &ValuePoint<'_>, from_first: bool, until: Timestamp) -> bool {
    let copies = || point.copies.iter().filter_map(|&copy| read.get(copy));
    let value = |record: &Record, is: fn(&crate::record::ValueRecord) -> bool| match &record.evidence {
        Evidence::Value(value) => is(value),
        _ => false,
    };
    let tagged = |record: &Record| value(record, |value| value.details.tags.is_some());
    let by_then = copies().any(|record| tagged(record) && record.last_modified <= until);
    // What was superseded when it was first recorded has no tags in any later copy.
    let of_first = |record: &Record| tagged(record) || value(record, |value| value.present == Presence::Superseded);
    by_then || (from_first && copies().next().is_some_and(of_first))
}

/// Whether nothing that was stored at `unread` or before can change what `read` says of `until`.
fn is_anchored(read: &[Record], unread: Timestamp, until: Timestamp) -> bool {
    if read.iter().any(|record| told_time(record).is_some_and(|time| earlier(time) > record.last_modified)) {
        return false;
    }
    let gathered = gather(read);
    let anchors = |second: i64, time: Timestamp| {
        let in_second = |time: Timestamp| time.as_second() == second;
        let others = gathered.values.iter().filter(|point| in_second(point.time)).count()
            + gathered.legacy.iter().filter(|point| in_second(point.record.time)).count()
            + gathered.deletions.iter().filter(|deletion| in_second(deletion.time)).count()
            + gathered.markers.iter().filter(|marker| in_second(**marker)).count()
            + gathered.lost.iter().filter(|lost| in_second(lost.time)).count();
        let whole_second = Timestamp::from_second(second).unwrap_or(time);
        time <= until && unread < earlier(whole_second) && others == 1
    };
    let value = |point: &ValuePoint<'_>| anchors(point.time.as_second(), point.time);
    let legacy = |point: &LegacyPoint<'_>| {
        let time = point.record.time;
        anchors(time.as_second(), time)
            && gathered.values.iter().all(|value| !may_disprove(&gathered.values, value, time))
    };
    gathered.values.iter().any(value) || gathered.legacy.iter().any(legacy)
}

/// Whether a later version that continues an unread one says that nothing else happened at `time`.
fn may_disprove(values: &[ValuePoint<'_>], value: &ValuePoint<'_>, time: Timestamp) -> bool {
    let Some(previous) = value.record.previous else { return false };
    let number = value.record.details.version.saturating_sub(1);
    let known = values.iter().any(|other| other.record.identity() == (number, previous));
    value.time > time && !known
}

/// When a version says that it happened.
fn told_time(record: &Record) -> Option<Timestamp> {
    match &record.evidence {
        Evidence::Value(value) => Some(value.time.max(value.details.modified)),
        Evidence::Legacy(legacy) => Some(legacy.time),
        Evidence::Tombstone(tombstone) => Some(tombstone.time),
        Evidence::DeleteMarker | Evidence::Unreadable(_) => None,
    }
}

fn earlier(time: Timestamp) -> Timestamp {
    time.checked_sub(MARGIN).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Reach;
    use crate::event::Operation;
    use crate::testing::{Key, at, change, version};

    /// Twenty versions, one an hour, each stored 40 seconds later with its tags, if they can be read.
    fn recorded_hourly(tagged: bool) -> Key {
        let mut key = Key::default();
        let mut history = Vec::new();
        for hour in 0..20 {
            history.push(version(hour + 1, &format!("{hour:02}:00:00.5"), "value"));
            let operation = if hour == 0 { Operation::Create } else { Operation::Update };
            let told = change(operation, &format!("{hour:02}:00:00"));
            let mut seen = history.clone();
            if let (Some(present), true) = (seen.last_mut(), tagged) {
                present.details.tags = Some(BTreeMap::new());
            }
            key.event(&told, Some(&seen), &format!("{hour:02}:00:40"));
        }
        key
    }

    fn hourly() -> Key {
        recorded_hourly(true)
    }

    #[test]
    fn the_present_takes_one_version() {
        let key = hourly();
        assert_eq!(key.read_for(at("23:00:00")), 1);
        assert_eq!(key.read_for(at("19:30:00")), 1);
    }

    #[test]
    fn an_earlier_time_takes_the_version_and_its_successor() {
        let key = hourly();
        assert_eq!(key.read_for(at("18:30:00")), 2);
        assert_eq!(key.read_for(at("10:30:00")), 2);
        assert_eq!(key.read_for(at("00:30:00")), 2);
    }

    #[test]
    fn without_tags_an_earlier_copy_may_have_them_and_all_that_was_stored_since_is_read() {
        let key = recorded_hourly(false);
        assert_eq!(key.read_for(at("10:30:00")), 10);
        assert_eq!(key.read_for(at("00:30:00")), 20);
    }

    #[test]
    fn near_a_change_all_that_was_stored_since_is_read() {
        let key = hourly();
        // Clocks differ: the version of 10:00:00.5 may count as of a moment later.
        assert_eq!(key.read_for(at("10:00:20")), 11);
        assert_eq!(key.read_for(at("10:59:30")), 10);
    }

    #[test]
    fn a_missing_successor_takes_what_was_stored_since() {
        let mut key = hourly();
        key.records.remove(11);
        assert_eq!(key.read_for(at("10:30:00")), 9);
    }

    #[test]
    fn an_instant_before_the_delivery_takes_no_more() {
        let key = hourly();
        // Version 20 was in effect at 19:00:20 and is stored at 19:00:40.
        assert_eq!(key.read_for(at("19:00:20")), 2);
        assert_eq!(key.read_for(at("18:59:59")), 2);
    }

    #[test]
    fn a_deletion_takes_the_version_before_it() {
        let mut key = hourly();
        key.event(&change(Operation::Delete, "20:00:00"), None, "20:00:30");
        // Marker, tombstone, and the version that anchors them.
        assert_eq!(key.read_for(at("22:00:00")), 3);
        assert_eq!(key.read_for(at("19:30:00")), 3);
    }

    #[test]
    fn what_was_backfilled_is_read() {
        let mut key = Key::default();
        let history: Vec<_> = (0..20).map(|hour| version(hour + 1, &format!("{hour:02}:00:00.5"), "value")).collect();
        key.sweep(Some(&history), "21:00:00");
        assert_eq!(key.read_for(at("00:30:00")), 2);
        assert_eq!(key.read_for(at("10:30:00")), 18);
        assert_eq!(key.read_for(at("19:30:00")), 20);
        assert_eq!(key.read_for(at("22:00:00")), 20);
    }

    #[test]
    fn versions_of_the_original_take_no_more() {
        let mut key = Key::default();
        for hour in 0..20 {
            key.legacy(&format!("{hour:02}:00:00"), &format!("{hour:02}:00:31"), "value");
        }
        assert_eq!(key.read_for(at("22:00:00")), 1);
        assert_eq!(key.read_for(at("15:30:00")), 5);
    }

    #[test]
    fn a_log_since_a_time_takes_what_was_stored_since_and_the_version_before() {
        let key = hourly();
        assert_eq!(key.reached(Reach::Since(at("23:00:00"))), 1);
        assert_eq!(key.reached(Reach::Since(at("17:30:00"))), 3);
        assert_eq!(key.reached(Reach::Since(at("10:30:00"))), 10);
        // What was in effect right before it is told as well.
        assert_eq!(key.reached(Reach::Since(at("18:00:00.5"))), 3);
        assert_eq!(key.reached(Reach::All), 20);
    }

    #[test]
    fn the_end_of_a_name_takes_its_deletion_and_the_version_before() {
        let mut key = hourly();
        assert_eq!(key.reached(Reach::End), 1);
        key.event(&change(Operation::Delete, "20:00:00"), None, "20:00:30");
        assert_eq!(key.reached(Reach::End), 3);
        let mut found = hourly();
        found.sweep(None, "21:00:00");
        assert_eq!(found.reached(Reach::End), 3);
        let mut unreadable = Key { records: hourly().records.split_off(18), bodies: vec![] };
        for record in &mut unreadable.records {
            record.evidence = crate::record::Evidence::Unreadable(crate::record::Unreadable::Foreign);
        }
        assert_eq!(unreadable.reached(Reach::End), 2);
    }

    #[test]
    fn a_time_later_than_its_storing_voids_the_bound() {
        let mut key = Key::default();
        key.legacy("10:00:00", "09:00:00", "early");
        key.legacy("03:00:00", "11:00:00", "late");
        key.legacy("12:00:00", "11:30:00", "voids");
        assert_eq!(key.read_for(at("12:00:00")), 3);
    }
}
