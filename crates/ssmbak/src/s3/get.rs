//! GetObject.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::AggregatedBytes;

use super::object_bucket::{ObjectBucket, size};
use super::verify::Promised;
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind};

/// An object that was read into memory.
pub(crate) struct ReadObject {
    /// What S3 says beside the bytes.
    pub(crate) answer: GetObjectOutput,
    /// The bytes.
    pub(crate) body: Vec<u8>,
}

impl ObjectBucket {
    /// A request for a version (`None`: the current one), to be sent by [`ObjectBucket::get`].
    pub(super) fn get_request(&self, key: &str, version_id: Option<&str>) -> GetObjectFluentBuilder {
        self.client.get_object().bucket(&self.name).key(key).set_version_id(version_id.map(str::to_owned))
    }

    /// Sends a request for a key; the body of the answer is still to be read.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] also for a delete marker, or the failed request.
    pub(super) async fn get(&self, key: &str, request: GetObjectFluentBuilder) -> Result<GetObjectOutput, Error> {
        let sent = spawn_abort_on_drop(async move { Ok(request.send().await) }).await?;
        sent.map_err(|error| self.get_failed(key, &error))
    }

    /// Reads an object of at most `most` bytes into memory.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] also for a delete marker, [`ErrorKind::Unreadable`] if it is larger,
    /// [`ErrorKind::ChecksumMismatch`] if other bytes arrived than are stored, or the failed request.
    pub(crate) async fn read(&self, key: &str, version_id: Option<&str>, most: u64) -> Result<ReadObject, Error> {
        let (bucket, key, version_id) = (self.clone(), key.to_owned(), version_id.map(str::to_owned));
        let request = self.get_request(&key, version_id.as_deref());
        spawn_abort_on_drop(async move {
            let mut answer = request.send().await.map_err(|error| bucket.get_failed(&key, &error))?;
            let length = size(answer.content_length());
            if length > most {
                let why = format!("its {length} bytes are more than ssmbak ever writes there");
                return Err(bucket.unread(ErrorKind::Unreadable, &key, &why));
            }
            let Ok(body) = std::mem::take(&mut answer.body).collect().await.map(AggregatedBytes::to_vec) else {
                return Err(bucket.unread(ErrorKind::Unreachable, &key, "the answer broke off"));
            };
            let promised = Promised::by_get(&answer);
            // S3 answers with both; what stands in between may answer 200 with a page of its own.
            let is_vouched_for = answer.e_tag().is_some() || promised.checksum().is_some();
            let told = answer.version_id().or(version_id.as_deref());
            let is_asked_for = version_id.is_none() || told == version_id.as_deref();
            let mut verifier = promised.verifier();
            verifier.update(&body);
            if is_vouched_for && is_asked_for && verifier.finish() {
                return Ok(ReadObject { answer, body });
            }
            Err(bucket.unread(ErrorKind::ChecksumMismatch, &key, "what arrived is not what is stored"))
        })
        .await
    }

    /// That a key cannot be read, and why.
    pub(super) fn unread(&self, kind: ErrorKind, key: &str, why: &str) -> Error {
        Error::new(kind, format!("cannot read {} in bucket {}: {why}", self.shown(key), self.name))
    }

    fn get_failed<E>(&self, key: &str, error: &SdkError<E>) -> Error
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let failed = self.failed(&format!("read {}", self.shown(key)), error);
        // A delete marker is answered with 405, by some emulators with 404.
        let is_missing = error.raw_response().is_some_and(|raw| matches!(raw.status().as_u16(), 404 | 405));
        if is_missing && failed.kind != ErrorKind::BucketMissing {
            return Error { kind: ErrorKind::NotFound, ..failed };
        }
        failed
    }
}
