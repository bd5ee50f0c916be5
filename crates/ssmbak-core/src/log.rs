//! The changes of a parameter, one after the other: from a timeline to the entries of a log.
//!
//! Whether the value changed is told by its size where that differs. Where it does not, the two versions have to be read
//! ([`ValueChange::InDoubt`]): an S3 ETag tells of the content only for objects without KMS encryption, and a listing
//! does not say which these are.

use jiff::Timestamp;

use crate::compare::{Attributes, changed_attributes};
use crate::plan::Field;
use crate::record::{Evidence, Record};
use crate::timeline::{Absence, Segment, SegmentState, State, Timeline, Unknown};

/// One change, or a span of time of which the changes are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened, or since when it is not known; `None`: since ever.
    pub time: Option<Timestamp>,
    /// Of an unknown span: where it ends; `None`: it has not.
    pub until: Option<Timestamp>,
    /// What happened.
    pub operation: Operation,
    /// The version that came into effect; of a deletion the one that ended.
    pub record: Option<Record>,
    /// The version before, where it is known which it was.
    pub before: Option<Record>,
    /// The attributes that changed, the value not among them.
    pub fields: Vec<Field>,
    /// Whether the value changed.
    pub value: ValueChange,
    /// Why it is not known, or how a deletion is known where no event told of it.
    pub reason: Option<String>,
    /// Where the entry stands among others: the moment at which the state changed.
    order: Timestamp,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It came into being.
    Create,
    /// It changed.
    Update,
    /// It went.
    Delete,
    /// It is not known what happened.
    Unknown,
}

impl Operation {
    /// `create`, `update`, `delete` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether a change changed the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueChange {
    /// There is nothing to compare with.
    NotCompared,
    /// It did: the sizes differ.
    Changed,
    /// Both have the same size: only the bodies can tell.
    InDoubt,
}

impl Entry {
    /// Where it stands among the entries of other names.
    pub fn order(&self) -> Timestamp {
        self.order
    }

    /// Whether any of it lies between two times, ends included.
    pub fn is_within(&self, since: Option<Timestamp>, until: Option<Timestamp>) -> bool {
        let begins = self.time.unwrap_or(Timestamp::MIN);
        let ends = match self.operation {
            Operation::Unknown if self.record.is_none() => self.until.unwrap_or(Timestamp::MAX),
            _ => begins,
        };
        since.is_none_or(|since| ends >= since) && until.is_none_or(|until| begins <= until)
    }
}

/// The changes that a timeline tells of, oldest first.
pub fn entries(timeline: &Timeline) -> Vec<Entry> {
    let segments = timeline.segments();
    let mut entries = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| segments.get(before));
        let next = segments.get(index + 1);
        entries.extend(match &segment.state {
            SegmentState::Held(_) => held(timeline, segment, before),
            SegmentState::Absent(Absence::NotYetCreated(_)) => None,
            SegmentState::Absent(Absence::Deleted(at)) => Some(deleted(timeline, segment, *at, before)),
            SegmentState::Unknown(reason) => Some(unknown(segment, reason, next)),
        });
    }
    entries
}

/// A version came into effect; `None` if it is the one that was in effect before.
fn held(timeline: &Timeline, segment: &Segment, before: Option<&Segment>) -> Option<Entry> {
    let record = record_at(timeline, segment.from)?;
    let previous = before.and_then(|before| match before.state {
        // Tags have no history: of the copies of the version before, the one that was there until now.
        SegmentState::Held(_) => record_at(timeline, just_before(segment.from)),
        _ => None,
    });
    let number = |record: &Record| match &record.evidence {
        Evidence::Value(value) => Some(value.identity()),
        _ => None,
    };
    if let Some(previous) = previous
        && number(record).is_some()
        && number(record) == number(previous)
    {
        return None;
    }
    let (operation, reason) = match (number(record), before.map(|before| &before.state)) {
        (Some((1, _)), _) | (None, Some(SegmentState::Absent(_))) => (Operation::Create, None),
        (Some(_), _) | (None, Some(SegmentState::Held(_))) => (Operation::Update, None),
        (None, _) => {
            (Operation::Unknown, Some("it was created or changed: nothing is recorded of the time before".to_owned()))
        }
    };
    let attributes = previous.and_then(Attributes::of_record).zip(Attributes::of_record(record));
    Some(Entry {
        time: Some(segment.from),
        until: None,
        operation,
        fields: attributes.map(|(before, after)| changed_attributes(before, after)).unwrap_or_default(),
        value: match previous {
            None => ValueChange::NotCompared,
            Some(previous) if previous.size != record.size => ValueChange::Changed,
            Some(_) => ValueChange::InDoubt,
        },
        record: Some(record.clone()),
        before: previous.cloned(),
        reason,
        order: segment.from,
    })
}

fn deleted(timeline: &Timeline, segment: &Segment, at: Timestamp, before: Option<&Segment>) -> Entry {
    let unnoticed = before.is_some_and(
        |before| matches!(before.state, SegmentState::Unknown(Unknown::DeletedUnnoticed { until }) if until == at),
    );
    let ended = before.filter(|before| matches!(before.state, SegmentState::Held(_)));
    Entry {
        time: Some(at),
        until: None,
        operation: Operation::Delete,
        record: ended.and_then(|_| record_at(timeline, just_before(segment.from))).cloned(),
        before: None,
        fields: Vec::new(),
        value: ValueChange::NotCompared,
        reason: unnoticed.then(|| "it was found missing: it was deleted at some moment before".to_owned()),
        order: segment.from,
    }
}

fn unknown(segment: &Segment, reason: &Unknown, next: Option<&Segment>) -> Entry {
    Entry {
        time: (segment.from > Timestamp::MIN).then_some(segment.from),
        until: next.map(|next| next.from),
        operation: Operation::Unknown,
        record: None,
        before: None,
        fields: Vec::new(),
        value: ValueChange::NotCompared,
        reason: Some(reason.to_string()),
        order: segment.from,
    }
}

fn record_at(timeline: &Timeline, time: Timestamp) -> Option<&Record> {
    match timeline.state_by(time) {
        State::Held(held) => Some(held.record),
        State::Absent(_) | State::Unknown(_) => None,
    }
}

fn just_before(time: Timestamp) -> Timestamp {
    time.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Operation::{Create, Delete, Update};
    use crate::parameter::ParameterType;
    use crate::testing::{Key, at, change, version};

    /// `time operation fields value reason`, one line each.
    fn shown(key: &Key) -> String {
        let lines: Vec<String> = entries(&Timeline::new(key.records.clone()))
            .iter()
            .map(|entry| {
                let time = entry.time.map_or("-".to_owned(), |time| time.strftime("%H:%M:%S").to_string());
                let until = entry.until.map_or(String::new(), |time| format!("–{}", time.strftime("%H:%M:%S")));
                let fields: Vec<&str> = entry.fields.iter().map(|field| field.as_str()).collect();
                let version = match entry.record.as_ref().map(|record| &record.evidence) {
                    Some(Evidence::Value(value)) => format!("v{}", value.details.version),
                    Some(_) => "v?".to_owned(),
                    None => "-".to_owned(),
                };
                let reason = entry.reason.as_deref().unwrap_or_default();
                let operation = entry.operation.as_str();
                format!("{time}{until} {operation} {version} [{}] {:?} {reason}", fields.join(" "), entry.value)
            })
            .collect();
        lines.join("\n").lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_change_is_an_entry_with_what_changed() {
        let mut key = Key::default();
        let mut history = vec![version(1, "12:00:00.1", "a")];
        key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
        history.push(version(2, "12:10:00.1", "bb"));
        let mut third = version(3, "12:20:00.1", "cc");
        third.parameter_type = ParameterType::SecureString;
        third.description = Some("secret now".to_owned());
        key.event(&change(Update, "12:10:00"), Some(&history), "12:10:01");
        history.push(third);
        key.event(&change(Update, "12:20:00"), Some(&history), "12:20:01");
        key.event(&change(Delete, "12:30:00"), None, "12:30:01");
        insta::assert_snapshot!(shown(&key), @r"
        12:00:00 create v1 [] NotCompared
        12:10:00 update v2 [] Changed
        12:20:00 update v3 [Type Description] InDoubt
        12:30:00 delete v3 [] NotCompared
        ");
    }

    #[test]
    fn gaps_and_uncertain_times_are_entries_of_their_own() {
        let mut key = Key::default();
        key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
        let later = [version(5, "12:30:00.1", "e")];
        key.sweep(Some(&later), "12:31:00");
        key.sweep(None, "13:00:00");
        key.sweep(Some(&[version(1, "13:30:00.1", "new")]), "13:31:00");
        insta::assert_snapshot!(shown(&key), @r"
        12:00:00 create v1 [] NotCompared
        12:00:00–12:30:00 unknown - [] NotCompared versions 2 to 4 were never recorded
        12:30:00 update v5 [] NotCompared
        12:30:00–13:00:00 unknown - [] NotCompared it was deleted at an unrecorded time before 2026-03-01T13:00:00Z
        13:00:00 delete - [] NotCompared it was found missing: it was deleted at some moment before
        13:30:00 create v1 [] NotCompared
        ");
    }

    #[test]
    fn what_the_original_recorded_is_told_as_far_as_it_goes() {
        let mut key = Key::default();
        key.legacy("12:00:00", "12:00:31", "a");
        key.legacy("12:10:00", "12:10:31", "b");
        key.legacy_delete("12:20:31");
        key.legacy("12:30:00", "12:30:31", "c");
        insta::assert_snapshot!(shown(&key), @r"
        -–12:00:00 unknown - [] NotCompared its first record is later, of 2026-03-01T12:00:00Z
        12:00:00 unknown v? [] NotCompared it was created or changed: nothing is recorded of the time before
        12:10:00 update v? [] InDoubt
        12:20:31 delete v? [] NotCompared
        12:30:00 create v? [] NotCompared
        ");
    }

    #[test]
    fn copies_of_a_version_are_one_change() {
        let mut key = Key::default();
        let history = [version(1, "12:00:00.1", "a")];
        key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
        let mut tagged = history.clone();
        tagged[0].details.tags = Some([("a".to_owned(), "b".to_owned())].into());
        key.sweep(Some(&tagged), "13:00:00");
        assert_eq!(key.records.len(), 2);
        assert_eq!(entries(&Timeline::new(key.records)).len(), 1);
    }

    #[test]
    fn an_entry_is_within_a_window_if_any_of_it_is() {
        let mut key = Key::default();
        key.event(&change(Update, "12:00:00"), Some(&[version(4, "12:00:00.1", "a")]), "12:00:01");
        let entries = entries(&Timeline::new(key.records));
        let [unknown, update] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!((unknown.operation, unknown.time), (Operation::Unknown, None));
        let (before, after) = (at("11:00:00"), at("13:00:00"));
        assert!(unknown.is_within(Some(before), Some(after)) && update.is_within(Some(before), Some(after)));
        assert!(!unknown.is_within(Some(after), None) && !update.is_within(Some(after), None));
        assert!(unknown.is_within(None, Some(before)) && !update.is_within(None, Some(before)));
        assert!(unknown.is_within(None, None) && update.is_within(None, None));
    }
}
