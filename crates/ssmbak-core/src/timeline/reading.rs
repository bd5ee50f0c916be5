//! Which stored versions have to be read to know the state at an instant.
//!
//! What a stored version tells of happened before it was stored. So a version that was stored well before a recorded change
//! cannot tell anything about what came after that change. Reading backwards from the latest, one may stop at an *anchor*:
//! a version of the parameter that was in effect by the instant, alone in its second, and later than everything unread was
//! stored. From the anchor on, the timeline of what was read is the timeline of everything (the simulation compares the two
//! for every answer).
//!
//! Two things void the bound, and then all is read: a version that says that it happened after it was stored (clocks that
//! have nothing to do with each other), and a version of 0.5.2 that unread ones may prove wrong.

use jiff::{SignedDuration, Timestamp};

use super::gather::{LegacyPoint, ValuePoint, gather};
use crate::record::{Evidence, MARKER_FOLLOWS, Record};

/// How much later than its effect a version counts as stored: the clocks of Parameter Store, EventBridge and S3 agree
/// much better than this, and a marker follows its tombstone within it.
const MARGIN: SignedDuration = SignedDuration::from_secs(MARKER_FOLLOWS.as_secs() as i64);

/// Where to begin to read, of versions stored at these times, oldest first: at the newest one stored before `until`, or
/// earlier, where versions were stored within moments.
pub fn first_look(stored: &[Timestamp], until: Timestamp) -> usize {
    let begin = stored.partition_point(|time| *time < earlier(until));
    begin.saturating_sub(1)
}

/// Where to go on, having read from `begin` on: `None`, if what has been read tells all there is to know of `until`.
///
/// `read` are the versions stored from `begin` on, as far as they are still there, in storage order; `stored` are the times
/// of all versions, oldest first.
pub fn next_look(stored: &[Timestamp], begin: usize, read: &[Record], until: Timestamp) -> Option<usize> {
    let unread = stored.get(..begin).and_then(<[Timestamp]>::last)?;
    if is_enough(read, *unread, until) {
        return None;
    }
    // Each step is half of what has been read, so that few steps read all.
    let step = (stored.len().saturating_sub(begin) / 2).max(1);
    Some(begin.saturating_sub(step))
}

/// Whether nothing that was stored at `unread` or before can change what `read` says of `until`.
fn is_enough(read: &[Record], unread: Timestamp, until: Timestamp) -> bool {
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
    use crate::event::Operation;
    use crate::testing::{Key, at, change, version};

    /// Twenty versions, one an hour, each stored 40 seconds later.
    fn hourly() -> Key {
        let mut key = Key::default();
        let mut history = Vec::new();
        for hour in 0..20 {
            history.push(version(hour + 1, &format!("{hour:02}:00:00.5"), "value"));
            let operation = if hour == 0 { Operation::Create } else { Operation::Update };
            let told = change(operation, &format!("{hour:02}:00:00"));
            key.event(&told, Some(&history), &format!("{hour:02}:00:40"));
        }
        key
    }

    #[test]
    fn the_present_takes_one_version() {
        let key = hourly();
        assert_eq!(key.read_for(at("23:00:00")), 1);
        assert_eq!(key.read_for(at("19:30:00")), 1);
    }

    #[test]
    fn an_earlier_time_takes_what_was_stored_since() {
        let key = hourly();
        assert_eq!(key.read_for(at("18:30:00")), 2);
        assert_eq!(key.read_for(at("10:30:00")), 10);
        assert_eq!(key.read_for(at("00:30:00")), 20);
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
        assert_eq!(key.read_for(at("10:30:00")), 20);
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
    fn a_time_later_than_its_storing_voids_the_bound() {
        let mut key = Key::default();
        key.legacy("10:00:00", "09:00:00", "early");
        key.legacy("03:00:00", "11:00:00", "late");
        key.legacy("12:00:00", "11:30:00", "voids");
        assert_eq!(key.read_for(at("12:00:00")), 3);
    }
}
