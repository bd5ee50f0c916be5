//! PutObject, and writes on condition that the key holds nothing.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use tokio::time::sleep;

use super::object_bucket::ObjectBucket;
use crate::{Error, ErrorKind};

/// How often a write is tried again that met another write of the key.
const ATTEMPTS: u32 = 6;
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What is done about an object that the key holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PutMode {
    /// A new version takes its place.
    Replace,
    /// It stays, and nothing is written.
    Create,
}

impl PutMode {
    /// `Create` if `only_if_absent`.
    pub(super) fn only_if_absent(only_if_absent: bool) -> Self {
        if only_if_absent { Self::Create } else { Self::Replace }
    }

    /// The header `If-None-Match`.
    pub(super) fn if_none_match(self) -> Option<String> {
        (self == Self::Create).then(|| "*".to_owned())
    }

    /// Sends a write with [`PutMode::if_none_match`] until S3 decides whether the key holds something; `None`: it does,
    /// and nothing was written.
    ///
    /// Only 412 says that it does: 409 means that another write of the key was under way, which may have failed, and S3
    /// asks to try again. <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    pub(super) async fn decided<T, E, F>(self, send: impl Fn() -> F) -> Result<Option<T>, SdkError<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut attempt = 0;
        loop {
            let error = match send().await {
                Ok(written) => return Ok(Some(written)),
                Err(error) => error,
            };
            match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(412) if self == Self::Create => return Ok(None),
                Some(409) if self == Self::Create && attempt < ATTEMPTS => {
                    sleep(FIRST_PAUSE.saturating_mul(1 << attempt)).await;
                    attempt += 1;
                }
                _ => return Err(error),
            }
        }
    }
}

impl ObjectBucket {
    /// Stores an object; `described` says what it is besides its bytes. `None`: the key holds an object already, which
    /// stays as it is.
    ///
    /// # Errors
    /// The failed request, for [`ObjectBucket::failed`].
    pub(crate) async fn put(
        &self,
        mode: PutMode,
        key: &str,
        body: ByteStream,
        described: impl Fn(PutObjectFluentBuilder) -> PutObjectFluentBuilder,
    ) -> Result<Option<PutObjectOutput>, SdkError<PutObjectError>> {
        let body = body.into_inner();
        let put = || {
            // Bytes and files can be read again; what cannot fails as it is read.
            let body = body.try_clone().unwrap_or_else(SdkBody::taken);
            let put = self.client.put_object().bucket(&self.name).key(key).body(ByteStream::new(body));
            described(put).set_if_none_match(mode.if_none_match()).send()
        };
        mode.decided(put).await
    }
}

/// That a write on condition found an object, which stays as it is.
pub(super) fn exists_by_now(key: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("{key} exists by now"))
}
