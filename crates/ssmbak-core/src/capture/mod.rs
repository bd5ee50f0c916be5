//! What to write for an event, or when looking over a parameter: the list of writes, each with its own time.
//!
//! The event is a hint and Parameter Store's history the truth: whatever history still holds and the bucket lacks is
//! written, each version at its own time, whichever event led here. Writes are in the order in which they must be made:
//! after every one of them the bucket is a true, if incomplete, account, so the function may be killed between any two.

mod contents;
mod event;
mod late;
mod locked;
mod matching;
mod sweep;

pub use contents::Contents;
pub use event::{Decision, is_doubtfully_deleted, needs_all_records, on_event, on_sure_deletion};
pub use late::PATIENCE;
pub use locked::{Locked, find_locked};
pub use matching::EventClock;
pub use sweep::{deleted_here, is_doubtfully_missing, is_settled, on_surely_missing, on_sweep};

use jiff::Timestamp;

use crate::parameter::{Description, ParameterValue, ParameterVersion};
use crate::record::{EventReference, Evidence, LostVersion, Presence, Record, TombstoneRecord, ValueRecord};

/// One write to the key of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// A version of the parameter: the value as the body.
    Value {
        /// How it describes itself.
        record: Box<ValueRecord>,
        /// The body.
        value: ParameterValue,
    },
    /// A version that is recorded already, put again with its body as it is stored, because it tells something more.
    Again {
        /// How it describes itself now.
        record: Box<ValueRecord>,
        /// S3's id of the stored version that has the body.
        version_id: String,
    },
    /// A deletion: an empty body.
    Tombstone(TombstoneRecord),
    /// S3's delete marker, always after its tombstone.
    DeleteMarker,
}

impl Write {
    /// How the version describes itself that is written, if one is.
    pub fn record(&self) -> Option<&ValueRecord> {
        match self {
            Self::Value { record, .. } | Self::Again { record, .. } => Some(record),
            Self::Tombstone(_) | Self::DeleteMarker => None,
        }
    }

    /// The same, to be changed.
    pub fn record_mut(&mut self) -> Option<&mut ValueRecord> {
        match self {
            Self::Value { record, .. } | Self::Again { record, .. } => Some(record),
            Self::Tombstone(_) | Self::DeleteMarker => None,
        }
    }

    /// The versions that the write notes as lost, to be changed; none where nothing can be noted.
    fn lost_mut(&mut self) -> Option<&mut Vec<LostVersion>> {
        match self {
            Self::Value { record, .. } | Self::Again { record, .. } => Some(&mut record.lost),
            Self::Tombstone(tombstone) => Some(&mut tombstone.lost),
            Self::DeleteMarker => None,
        }
    }

    fn lost(&self) -> &[LostVersion] {
        match self {
            Self::Value { record, .. } | Self::Again { record, .. } => &record.lost,
            Self::Tombstone(tombstone) => &tombstone.lost,
            Self::DeleteMarker => &[],
        }
    }
}

/// How the versions of `history` describe themselves.
struct Describe<'a> {
    history: &'a [ParameterVersion],
    /// By position: the lowest number from which on all up to this version is recorded, once this is.
    floors: Vec<u64>,
    now: Timestamp,
}

impl<'a> Describe<'a> {
    fn new(history: &'a [ParameterVersion], contents: &Contents<'_>, now: Timestamp) -> Self {
        let mut floors: Vec<u64> = Vec::with_capacity(history.len());
        for (index, version) in history.iter().enumerate() {
            let number = version.details.version;
            let before = index.checked_sub(1).and_then(|before| Some((history.get(before)?, *floors.get(before)?)));
            floors.push(match before {
                None => contents.floor_of_oldest(history),
                // A version that cannot be decrypted is a gap until it is recorded.
                Some((before, floor)) => {
                    let recorded = before.value.is_some() || contents.has(history, index - 1);
                    if recorded && before.details.version + 1 == number { floor } else { number }
                }
            });
        }
        Self { history, floors, now }
    }

    fn value(&self, index: usize, event: Option<EventReference>) -> Option<Write> {
        let version = self.history.get(index)?;
        let value = version.value.clone()?;
        let before = index.checked_sub(1).and_then(|before| self.history.get(before));
        let previous = before
            .filter(|before| before.details.version + 1 == version.details.version)
            .map(|before| before.details.modified);
        let modified = version.details.modified;
        let time = match &event {
            Some(event) if !crate::record::times_agree(event.time, modified) => event.time,
            _ => modified,
        };
        let present = if index + 1 == self.history.len() { Presence::Present } else { Presence::Superseded };
        let record = ValueRecord {
            time,
            event,
            parameter_type: version.parameter_type,
            description: Description::exact(version.description.clone()),
            details: version.details.clone(),
            previous,
            floor: self.floors.get(index).copied().unwrap_or(version.details.version),
            present,
            seen: (present != Presence::Superseded).then_some(self.now),
            lost: Vec::new(),
        };
        Some(Write::Value { record: Box::new(record), value })
    }

    /// The present version again, as it was recorded before (so that readers count it once).
    fn present_again(&self, contents: &Contents<'_>, written: &[Write], presence: Presence) -> Option<Write> {
        let index = self.history.len().checked_sub(1)?;
        let mut again = self.value(index, None).or_else(|| self.stored_again(index, contents))?;
        if let Write::Value { record, .. } = &mut again {
            let earlier = contents.value(record.identity()).or_else(|| {
                written.iter().find_map(|write| match write {
                    Write::Value { record: other, .. } if other.identity() == record.identity() => Some(other.as_ref()),
                    _ => None,
                })
            });
            if let Some(earlier) = earlier {
                record.time = earlier.time;
                record.event = earlier.event.clone();
                record.previous = record.previous.or(earlier.previous);
            }
        }
        if let Some(record) = again.record_mut() {
            // The copy that overrules a false deletion may expire before the deletion does.
            let confirmed = contents.is_confirmed(record.identity());
            record.present = if confirmed && presence == Presence::Present { Presence::Confirmed } else { presence };
        }
        Some(again)
    }

    /// A version that is recorded, and cannot be decrypted any more, from what is stored.
    fn stored_again(&self, index: usize, contents: &Contents<'_>) -> Option<Write> {
        let identity = self.history.get(index)?.identity();
        contents.records().iter().rev().find_map(|stored| match &stored.evidence {
            Evidence::Value(value) if value.identity() == identity => {
                let record = ValueRecord { seen: Some(self.now), lost: Vec::new(), ..value.as_ref().clone() };
                Some(Write::Again { record: Box::new(record), version_id: stored.version_id.clone() })
            }
            _ => None,
        })
    }

    /// Ends `writes` with the present version where that is not the key's current version already, because lifecycle
    /// rules expire what is not current.
    fn present_on_top(&self, contents: &Contents<'_>, writes: &mut Vec<Write>) {
        let Some(present) = self.history.last().map(ParameterVersion::identity) else { return };
        let on_top = match writes.last() {
            Some(write) => write.record().is_some_and(|record| record.identity() == present),
            None => matches!(contents.latest().map(|record| &record.evidence),
                Some(Evidence::Value(value)) if value.identity() == present && value.present != Presence::Superseded),
        };
        if !on_top {
            writes.extend(self.present_again(contents, writes, Presence::Present));
        }
    }
}

/// Lets the last write carry `lost`, which must be a value or a tombstone to do so.
fn carry(lost: LostVersion, writes: &mut [Write]) {
    if let Some(noted) = writes.iter_mut().rev().find_map(Write::lost_mut) {
        noted.push(lost);
    }
}

/// A stored tombstone again, and its marker: what completes a deletion of which the marker was never written.
fn marked_again(tombstone: &TombstoneRecord) -> [Write; 2] {
    [Write::Tombstone(TombstoneRecord { lost: Vec::new(), ..tombstone.clone() }), Write::DeleteMarker]
}

fn tombstone_of(record: &Record) -> Option<&TombstoneRecord> {
    match &record.evidence {
        Evidence::Tombstone(tombstone) => Some(tombstone),
        _ => None,
    }
}

/// Makes sure that the current version of the key of a missing parameter is a delete marker.
fn marker_on_top(contents: &Contents<'_>) -> Vec<Write> {
    if matches!(contents.latest().map(|record| &record.evidence), Some(Evidence::DeleteMarker)) {
        return Vec::new();
    }
    match contents.records().iter().rev().find_map(tombstone_of) {
        Some(tombstone) => marked_again(tombstone).into(),
        None => vec![Write::DeleteMarker],
    }
}

#[cfg(test)]
mod tests;
