//! The versioned bucket through the AWS SDK: one file per concern.

mod conditional;
mod document;
mod keys;
mod lifecycle;
mod list;
mod mark;
mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::Client;
use futures_util::stream::Stream;
use jiff::Timestamp;
use ssmbak_core::record::metadata::{Encoded, Sidecar};
use ssmbak_core::sweep::SweepRecord;

use super::{BackupBucket, Head, KeyPage, Keys, Object, StoredVersion};
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind};

/// A versioned bucket behind an SDK client.
#[derive(Clone, Debug)]
pub struct S3BackupBucket {
    client: Client,
    name: String,
    /// Whether a version with an id of its own was seen, so that it need not be asked.
    versioned: Arc<AtomicBool>,
}

impl S3BackupBucket {
    /// Wraps a client, whose region, endpoint, credentials and retries are its owner's business. A custom endpoint wants
    /// a client with `force_path_style`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into(), versioned: Arc::default() }
    }

    /// The bucket's name.
    pub fn name(&self) -> &str {
        &self.name
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
        let name = &self.name;
        let output = self
            .client
            .get_bucket_versioning()
            .bucket(name)
            .send()
            .await
            .map_err(|error| Error::from_sdk(&format!("look at bucket {name}"), &error))?;
        // Suspended versioning keeps the versions that were made before.
        if output.status().is_none() {
            return Err(Error::new(ErrorKind::BucketNotVersioned, format!("bucket {name} keeps no versions")));
        }
        Ok(())
    }

    /// Whether the bucket keeps no further versions, although it has some.
    ///
    /// # Errors
    /// The failed request.
    pub async fn is_suspended(&self) -> Result<bool, Error> {
        let request = self.client.get_bucket_versioning().bucket(&self.name);
        let output = request.send().await.map_err(|error| self.bucket_error("look at versioning", &error))?;
        Ok(output.status() == Some(&aws_sdk_s3::types::BucketVersioningStatus::Suspended))
    }

    /// The recorded names that begin so, and the paths on the way to longer ones, as a shell completes them: what is
    /// deleted is among them. At most a page.
    ///
    /// # Errors
    /// The failed request.
    pub async fn continuations(&self, beginning: &str) -> Result<Vec<String>, Error> {
        keys::continuations(self, beginning).await
    }

    fn keeps_versions(&self) {
        self.versioned.store(true, Ordering::Relaxed);
    }

    fn bucket_error<E, R>(&self, action: &str, error: &aws_sdk_s3::error::SdkError<E, R>) -> Error
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        Error::from_sdk(&format!("{action} in bucket {}", self.name), error)
    }
}

impl BackupBucket for S3BackupBucket {
    async fn versions(&self, of: Keys<'_>) -> Result<Vec<StoredVersion>, Error> {
        list::versions(self, of).await
    }

    async fn head(&self, key: &str, version_id: Option<&str>) -> Result<Head, Error> {
        let (bucket, key, version_id) = (self.clone(), key.to_owned(), version_id.map(str::to_owned));
        spawn_abort_on_drop(async move { read::head(&bucket, &key, version_id.as_deref()).await }).await
    }

    async fn tags(&self, key: &str, version_id: &str) -> Result<BTreeMap<String, String>, Error> {
        let (bucket, key, version_id) = (self.clone(), key.to_owned(), version_id.to_owned());
        spawn_abort_on_drop(async move { read::tags(&bucket, &key, &version_id).await }).await
    }

    fn by_key<'a>(&'a self, of: Keys<'a>) -> impl Stream<Item = Result<Vec<StoredVersion>, Error>> + Send + 'a {
        list::by_key(self, of)
    }

    async fn object(&self, key: &str, version_id: &str) -> Result<Option<Object>, Error> {
        let (bucket, key, version_id) = (self.clone(), key.to_owned(), version_id.to_owned());
        spawn_abort_on_drop(async move { read::object(&bucket, &key, &version_id).await }).await
    }

    async fn body(&self, key: &str, version_id: Option<&str>) -> Result<Vec<u8>, Error> {
        let (bucket, key, version_id) = (self.clone(), key.to_owned(), version_id.map(str::to_owned));
        spawn_abort_on_drop(async move { read::body(&bucket, &key, version_id.as_deref()).await }).await
    }

    async fn put(&self, key: &str, body: &[u8], encoded: &Encoded) -> Result<(), Error> {
        write::put(self, key, body, encoded).await
    }

    async fn put_sidecar(&self, sidecar: &Sidecar) -> Result<(), Error> {
        write::put_sidecar(self, sidecar).await
    }

    async fn current_keys(&self, after: Option<&str>) -> Result<KeyPage, Error> {
        keys::current_keys(self, after).await
    }

    async fn put_sweep(&self, record: &SweepRecord) -> Result<(), Error> {
        write::put_sweep(self, record).await
    }

    async fn put_document(&self, key: &str, body: &[u8]) -> Result<(), Error> {
        document::put(self, key, body).await
    }

    async fn delete_marker(&self, key: &str) -> Result<(), Error> {
        write::delete_marker(self, key).await
    }
}

fn timestamp(time: Option<&aws_sdk_s3::primitives::DateTime>) -> Result<Timestamp, Error> {
    time.and_then(|time| Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok())
        .ok_or_else(|| Error::new(ErrorKind::Other, "s3 returned a version without a usable LastModified"))
}

fn size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}
