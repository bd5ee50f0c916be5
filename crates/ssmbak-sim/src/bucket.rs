//! A versioned bucket by S3's documentation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use ssmbak::bucket::{BackupBucket, CurrentKey, Head, KeyPage, Keys, Object, StoredVersion};
use ssmbak::{Error, ErrorKind};
use ssmbak_core::record::metadata::{Encoded, Sidecar};
use ssmbak_core::sweep::{RECORD_KEY, SweepRecord};

use crate::run::Sabotage;
use crate::{Clock, Faults};

/// Few, so that a listing has several pages.
const PAGE: usize = 3;

/// The errors that this bucket throws, by operation. A test compares them with AWS's documentation.
pub const THROWN: [(&str, &str); 2] = [("GetObject", "NoSuchVersion"), ("PutObject", "MetadataTooLarge")];

fn thrown(operation: &str, code: &str, what: &str) -> Error {
    debug_assert!(THROWN.contains(&(operation, code)), "{operation} does not throw {code}");
    Error::new(ErrorKind::of_code(code), format!("cannot {what}: {code}"))
}

/// A versioned bucket in memory.
#[derive(Clone, Debug)]
pub struct FakeBucket {
    clock: Clock,
    faults: Faults,
    state: Arc<Mutex<State>>,
    sabotage: Sabotage,
}

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<String, Vec<Version>>,
    next_id: u64,
}

#[derive(Clone, Debug)]
struct Version {
    id: String,
    stored: Timestamp,
    /// Since when it is not the current version any more.
    noncurrent: Option<Timestamp>,
    marker: bool,
    body: Vec<u8>,
    metadata: Option<String>,
    tags: BTreeMap<String, String>,
}

impl FakeBucket {
    /// An empty one.
    pub fn new(clock: Clock, faults: Faults) -> Self {
        Self { clock, faults, state: Arc::default(), sabotage: Sabotage::None }
    }

    /// The same bucket, broken on purpose.
    #[must_use]
    pub fn sabotaged(self, sabotage: Sabotage) -> Self {
        Self { sabotage, ..self }
    }

    /// What a sabotaged bucket stores of a record, `None`: nothing.
    fn corrupted(&self, body: &[u8], metadata: &str) -> Option<String> {
        match self.sabotage {
            Sabotage::LosesTombstones if body.is_empty() => None,
            Sabotage::LosesBackfilledVersions if !body.is_empty() && !metadata.contains("\"present\"") => None,
            Sabotage::NotesNothingLost => Some(metadata.replace("\"lost\"", "\"forgotten\"")),
            _ => Some(metadata.to_owned()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self, key: &str, marker: bool, body: &[u8], metadata: Option<String>, tags: BTreeMap<String, String>) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.next_id += 1;
        let id = format!("v{}", state.next_id);
        let versions = state.keys.entry(key.to_owned()).or_default();
        if let Some(current) = versions.last_mut() {
            current.noncurrent = Some(now);
        }
        versions.push(Version { id, stored: now, noncurrent: None, marker, body: body.to_vec(), metadata, tags });
    }

    /// The body of a key's current version, `None` for a delete marker or nothing; no call is counted.
    pub fn current(&self, key: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        state.keys.get(key)?.last().filter(|version| !version.marker).map(|version| version.body.clone())
    }

    /// How many versions and markers a key has; no call is counted.
    pub fn len_of(&self, key: &str) -> usize {
        self.lock().keys.get(key).map_or(0, Vec::len)
    }

    /// A version as ssmbak 0.5.2 writes it.
    pub fn put_as_original(&self, key: &str, body: &str, tags: Vec<(String, String)>) {
        self.store(key, false, body.as_bytes(), None, tags.into_iter().collect());
    }

    /// A delete marker as ssmbak 0.5.2 writes it.
    pub fn delete_as_original(&self, key: &str) {
        self.store(key, true, b"", None, BTreeMap::new());
    }

    /// Applies the lifecycle rules: removes versions that have not been current for `retention`, and of those only what
    /// `taken` says (S3 removes them some time later, in no order); then markers that are the only version of their key.
    pub fn expire(&self, retention: SignedDuration, mut taken: impl FnMut() -> bool) {
        let now = self.clock.now();
        let mut state = self.lock();
        for versions in state.keys.values_mut() {
            versions.retain(|version| {
                let expired = version.noncurrent.is_some_and(|since| now.duration_since(since) > retention);
                !(expired && taken())
            });
            if matches!(versions.as_slice(), [version] if version.marker) && taken() {
                versions.clear();
            }
        }
        state.keys.retain(|_, versions| !versions.is_empty());
    }
}

fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The rows of a listing of one key, newest first.
fn stored(key: &str, versions: &[Version]) -> Vec<StoredVersion> {
    let row = |(index, version): (usize, &Version)| StoredVersion {
        key: key.to_owned(),
        version_id: version.id.clone(),
        last_modified: second(version.stored),
        is_latest: index + 1 == versions.len(),
        is_marker: version.marker,
        size: version.body.len() as u64,
    };
    versions.iter().enumerate().rev().map(row).collect()
}

fn find<'a>(state: &'a State, key: &str, id: Option<&str>) -> Option<&'a Version> {
    let versions = state.keys.get(key)?;
    match id {
        Some(id) => versions.iter().find(|version| version.id == id),
        None => versions.last(),
    }
}

/// By key, oldest first, as the library takes them where S3's own order cannot be seen: the current version is last, and a
/// marker follows the versions of its second.
fn guessed_order(mut listed: Vec<StoredVersion>) -> Vec<StoredVersion> {
    // Newest first as they are listed: reversed, a stable sort keeps what order there is.
    listed.reverse();
    listed.sort_by(|a, b| {
        let rank = |row: &StoredVersion| (row.is_latest, row.last_modified, row.is_marker);
        (a.key.as_str(), rank(a)).cmp(&(b.key.as_str(), rank(b)))
    });
    listed
}

impl BackupBucket for FakeBucket {
    async fn versions(&self, of: Keys<'_>) -> Result<Vec<StoredVersion>, Error> {
        self.faults
            .call("versions", || {
                let state = self.lock();
                let wanted = |key: &str| match of {
                    Keys::One(one) => key == one,
                    Keys::Prefix(prefix) => key.starts_with(prefix),
                };
                let all = state.keys.iter().filter(|(key, _)| wanted(key));
                let (mut markers, mut objects): (Vec<_>, Vec<_>) =
                    all.flat_map(|(key, versions)| stored(key, versions)).partition(|row| row.is_marker);
                // As a server that lists all versions before all markers: their order among each other is lost.
                objects.append(&mut markers);
                Ok(guessed_order(objects))
            })
            .await
    }

    async fn head(&self, key: &str, version_id: Option<&str>) -> Result<Head, Error> {
        self.faults
            .call("head", || {
                let state = self.lock();
                Ok(match find(&state, key, version_id) {
                    None => Head::Missing,
                    Some(version) if version.marker => Head::DeleteMarker,
                    Some(version) => Head::Object {
                        version_id: version.id.clone(),
                        last_modified: second(version.stored),
                        size: version.body.len() as u64,
                        metadata: version.metadata.clone(),
                    },
                })
            })
            .await
    }

    async fn tags(&self, key: &str, version_id: &str) -> Result<BTreeMap<String, String>, Error> {
        self.faults
            .call("get_tags", || {
                Ok(find(&self.lock(), key, Some(version_id)).map(|version| version.tags.clone()).unwrap_or_default())
            })
            .await
    }

    async fn object(&self, key: &str, version_id: &str) -> Result<Option<Object>, Error> {
        self.faults
            .call("object", || {
                let state = self.lock();
                let found = find(&state, key, Some(version_id)).filter(|version| !version.marker);
                Ok(found.map(|version| Object { metadata: version.metadata.clone(), body: version.body.clone() }))
            })
            .await
    }

    async fn body(&self, key: &str, version_id: Option<&str>) -> Result<Vec<u8>, Error> {
        self.faults
            .call("body", || {
                find(&self.lock(), key, version_id)
                    .filter(|version| !version.marker)
                    .map(|version| version.body.clone())
                    .ok_or_else(|| thrown("GetObject", "NoSuchVersion", &format!("read {key}")))
            })
            .await
    }

    async fn put(&self, key: &str, body: &[u8], encoded: &Encoded) -> Result<(), Error> {
        self.faults
            .call("put_object", || {
                if encoded.metadata.len() + "ssmbak".len() > 2048
                    || !encoded.metadata.is_ascii()
                    || encoded.tags.len() > 10
                {
                    return Err(thrown("PutObject", "MetadataTooLarge", "write"));
                }
                if let Some(metadata) = self.corrupted(body, &encoded.metadata) {
                    self.store(key, false, body, Some(metadata), encoded.tags.iter().cloned().collect());
                }
                Ok(())
            })
            .await
    }

    async fn put_sidecar(&self, sidecar: &Sidecar) -> Result<(), Error> {
        self.faults
            .call("put_sidecar", || {
                if self.current(&sidecar.key).is_none() {
                    self.store(&sidecar.key, false, sidecar.body.as_bytes(), None, BTreeMap::new());
                }
                Ok(())
            })
            .await
    }

    async fn current_keys(&self, after: Option<&str>) -> Result<KeyPage, Error> {
        self.faults
            .call("current_keys", || {
                let state = self.lock();
                let later: Vec<&String> =
                    state.keys.keys().filter(|key| after.is_none_or(|after| key.as_str() > after)).collect();
                let page = &later[..later.len().min(PAGE)];
                let rows =
                    |key: &&String| state.keys.get(*key).map(|versions| stored(key, versions)).unwrap_or_default();
                Ok(KeyPage {
                    keys: page.iter().filter_map(|key| CurrentKey::of(&rows(key))).collect(),
                    next: page.last().filter(|_| later.len() > PAGE).map(|key| (*key).clone()),
                })
            })
            .await
    }

    async fn put_sweep(&self, record: &SweepRecord) -> Result<(), Error> {
        self.faults
            .call("put_sweep", || {
                self.store(RECORD_KEY, false, record.encode().as_bytes(), None, BTreeMap::new());
                Ok(())
            })
            .await
    }

    async fn put_document(&self, key: &str, body: &[u8]) -> Result<(), Error> {
        self.faults
            .call("put_document", || {
                self.store(key, false, body, None, BTreeMap::new());
                Ok(())
            })
            .await
    }

    async fn delete_marker(&self, key: &str) -> Result<(), Error> {
        self.faults
            .call("delete_marker", || {
                self.store(key, true, b"", None, BTreeMap::new());
                Ok(())
            })
            .await
    }
}
