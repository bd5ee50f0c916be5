//! How a parameter stands at a time, beside what it is now.

use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::record::{Evidence, Record, times_agree};
use ssmbak_core::timeline::State;

/// What a restore to a time would do to a parameter, as far as that is to be seen without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is the version of that time.
    Same,
    /// It is another version now.
    Changed,
    /// It existed and does not now.
    Gone,
    /// It did not exist and does now.
    New,
    /// It existed neither then nor now.
    Never,
    /// It is not known what it was.
    Unknown,
}

impl Status {
    /// Compares what was true with what is there now.
    pub fn of(then: State<'_>, now: Option<&CurrentParameter>) -> Self {
        match (then, now) {
            (State::Unknown(_), _) => Self::Unknown,
            (State::Absent(_), None) => Self::Never,
            (State::Absent(_), Some(_)) => Self::New,
            (State::Held(_), None) => Self::Gone,
            (State::Held(held), Some(now)) if is_present(held.record, now) => Self::Same,
            (State::Held(_), Some(_)) => Self::Changed,
        }
    }

    /// The sign in the tree: what a restore would do.
    pub fn sign(self) -> char {
        match self {
            Self::Same => ' ',
            Self::Changed => '~',
            Self::Gone => '+',
            Self::New => '-',
            Self::Never => '.',
            Self::Unknown => '?',
        }
    }
}

/// Whether a record is of the version that is there now.
fn is_present(record: &Record, now: &CurrentParameter) -> bool {
    match &record.evidence {
        Evidence::Value(value) => value.identity() == (now.details.version, now.details.modified),
        // ssmbak 0.5.2 recorded no number, but the time of the event.
        Evidence::Legacy(legacy) => times_agree(legacy.time, now.details.modified),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{current, legacy, time, timeline, tombstone, version};

    #[test]
    fn every_pair_of_states_has_its_status() {
        let recorded = timeline(vec![version(1, "10:00:00.25", "a"), version(2, "11:00:00.5", "b")]);
        let gone = timeline(vec![version(1, "10:00:00.25", "a"), tombstone("11:00:00")]);
        let old = timeline(vec![legacy("10:00:00", "a")]);
        let cases = [
            (&recorded, "12:00:00", Some(current("/a", 2, "11:00:00.5")), Status::Same),
            (&recorded, "12:00:00", Some(current("/a", 3, "11:30:00")), Status::Changed),
            (&recorded, "10:30:00", Some(current("/a", 2, "11:00:00.5")), Status::Changed),
            (&recorded, "09:00:00", Some(current("/a", 2, "11:00:00.5")), Status::New),
            (&recorded, "09:00:00", None, Status::Never),
            (&recorded, "12:00:00", None, Status::Gone),
            (&gone, "10:30:00", None, Status::Gone),
            (&gone, "12:00:00", None, Status::Never),
            (&gone, "12:00:00", Some(current("/a", 1, "13:00:00")), Status::New),
            (&old, "10:30:00", Some(current("/a", 7, "10:00:00.75")), Status::Same),
            (&old, "10:30:00", Some(current("/a", 7, "10:20:00")), Status::Changed),
            (&old, "09:00:00", Some(current("/a", 7, "10:00:00.75")), Status::Unknown),
        ];
        for (timeline, at, now, expected) in cases {
            assert_eq!(Status::of(timeline.state_by(time(at)), now.as_ref()), expected, "{at} {now:?}");
        }
    }
}
