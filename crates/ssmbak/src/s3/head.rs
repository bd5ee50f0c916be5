//! HeadObject: all that an object is besides its bytes.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use ssmbak_core::object::{ObjectVersion, likely_part_size};

use super::object_bucket::{ObjectBucket, shown};
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind};

impl ObjectBucket {
    /// What a version is besides its bytes.
    pub(super) async fn describe(&self, version: &ObjectVersion) -> Result<HeadObjectOutput, Error> {
        self.head(&version.key, Some(&version.version_id), None).await
    }

    /// The size of the first of several parts that a version was uploaded in.
    pub(super) async fn first_part_size(&self, version: &ObjectVersion) -> Option<u64> {
        let count = version.part_count()?;
        let part = self.head(&version.key, Some(&version.version_id), Some(1)).await.ok();
        let size = part.and_then(|part| u64::try_from(part.content_length()?).ok());
        // Not everything that speaks S3 knows single parts: then it answers with the whole.
        size.filter(|size| *size > 0 && version.size.div_ceil(*size) == count)
            .or_else(|| likely_part_size(version.size, count))
    }

    pub(super) async fn head(&self, key: &str, id: Option<&str>, part: Option<i32>) -> Result<HeadObjectOutput, Error> {
        let head = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(key)
            .set_version_id(id.map(str::to_owned))
            .checksum_mode(ChecksumMode::Enabled)
            .set_part_number(part);
        let read = spawn_abort_on_drop(async move { Ok(head.send().await) }).await?;
        read.map_err(|error| self.head_failed(key, &error))
    }

    /// A HEAD has no body that could say more than the status does.
    fn head_failed<E>(&self, key: &str, error: &SdkError<E>) -> Error
    where
        E: aws_sdk_s3::error::ProvideErrorMetadata + std::error::Error + 'static,
    {
        let about = |what: &str| format!("cannot read {} in bucket {}: {what}", shown(key), self.name);
        match error.raw_response().map(|response| response.status().as_u16()) {
            Some(400) => Error::new(
                ErrorKind::Refused,
                about("s3 refuses to show it; it may be encrypted with a customer's key"),
            )
            .with_hint("objects with customer-provided keys (SSE-C) cannot be restored without the key"),
            Some(403) => Error::new(
                ErrorKind::AccessDenied,
                about("access denied (s3:GetObjectVersion, and kms:Decrypt if it is encrypted)"),
            ),
            Some(404 | 405) => Error::new(ErrorKind::NotFound, about("that version is gone")),
            _ => self.failed(&format!("read {}", shown(key)), error),
        }
    }
}

/// With what S3 keeps the object's checksum.
pub(super) fn checksum_algorithm(head: &HeadObjectOutput) -> Option<ChecksumAlgorithm> {
    let known = [
        (head.checksum_crc64_nvme(), ChecksumAlgorithm::Crc64Nvme),
        (head.checksum_sha256(), ChecksumAlgorithm::Sha256),
        (head.checksum_crc32_c(), ChecksumAlgorithm::Crc32C),
        (head.checksum_crc32(), ChecksumAlgorithm::Crc32),
        (head.checksum_sha1(), ChecksumAlgorithm::Sha1),
        (head.checksum_sha512(), ChecksumAlgorithm::Sha512),
        (head.checksum_md5(), ChecksumAlgorithm::Md5),
        (head.checksum_xxhash64(), ChecksumAlgorithm::Xxhash64),
        (head.checksum_xxhash3(), ChecksumAlgorithm::Xxhash3),
        (head.checksum_xxhash128(), ChecksumAlgorithm::Xxhash128),
    ];
    known.into_iter().find(|(value, _)| value.is_some()).map(|(_, algorithm)| algorithm)
}
