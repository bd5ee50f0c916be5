//! How much of a key a sweep reads.

use std::time::Duration;

use jiff::Timestamp;

use super::SweepRecord;
use crate::name::ParameterName;
use crate::record::MARKER_FOLLOWS;

/// Within what time a tombstone is usually followed by its marker, to S3's second.
const AT_ONCE: Duration = Duration::from_secs(3);

/// What the current version of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTop {
    /// A version.
    Version,
    /// A version that was stored right after a delete marker, as the present version is that is stored again after a deletion
    /// came late: whether it agrees with what lies below it is not told by itself.
    VersionAfterMarker,
    /// A delete marker, stored then, right after a version: the tombstone.
    Marker(Timestamp),
    /// A delete marker whose tombstone has expired, or never was, above versions that are still there.
    LoneMarker,
}

/// A stored version or delete marker, as a listing shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Whether it is a delete marker.
    pub is_marker: bool,
    /// When S3 stored it, to the second.
    pub at: Timestamp,
}

impl OnTop {
    /// What the current version is, given all stored versions of its key, in any order. `None`: they are nothing but delete
    /// markers, so no deleted value can be restored.
    pub fn of(current: Stored, all: &[Stored]) -> Option<Self> {
        // A tombstone that is farther away may be one whose own marker has expired before it.
        let longest = if current.is_marker { AT_ONCE } else { MARKER_FOLLOWS };
        let mut others = all.iter().filter(|other| other.is_marker != current.is_marker);
        let follows = others.any(|other| current.at.duration_since(other.at).unsigned_abs() <= longest);
        Some(match (current.is_marker, follows) {
            (true, true) => Self::Marker(current.at),
            (true, false) if all.iter().all(|version| version.is_marker) => return None,
            (true, false) => Self::LoneMarker,
            (false, true) => Self::VersionAfterMarker,
            (false, false) => Self::Version,
        })
    }
}

/// What the bucket is asked of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// The current version, and what lies below it where that leaves something open.
    #[default]
    Top,
    /// Everything.
    All,
    /// Everything: it is believed deleted. Parameter Store is asked only where the versions do not agree with that.
    Deleted,
}

impl Reading {
    /// What to read of a name that Parameter Store lists or not. `None`: nothing, because what lives is listed, and its
    /// deletion was judged by `last`, the last finished sweep.
    pub fn of(name: &ParameterName, on_top: OnTop, listed: bool, last: Option<&SweepRecord>) -> Option<Self> {
        match on_top {
            OnTop::Version => Some(Self::Top),
            OnTop::VersionAfterMarker => Some(Self::All),
            OnTop::Marker(stored) if last.is_some_and(|last| last.has_judged_marker(name, stored)) => None,
            OnTop::Marker(_) | OnTop::LoneMarker if listed => Some(Self::All),
            OnTop::Marker(_) | OnTop::LoneMarker => Some(Self::Deleted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    fn version(clock: &str) -> Stored {
        Stored { is_marker: false, at: at(clock) }
    }

    fn marker(clock: &str) -> Stored {
        Stored { is_marker: true, at: at(clock) }
    }

    #[test]
    fn what_is_on_top_is_told_by_what_was_stored_beside_it() {
        let of = |all: &[Stored]| OnTop::of(all[0], all);
        assert_eq!(of(&[version("12:00:00")]), Some(OnTop::Version));
        assert_eq!(of(&[version("12:00:00"), marker("11:00:00")]), Some(OnTop::Version));
        assert_eq!(of(&[version("12:00:00"), marker("11:59:59")]), Some(OnTop::VersionAfterMarker));
        assert_eq!(of(&[marker("12:00:01"), version("12:00:00")]), Some(OnTop::Marker(at("12:00:01"))));
        // Its own tombstone has expired, or it was made by hand.
        assert_eq!(of(&[marker("12:00:30"), version("12:00:00")]), Some(OnTop::LoneMarker));
        assert_eq!(of(&[marker("12:00:30"), marker("12:00:00")]), None);
    }

    #[test]
    fn a_deletion_is_read_once_after_its_marker_was_stored() {
        let name = ParameterName::parse("/a").unwrap();
        let sweep = |started: &str, failed: &[ParameterName]| {
            SweepRecord::new(at(started), at("20:00:00"), (10, 0, failed.len() as u64), failed)
        };
        let deleted = OnTop::Marker(at("12:00:00"));
        assert_eq!(Reading::of(&name, deleted, false, None), Some(Reading::Deleted));
        assert_eq!(Reading::of(&name, deleted, false, Some(&sweep("11:00:00", &[]))), Some(Reading::Deleted));
        assert_eq!(Reading::of(&name, deleted, false, Some(&sweep("13:00:00", &[]))), None);
        // A read may have been older than the deletion.
        assert_eq!(Reading::of(&name, deleted, false, Some(&sweep("12:01:00", &[]))), Some(Reading::Deleted));
        let failed = sweep("13:00:00", std::slice::from_ref(&name));
        assert_eq!(Reading::of(&name, deleted, false, Some(&failed)), Some(Reading::Deleted));
        // What lives and counts as deleted is read whole, and what no tombstone explains by every sweep.
        assert_eq!(Reading::of(&name, deleted, true, None), Some(Reading::All));
        let last = sweep("13:00:00", &[]);
        assert_eq!(Reading::of(&name, OnTop::LoneMarker, false, Some(&last)), Some(Reading::Deleted));
        assert_eq!(Reading::of(&name, OnTop::VersionAfterMarker, true, Some(&last)), Some(Reading::All));
        assert_eq!(Reading::of(&name, OnTop::Version, true, Some(&last)), Some(Reading::Top));
    }
}
