//! What the bucket holds of one key, asked the questions that a capture has.

use jiff::{SignedDuration, Timestamp};

use crate::parameter::ParameterVersion;
use crate::record::{
    DeletionSource, Evidence, LostVersion, Presence, READ_LAG, Record, ValueRecord, accounts_for_change,
};
use crate::timeline::{State, Timeline};

/// The stored versions of one key, oldest first; or only its current version, where that settles the matter (see
/// [`super::needs_all_records`]).
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    records: &'a [Record],
}

impl<'a> Contents<'a> {
    /// Wraps the records of a key, in storage order, oldest first.
    pub fn new(records: &'a [Record]) -> Self {
        Self { records }
    }

    pub(super) fn records(&self) -> &'a [Record] {
        self.records
    }

    /// The key's current version or delete marker.
    pub(super) fn latest(&self) -> Option<&'a Record> {
        self.records.iter().rfind(|record| record.is_latest).or_else(|| self.records.last())
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &'a ValueRecord> {
        self.records.iter().filter_map(|record| match &record.evidence {
            Evidence::Value(value) => Some(value.as_ref()),
            _ => None,
        })
    }

    /// When deletions are recorded to have happened at the earliest: by events, by reads that found the parameter missing and
    /// may have lagged, or by a delete marker alone.
    pub(super) fn deletions(&self) -> impl Iterator<Item = Timestamp> {
        let lone = crate::record::pair_markers(self.records).lone_markers;
        let markers = lone.into_iter().filter_map(|position| Some(self.records.get(position)?.last_modified));
        let tombstones = self.records.iter().filter_map(|record| match &record.evidence {
            Evidence::Tombstone(tombstone) => match tombstone.source {
                DeletionSource::Event => Some(tombstone.time),
                DeletionSource::Observed if tombstone.seen.is_some() => Some(tombstone.time),
                DeletionSource::Observed => tombstone.time.checked_sub(READ_LAG).ok(),
            },
            _ => None,
        });
        tombstones.chain(markers)
    }

    /// Whether any deletion is recorded after the second of `time`, true or false.
    pub(super) fn deleted_since(&self, time: Timestamp) -> bool {
        self.deletions().any(|deleted| deleted.as_second() > time.as_second())
    }

    /// Whether it is recorded that the parameter was deleted after `time`. Events tell the second alone; a read that found the
    /// parameter missing may be older than it.
    pub(super) fn deleted_after(&self, time: Timestamp) -> bool {
        self.records.iter().any(|record| match &record.evidence {
            Evidence::Tombstone(tombstone) => match tombstone.source {
                DeletionSource::Event => tombstone.time.as_second() > time.as_second(),
                DeletionSource::Observed if tombstone.seen.is_some() => tombstone.time > time,
                DeletionSource::Observed => tombstone.time.duration_since(time) >= READ_LAG,
            },
            _ => false,
        })
    }

    /// When deletions happened that events told of, to the second.
    pub(super) fn deletions_told(&self) -> impl Iterator<Item = Timestamp> {
        self.records.iter().filter_map(|record| match &record.evidence {
            Evidence::Tombstone(tombstone) if tombstone.source == DeletionSource::Event => Some(tombstone.time),
            _ => None,
        })
    }

    /// Whether an event told of a deletion in the second of `time`, other than the event `but`.
    pub(super) fn deleted_in_second_of(&self, time: Timestamp, but: Option<&str>) -> bool {
        self.records.iter().any(|record| match &record.evidence {
            Evidence::Tombstone(tombstone) => {
                tombstone.source == DeletionSource::Event
                    && tombstone.time.as_second() == time.as_second()
                    && (but.is_none() || tombstone.event.as_deref() != but)
            }
            _ => false,
        })
    }

    /// Whether the parameter existed right before the second of `time`; `None`: the bucket cannot tell.
    pub(super) fn lived_before(&self, time: Timestamp) -> Option<bool> {
        let second = Timestamp::from_second(time.as_second()).unwrap_or(time);
        let before = second.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(second);
        match Timeline::new(self.records.to_vec()).state_by(before) {
            State::Held(_) => Some(true),
            State::Absent(_) => Some(false),
            State::Unknown(_) => None,
        }
    }

    /// The record of this version, the latest copy.
    pub(super) fn value(&self, identity: (u64, Timestamp)) -> Option<&'a ValueRecord> {
        self.values().filter(|value| value.identity() == identity).last()
    }

    /// Whether any copy of this version was recorded because it lived on after a deletion that is recorded.
    pub(super) fn is_confirmed(&self, identity: (u64, Timestamp)) -> bool {
        self.values().any(|value| value.identity() == identity && value.present == Presence::Confirmed)
    }

    /// Whether the version at `index` of `history` is recorded, or was and has expired since.
    pub fn has(&self, history: &[ParameterVersion], index: usize) -> bool {
        let Some(version) = history.get(index) else { return true };
        let number = version.details.version;
        self.values().any(|value| {
            value.identity() == version.identity()
                || (value.floor <= number && number <= value.details.version && in_history(history, value))
        })
    }

    /// The lowest version number from which on everything up to the oldest of `history` is recorded, once that is.
    pub(super) fn floor_of_oldest(&self, history: &[ParameterVersion]) -> u64 {
        let oldest = history.first().map_or(1, |version| version.details.version);
        self.values()
            .filter(|value| in_history(history, value) && value.floor <= oldest)
            .map(|value| value.floor)
            .fold(oldest, u64::min)
    }

    /// Whether anything in the bucket notes this version as lost.
    pub(super) fn notes(&self, lost: &LostVersion) -> bool {
        self.lost().any(|noted| noted == lost)
    }

    /// When the newest version was made that is known to exist and cannot be decrypted.
    pub(super) fn newest_locked(&self) -> Option<Timestamp> {
        self.lost().filter(|lost| lost.locked.is_some()).map(|lost| lost.time).max()
    }

    fn lost(&self) -> impl Iterator<Item = &'a LostVersion> {
        self.records.iter().flat_map(|record| match &record.evidence {
            Evidence::Value(value) => value.lost.as_slice(),
            Evidence::Tombstone(tombstone) => tombstone.lost.as_slice(),
            _ => &[],
        })
    }

    /// Whether the bucket accounts for the change that an event told of: its version is recorded or known to be missing,
    /// or it has been noted as lost.
    pub(super) fn accounts_for(&self, change: &LostVersion) -> bool {
        let noted = |lost: &LostVersion| match lost.locked {
            Some(_) => lost.time.as_second() == change.time.as_second() && lost.created == change.created,
            None => lost.time == change.time && (change.event.is_none() || lost.event == change.event),
        };
        let present = |value: &ValueRecord| {
            let shown = value.seen.and_then(|seen| seen.checked_sub(READ_LAG).ok());
            shown.is_some_and(|shown| shown.as_second() > change.time.as_second())
        };
        let succeeded = |value: &ValueRecord| {
            self.values().any(|later| {
                later.previous == Some(value.details.modified)
                    && later.details.version == value.details.version + 1
                    && later.details.modified.as_second() > change.time.as_second()
            })
        };
        self.records.iter().any(|record| match &record.evidence {
            Evidence::Value(value) => {
                let complete = present(value) || succeeded(value);
                accounts_for_change(value, complete, change) || value.lost.iter().any(noted)
            }
            Evidence::Legacy(legacy) => legacy.time.as_second() == change.time.as_second(),
            Evidence::Tombstone(tombstone) => tombstone.lost.iter().any(noted),
            Evidence::DeleteMarker | Evidence::Unreadable(_) => false,
        })
    }
}

/// Whether `value` belongs to the life of the parameter that `history` shows.
pub(super) fn in_history(history: &[ParameterVersion], value: &ValueRecord) -> bool {
    history.iter().any(|version| version.identity() == value.identity())
}
