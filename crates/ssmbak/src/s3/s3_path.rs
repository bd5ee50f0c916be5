//! One key of a versioned bucket at an instant.

use aws_sdk_s3::Client;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{KeyHistory, ObjectPlanOptions, ObjectState, ObjectVersion, Verdict, decide};
use ssmbak_core::object::{ObjectAction, ObjectChange};
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

    /// Makes the key what it was: copies the version of the instant, or puts a delete marker. What is so already is left
    /// alone. `None` if the bucket has no version from then or before, of which nothing follows.
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
    /// Makes one change, on the key itself or at another place.
    pub(super) async fn apply(
        &self,
        change: &ObjectChange,
        to: Option<Destination<'_>>,
        versioning: Versioning,
        options: &CopyOptions,
    ) -> Result<Restored, Error> {
        let key = &change.version.key;
        if to.is_none() && versioning == Versioning::Suspended && change.has_null {
            let message = format!(
                "{} has a version without an id, which the restore would destroy: versioning is suspended",
                shown(key)
            );
            return Err(
                Error::new(ErrorKind::Refused, message).with_hint("enable the bucket's versioning, then restore")
            );
        }
        if change.action == ObjectAction::Delete {
            return Ok(Restored::Deleted(self.put_delete_marker(key).await?.version_id));
        }
        // ACL and lock are not looked at: where they are asked for, they are written.
        if to.is_none()
            && !options.acl
            && options.object_lock_at.is_none()
            && let Some(present) = &change.same_bytes_as
            && self.is_the_same(&change.version, present).await?
        {
            return Ok(Restored::Unchanged);
        }
        let to = to.unwrap_or(Destination { bucket: &self.name, key });
        Ok(Restored::Copied(self.copy_version(&change.version, to, options).await?.version_id))
    }
}
