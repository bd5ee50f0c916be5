//! Copies that pass through this machine: between endpoints or accounts of which neither may read the other.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedPart, ServerSideEncryption};
use futures_util::{StreamExt, TryStreamExt, stream};
use ssmbak_core::object::{ObjectVersion, Part, part_size, parts};

use super::copy::{CopyOptions, Destination, Kept};
use super::download::DownloadOptions;
use super::headers::{Content, Described, Given};
use super::object_bucket::{ObjectBucket, shown};
use super::put::{PutMode, exists_by_now};
use crate::Error;

/// Larger objects are uploaded in parts of this size.
const PART: u64 = 16 * 1024 * 1024;

/// Parts that are in memory at once.
const PARTS_AT_ONCE: usize = 4;

impl ObjectBucket {
    /// Reads a version here, and writes it there with all that it is.
    pub(super) async fn stream_to(
        &self,
        version: &ObjectVersion,
        head: &HeadObjectOutput,
        given: &Given,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        let download = DownloadOptions { limit: options.limit.clone(), ..DownloadOptions::default() };
        if version.size > PART {
            let upload = self.begin(version, head, given, to, options).await?;
            let sent = match self.send_parts(version, given, to, &upload, &download).await {
                Ok(parts) => self.complete(version, to, &upload, parts, options).await,
                Err(error) => Err(error),
            };
            if sent.is_err() {
                let abort = to.bucket.client.abort_multipart_upload().bucket(&to.bucket.name).key(to.key);
                drop(abort.upload_id(&upload).send().await);
            }
            return sent;
        }
        let mut bytes = Vec::new();
        self.download_with(version, &mut bytes, &download).await?;
        let tagging = if head.tag_count().unwrap_or(0) > 0 { self.tagging(version).await? } else { None };
        let described = |put: PutObjectFluentBuilder| {
            put.with_content(Content::of(version, head, options)).with_given(given).set_tagging(tagging.clone())
        };
        let mode = PutMode::only_if_absent(options.only_if_absent);
        let sent = to.bucket.put(mode, to.key, ByteStream::from(bytes), described).await;
        let sent = sent.map_err(|error| to.bucket.failed(&format!("write {}", shown(to.key)), &error))?;
        let Some(sent) = sent else { return Err(exists_by_now(&shown(to.key))) };
        Ok(Kept { version_id: sent.version_id().map(str::to_owned) })
    }

    async fn send_parts(
        &self,
        version: &ObjectVersion,
        given: &Given,
        to: Destination<'_>,
        upload: &str,
        download: &DownloadOptions,
    ) -> Result<Vec<CompletedPart>, Error> {
        let step = part_size(version.size, self.first_part_size(version).await, PART);
        let sends = parts(version.size, step).map(|part| self.send_part(version, given, to, upload, part, download));
        let mut done: Vec<CompletedPart> =
            stream::iter(sends).buffer_unordered(PARTS_AT_ONCE).boxed().try_collect().await?;
        done.sort_by_key(CompletedPart::part_number);
        Ok(done)
    }

    async fn send_part(
        &self,
        version: &ObjectVersion,
        given: &Given,
        to: Destination<'_>,
        upload: &str,
        part: Part,
        download: &DownloadOptions,
    ) -> Result<CompletedPart, Error> {
        let bytes = self.range(version, part, download).await?;
        let put = to.bucket.client.upload_part().bucket(&to.bucket.name).key(to.key).upload_id(upload);
        let put = put.set_checksum_algorithm(given.checksum.clone());
        let sent = put.part_number(part.number).body(ByteStream::from(bytes)).send().await;
        let what = || format!("write part {} of {}", part.number, shown(to.key));
        let sent = sent.map_err(|error| to.bucket.failed(&what(), &error))?;
        let text = |value: Option<&str>| value.map(str::to_owned);
        Ok(CompletedPart::builder()
            .part_number(part.number)
            .set_e_tag(text(sent.e_tag()))
            .set_checksum_crc32(text(sent.checksum_crc32()))
            .set_checksum_crc32_c(text(sent.checksum_crc32_c()))
            .set_checksum_crc64_nvme(text(sent.checksum_crc64_nvme()))
            .set_checksum_sha1(text(sent.checksum_sha1()))
            .set_checksum_sha256(text(sent.checksum_sha256()))
            .build())
    }
}

/// A copy that passes through here: without the version's own KMS key, which the other account does not have, and with a
/// checksum that can be computed here.
pub(super) fn as_sent_from_here(mut given: Given, options: &CopyOptions) -> Given {
    use ChecksumAlgorithm::{Crc32, Crc32C, Crc64Nvme, Sha1, Sha256};
    given.checksum = given.checksum.filter(|by| matches!(by, Crc32 | Crc32C | Crc64Nvme | Sha1 | Sha256));
    if options.encryption.is_none() && given.kms_key.is_some() {
        given.encryption = given.encryption.filter(|algorithm| *algorithm == ServerSideEncryption::Aes256);
        given.kms_key = None;
        given.bucket_key = None;
    }
    given
}
