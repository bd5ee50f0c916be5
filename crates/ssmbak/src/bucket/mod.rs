//! The versioned bucket, as ssmbak uses it.

mod current_keys;
mod evidence;
mod lifecycle;
pub(crate) mod pages;
mod parallel_listing;
mod s3_backup_bucket;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;

pub(crate) use evidence::{Described, described_of, evidence_of};
pub use evidence::{describe_versions, record_and_body_of, record_of};
pub use s3_backup_bucket::S3BackupBucket;

use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};

use jiff::Timestamp;
use ssmbak_core::object::ObjectVersion;
use ssmbak_core::record::metadata::{Encoded, Sidecar};
use ssmbak_core::sweep::{OnTop, Stored, SweepRecord};

use crate::Error;

/// The operations of S3 that ssmbak needs. Implemented by [`S3BackupBucket`], and by fakes.
pub trait BackupBucket: Send + Sync {
    /// Every version and delete marker of the keys that begin with a prefix, or of the one key: by key, oldest first.
    fn versions(&self, of: Keys<'_>) -> impl Future<Output = Result<Vec<StoredVersion>, Error>> + Send;

    /// The same, key by key as the listing comes in: all versions of one key at a time, oldest first.
    fn by_key<'a>(&'a self, of: Keys<'a>) -> impl Stream<Item = Result<Vec<StoredVersion>, Error>> + Send + 'a {
        stream::once(self.versions(of)).map_ok(|listed| stream::iter(by_key(listed)).map(Ok)).try_flatten()
    }

    /// What a version (`None`: the current one) says about itself, without its body.
    fn head(&self, key: &str, version_id: Option<&str>) -> impl Future<Output = Result<Head, Error>> + Send;

    /// A version's tags.
    fn tags(&self, key: &str, version_id: &str)
    -> impl Future<Output = Result<BTreeMap<String, String>, Error>> + Send;

    /// A version and its body, in one request; `None`: it is not there, or a delete marker.
    fn object(&self, key: &str, version_id: &str) -> impl Future<Output = Result<Option<Object>, Error>> + Send;

    /// A version's body (`None` for the current one's).
    fn body(&self, key: &str, version_id: Option<&str>) -> impl Future<Output = Result<Vec<u8>, Error>> + Send;

    /// Stores a new version of a key, described as `encoded` says. The sidecar is not its business.
    fn put(&self, key: &str, body: &[u8], encoded: &Encoded) -> impl Future<Output = Result<(), Error>> + Send;

    /// Stores a sidecar object, if it is not there already.
    fn put_sidecar(&self, sidecar: &Sidecar) -> impl Future<Output = Result<(), Error>> + Send;

    /// The first keys after one (`None`: from the beginning), in order of their UTF-8.
    fn current_keys(&self, after: Option<&str>) -> impl Future<Output = Result<KeyPage, Error>> + Send;

    /// Stores the record of a sweep, in the place of the one before.
    fn put_sweep(&self, record: &SweepRecord) -> impl Future<Output = Result<(), Error>> + Send;

    /// Stores a new version of one of ssmbak's own documents: JSON under a key that is no parameter's.
    fn put_document(&self, key: &str, body: &[u8]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Puts a delete marker on a key.
    fn delete_marker(&self, key: &str) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// The keys, in order.
    pub keys: Vec<CurrentKey>,
    /// The key after which the next page begins; `None`: there are no more.
    pub next: Option<String>,
}

/// A key, and what its current version shows by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentKey {
    /// The key.
    pub key: String,
    /// What is on top of it.
    pub on_top: OnTop,
}

impl CurrentKey {
    /// What a key's versions (in any order) say; `None`: the current one is not among them, or they are nothing but delete
    /// markers.
    pub fn of(versions: &[StoredVersion]) -> Option<Self> {
        let stored = |version: &StoredVersion| Stored { is_marker: version.is_marker, at: version.last_modified };
        let current = versions.iter().find(|version| version.is_latest)?;
        let all: Vec<Stored> = versions.iter().map(stored).collect();
        Some(Self { key: current.key.clone(), on_top: OnTop::of(stored(current), &all)? })
    }
}

/// Which keys to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys<'a> {
    /// One key, and not those that share its beginning.
    One(&'a str),
    /// All keys that begin so.
    Prefix(&'a str),
}

/// A row of a versioned listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredVersion {
    /// The key.
    pub key: String,
    /// S3's version id.
    pub version_id: String,
    /// When S3 stored it.
    pub last_modified: Timestamp,
    /// Whether it is the key's current version.
    pub is_latest: bool,
    /// Whether it is a delete marker.
    pub is_marker: bool,
    /// Bytes of the body.
    pub size: u64,
}

impl From<ObjectVersion> for StoredVersion {
    fn from(version: ObjectVersion) -> Self {
        let ObjectVersion { key, version_id, last_modified, is_latest, is_marker, size, .. } = version;
        Self { key, version_id, last_modified, is_latest, is_marker, size }
    }
}

/// What a version says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// There is none.
    Missing,
    /// It is a delete marker.
    DeleteMarker,
    /// It is an object.
    Object {
        /// S3's version id.
        version_id: String,
        /// When S3 stored it.
        last_modified: Timestamp,
        /// Bytes of the body.
        size: u64,
        /// The metadata field of ssmbak, if it has one.
        metadata: Option<String>,
    },
}

/// A version as one request brings it.
#[derive(Clone, PartialEq, Eq)]
pub struct Object {
    /// The metadata field of ssmbak, if it has one.
    pub metadata: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("body", &format_args!("{} bytes", self.body.len())).finish_non_exhaustive()
    }
}

/// One list for each key.
pub(crate) fn by_key(listed: Vec<StoredVersion>) -> Vec<Vec<StoredVersion>> {
    let mut keys: Vec<Vec<StoredVersion>> = Vec::new();
    for version in listed {
        match keys.last_mut() {
            Some(key) if key.first().is_some_and(|first| first.key == version.key) => key.push(version),
            _ => keys.push(vec![version]),
        }
    }
    keys
}
