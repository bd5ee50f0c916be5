//! Deleted parameters that can be restored: the end of a timeline, for a name that does not exist now.

use crate::unknown::{ReasonCode, UnknownReason};
use jiff::Timestamp;

use crate::record::Record;
use crate::timeline::{Absence, Segment, SegmentState, State, Timeline, Unknown};

/// A name that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// When it went.
    pub deleted: Deleted,
    /// How that is known.
    pub evidence: GoneBy,
    /// The last version before it went.
    pub last: Last,
}

/// When a name went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// At this time.
    At(Timestamp),
    /// At some moment between these two; `before` `None`: it has been found missing only now.
    Between {
        /// When it was last known to exist; `None`: that is not recorded.
        after: Option<Timestamp>,
        /// When it was found missing.
        before: Option<Timestamp>,
    },
}

impl Deleted {
    /// The latest moment at which it can have gone; `None`: now.
    pub fn latest(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Between { before, .. } => before,
        }
    }

    /// Whether it ended a version that began then. Events have whole seconds: what began in that one may have come after.
    pub fn is_after(self, began: Timestamp) -> bool {
        self.latest().is_some_and(|latest| began.as_second() < latest.as_second())
    }
}

/// How it is known that a name is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoneBy {
    /// Its deletion is recorded at its time.
    Recorded,
    /// It was found missing, and that is recorded.
    FoundMissing,
    /// It is missing now, and the bucket does not know of it.
    MissingNow,
}

impl GoneBy {
    /// `recorded`, `found missing` or `missing now`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::FoundMissing => "found missing",
            Self::MissingNow => "missing now",
        }
    }
}

/// The last version before a name went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Last {
    /// This one, and since when it was in effect.
    Known {
        /// The stored version to read it from.
        record: Box<Record>,
        /// When it came into effect.
        since: Timestamp,
    },
    /// It is not known, for this reason.
    Unknown(UnknownReason),
}

/// How a name that does not exist now came to its end; `None` if the bucket has nothing that says it ever existed.
pub fn gone(timeline: &Timeline) -> Option<Gone> {
    let segments = timeline.segments();
    let (end, earlier) = segments.split_last()?;
    match &end.state {
        SegmentState::Absent(Absence::NotYetCreated(_)) => None,
        SegmentState::Absent(Absence::Deleted(at)) => Some(deleted(timeline, end, *at, earlier)),
        SegmentState::Held(_) => Some(missing_now(timeline, end, last(timeline, Timestamp::MAX))),
        SegmentState::Unknown(_) if !timeline.is_tracked() => None,
        SegmentState::Unknown(reason) => Some(missing_now(timeline, end, Last::Unknown(reason.into()))),
    }
}

/// From when on a timeline must be right, so that [`gone`] is: the end and the versions before it are all that it looks at.
pub fn looks_back_to(timeline: &Timeline) -> Timestamp {
    let Some((end, earlier)) = timeline.segments().split_last() else { return Timestamp::MIN };
    match (&end.state, earlier) {
        (SegmentState::Absent(Absence::Deleted(at)), [.., known, before]) if is_unnoticed(before, *at) => {
            // If nothing is known to have been in effect, an older record may tell of it.
            if matches!(known.state, SegmentState::Held(_)) { known.from } else { Timestamp::MIN }
        }
        (SegmentState::Absent(Absence::Deleted(_)), [.., before]) => before.from,
        (SegmentState::Held(_) | SegmentState::Unknown(_), _) => end.from,
        (SegmentState::Absent(_), _) => Timestamp::MIN,
    }
}

/// Whether a deletion was found at this time, and nobody looked during the segment before it.
fn is_unnoticed(before: &Segment, at: Timestamp) -> bool {
    matches!(before.state, SegmentState::Unknown(Unknown::DeletedUnnoticed { until }) if until == at)
}

fn deleted(timeline: &Timeline, end: &Segment, at: Timestamp, earlier: &[Segment]) -> Gone {
    let before = earlier.last();
    let unnoticed = before.filter(|before| is_unnoticed(before, at));
    let Some(unnoticed) = unnoticed else {
        let last = match before.map(|before| &before.state) {
            Some(SegmentState::Held(_)) => last(timeline, just_before(end.from)),
            // The deletion itself is that first record.
            Some(SegmentState::Unknown(Unknown::BeforeFirstRecord(_))) => {
                let message = "its value was never recorded";
                Last::Unknown(UnknownReason::new(ReasonCode::BeforeFirstRecord, message))
            }
            Some(SegmentState::Unknown(reason)) => Last::Unknown(reason.into()),
            Some(SegmentState::Absent(_)) | None => Last::Unknown(UnknownReason::nothing_recorded()),
        };
        return Gone { deleted: Deleted::At(at), evidence: GoneBy::Recorded, last };
    };
    // Between its last sighting and this nobody looked: the version that was last seen is the one to restore.
    let known = earlier.len().checked_sub(2).and_then(|index| earlier.get(index));
    let held = known.filter(|segment| matches!(segment.state, SegmentState::Held(_)));
    let last = match held {
        Some(_) => last(timeline, just_before(unnoticed.from)),
        None => Last::Unknown(Unknown::DeletedUnnoticed { until: at }.into()),
    };
    let after = held.map(|_| just_before(unnoticed.from));
    Gone { deleted: Deleted::Between { after, before: Some(at) }, evidence: GoneBy::FoundMissing, last }
}

fn missing_now(timeline: &Timeline, end: &Segment, last: Last) -> Gone {
    let seen = match &last {
        Last::Known { record, since } => Some(seen(timeline, record).unwrap_or(*since).max(*since)),
        Last::Unknown(_) => Some(end.from).filter(|from| *from > Timestamp::MIN),
    };
    Gone { deleted: Deleted::Between { after: seen, before: None }, evidence: GoneBy::MissingNow, last }
}

/// When any copy of this version was last seen to be the present one.
fn seen(timeline: &Timeline, of: &Record) -> Option<Timestamp> {
    use crate::record::Evidence::Value;
    let Value(of) = &of.evidence else { return None };
    let copies = timeline.records().iter().filter_map(|record| match &record.evidence {
        Value(value) if value.identity() == of.identity() => value.seen,
        _ => None,
    });
    copies.max()
}

fn last(timeline: &Timeline, at: Timestamp) -> Last {
    match timeline.state_by(at) {
        State::Held(held) => Last::Known { record: Box::new(held.record.clone()), since: held.since },
        State::Absent(_) => Last::Unknown(UnknownReason::nothing_recorded()),
        State::Unknown(reason) => Last::Unknown(reason.into()),
    }
}

fn just_before(time: Timestamp) -> Timestamp {
    time.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Operation::{Create, Delete, Update};
    use crate::testing::{Key, change, version};

    /// `evidence [after, before] last`.
    fn shown(key: &Key) -> String {
        let Some(gone) = gone(&Timeline::new(key.records.clone())) else { return "nothing".to_owned() };
        let time = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| time.strftime("%H:%M:%S").to_string());
        let when = match gone.deleted {
            Deleted::At(at) => time(Some(at)),
            Deleted::Between { after, before } => format!("{}..{}", time(after), time(before)),
        };
        let last = match gone.last {
            Last::Known { record, .. } => {
                let position = key.records.iter().position(|other| *other == *record).unwrap();
                key.bodies[position].clone()
            }
            Last::Unknown(reason) => format!("? {reason}"),
        };
        format!("{} {when} {last}", gone.evidence.as_str())
    }

    #[test]
    fn a_recorded_deletion_has_its_time_and_the_version_before_it() {
        let mut key = Key::default();
        let history = [version(1, "12:00:00.1", "a"), version(2, "12:10:00.1", "b")];
        key.event(&change(Create, "12:00:00"), Some(&history[..1]), "12:00:01");
        key.event(&change(Update, "12:10:00"), Some(&history), "12:10:01");
        key.event(&change(Delete, "12:20:00"), None, "12:20:01");
        assert_eq!(shown(&key), "recorded 12:20:00 b");
    }

    #[test]
    fn what_was_found_missing_comes_back_as_it_was_last_seen() {
        let mut key = Key::default();
        key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
        assert_eq!(shown(&key), "missing now 12:00:01..- a");
        key.sweep(None, "13:00:00");
        assert_eq!(shown(&key), "found missing 12:00:00..13:00:00 a");
    }

    #[test]
    fn a_value_that_was_never_recorded_cannot_come_back() {
        let mut key = Key::default();
        key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
        key.event(&change(Update, "12:10:00"), None, "12:20:30");
        key.event(&change(Delete, "12:20:00"), None, "12:20:31");
        let shown = shown(&key);
        assert!(shown.starts_with("recorded 12:20:00 ? it changed at"), "{shown}");
    }

    #[test]
    fn of_what_was_deleted_before_anything_was_recorded_that_is_told() {
        let mut key = Key::default();
        key.event(&change(Delete, "12:20:00"), None, "12:20:31");
        assert_eq!(shown(&key), "recorded 12:20:00 ? its value was never recorded");
    }

    #[test]
    fn a_deletion_of_the_original_counts() {
        let mut key = Key::default();
        key.legacy("12:00:00", "12:00:31", "a");
        key.legacy_delete("12:20:31");
        assert_eq!(shown(&key), "recorded 12:20:31 a");
        key.legacy("12:30:00", "12:30:31", "b");
        assert_eq!(shown(&key), "missing now 12:30:00..- b");
    }

    #[test]
    fn what_never_was_is_not_gone() {
        assert_eq!(shown(&Key::default()), "nothing");
        let mut key = Key::default();
        key.legacy_delete("12:20:31");
        assert!(shown(&key).starts_with("recorded 12:20:31 ? "), "{}", shown(&key));
    }
}
