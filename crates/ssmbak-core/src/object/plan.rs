//! What a restore does to a key.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{KeyHistory, ObjectState, ObjectVersion};

/// What a restore does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectAction {
    /// It is gone, and comes back.
    Create,
    /// Another version is current.
    Update,
    /// It was deleted, and exists now.
    Delete,
}

impl ObjectAction {
    /// Its name in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A change that a restore makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectChange {
    /// What is done.
    pub action: ObjectAction,
    /// The version or marker that was current at the instant; for a key that came later, the present version.
    pub version: ObjectVersion,
    /// Whether it came into being after the instant, as far as the bucket knows.
    pub is_new: bool,
    /// Whether a version without an id is among the key's versions.
    pub has_null: bool,
    /// The present version's id, if that has the same bytes by size and ETag: what else it is has to be compared before
    /// anything is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_bytes_as: Option<String>,
    /// What the key holds now, at the place that changes; `None` if it never held anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<Present>,
    /// When the key was deleted, for what comes back without a date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
    /// The delete markers that hide it, for what comes back without a date.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<String>,
}

/// The current version of a key that changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// S3's version id.
    pub version_id: String,
    /// Whether it is a delete marker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_marker: bool,
    /// Bytes of the body, 0 for a marker.
    pub size: u64,
    /// S3's storage class, `None` for STANDARD and for a marker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// S3's ETag without its quotes; none for a marker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Present {
    /// The current version of a key, or its delete marker.
    pub fn of(state: ObjectState<'_>) -> Option<Self> {
        match state {
            ObjectState::Held(version) | ObjectState::Deleted(version) => Some(Self {
                version_id: version.version_id.clone(),
                is_marker: version.is_marker,
                size: version.size,
                storage_class: version.storage_class.clone(),
                etag: version.etag.clone(),
            }),
            ObjectState::Absent => None,
        }
    }
}

impl ObjectChange {
    /// A version that is written to a place about which nothing is known yet.
    pub fn create(version: &ObjectVersion) -> Self {
        Self {
            action: ObjectAction::Create,
            version: version.clone(),
            is_new: false,
            has_null: false,
            same_bytes_as: None,
            present: None,
            deleted_at: None,
            markers: Vec::new(),
        }
    }

    /// The change of a place that holds `present` now.
    #[must_use]
    pub fn over(mut self, present: ObjectState<'_>) -> Self {
        if let ObjectState::Held(now) = present {
            self.action = ObjectAction::Update;
            self.same_bytes_as = now.may_equal(&self.version).then(|| now.version_id.clone());
        }
        self.present = Present::of(present);
        self
    }
}

/// What is decided about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "one exists at a time, and most are changes")]
pub enum Verdict {
    /// It has to change.
    Change(ObjectChange),
    /// It is what it was.
    Unchanged,
    /// It was created after the instant, and is kept.
    NewKept,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectPlanOptions {
    /// Delete what came into being after the instant.
    pub delete_new: bool,
}

/// Decides about a key from its state at the first instant of its history, and its present one.
///
/// A version that is current already is not stored again. A key without any version from the instant or before is only
/// deleted if that is asked for: its earlier versions may have expired.
pub fn decide(history: &KeyHistory, options: ObjectPlanOptions) -> Verdict {
    let change = |action, version: &ObjectVersion, is_new| {
        let same_bytes_as = match history.now() {
            ObjectState::Held(now) if action == ObjectAction::Update && now.may_equal(version) => {
                Some(now.version_id.clone())
            }
            _ => None,
        };
        Verdict::Change(ObjectChange {
            action,
            version: version.clone(),
            is_new,
            has_null: history.has_null(),
            same_bytes_as,
            present: Present::of(history.now()),
            deleted_at: None,
            markers: Vec::new(),
        })
    };
    match (history.at(0), history.now()) {
        (ObjectState::Held(then), ObjectState::Held(now)) if then.version_id == now.version_id => Verdict::Unchanged,
        (ObjectState::Held(then), ObjectState::Held(_)) => change(ObjectAction::Update, then, false),
        (ObjectState::Held(then), _) => change(ObjectAction::Create, then, false),
        (ObjectState::Deleted(then), ObjectState::Held(_)) => change(ObjectAction::Delete, then, false),
        (ObjectState::Absent, ObjectState::Held(now)) if options.delete_new => change(ObjectAction::Delete, now, true),
        (ObjectState::Absent, ObjectState::Held(_)) => Verdict::NewKept,
        (ObjectState::Deleted(_) | ObjectState::Absent, _) => Verdict::Unchanged,
    }
}

/// The version that was current at the first instant of a history, for a restore to another place.
pub fn held_at(history: &KeyHistory) -> Verdict {
    match history.at(0) {
        ObjectState::Held(then) => Verdict::Change(ObjectChange::create(then)),
        ObjectState::Deleted(_) | ObjectState::Absent => Verdict::Unchanged,
    }
}

/// The last version of a key that is deleted now, if it was deleted at `since` or later.
pub fn deleted(history: &KeyHistory, since: Option<Timestamp>) -> Verdict {
    match (history.now(), history.last_object()) {
        (ObjectState::Deleted(marker), Some(version)) => {
            // Several markers in a row: the first of them deleted it.
            let deleted_at = history.markers().last().map_or(marker.last_modified, |(_, time)| *time);
            if since.is_some_and(|since| deleted_at < since) {
                return Verdict::Unchanged;
            }
            Verdict::Change(ObjectChange {
                has_null: history.has_null(),
                present: Present::of(history.now()),
                deleted_at: Some(deleted_at),
                markers: history.markers().iter().map(|(id, _)| id.clone()).collect(),
                ..ObjectChange::create(version)
            })
        }
        _ => Verdict::Unchanged,
    }
}

/// How much a plan does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectTotals {
    /// Keys to create.
    pub create: u64,
    /// Keys to update.
    pub update: u64,
    /// Keys to delete.
    pub delete: u64,
    /// Bytes of the versions to create.
    pub create_bytes: u64,
    /// Bytes of the versions to update to.
    pub update_bytes: u64,
    /// Keys that are what they were.
    pub unchanged: u64,
    /// Keys that were created later and are kept.
    pub new_kept: u64,
    /// Keys whose version of the time is in an archive.
    pub archived: u64,
    /// Keys to update whose present version may be the same, which is compared before anything is written.
    pub same_bytes: u64,
    /// Versions and markers that were looked at.
    pub versions: u64,
}

impl ObjectTotals {
    /// Counts what was decided about one more key.
    pub fn add(&mut self, verdict: &Verdict) {
        let change = match verdict {
            Verdict::Unchanged => {
                self.unchanged += 1;
                return;
            }
            Verdict::NewKept => {
                self.new_kept += 1;
                return;
            }
            Verdict::Change(change) => change,
        };
        let size = change.version.size;
        match change.action {
            ObjectAction::Create => (self.create, self.create_bytes) = (self.create + 1, self.create_bytes + size),
            ObjectAction::Update => (self.update, self.update_bytes) = (self.update + 1, self.update_bytes + size),
            ObjectAction::Delete => self.delete += 1,
        }
        self.same_bytes += u64::from(change.same_bytes_as.is_some());
        if change.action != ObjectAction::Delete && change.version.is_out_of_reach() {
            self.archived += 1;
        }
    }

    /// A key that was counted as a change turned out to be what it should be.
    pub fn settle(&mut self, change: &ObjectChange) {
        let size = change.version.size;
        match change.action {
            ObjectAction::Create => (self.create, self.create_bytes) = (self.create - 1, self.create_bytes - size),
            ObjectAction::Update => (self.update, self.update_bytes) = (self.update - 1, self.update_bytes - size),
            ObjectAction::Delete => self.delete -= 1,
        }
        self.same_bytes -= u64::from(change.same_bytes_as.is_some());
        if change.action != ObjectAction::Delete && change.version.is_out_of_reach() {
            self.archived -= 1;
        }
        self.unchanged += 1;
    }

    /// Adds what another part of the tree has.
    pub fn merge(&mut self, other: &Self) {
        self.create += other.create;
        self.update += other.update;
        self.delete += other.delete;
        self.create_bytes += other.create_bytes;
        self.update_bytes += other.update_bytes;
        self.unchanged += other.unchanged;
        self.new_kept += other.new_kept;
        self.archived += other.archived;
        self.same_bytes += other.same_bytes;
        self.versions += other.versions;
    }

    /// Keys that change.
    pub fn changes(&self) -> u64 {
        self.create + self.update + self.delete
    }

    /// Bytes that are copied.
    pub fn bytes(&self) -> u64 {
        self.create_bytes + self.update_bytes
    }
}
