//! What Parameter Store's present version says of an earlier time, beside what the bucket says.
//!
//! A version's number and date are evidence of their own: from its `LastModifiedDate` on, the version that is present now
//! was in effect, whatever the bucket has heard. Where it does not connect with the last version in the bucket, what lies
//! between the two is read from Parameter Store's history, or is unknown.

use crate::unknown::{ReasonCode, UnknownReason};
use jiff::Timestamp;

use super::{RecordedParameter, Target};
use crate::parameter::{Description, Details, ParameterVersion};
use crate::record::{Evidence, Presence, Record, ValueRecord, times_agree};
use crate::timeline::{Absence, Unknown};

/// What the bucket says of one name at a time.
#[derive(Clone, Copy, Debug)]
pub struct BucketAnswer<'a> {
    /// What was true by that time.
    pub state: BucketState<'a>,
    /// Whether nothing was stored about the name after that time: what is held is the last that the bucket has.
    pub is_last: bool,
    /// Whether a deletion is more than a bare delete marker: a tombstone carries its time.
    pub has_tombstone: bool,
}

/// What was true, as far as this rule needs it.
#[derive(Clone, Copy, Debug)]
pub enum BucketState<'a> {
    /// This version was in effect.
    Held(&'a Record),
    /// It did not exist.
    Absent(Absence),
    /// The bucket does not tell.
    Unknown(&'a Unknown),
}

/// What the present version makes of the bucket's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The answer stands.
    Stands,
    /// The present version was in effect already.
    Present,
    /// What happened in between is to be read from Parameter Store's history, see [`by_history`].
    AskHistory,
    /// The two contradict each other, for this reason.
    Contradiction(UnknownReason),
}

/// What Parameter Store's history makes of the bucket's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryVerdict<'h> {
    /// The answer stands.
    Stands,
    /// This version was in effect.
    Version(&'h ParameterVersion),
    /// Neither tells.
    Unknown(Unknown),
}

/// What the present version, of which Parameter Store lists `now`, says of the time `until`.
pub fn by_present(answer: BucketAnswer<'_>, now: &Details, until: Timestamp) -> Verdict {
    if now.modified <= until { in_effect_by(answer, now) } else { later(answer, now, until) }
}

/// The present version began by the time asked for: it was in effect.
fn in_effect_by(answer: BucketAnswer<'_>, now: &Details) -> Verdict {
    match answer.state {
        BucketState::Held(record) => match &record.evidence {
            // The very version, or a later one: then the listing is older than the bucket.
            Evidence::Value(value) if value.details.modified >= now.modified => Verdict::Stands,
            Evidence::Legacy(legacy) if times_agree(legacy.time, now.modified) => Verdict::Stands,
            _ => Verdict::Present,
        },
        // What was never recorded is to be noticed.
        BucketState::Unknown(Unknown::NothingRecorded) => Verdict::Stands,
        BucketState::Absent(Absence::Deleted(at)) if at > now.modified && answer.has_tombstone => {
            Verdict::Contradiction(contradiction(&format!("it deleted at {at}"), Some(now)))
        }
        BucketState::Absent(_) | BucketState::Unknown(_) => Verdict::Present,
    }
}

/// Why the two contradict each other: what the bucket has, and what Parameter Store shows.
fn contradiction(recorded: &str, now: Option<&Details>) -> UnknownReason {
    let shown =
        now.map_or("no such parameter".to_owned(), |now| format!("version {} of {}", now.version, now.modified));
    UnknownReason::new(
        ReasonCode::Contradiction,
        format!("the bucket has {recorded}, and Parameter Store shows {shown}"),
    )
}

/// Why what Parameter Store shows of a name is older than the last that the bucket has, or the bucket's; none if the two can
/// both be so. Reads lag behind by up to [`READ_LAG`](crate::record::READ_LAG).
pub fn behind(last: BucketAnswer<'_>, now: Option<&Details>) -> Option<UnknownReason> {
    let recorded = match last.state {
        BucketState::Held(record) => match &record.evidence {
            Evidence::Value(value) if now.is_none_or(|now| now.modified < value.details.modified) => {
                format!("version {} of {}", value.details.version, value.details.modified)
            }
            Evidence::Legacy(legacy)
                if now.is_none_or(|now| now.modified < legacy.time && !times_agree(legacy.time, now.modified)) =>
            {
                format!("a version of {}", legacy.time)
            }
            _ => return None,
        },
        BucketState::Absent(Absence::Deleted(at)) if last.has_tombstone => {
            // Events have whole seconds: what began in that one may have come after.
            now.filter(|now| now.modified.as_second() < at.as_second())?;
            format!("it deleted at {at}")
        }
        BucketState::Absent(_) | BucketState::Unknown(_) => return None,
    };
    Some(contradiction(&recorded, now))
}

/// Whether a restore would leave the name as it is: what is present is what was in effect.
pub fn rests(answer: BucketAnswer<'_>, now: Option<&Details>) -> bool {
    match (answer.state, now) {
        (BucketState::Absent(_), None) => true,
        (BucketState::Held(record), Some(now)) => match &record.evidence {
            Evidence::Value(value) => value.details.modified == now.modified,
            Evidence::Legacy(legacy) => times_agree(legacy.time, now.modified),
            _ => false,
        },
        _ => false,
    }
}

/// The present version began after the time asked for: if it follows what the bucket has, that was in effect.
fn later(answer: BucketAnswer<'_>, now: &Details, until: Timestamp) -> Verdict {
    if !answer.is_last {
        return Verdict::Stands;
    }
    match answer.state {
        BucketState::Held(Record { evidence: Evidence::Value(value), last_modified, .. }) => {
            // A number that is not higher is of another life, whose deletion before it nobody told of. Until that is
            // heard of, what was recorded counts.
            let follows = now.version <= value.details.version + 1;
            if follows || was_seen(value, *last_modified) >= until { Verdict::Stands } else { Verdict::AskHistory }
        }
        BucketState::Absent(Absence::Deleted(_)) if now.version > 1 => Verdict::AskHistory,
        BucketState::Held(_) | BucketState::Absent(_) | BucketState::Unknown(_) => Verdict::Stands,
    }
}

/// The last time at which a version was seen to be the present one.
fn was_seen(value: &ValueRecord, stored: Timestamp) -> Timestamp {
    let stored = if value.present == Presence::Superseded { value.details.modified } else { stored };
    value.seen.unwrap_or(stored).max(value.details.modified)
}

/// What Parameter Store's history, oldest first, says of the time `until`, where [`by_present`] asks for it.
pub fn by_history<'h>(
    answer: BucketAnswer<'_>,
    history: &'h [ParameterVersion],
    until: Timestamp,
) -> HistoryVerdict<'h> {
    let held = match answer.state {
        BucketState::Held(Record { evidence: Evidence::Value(value), .. }) => Some(value),
        _ => None,
    };
    if let Some(version) = history.iter().rfind(|version| version.details.modified <= until) {
        return match held {
            Some(value) if value.details.modified >= version.details.modified => HistoryVerdict::Stands,
            _ => HistoryVerdict::Version(version),
        };
    }
    let Some(oldest) = history.first().map(|version| &version.details) else { return HistoryVerdict::Stands };
    HistoryVerdict::Unknown(match (answer.state, held) {
        // It lives again, and this is its beginning.
        (BucketState::Absent(_), _) if oldest.version == 1 => return HistoryVerdict::Stands,
        (BucketState::Absent(_), _) => Unknown::CreatedUnnoticed { until: oldest.modified },
        (_, Some(value)) if oldest.version == value.details.version + 1 => return HistoryVerdict::Stands,
        (_, Some(value)) if oldest.version > value.details.version => {
            Unknown::VersionsMissing { after: value.details.version, before: oldest.version }
        }
        (_, _) => return HistoryVerdict::Stands,
    })
}

/// A version of Parameter Store's history as a target. It is in no object of the bucket.
pub fn target_of(version: &ParameterVersion) -> Target {
    let Some(value) = version.value.clone() else {
        let number = version.details.version;
        let message = format!("version {number} was in effect, and its value cannot be decrypted");
        return Target::Unknown(UnknownReason::new(ReasonCode::KeyUnusable, message));
    };
    Target::Held(Box::new(RecordedParameter {
        modified: version.details.modified,
        version_id: format!("parameter-store:{}", version.details.version),
        value,
        parameter_type: version.parameter_type,
        description: Description::exact(version.description.clone()),
        details: Some(Details { tags: None, ..version.details.clone() }),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Key, at, version};

    /// What the bucket says by a time after these versions were seen by a sweep at `swept`.
    fn key(history: &[ParameterVersion], swept: &str) -> Key {
        let mut key = Key::default();
        key.sweep(Some(history), swept);
        key
    }

    fn held(key: &Key) -> BucketAnswer<'_> {
        let state = BucketState::Held(key.records.last().unwrap());
        BucketAnswer { state, is_last: true, has_tombstone: false }
    }

    fn now(number: u64, modified: &str) -> Details {
        version(number, modified, "now").details
    }

    fn deleted(time: &str, has_tombstone: bool) -> BucketAnswer<'static> {
        let state = BucketState::Absent(Absence::Deleted(at(time)));
        BucketAnswer { state, is_last: true, has_tombstone }
    }

    #[test]
    fn present_version_was_in_effect_since_its_date() {
        let key = key(&[version(1, "10:00:00", "a")], "10:00:30");
        assert_eq!(by_present(held(&key), &now(2, "11:00:00"), at("12:00:00")), Verdict::Present);
        assert_eq!(by_present(held(&key), &now(1, "10:00:00"), at("12:00:00")), Verdict::Stands);
        // Deleted and created again: the date tells, whatever the number.
        assert_eq!(by_present(held(&key), &now(1, "11:00:00"), at("12:00:00")), Verdict::Present);
        assert_eq!(by_present(deleted("10:30:00", true), &now(1, "11:00:00"), at("12:00:00")), Verdict::Present);
        // What the bucket knows later is not taken back by an older listing.
        assert_eq!(by_present(held(&key), &now(7, "09:00:00"), at("12:00:00")), Verdict::Stands);
        let unknown =
            |reason| BucketAnswer { state: BucketState::Unknown(reason), is_last: true, has_tombstone: false };
        let never = Unknown::NothingRecorded;
        assert_eq!(by_present(unknown(&never), &now(1, "11:00:00"), at("12:00:00")), Verdict::Stands);
        let gap = Unknown::SuccessorMissing(1);
        assert_eq!(by_present(unknown(&gap), &now(2, "11:00:00"), at("12:00:00")), Verdict::Present);
    }

    #[test]
    fn bare_marker_younger_than_the_present_version_is_false() {
        assert_eq!(by_present(deleted("11:30:00", false), &now(3, "11:00:00"), at("12:00:00")), Verdict::Present);
        let told = by_present(deleted("11:30:00", true), &now(3, "11:00:00"), at("12:00:00"));
        assert!(matches!(told, Verdict::Contradiction(_)), "with a tombstone neither is believed: {told:?}");
    }

    #[test]
    fn present_version_that_came_later_connects_or_history_is_asked() {
        let key = key(&[version(1, "10:00:00", "a")], "10:00:30");
        let ask = |answer, number, until| by_present(answer, &now(number, "12:00:00"), at(until));
        assert_eq!(ask(held(&key), 2, "11:00:00"), Verdict::Stands, "nothing was in between");
        assert_eq!(ask(held(&key), 4, "11:00:00"), Verdict::AskHistory);
        assert_eq!(ask(held(&key), 1, "11:00:00"), Verdict::Stands, "a deletion that nobody told of has no time");
        assert_eq!(ask(held(&key), 1, "10:00:20"), Verdict::Stands, "it was seen after that");
        assert_eq!(ask(BucketAnswer { is_last: false, ..held(&key) }, 4, "11:00:00"), Verdict::Stands);
        assert_eq!(ask(deleted("10:30:00", true), 1, "11:00:00"), Verdict::Stands);
        assert_eq!(ask(deleted("10:30:00", true), 2, "11:00:00"), Verdict::AskHistory);
    }

    #[test]
    fn history_fills_what_lies_between_or_it_is_unknown() {
        let key = key(&[version(1, "10:00:00", "a")], "10:00:30");
        let of = |history: &[ParameterVersion], answer| match by_history(answer, history, at("11:00:00")) {
            HistoryVerdict::Stands => "stands".to_owned(),
            HistoryVerdict::Version(version) => format!("version {}", version.details.version),
            HistoryVerdict::Unknown(reason) => reason.to_string(),
        };
        let [v1, v2, v3] = [version(1, "10:00:00", "a"), version(2, "10:30:00", "b"), version(3, "11:30:00", "c")];
        assert_eq!(of(&[v1.clone(), v2, v3.clone()], held(&key)), "version 2");
        let late = version(2, "11:10:00", "b");
        assert_eq!(of(&[v1, late.clone(), v3.clone()], held(&key)), "stands");
        assert_eq!(of(&[late, v3.clone()], held(&key)), "stands", "version 2 was the next one");
        assert_eq!(of(std::slice::from_ref(&v3), held(&key)), "version 2 was never recorded");
        let recreated = version(1, "11:30:00", "r");
        assert_eq!(of(std::slice::from_ref(&recreated), held(&key)), "stands");
        assert_eq!(of(&[recreated], deleted("10:30:00", true)), "stands", "it is absent until it is created again");
        assert!(of(&[v3], deleted("10:30:00", true)).starts_with("it was created at an unrecorded time before "));
    }
}
