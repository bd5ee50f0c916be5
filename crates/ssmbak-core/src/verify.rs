//! Whether the bucket says of a name what Parameter Store says.

use jiff::Timestamp;

use crate::parameter::CurrentParameter;
use crate::record::{Evidence, times_agree};
use crate::timeline::{Absence, Segment, SegmentState, State, Timeline, Unknown};

/// What is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind of thing it is.
    pub kind: FindingKind,
    /// One sentence about it.
    pub message: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// It exists and was never recorded.
    Missing,
    /// What the bucket takes for its present state is not.
    Stale,
    /// Versions of it were never recorded.
    Gap,
    /// It does not exist, and the bucket does not know of a deletion.
    Zombie,
    /// A stored version cannot be read.
    Unreadable,
    /// An event told of a change that is not recorded.
    Unknown,
}

impl FindingKind {
    /// The name that programs know it by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Stale => "stale",
            Self::Gap => "gap",
            Self::Zombie => "zombie",
            Self::Unreadable => "unreadable",
            Self::Unknown => "unknown",
        }
    }

    /// Whether Parameter Store and the bucket differ, which were not read at one moment.
    pub fn is_of_two_sides(self) -> bool {
        matches!(self, Self::Missing | Self::Stale | Self::Zombie)
    }

    /// Whether looking the name over may put it right.
    pub fn may_be_repaired(self) -> bool {
        self != Self::Unreadable
    }
}

/// What is not as it should be about one name: what the bucket has of it, and what Parameter Store has.
///
/// An interval that is unknown because nobody looked (a deletion that was found late) is no finding: the bucket knows what
/// it does not know, and every restore leaves such moments.
pub fn findings(timeline: Option<&Timeline>, present: Option<&CurrentParameter>) -> Vec<Finding> {
    let mut found = Vec::new();
    let tracked = timeline.filter(|timeline| timeline.is_tracked());
    let end = match (tracked, present) {
        (None, Some(present)) => {
            let message = format!("nothing is recorded about it; Parameter Store has {}", described(present));
            found.push(Finding { kind: FindingKind::Missing, message });
            None
        }
        (Some(timeline), present) => ending(timeline, present),
        (None, None) => None,
    };
    let segments = timeline.map(Timeline::segments).unwrap_or_default();
    for (index, segment) in segments.iter().enumerate() {
        // What the end is has been said already.
        if end.is_none() || index + 1 < segments.len() {
            found.extend(gap(segment, segments.get(index + 1)));
        }
    }
    found.extend(end);
    for (record, reason) in timeline.into_iter().flat_map(Timeline::unreadable) {
        let message = format!("its stored version {} is left out: {reason}", record.version_id);
        found.push(Finding { kind: FindingKind::Unreadable, message });
    }
    found
}

/// What is wrong with what the bucket takes for the present state. Times are compared to the second.
fn ending(timeline: &Timeline, present: Option<&CurrentParameter>) -> Option<Finding> {
    let state = timeline.state_by(Timestamp::MAX);
    let Some(present) = present else {
        let message = match state {
            State::Absent(_) => return None,
            State::Held(held) => {
                format!("it does not exist any more; the bucket believes it to be as it was at {:.0}", held.since)
            }
            State::Unknown(reason) => format!("it does not exist any more; the bucket knows of no deletion: {reason}"),
        };
        return Some(Finding { kind: FindingKind::Zombie, message });
    };
    let believed = match state {
        State::Held(held) => match &held.record.evidence {
            Evidence::Value(value) => {
                let (number, modified) = value.identity();
                let same = number == present.details.version && times_agree(present.details.modified, modified);
                if same {
                    return None;
                }
                format!("version {number} of {:.0}", held.since)
            }
            Evidence::Legacy(legacy)
                if times_agree(legacy.time, present.details.modified)
                    && legacy.parameter_type == present.parameter_type =>
            {
                return None;
            }
            _ => format!("a version of {:.0}", held.since),
        },
        State::Absent(Absence::Deleted(at)) if at.as_second() > present.details.modified.as_second() => {
            let message =
                format!("false deletion: recorded as deleted at {at:.0}, Parameter Store has {}", described(present));
            return Some(Finding { kind: FindingKind::Stale, message });
        }
        State::Absent(Absence::Deleted(at)) => format!("a deletion at {at:.0}"),
        State::Absent(Absence::NotYetCreated(at)) => format!("nothing before {at:.0}"),
        State::Unknown(reason) => format!("that its state is not known: {reason}"),
    };
    let message = format!("Parameter Store has {}, the bucket {believed}", described(present));
    Some(Finding { kind: FindingKind::Stale, message })
}

fn gap(segment: &Segment, next: Option<&Segment>) -> Option<Finding> {
    let SegmentState::Unknown(reason) = &segment.state else { return None };
    let kind = match reason {
        Unknown::VersionsMissing { .. } | Unknown::SuccessorMissing(_) => FindingKind::Gap,
        Unknown::ValueLost(_) | Unknown::ValueLocked { .. } | Unknown::CreatedUnnoticed { .. } => FindingKind::Unknown,
        Unknown::NothingRecorded
        | Unknown::BeforeFirstRecord(_)
        | Unknown::DeletedUnnoticed { .. }
        | Unknown::Excluded(_)
        | Unknown::Unreadable(_) => return None,
    };
    let until = next.map_or(String::new(), |next| format!(" to {}", next.from));
    Some(Finding { kind, message: format!("{reason}; not known from {}{until}", segment.from) })
}

fn described(present: &CurrentParameter) -> String {
    format!("version {} of {:.0}", present.details.version, present.details.modified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Operation::{Create, Delete, Update};
    use crate::name::ParameterName;
    use crate::parameter::ParameterType;
    use crate::record::{Record, Unreadable};
    use crate::testing::{Key, at, change, version};

    fn present(number: u64, modified: &str) -> CurrentParameter {
        CurrentParameter {
            name: ParameterName::parse("/a").unwrap(),
            spelling: "/a".to_owned(),
            parameter_type: ParameterType::String,
            description: None,
            details: version(number, modified, "x").details,
        }
    }

    fn shown(key: &Key, present: Option<CurrentParameter>) -> Vec<&'static str> {
        let timeline = (!key.records.is_empty()).then(|| Timeline::new(key.records.clone()));
        findings(timeline.as_ref(), present.as_ref()).iter().map(|finding| finding.kind.as_str()).collect()
    }

    fn recorded() -> Key {
        let mut key = Key::default();
        key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
        key
    }

    #[test]
    fn each_way_to_be_out_of_step_has_its_name() {
        assert_eq!(shown(&recorded(), Some(present(1, "12:00:00.1"))), [""; 0]);
        assert_eq!(shown(&Key::default(), Some(present(1, "12:00:00.1"))), ["missing"]);
        assert_eq!(shown(&recorded(), Some(present(2, "12:30:00.1"))), ["stale"]);
        assert_eq!(shown(&recorded(), Some(present(1, "12:30:00.1"))), ["stale"], "it is another life");
        assert_eq!(shown(&recorded(), None), ["zombie"]);
        assert_eq!(shown(&Key::default(), None), [""; 0]);
        let mut deleted = recorded();
        deleted.event(&change(Delete, "12:10:00"), None, "12:10:01");
        assert_eq!(shown(&deleted, None), [""; 0]);
        assert_eq!(shown(&deleted, Some(present(1, "12:30:00.1"))), ["stale"]);
    }

    #[test]
    fn deletion_of_a_living_parameter_is_named_false() {
        let mut key = recorded();
        key.event(&change(Delete, "12:10:00"), None, "12:10:01");
        let timeline = Timeline::new(key.records.clone());
        let found = findings(Some(&timeline), Some(&present(1, "12:00:00.1")));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, FindingKind::Stale);
        assert!(found[0].message.starts_with("false deletion: recorded as deleted at "), "{}", found[0].message);
    }

    #[test]
    fn gaps_are_found_wherever_they_are() {
        let mut key = recorded();
        key.sweep(Some(&[version(5, "12:30:00.1", "e")]), "12:31:00");
        assert_eq!(shown(&key, Some(present(5, "12:30:00.1"))), ["gap"]);
        let mut lost = recorded();
        lost.event(&change(Update, "12:10:00"), None, "12:20:30");
        lost.event(&change(Delete, "12:20:00"), None, "12:20:31");
        assert_eq!(shown(&lost, None), ["unknown"]);
    }

    #[test]
    fn what_nobody_saw_is_no_finding() {
        let mut key = recorded();
        key.sweep(None, "13:00:00");
        assert_eq!(shown(&key, None), [""; 0]);
    }

    #[test]
    fn what_the_original_recorded_is_in_step_if_the_times_agree() {
        let mut key = Key::default();
        key.legacy("12:00:00", "12:00:31", "a");
        assert_eq!(shown(&key, Some(present(1, "12:00:00.3"))), [""; 0]);
        assert_eq!(shown(&key, Some(present(2, "12:30:00.3"))), ["stale"]);
        let secret = CurrentParameter { parameter_type: ParameterType::SecureString, ..present(1, "12:00:00.3") };
        assert_eq!(shown(&key, Some(secret)), ["stale"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let mut key = recorded();
        let evidence = Evidence::Unreadable(Unreadable::Foreign);
        let foreign_key =
            Record { version_id: "x".to_owned(), last_modified: at("13:00:00"), is_latest: true, size: 3, evidence };
        key.records.push(foreign_key.clone());
        assert_eq!(shown(&key, Some(present(1, "12:00:00.1"))), ["unreadable"]);
        let only = Key { records: vec![foreign_key], bodies: vec![] };
        assert_eq!(shown(&only, Some(present(1, "12:00:00.1"))), ["missing", "unreadable"]);
        assert_eq!(shown(&only, None), ["unreadable"]);
    }
}
