//! Buckets, keys and versions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whether a bucket makes versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versioning {
    /// It never has.
    #[default]
    Never,
    /// Every write makes one.
    Enabled,
    /// A write replaces the null version.
    Suspended,
}

/// An object's bytes and what belongs to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// Its bytes.
    pub body: Arc<[u8]>,
    /// Content headers, `x-amz-meta-…`, storage class, encryption, tags (`x-amz-tagging`), ACL (`acl`).
    pub headers: BTreeMap<String, String>,
    /// Without quotes.
    pub etag: String,
}

impl StoredObject {
    /// An object with an ETag that is the MD5 of its bytes.
    #[must_use]
    pub fn new(body: Arc<[u8]>, headers: BTreeMap<String, String>) -> Self {
        let etag = md5_hex(&body);
        Self { body, headers, etag }
    }
}

pub(super) fn md5_hex(bytes: &[u8]) -> String {
    use md5::{Digest, Md5};
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A version, or a delete marker.
#[derive(Clone, Debug)]
pub(super) struct Version {
    pub(super) id: String,
    pub(super) modified: u64,
    /// None: a delete marker.
    pub(super) object: Option<StoredObject>,
}

#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) versioning: Versioning,
    /// Oldest first.
    pub(super) keys: BTreeMap<String, Vec<Version>>,
}

/// An upload in parts.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) headers: BTreeMap<String, String>,
    pub(super) parts: BTreeMap<u32, Vec<u8>>,
    pub(super) begun: u64,
}

/// A batch job, which is over as soon as it is created.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) request: String,
    pub(super) succeeded: u64,
    pub(super) failed: u64,
    /// Why it failed as a whole.
    pub(super) reason: Option<&'static str>,
}

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) uploads: BTreeMap<String, Upload>,
    /// Batch jobs by their token.
    pub(super) jobs: BTreeMap<String, Job>,
    /// Keys that DeleteObjects refuses, and jobs cannot copy.
    pub(super) protected: BTreeSet<String>,
    last_id: u64,
}

impl Store {
    pub(super) fn set_bucket(&mut self, name: &str, versioning: Versioning) {
        self.buckets.entry(name.to_owned()).or_default().versioning = versioning;
    }

    pub(super) fn next_id(&mut self) -> String {
        self.last_id += 1;
        // Scrambled, so that nobody can rely on an order of ids.
        format!("{:016x}", self.last_id.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn push(&mut self, bucket: &str, key: &str, object: Option<StoredObject>, modified: u64) -> Option<String> {
        let versioning = self.buckets.get(bucket)?.versioning;
        let id = if versioning == Versioning::Enabled { self.next_id() } else { "null".to_owned() };
        let versions = self.buckets.get_mut(bucket)?.keys.entry(key.to_owned()).or_default();
        if versioning != Versioning::Enabled {
            versions.retain(|version| version.id != "null");
        }
        versions.push(Version { id: id.clone(), modified, object });
        Some(id)
    }

    pub(super) fn put(&mut self, bucket: &str, key: &str, object: StoredObject, now: u64) -> Option<String> {
        self.push(bucket, key, Some(object), now)
    }

    /// Puts a marker, or removes a version for good; returns the id, and whether it is a marker.
    pub(super) fn delete(&mut self, bucket: &str, key: &str, id: Option<&str>, now: u64) -> Option<(String, bool)> {
        let Some(id) = id else {
            if self.buckets.get(bucket)?.versioning == Versioning::Never {
                self.buckets.get_mut(bucket)?.keys.remove(key);
                return None;
            }
            return self.push(bucket, key, None, now).map(|id| (id, true));
        };
        let keys = &mut self.buckets.get_mut(bucket)?.keys;
        let versions = keys.get_mut(key)?;
        let at = versions.iter().position(|version| version.id == id)?;
        let removed = versions.remove(at);
        if versions.is_empty() {
            keys.remove(key);
        }
        Some((removed.id, removed.object.is_none()))
    }

    pub(super) fn find(&self, bucket: &str, key: &str, id: Option<&str>) -> Option<&Version> {
        let versions = self.buckets.get(bucket)?.keys.get(key)?;
        match id {
            Some(id) => versions.iter().find(|version| version.id == id),
            None => versions.last(),
        }
    }

    pub(super) fn find_mut(&mut self, bucket: &str, key: &str, id: Option<&str>) -> Option<&mut StoredObject> {
        let versions = self.buckets.get_mut(bucket)?.keys.get_mut(key)?;
        let found = match id {
            Some(id) => versions.iter_mut().find(|version| version.id == id),
            None => versions.last_mut(),
        };
        found?.object.as_mut()
    }

    pub(super) fn current(&self, bucket: &str, key: &str) -> Option<StoredObject> {
        self.find(bucket, key, None)?.object.clone()
    }

    pub(super) fn versions(&self, bucket: &str, key: &str) -> usize {
        self.buckets.get(bucket).and_then(|bucket| bucket.keys.get(key)).map_or(0, Vec::len)
    }

    pub(super) fn keys(&self, bucket: &str) -> Vec<String> {
        let keys = self.buckets.get(bucket).into_iter().flat_map(|bucket| &bucket.keys);
        keys.filter(|(_, versions)| versions.last().is_some_and(|version| version.object.is_some()))
            .map(|(key, _)| key.clone())
            .collect()
    }
}
