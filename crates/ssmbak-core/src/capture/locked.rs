//! Versions that Parameter Store has and that cannot be decrypted, because their KMS key is disabled or denies it.
//!
//! They stay out of the bucket until the key can be used. Until then the bucket must say so: a reader would take the version
//! before for the one in effect. What is on top of the key carries the note, put again if nothing else is to be written.

use super::{Contents, Write, carry, marked_again, tombstone_of};
use crate::parameter::ParameterVersion;
use crate::record::{Evidence, LostVersion, Presence, ValueRecord};

/// The versions of `history` that can neither be decrypted nor are recorded.
fn locked(history: &[ParameterVersion], contents: &Contents<'_>) -> Vec<LostVersion> {
    history
        .iter()
        .enumerate()
        .filter(|(index, version)| version.value.is_none() && !contents.has(history, *index))
        .map(|(_, version)| LostVersion {
            time: version.details.modified,
            created: version.details.version == 1,
            event: None,
            locked: Some(version.details.version),
        })
        .collect()
}

/// Lets `writes` note the versions that cannot be decrypted, unless the bucket has it already. Where nothing is recorded of the
/// name, or nothing that could carry the note, it stays as it is: see [`find_locked`].
pub(super) fn note_locked(history: &[ParameterVersion], contents: &Contents<'_>, writes: &mut Vec<Write>) {
    let locked = locked(history, contents);
    if locked.iter().all(|lost| contents.notes(lost)) {
        return;
    }
    if writes.is_empty() {
        writes.extend(top_again(history, contents));
    }
    for lost in locked {
        if !writes.iter().any(|write| write.lost().contains(&lost)) {
            carry(lost, writes);
        }
    }
}

/// What is on top of the key, to be put again so that it can carry a note. Nothing where that is no record of ours.
pub(super) fn top_again(history: &[ParameterVersion], contents: &Contents<'_>) -> Vec<Write> {
    let Some(latest) = contents.latest() else { return Vec::new() };
    match &latest.evidence {
        Evidence::Value(value) => {
            let is_present = history.last().is_some_and(|present| present.identity() == value.identity());
            let record = ValueRecord {
                present: if is_present { value.present } else { Presence::Superseded },
                seen: value.seen.filter(|_| is_present),
                ..value.as_ref().clone()
            };
            vec![Write::Again { record: Box::new(record), version_id: latest.version_id.clone() }]
        }
        Evidence::Tombstone(_) | Evidence::DeleteMarker => {
            let tombstone = contents.records().iter().rev().find_map(tombstone_of);
            tombstone.map(|tombstone| marked_again(tombstone).into()).unwrap_or_default()
        }
        Evidence::Legacy(_) | Evidence::Unreadable(_) => Vec::new(),
    }
}

/// Versions that cannot be decrypted and are not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Their numbers, at least one.
    pub versions: Vec<u64>,
    /// Whether a reader of the bucket could take something else for one of them, once the writes are made: neither the bucket
    /// nor a write notes it, although the bucket has something about the name.
    pub is_hidden: bool,
    /// Whether the bucket noted all of them before.
    pub was_noted: bool,
}

/// The versions of `history` that cannot be decrypted and are not recorded, and whether the bucket and `writes` say so; none if
/// all are recorded.
pub fn find_locked(history: &[ParameterVersion], contents: &Contents<'_>, writes: &[Write]) -> Option<Locked> {
    let locked = locked(history, contents);
    if locked.is_empty() {
        return None;
    }
    let is_written = |lost: &LostVersion| writes.iter().any(|write| write.lost().contains(lost));
    let is_tracked = !contents.records().is_empty() || !writes.is_empty();
    Some(Locked {
        versions: locked.iter().filter_map(|lost| lost.locked).collect(),
        is_hidden: is_tracked && !locked.iter().all(|lost| contents.notes(lost) || is_written(lost)),
        was_noted: locked.iter().all(|lost| contents.notes(lost)),
    })
}
