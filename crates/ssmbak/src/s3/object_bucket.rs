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
    pub(super) client: Client,
    pub(super) name: String,
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
        Self { client, name: name.into() }
    }

    /// Another bucket behind the same client.
    #[must_use]
    pub fn beside(&self, name: impl Into<String>) -> Self {
        Self { client: self.client.clone(), name: name.into() }
    }

    /// The same bucket, where every request says that the requester pays for it.
    #[must_use]
    pub fn with_requester_pays(self) -> Self {
        let config = self.client.config().to_builder().interceptor(RequesterPays).build();
        Self { client: Client::from_conf(config), name: self.name }
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
        let name = &self.name;
        match self.client.get_bucket_versioning().bucket(name).send().await {
            Ok(output) => match output.status() {
                Some(BucketVersioningStatus::Suspended) => Ok(Versioning::Suspended),
                Some(_) => Ok(Versioning::Enabled),
                None => Err(Error::new(ErrorKind::BucketNotVersioned, format!("bucket {name} keeps no versions"))),
            },
            Err(error) => {
                let error = Error::from_sdk(&format!("look at bucket {name}"), &error);
                // Not everything that speaks S3 gives a readable answer here.
                if matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::Other) {
                    Ok(Versioning::NotVisible)
                } else {
                    Err(error)
                }
            }
        }
    }

    /// Says that something failed in this bucket; `action` continues "cannot …".
    pub(super) fn failed<E, R>(&self, action: &str, error: &SdkError<E, R>) -> Error
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

pub(super) fn timestamp(time: Option<&aws_sdk_s3::primitives::DateTime>) -> Result<Timestamp, Error> {
    time.and_then(|time| Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok())
        .ok_or_else(|| Error::new(ErrorKind::Other, "s3 returned a version without a usable LastModified"))
}

pub(super) fn size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0)
}

/// A key as it is shown in a sentence: quoted, and without what would steer a terminal.
pub(super) fn shown(key: &str) -> String {
    format!("{key:?}")
}
