//! HeadObject: all that an object is besides its bytes.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode};
use ssmbak_core::object::{ObjectVersion, likely_part_size};

use super::object_bucket::ObjectBucket;
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind};

const DELETE_MARKER: &str = "x-amz-delete-marker";

/// What HeadObject says of a key.
pub(crate) enum Headed {
    /// It is an object.
    Object(Box<HeadObjectOutput>),
    /// It is a delete marker.
    DeleteMarker,
    /// There is none, or no bucket: an answer without a body cannot say which, and a listing will.
    Missing,
}

impl ObjectBucket {
    /// What a version is besides its bytes.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] also for a delete marker, or the failed request.
    pub(super) async fn describe(&self, version: &ObjectVersion) -> Result<HeadObjectOutput, Error> {
        self.described(&version.key, &version.version_id, None).await
    }

    /// The same, by key and id.
    ///
    /// # Errors
    /// As [`ObjectBucket::describe`].
    pub(super) async fn describe_key(&self, key: &str, version_id: &str) -> Result<HeadObjectOutput, Error> {
        self.described(key, version_id, None).await
    }

    /// The size of the first of several parts that a version was uploaded in.
    pub(super) async fn first_part_size(&self, version: &ObjectVersion) -> Option<u64> {
        let count = version.part_count()?;
        let part = self.described(&version.key, &version.version_id, Some(1)).await.ok();
        let size = part.and_then(|part| u64::try_from(part.content_length()?).ok());
        // Not everything that speaks S3 knows single parts: then it answers with the whole.
        size.filter(|size| *size > 0 && version.size.div_ceil(*size) == count)
            .or_else(|| likely_part_size(version.size, count))
    }

    async fn described(&self, key: &str, version_id: &str, part: Option<i32>) -> Result<HeadObjectOutput, Error> {
        let request = self.head_request(key, Some(version_id)).checksum_mode(ChecksumMode::Enabled);
        // Boxed: what trees do nests futures deeper than the compiler takes otherwise.
        let head = Box::pin(self.head(key, request.set_part_number(part))).await?;
        match head {
            Headed::Object(head) => Ok(*head),
            Headed::DeleteMarker | Headed::Missing => {
                Err(self.unread(ErrorKind::NotFound, key, "that version is gone"))
            }
        }
    }

    /// A request for a version (`None`: the current one), to be sent by [`ObjectBucket::head`].
    pub(crate) fn head_request(&self, key: &str, version_id: Option<&str>) -> HeadObjectFluentBuilder {
        self.client.head_object().bucket(&self.name).key(key).set_version_id(version_id.map(str::to_owned))
    }

    /// Sends a request about a key. A HEAD has no body that could say more than status and headers do.
    ///
    /// # Errors
    /// The failed request.
    pub(crate) async fn head(&self, key: &str, request: HeadObjectFluentBuilder) -> Result<Headed, Error> {
        let of_a_version = request.get_version_id().is_some();
        let sent = spawn_abort_on_drop(async move { Ok(request.send().await) }).await?;
        let error = match sent {
            Ok(head) => return Ok(Headed::Object(Box::new(head))),
            Err(error) => error,
        };
        let raw = error.raw_response();
        match raw.map(|raw| raw.status().as_u16()) {
            Some(404) if raw.and_then(|raw| raw.headers().get(DELETE_MARKER)) != Some("true") => Ok(Headed::Missing),
            Some(404 | 405) => Ok(Headed::DeleteMarker),
            Some(400) => {
                let why = "s3 refuses to show it; it may be encrypted with a customer's key, or the credentials have just ended";
                Err(self
                    .unread(ErrorKind::Refused, key, why)
                    .with_hint("objects with customer-provided keys (SSE-C) cannot be restored without the key"))
            }
            Some(403) => {
                let action = if of_a_version { "s3:GetObjectVersion" } else { "s3:GetObject" };
                let why = format!("access denied ({action}, and kms:Decrypt if it is encrypted)");
                Err(self.unread(ErrorKind::AccessDenied, key, &why))
            }
            _ => Err(self.failed(&format!("read {}", self.shown(key)), &error)),
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
