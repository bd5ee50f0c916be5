//! The backup bucket in S3: what parameters' records are, over the requests that every bucket has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use futures_util::stream::Stream;
use ssmbak_core::mark::Mark;
use ssmbak_core::object::NULL_VERSION;
use ssmbak_core::record::metadata::{Encoded, FIELD, Sidecar};
use ssmbak_core::record::tags;
use ssmbak_core::sweep::{RECORD_KEY, SweepRecord};

use super::evidence::LARGEST_VALUE;
use super::{BackupBucket, Head, KeyPage, Keys, Object, StoredVersion, current_keys, parallel_listing};
use crate::read::name_of;
use crate::s3::get::ReadObject;
use crate::s3::head::Headed;
use crate::s3::object_bucket::timestamp;
use crate::s3::put::PutMode;
use crate::s3::{ObjectBucket, Versioning};
use crate::{Error, ErrorKind};

/// More than any document of ssmbak's is, the records of restores among them.
const LARGEST_DOCUMENT: u64 = 64 * 1024 * 1024;

/// A versioned bucket behind an SDK client.
#[derive(Clone, Debug)]
pub struct S3BackupBucket {
    pub(super) objects: ObjectBucket,
    /// Whether a version with an id of its own was seen, so that it need not be asked.
    versioned: Arc<AtomicBool>,
}

impl S3BackupBucket {
    /// Wraps a client, whose region, endpoint, credentials and retries are its owner's business. A custom endpoint wants
    /// a client with `force_path_style`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { objects: ObjectBucket::new(client, name).with_plain_keys(), versioned: Arc::default() }
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        self.objects.name()
    }

    /// Makes sure that the bucket exists and keeps versions, without which it cannot tell the past. Asks nothing if a
    /// listing has shown it already.
    ///
    /// # Errors
    /// [`ErrorKind::BucketMissing`], [`ErrorKind::BucketNotVersioned`], or the failed request.
    pub async fn check_versioned(&self) -> Result<(), Error> {
        if self.versioned.load(Ordering::Relaxed) {
            return Ok(());
        }
        // Suspended versioning keeps the versions that were made before.
        self.objects.seen_versioning().await.map(drop)
    }

    /// Whether the bucket keeps no further versions, although it has some.
    ///
    /// # Errors
    /// The failed request.
    pub async fn is_suspended(&self) -> Result<bool, Error> {
        match self.objects.seen_versioning().await {
            Err(error) if error.kind == ErrorKind::BucketNotVersioned => Ok(false),
            seen => Ok(seen? == Versioning::Suspended),
        }
    }

    /// The recorded names that begin so, and the paths on the way to longer ones, as a shell completes them: what is
    /// deleted is among them. At most a page.
    ///
    /// # Errors
    /// The failed request.
    pub async fn continuations(&self, beginning: &str) -> Result<Vec<String>, Error> {
        current_keys::continuations(&self.objects, beginning).await
    }

    /// Sets a mark. One of this name that is there already is moved only if `replace` says so.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], or the failed request.
    pub async fn put_mark(&self, mark: &Mark, replace: bool) -> Result<(), Error> {
        let mode = if replace { PutMode::Replace } else { PutMode::Create };
        let action = format!("set the mark {}", mark.name);
        if self.put_json(&action, mode, &mark.name.key(), mark.encode().as_bytes()).await? {
            return Ok(());
        }
        let error = Error::new(ErrorKind::AlreadyExists, format!("there is a mark {} already", mark.name));
        Err(error.with_hint("choose another name, or move it with --force"))
    }

    /// A version with an id of its own was seen.
    pub(super) fn keeps_versions(&self) {
        self.versioned.store(true, Ordering::Relaxed);
    }

    /// Stores a document; whether it did, and did not find one.
    async fn put_json(&self, action: &str, mode: PutMode, key: &str, json: &[u8]) -> Result<bool, Error> {
        let described = |put: PutObjectFluentBuilder| put.content_type("application/json");
        let put = self.objects.put(mode, key, ByteStream::from(json.to_vec()), described).await;
        let stored = put.map_err(|error| self.objects.failed(action, &error))?;
        stored.as_ref().map_or(Ok(()), |stored| self.kept(key, stored))?;
        Ok(stored.is_some())
    }

    /// Makes sure that what was stored is a version by itself. Who may not ask whether versioning is suspended is told by
    /// this answer: the version "null" takes the place of the one before.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html>
    fn kept(&self, key: &str, stored: &PutObjectOutput) -> Result<(), Error> {
        if stored.version_id().is_some_and(|id| id != NULL_VERSION) {
            return Ok(());
        }
        let name = self.name();
        let message = format!(
            "bucket {name} keeps no versions at present: what was just written to {key} is overwritten by the next"
        );
        let hint = format!(
            "enable it: aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
        );
        Err(Error::new(ErrorKind::BucketNotVersioned, message).with_hint(hint))
    }
}

/// How large an object is, which S3 always tells. Without it nobody knows whether a version is a deletion.
fn length(key: &str, head: &HeadObjectOutput) -> Result<u64, Error> {
    let length = head.content_length().and_then(|length| u64::try_from(length).ok());
    length.ok_or_else(|| {
        let message = format!("cannot read {key}: the answer does not tell how large it is");
        Error::new(ErrorKind::Other, message)
            .with_hint("check --endpoint-url, and any proxy between this machine and S3")
    })
}

impl BackupBucket for S3BackupBucket {
    async fn versions(&self, of: Keys<'_>) -> Result<Vec<StoredVersion>, Error> {
        parallel_listing::versions(self, of).await
    }

    fn by_key<'a>(&'a self, of: Keys<'a>) -> impl Stream<Item = Result<Vec<StoredVersion>, Error>> + Send + 'a {
        parallel_listing::by_key(self, of)
    }

    async fn current_keys(&self, after: Option<&str>) -> Result<KeyPage, Error> {
        current_keys::current_keys(&self.objects, after).await
    }

    async fn head(&self, key: &str, version_id: Option<&str>) -> Result<Head, Error> {
        Ok(match self.objects.head(key, self.objects.head_request(key, version_id)).await? {
            Headed::Missing => Head::Missing,
            Headed::DeleteMarker => Head::DeleteMarker,
            Headed::Object(head) => Head::Object {
                version_id: head.version_id().unwrap_or(NULL_VERSION).to_owned(),
                last_modified: timestamp(head.last_modified())?,
                size: length(key, &head)?,
                metadata: head.metadata().and_then(|metadata| metadata.get(FIELD)).cloned(),
            },
        })
    }

    async fn tags(&self, key: &str, version_id: &str) -> Result<BTreeMap<String, String>, Error> {
        match self.objects.tags(key, version_id).await {
            Err(error) if error.kind == ErrorKind::NotFound => Ok(BTreeMap::new()),
            tags => tags,
        }
    }

    async fn object(&self, key: &str, version_id: &str) -> Result<Option<Object>, Error> {
        match self.objects.read(key, Some(version_id), LARGEST_VALUE).await {
            Ok(ReadObject { answer, body }) => {
                let metadata = answer.metadata().and_then(|metadata| metadata.get(FIELD)).cloned();
                Ok(Some(Object { metadata, body }))
            }
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn body(&self, key: &str, version_id: Option<&str>) -> Result<Vec<u8>, Error> {
        let most = if name_of(key).is_some() { LARGEST_VALUE } else { LARGEST_DOCUMENT };
        self.objects.read(key, version_id, most).await.map(|read| read.body)
    }

    async fn put(&self, key: &str, body: &[u8], encoded: &Encoded) -> Result<(), Error> {
        let put = async |tags: &[(String, String)]| {
            let tagging = Some(tags::header(tags)).filter(|header| !header.is_empty());
            let described =
                |put: PutObjectFluentBuilder| put.metadata(FIELD, &encoded.metadata).set_tagging(tagging.clone());
            self.objects.put(PutMode::Replace, key, ByteStream::from(body.to_vec()), described).await
        };
        let mut answered = put(&encoded.tags).await;
        // Which characters a tag takes is told differently by different sources. The description is whole in the metadata;
        // its tag is there for ssmbak 0.5.2 and must not keep a version from being recorded.
        if matches!(&answered, Err(error) if error.code() == Some("InvalidTag")) {
            let described = |(name, _): &(String, String)| name == tags::DESCRIPTION;
            if encoded.tags.iter().any(described) {
                let without: Vec<_> = encoded.tags.iter().filter(|tag| !described(tag)).cloned().collect();
                tracing::warn!(key, "s3 refuses the tag with the description, which is left out");
                answered = put(&without).await;
            }
        }
        let stored = answered.map_err(|error| self.objects.failed(&format!("write {key}"), &error))?;
        stored.as_ref().map_or(Ok(()), |stored| self.kept(key, stored))
    }

    async fn put_sidecar(&self, sidecar: &Sidecar) -> Result<(), Error> {
        // Its name is the hash of its content: if it is there, it is the same.
        self.put_json("write a sidecar", PutMode::Create, &sidecar.key, sidecar.body.as_bytes()).await.map(drop)
    }

    async fn put_sweep(&self, record: &SweepRecord) -> Result<(), Error> {
        let json = record.encode();
        self.put_json("write the record of the sweep", PutMode::Replace, RECORD_KEY, json.as_bytes()).await.map(drop)
    }

    async fn put_document(&self, key: &str, body: &[u8]) -> Result<(), Error> {
        self.put_json(&format!("write {key}"), PutMode::Replace, key, body).await.map(drop)
    }

    async fn delete_marker(&self, key: &str) -> Result<(), Error> {
        self.objects.put_delete_marker(key).await.map(drop)
    }
}
