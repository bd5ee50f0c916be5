//! Puts the evidence in order and draws the segments.

use jiff::{SignedDuration, Timestamp};

use super::normalize::{Deletion, Gathered, LegacyPoint, ValuePoint, follows};
use super::{Absence, Segment, SegmentState, Unknown};
use crate::record::{DeletionSource, Evidence, LostVersion, Record, ValueRecord};

/// One piece of evidence on its way through [`Walk`].
pub(super) enum Point<'g, 'a> {
    Value(&'g ValuePoint<'a>),
    Deletion(&'g Deletion),
    Legacy(&'g LegacyPoint<'a>),
    Marker(Timestamp),
    Lost(&'g LostVersion),
}

impl Point<'_, '_> {
    pub(super) fn time(&self) -> Timestamp {
        match self {
            Self::Value(point) => point.time,
            Self::Deletion(deletion) => deletion.time,
            Self::Legacy(point) => point.record.time,
            Self::Marker(time) => *time,
            Self::Lost(lost) => lost.time,
        }
    }

    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Legacy(_) => 0,
            Self::Marker(_) => 1,
            Self::Deletion(_) => 2,
            Self::Value(_) => 3,
            Self::Lost(_) => 4,
        }
    }
}

pub(super) fn segments(records: &[Record], gathered: Gathered<'_>) -> Vec<Segment> {
    let mut walk = Walk::new(records);
    let Gathered { values, deletions, legacy, markers, lost } = &gathered;
    let mut points: Vec<Point<'_, '_>> = values.iter().map(Point::Value).collect();
    points.extend(deletions.iter().map(Point::Deletion));
    points.extend(legacy.iter().map(Point::Legacy));
    points.extend(markers.iter().copied().map(Point::Marker));
    points.extend(lost.iter().map(Point::Lost));
    points.sort_by_key(|point| point.time().as_second());
    for group in points.chunk_by(|a, b| a.time().as_second() == b.time().as_second()) {
        walk.second(group);
    }
    walk.finish()
}

pub(super) struct Walk<'a> {
    pub(super) records: &'a [Record],
    segments: Vec<Segment>,
    pub(super) current: Current<'a>,
    suspended: Option<Suspended<'a>>,
    /// Until when the current version is known to have been in effect.
    attested: Option<Timestamp>,
}

/// A version that was in effect until lost ones followed: whether it lasted until the first of them depends on how many
/// the numbers say there were.
struct Suspended<'a> {
    version: &'a ValueRecord,
    segment: usize,
    /// When.
    lost: Vec<Timestamp>,
}

#[derive(Clone, Copy)]
pub(super) enum Current<'a> {
    /// Nothing has been seen yet.
    Start,
    Value(&'a ValueRecord),
    Legacy,
    Absent,
    Unknown,
}

impl<'a> Walk<'a> {
    fn new(records: &'a [Record]) -> Self {
        Self { records, segments: Vec::new(), current: Current::Start, suspended: None, attested: None }
    }

    pub(super) fn leads_to(&self, next: &ValuePoint<'a>) -> bool {
        matches!(self.current, Current::Value(version)
            if follows(version, next.record) || version.identity() == next.record.identity())
    }

    pub(super) fn point(&mut self, point: &Point<'_, 'a>) {
        match point {
            Point::Value(value) => self.value(value),
            Point::Deletion(deletion) => self.deletion(deletion, deletion.time),
            Point::Legacy(legacy) => {
                // What was in effect before those that were lost cannot be told by numbers across it.
                self.suspended = None;
                self.begin_unknown_before(legacy.record.time);
                self.push(legacy.record.time, SegmentState::Held(vec![legacy.position]));
                self.current = Current::Legacy;
            }
            Point::Marker(time) => {
                self.suspended = None;
                self.begin_unknown_before(*time);
                self.push(*time, SegmentState::Absent(Absence::Deleted(*time)));
                self.current = Current::Absent;
            }
            Point::Lost(lost) => self.lost(lost),
        }
    }

    fn value(&mut self, point: &ValuePoint<'a>) {
        let record = point.record;
        let (version, time) = (record.details.version, point.time);
        self.settle_suspended(record);
        match self.current {
            _ if point.unanchored => self.begin_unknown_before(time),
            Current::Start if version == 1 => {
                self.push(Timestamp::MIN, SegmentState::Absent(Absence::NotYetCreated(time)));
            }
            Current::Start | Current::Unknown => self.begin_unknown_before(time),
            Current::Value(before) if follows(before, record) || before.identity() == record.identity() => {}
            Current::Value(before) if version > before.details.version => {
                let missing = Unknown::VersionsMissing { after: before.details.version, before: version };
                self.unknown_since_last(missing);
            }
            Current::Value(_) => self.unknown_since_last(Unknown::DeletedUnnoticed { until: time }),
            Current::Legacy if version == 1 => self.unknown_since_last(Unknown::DeletedUnnoticed { until: time }),
            Current::Legacy => {}
            Current::Absent if version == 1 => {}
            Current::Absent => self.unknown_since_last(Unknown::CreatedUnnoticed { until: time }),
        }
        self.push(time, SegmentState::Held(point.copies.clone()));
        self.current = Current::Value(record);
        self.attested = point.seen.filter(|seen| *seen > time);
        if point.successor_missing {
            self.unknown_since_last(Unknown::SuccessorMissing(version));
            self.current = Current::Unknown;
        }
    }

    pub(super) fn deletion(&mut self, deletion: &Deletion, time: Timestamp) {
        let observed = deletion.source == DeletionSource::Observed;
        self.suspended = None;
        match self.current {
            Current::Absent => {
                // The same deletion told twice (two events, an expiry and its event, a later look) says nothing new.
                let since = self.segments.last().map_or(Timestamp::MIN, |segment| segment.from);
                if observed || time.duration_since(since) <= SignedDuration::from_secs(2) {
                    return;
                }
                self.unknown_since_last(Unknown::CreatedUnnoticed { until: time });
            }
            Current::Start => self.begin_unknown_before(time),
            Current::Value(_) | Current::Legacy if observed => {
                let reason = Unknown::DeletedUnnoticed { until: time };
                match deletion.live {
                    Some(seen) => {
                        self.attested = self.attested.max(Some(seen));
                        self.unknown_since_last(reason);
                    }
                    None => self.unknown_since_last(reason),
                }
            }
            Current::Value(_) | Current::Legacy | Current::Unknown => {}
        }
        self.push(time, SegmentState::Absent(Absence::Deleted(deletion.time)));
        self.current = Current::Absent;
    }

    /// The life in effect ended at an unrecorded time, and another began at `until`.
    pub(super) fn ended_unnoticed(&mut self, until: Timestamp) {
        self.suspended = None;
        self.unknown_since_last(Unknown::DeletedUnnoticed { until });
        self.current = Current::Unknown;
    }

    /// Whether what began at `time` outlived its second is not known.
    pub(super) fn doubtful_since(&mut self, time: Timestamp) {
        let until = Timestamp::from_second(time.as_second() + 1).unwrap_or(time);
        self.unknown_since_last(Unknown::DeletedUnnoticed { until });
        self.current = Current::Unknown;
    }

    pub(super) fn lost(&mut self, lost: &LostVersion) {
        match (&mut self.suspended, self.current) {
            (Some(suspended), _) => suspended.lost.push(lost.time),
            (None, Current::Value(version)) if !lost.created => {
                let segment = self.segments.len().saturating_sub(1);
                self.suspended = Some(Suspended { version, segment, lost: vec![lost.time] });
            }
            _ => {}
        }
        match self.current {
            Current::Start if lost.created => {
                self.push(Timestamp::MIN, SegmentState::Absent(Absence::NotYetCreated(lost.time)));
            }
            Current::Start => self.begin_unknown_before(lost.time),
            Current::Absent if !lost.created => {
                self.unknown_since_last(Unknown::CreatedUnnoticed { until: lost.time });
            }
            Current::Value(_) | Current::Legacy if lost.created => {
                self.unknown_since_last(Unknown::DeletedUnnoticed { until: lost.time });
            }
            _ => {}
        }
        let reason = match lost.locked {
            Some(version) => Unknown::ValueLocked { version, time: lost.time },
            None => Unknown::ValueLost(lost.time),
        };
        self.push(lost.time, SegmentState::Unknown(reason));
        self.current = Current::Unknown;
    }

    /// More versions are missing than were reported lost: any of them may have come before the first report. Or fewer:
    /// there was another life in between, and those that were lost may be of that one.
    fn settle_suspended(&mut self, next: &ValueRecord) {
        let Some(Suspended { version: before, segment, lost }) = self.suspended.take() else { return };
        let version = next.details.version;
        let missing = version.checked_sub(before.details.version + 1);
        // One of this version's own second may be this version.
        let others = lost.iter().filter(|time| time.as_second() != next.time.as_second()).count() as u64;
        let lost = lost.len() as u64;
        let reason = match missing {
            Some(missing) if missing > others && !follows(before, next) => {
                Unknown::VersionsMissing { after: before.details.version, before: version }
            }
            Some(missing) if missing == lost || follows(before, next) => return,
            _ if lost + 2 <= version => {
                let until = self.segments.get(segment + 1).map_or(next.time, |after| after.from);
                Unknown::DeletedUnnoticed { until }
            }
            _ => return,
        };
        self.segments.truncate(segment + 1);
        self.unknown_since_last(reason);
    }

    /// If nothing has been seen yet, the time before the first evidence is unknown.
    fn begin_unknown_before(&mut self, first: Timestamp) {
        if matches!(self.current, Current::Start) {
            self.push(Timestamp::MIN, SegmentState::Unknown(Unknown::BeforeFirstRecord(first)));
        }
    }

    /// What the last segment says holds for its first instant alone, or until it was last seen.
    fn unknown_since_last(&mut self, reason: Unknown) {
        let last = self.segments.last().map_or(Timestamp::MIN, |segment| segment.from);
        let seen = self.attested.filter(|_| matches!(self.current, Current::Value(_)));
        let last = seen.map_or(last, |seen| last.max(seen));
        let after = last.checked_add(SignedDuration::from_nanos(1)).unwrap_or(last);
        self.push(after, SegmentState::Unknown(reason));
    }

    fn push(&mut self, from: Timestamp, state: SegmentState) {
        let from = self.segments.last().map_or(Timestamp::MIN, |segment| segment.from).max(from);
        // Of two segments that begin together the first has no length.
        if self.segments.last().is_some_and(|last| last.from == from) {
            self.segments.pop();
        }
        // The first segment begins at the beginning of time, whoever draws it.
        let from = if self.segments.is_empty() { Timestamp::MIN } else { from };
        self.segments.push(Segment { from, state });
    }

    fn finish(mut self) -> Vec<Segment> {
        if self.segments.is_empty() {
            let unreadable = self.records.iter().find_map(|record| match &record.evidence {
                Evidence::Unreadable(reason) => Some(Unknown::Unreadable(reason.clone())),
                _ => None,
            });
            let reason = unreadable.unwrap_or(Unknown::NothingRecorded);
            self.segments.push(Segment { from: Timestamp::MIN, state: SegmentState::Unknown(reason) });
        }
        self.segments
    }
}
