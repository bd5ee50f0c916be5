//! The objects of a versioned bucket at an instant, for any bucket whatever it holds.
//!
//! Parameters and objects are decided alike: there is one line of states, and what was in effect at an instant counts.
//! Parameters have their times from events and from Parameter Store; an object has the bucket's `LastModified` alone.

pub mod batch;
mod copied;
mod diff;
mod globs;
mod inventory;
mod location;
mod order;
mod parts;
mod path;
mod plan;

pub use copied::storage_class_of_copy;
pub use diff::{Difference, difference};
pub use globs::{KeyGlobs, KeyGlobsError};
pub use inventory::{Inventory, InventoryError, InventoryFile, InventoryKey, inventory_order};
pub use location::{LocationError, S3Location, is_access_point};
pub use order::newest_first;
pub use parts::{MOST_PARTS, Part, SMALLEST_PART, likely_part_size, part_size, parts};
pub use path::{LocalPath, Namer, Names, PathRefused, key_of};
pub use plan::{
    ObjectAction, ObjectChange, ObjectPlanOptions, ObjectTotals, Present, Verdict, decide, deleted, held_at,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::instant::Instant;

/// The version id of an object that was stored while the bucket kept no versions.
pub const NULL_VERSION: &str = "null";

/// A row of a versioned listing: a version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectVersion {
    /// The key.
    pub key: String,
    /// S3's version id, [`NULL_VERSION`] for what was stored without versioning.
    pub version_id: String,
    /// When S3 stored it, to the second; for a multipart upload, when that began.
    pub last_modified: Timestamp,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// Whether it is a delete marker.
    pub is_marker: bool,
    /// Bytes of the body, 0 for a marker.
    pub size: u64,
    /// S3's ETag without its quotes; none for a marker.
    pub etag: Option<String>,
    /// S3's storage class, `None` for STANDARD and for a marker.
    pub storage_class: Option<String>,
    /// The algorithm of the checksum that S3 keeps, `None` if the listing names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
    /// Whether a readable copy of an archived version exists at present.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rehydrated: bool,
}

impl ObjectVersion {
    /// Whether it was uploaded in parts: S3 then dates it by the beginning of the upload.
    pub fn is_multipart(&self) -> bool {
        self.etag.as_deref().is_some_and(|etag| etag.contains('-'))
    }

    /// How many parts it was uploaded in.
    pub fn part_count(&self) -> Option<u64> {
        self.etag.as_deref()?.rsplit_once('-')?.1.parse().ok()
    }

    /// Whether its bytes are in an archive and have to be asked for before they can be read or copied.
    pub fn is_archived(&self) -> bool {
        is_archive(self.storage_class.as_deref())
    }

    /// Whether its bytes cannot be read before they are asked for.
    pub fn is_out_of_reach(&self) -> bool {
        self.is_archived() && !self.is_rehydrated
    }

    /// Whether it may have the same bytes as `other`, as far as a listing tells. The ETag of an upload in parts depends on
    /// the size of the parts, so the size alone decides there.
    pub fn may_equal(&self, other: &Self) -> bool {
        !self.is_marker
            && !other.is_marker
            && self.size == other.size
            && ((self.etag.is_some() && self.etag == other.etag) || self.is_multipart() || other.is_multipart())
    }
}

/// Whether objects of a storage class cannot be read before they are asked for.
pub fn is_archive(storage_class: Option<&str>) -> bool {
    matches!(storage_class, Some("GLACIER" | "DEEP_ARCHIVE"))
}

/// What an object was at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectState<'a> {
    /// This version was current.
    Held(&'a ObjectVersion),
    /// It was deleted, by this marker.
    Deleted(&'a ObjectVersion),
    /// The bucket has no version from that time or before.
    Absent,
}

/// What a key's versions say about some instants, gathered from newest to oldest without keeping them all.
///
/// Whether a version belongs to an instant is for [`Instant::includes`] to say, as for parameters.
#[derive(Clone, Debug)]
pub struct KeyHistory {
    current: Option<ObjectVersion>,
    at: Vec<Option<ObjectVersion>>,
    last_object: Option<ObjectVersion>,
    /// Delete markers above the newest version that is no marker, newest first.
    markers: Vec<(String, Timestamp)>,
    has_null: bool,
    instants: Vec<Instant>,
}

impl KeyHistory {
    /// Nothing known yet of a key.
    pub fn new(instants: &[Instant]) -> Self {
        Self {
            current: None,
            at: vec![None; instants.len()],
            last_object: None,
            markers: Vec::new(),
            has_null: false,
            instants: instants.to_vec(),
        }
    }

    /// Takes the next older version of the key.
    pub fn push(&mut self, version: &ObjectVersion) {
        self.has_null |= version.version_id == NULL_VERSION;
        for (state, instant) in self.at.iter_mut().zip(&self.instants) {
            if state.is_none() && instant.includes(version.last_modified) {
                *state = Some(version.clone());
            }
        }
        if self.last_object.is_none() {
            if version.is_marker {
                self.markers.push((version.version_id.clone(), version.last_modified));
            } else {
                self.last_object = Some(version.clone());
            }
        }
        if self.current.is_none() {
            self.current = Some(version.clone());
        }
    }

    /// Whether older versions cannot change what is known about the instants.
    pub fn is_decided(&self) -> bool {
        self.at.iter().all(Option::is_some)
    }

    /// What the key was at the instant of this number.
    pub fn at(&self, number: usize) -> ObjectState<'_> {
        state(self.at.get(number).and_then(Option::as_ref))
    }

    /// What the key is now.
    pub fn now(&self) -> ObjectState<'_> {
        state(self.current.as_ref())
    }

    /// Its newest version that is no marker.
    pub fn last_object(&self) -> Option<&ObjectVersion> {
        self.last_object.as_ref()
    }

    /// The ids and times of the delete markers above the newest version that is no marker, newest first.
    pub fn markers(&self) -> &[(String, Timestamp)] {
        &self.markers
    }

    /// Whether a version without an id is among them, which a write would destroy while versioning is suspended.
    pub fn has_null(&self) -> bool {
        self.has_null
    }

    /// Whether nothing was taken yet.
    pub fn is_empty(&self) -> bool {
        self.current.is_none()
    }
}

fn state(version: Option<&ObjectVersion>) -> ObjectState<'_> {
    match version {
        Some(version) if version.is_marker => ObjectState::Deleted(version),
        Some(version) => ObjectState::Held(version),
        None => ObjectState::Absent,
    }
}

#[cfg(test)]
mod tests;
