//! One key of a versioned bucket at an instant.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::ServerSideEncryption;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{KeyHistory, ObjectPlanOptions, ObjectState, ObjectVersion, Verdict, decide};
use ssmbak_core::object::{ObjectAction, ObjectChange, storage_class_of_copy};
use tokio::io::AsyncWrite;
use tokio::sync::OnceCell;

use super::copy::{CopyOptions, Destination};
use super::object_bucket::{ObjectBucket, Versioning, shown};
use crate::{Error, ErrorKind};

/// One key at an instant: which version was current then, its bytes, and how to make it current again.
///
/// The bucket is looked at once, with the first question.
#[derive(Debug)]
pub struct S3Path {
    bucket: ObjectBucket,
    key: String,
    at: Instant,
    history: OnceCell<KeyHistory>,
}

/// What restoring a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It is what it was: nothing was done.
    Unchanged,
    /// The version is current again, as this new version.
    Copied(Option<String>),
    /// It is deleted again, by this new marker.
    Deleted(Option<String>),
}

impl S3Path {
    /// A key of a bucket behind a client, at an instant.
    pub fn new(client: Client, bucket: impl Into<String>, key: impl Into<String>, at: Instant) -> Self {
        Self::of(ObjectBucket::new(client, bucket), key, at)
    }

    /// A key of a bucket, at an instant.
    pub fn of(bucket: ObjectBucket, key: impl Into<String>, at: Instant) -> Self {
        Self { bucket, key: key.into(), at, history: OnceCell::new() }
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The version or delete marker that was current at the instant, `None` if the bucket has none from then or before.
    ///
    /// Only the key's own versions are listed, and no further than to the one that decides.
    ///
    /// # Errors
    /// [`ErrorKind::BucketMissing`] and the like, for the failed request.
    pub async fn preview(&self) -> Result<Option<ObjectVersion>, Error> {
        Ok(match self.history().await?.at(0) {
            ObjectState::Held(version) | ObjectState::Deleted(version) => Some(version.clone()),
            ObjectState::Absent => None,
        })
    }

    /// The bytes at the instant, in memory; `None` if the key was deleted or there is no version from then or before. For
    /// large objects use [`S3Path::download_to`].
    ///
    /// # Errors
    /// As [`ObjectBucket::download`].
    pub async fn body(&self) -> Result<Option<Vec<u8>>, Error> {
        let ObjectState::Held(version) = self.history().await?.at(0) else { return Ok(None) };
        let mut bytes = Vec::new();
        self.bucket.download(version, &mut bytes).await?;
        Ok(Some(bytes))
    }

    /// Writes the bytes at the instant to `sink` as they come.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the key was deleted or there is no version from then or before; else as
    /// [`ObjectBucket::download`].
    pub async fn download_to<W: AsyncWrite + Unpin>(&self, sink: &mut W) -> Result<(), Error> {
        self.bucket.download(self.held().await?, sink).await
    }

    /// The version that was current at the instant.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the key was deleted or there is no version from then or before; else the failed
    /// request.
    pub async fn held(&self) -> Result<&ObjectVersion, Error> {
        let key = shown(&self.key);
        match self.history().await?.at(0) {
            ObjectState::Held(version) => Ok(version),
            ObjectState::Deleted(marker) => {
                Err(Error::new(ErrorKind::NotFound, format!("{key} was deleted at {}", marker.last_modified)))
            }
            ObjectState::Absent => {
                Err(Error::new(ErrorKind::NotFound, format!("there is no version of {key} of {} or before", self.at)))
            }
        }
    }

    /// Restores the key: copies the version that was current at the instant, or puts a delete marker; writes nothing if that
    /// is the key's state already. `None` if the bucket has no version of that time or before, which proves nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Archived`]; [`ErrorKind::Refused`] if the write would destroy a version, because versioning is
    /// suspended; or the failed request.
    pub async fn restore(&self, options: &CopyOptions) -> Result<Option<Restored>, Error> {
        let history = self.history().await?;
        if history.at(0) == ObjectState::Absent {
            return Ok(None);
        }
        let Verdict::Change(mut change) = decide(history, ObjectPlanOptions::default()) else {
            return Ok(Some(Restored::Unchanged));
        };
        let versioning = self.bucket.versioning().await?;
        if versioning == Versioning::Suspended {
            change.has_null = self.bucket.history(&self.key, &[], true).await?.has_null();
        }
        self.bucket.apply(&change, None, versioning, options).await.map(Some)
    }

    async fn history(&self) -> Result<&KeyHistory, Error> {
        self.history.get_or_try_init(async || self.bucket.history(&self.key, &[self.at], false).await).await
    }
}

impl ObjectBucket {
    /// Refuses a change that would destroy a version.
    pub(super) fn check_loss(
        change: &ObjectChange,
        to: Option<Destination<'_>>,
        versioning: Versioning,
    ) -> Result<(), Error> {
        if to.is_none() && versioning == Versioning::Suspended && change.has_null {
            let message = format!(
                "{} has a version without an id, which the restore would destroy: versioning is suspended",
                shown(&change.version.key)
            );
            return Err(
                Error::new(ErrorKind::Refused, message).with_hint("enable the bucket's versioning, then restore")
            );
        }
        Ok(())
    }

    /// Makes one change, on the key itself or at another place.
    pub(super) async fn apply(
        &self,
        change: &ObjectChange,
        to: Option<Destination<'_>>,
        versioning: Versioning,
        options: &CopyOptions,
    ) -> Result<Restored, Error> {
        let key = &change.version.key;
        Self::check_loss(change, to, versioning)?;
        if change.action == ObjectAction::Delete {
            return Ok(Restored::Deleted(self.put_delete_marker(key).await?.version_id));
        }
        let place = to.unwrap_or(Destination { bucket: self, key });
        if options.fast && change.same_bytes_as.is_some() && self.looks_the_same(change, options) {
            return Ok(Restored::Unchanged);
        }
        let needs_head = self.needs_head(&change.version, options);
        let head = if needs_head { Some(self.describe(&change.version).await?) } else { None };
        if let (Some(present), Some(head)) = (may_be_the_same(change, head.as_ref()), &head)
            && self.is_the_same(&change.version, head, place, present, options).await?
        {
            return Ok(Restored::Unchanged);
        }
        let class = change.present.as_ref().and_then(|present| present.storage_class.as_deref());
        let copied = self.copy_described(&change.version, head.as_ref(), class, place, options).await;
        match copied {
            // Somebody was faster, and it is not deleted any more.
            Err(error) if options.only_if_absent && error.kind == ErrorKind::AlreadyExists => Ok(Restored::Unchanged),
            copied => Ok(Restored::Copied(copied?.version_id)),
        }
    }

    /// Whether the present version is a copy of the version, by ETag, size and storage class alone.
    pub(super) fn looks_the_same(&self, change: &ObjectChange, options: &CopyOptions) -> bool {
        let etag = change.present.as_ref().and_then(|present| present.etag.as_deref());
        let present = change.present.as_ref().and_then(|present| present.storage_class.as_deref());
        let own = change.version.storage_class.as_deref();
        etag.is_some()
            && etag == change.version.etag.as_deref()
            && storage_class_of_copy(options.storage_class.as_deref(), own, present).as_deref() == present
    }
}

/// The present version that may have the same bytes: by the listing, or because under KMS the listing cannot tell.
fn may_be_the_same<'a>(change: &'a ObjectChange, head: Option<&HeadObjectOutput>) -> Option<&'a str> {
    if let Some(id) = &change.same_bytes_as {
        return Some(id);
    }
    let present =
        change.present.as_ref().filter(|present| !present.is_marker && present.size == change.version.size)?;
    let has_own_etag = |algorithm: &ServerSideEncryption| *algorithm != ServerSideEncryption::Aes256;
    head?.server_side_encryption().is_some_and(has_own_etag).then_some(present.version_id.as_str())
}
