//! A bucket behind an SDK client.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::BucketVersioningStatus;
use jiff::Timestamp;

use super::requester_pays::RequesterPays;
use crate::{Error, ErrorKind};

/// A versioned bucket, whatever it holds.
#[derive(Clone, Debug)]
pub struct ObjectBucket {
    pub(crate) client: Client,
    pub(super) name: String,
    keys: KeyStyle,
}

/// How sentences name keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyStyle {
    /// Quoted: they can be anything.
    Quoted,
    /// As they are: they are names of parameters.
    Plain,
}

/// Whether a bucket makes versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// Every write makes a version.
    Enabled,
    /// A write replaces the version without an id; what was there before stays.
    Suspended,
    /// It is not to be seen, which is no reason to stop.
    NotVisible,
}

impl ObjectBucket {
    /// Wraps a client, whose region, endpoint, credentials and retries are its owner's business. A custom endpoint wants
    /// a client with `force_path_style`.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self { client, name: name.into(), keys: KeyStyle::Quoted }
    }

    /// Another bucket behind the same client.
    #[must_use]
    pub fn beside(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// The same bucket, where every request says that the requester pays for it.
    #[must_use]
    pub fn with_requester_pays(self) -> Self {
        let config = self.client.config().to_builder().interceptor(RequesterPays).build();
        Self { client: Client::from_conf(config), ..self }
    }

    /// The same bucket, whose keys are the names of parameters.
    pub(crate) fn with_plain_keys(self) -> Self {
        Self { keys: KeyStyle::Plain, ..self }
    }

    /// A key as a sentence names it.
    pub(super) fn shown(&self, key: &str) -> String {
        match self.keys {
            KeyStyle::Quoted => shown(key),
            KeyStyle::Plain => key.to_owned(),
        }
    }

    /// The bucket's name, or the ARN of its access point.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the bucket makes versions now.
    ///
    /// # Errors
    /// [`ErrorKind::BucketMissing`], [`ErrorKind::BucketNotVersioned`], or the failed request.
    pub async fn versioning(&self) -> Result<Versioning, Error> {
        match self.seen_versioning().await {
            // Not everything that speaks S3 gives a readable answer here.
            Err(error) if matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::Other) => {
                Ok(Versioning::NotVisible)
            }
            seen => seen,
        }
    }

    /// The same, where it must be seen.
    ///
    /// # Errors
    /// As [`ObjectBucket::versioning`].
    pub(crate) async fn seen_versioning(&self) -> Result<Versioning, Error> {
        let name = &self.name;
        let sent = self.client.get_bucket_versioning().bucket(name).send().await;
        match sent.map_err(|error| Error::from_sdk(&format!("look at bucket {name}"), &error))?.status() {
            Some(BucketVersioningStatus::Suspended) => Ok(Versioning::Suspended),
            Some(_) => Ok(Versioning::Enabled),
            None => Err(Error::new(ErrorKind::BucketNotVersioned, format!("bucket {name} keeps no versions"))),
        }
    }

    /// Says that something failed in this bucket; `action` continues "cannot …".
    pub(crate) fn failed<E, R>(&self, action: &str, error: &SdkError<E, R>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let error = Error::from_sdk(&format!("{action} in bucket {}", self.name), error);
        // The process has no file left for a connection: fewer at once will do.
        if error.kind == ErrorKind::Unreachable && error.message.contains("os error 24") {
            return Error { kind: ErrorKind::Throttled, ..error };
        }
        error
    }
}

pub(crate) fn timestamp(time: Option<&aws_sdk_s3::primitives::DateTime>) -> Result<Timestamp, Error> {
    time.and_then(|time| Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok())
        .ok_or_else(|| Error::new(ErrorKind::Other, "s3 returned a version without a usable LastModified"))
}

pub(crate) fn size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}

/// A key as it is shown in a sentence: quoted, and without what would steer a terminal.
pub(super) fn shown(key: &str) -> String {
    format!("{key:?}")
}
