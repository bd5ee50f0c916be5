//! Copies of what is too large for one CopyObject: UploadPartCopy, several parts at once.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, CopyPartResult};
use futures_util::{StreamExt, TryStreamExt, stream};
use ssmbak_core::object::{ObjectVersion, Part, part_size, parts};

use super::copy::{CopyOptions, Destination, Kept};
use super::headers::{Content, Described, Given};
use super::object_bucket::{ObjectBucket, shown, size};
use super::put::{PutMode, exists_by_now};
use crate::{Error, ErrorKind};

impl ObjectBucket {
    pub(super) async fn copy_in_parts(
        &self,
        version: &ObjectVersion,
        head: &HeadObjectOutput,
        given: &Given,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        if head.missing_meta().is_some_and(|missing| missing > 0) {
            let message = format!(
                "{} has metadata that s3 shows to nobody, which a copy in parts would lose",
                shown(&version.key)
            );
            return Err(Error::new(ErrorKind::Refused, message).with_hint("copy it by hand, then set its metadata"));
        }
        let upload = self.begin(version, head, given, to, options).await?;
        let done = self.copy_parts(version, head, to, &upload, options).await;
        let finished = match done {
            Ok(parts) => self.complete(version, to, &upload, parts, options).await,
            Err(error) => Err(error),
        };
        if finished.is_err() {
            // Parts that nobody completes cost money; what failed is told all the same.
            let abort =
                to.bucket.client.abort_multipart_upload().bucket(&to.bucket.name).key(to.key).upload_id(&upload);
            drop(abort.send().await);
        }
        finished
    }

    pub(super) async fn begin(
        &self,
        version: &ObjectVersion,
        head: &HeadObjectOutput,
        given: &Given,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<String, Error> {
        let created = to
            .bucket
            .client
            .create_multipart_upload()
            .bucket(&to.bucket.name)
            .key(to.key)
            .with_content(Content::of(version, head, options))
            .with_given(given)
            .set_checksum_type(head.checksum_type().filter(|_| given.checksum.is_some()).cloned())
            .set_tagging(self.tagging(version).await?)
            .send()
            .await
            .map_err(|error| self.failed(&format!("begin to copy {}", shown(&version.key)), &error))?;
        let missing = || Error::new(ErrorKind::Other, "s3 began an upload without an id");
        created.upload_id().map(str::to_owned).ok_or_else(missing)
    }

    async fn copy_parts(
        &self,
        version: &ObjectVersion,
        head: &HeadObjectOutput,
        to: Destination<'_>,
        upload: &str,
        options: &CopyOptions,
    ) -> Result<Vec<CompletedPart>, Error> {
        let size = size(head.content_length());
        let step = part_size(size, self.first_part_size(version).await, options.part_size);
        let source = self.copy_source(version);
        let copies = parts(size, step).map(|part| self.copy_part(version, &source, to, upload, part));
        let mut done: Vec<CompletedPart> =
            stream::iter(copies).buffer_unordered(options.parts_at_once.max(1)).boxed().try_collect().await?;
        done.sort_by_key(CompletedPart::part_number);
        Ok(done)
    }

    async fn copy_part(
        &self,
        version: &ObjectVersion,
        source: &str,
        to: Destination<'_>,
        upload: &str,
        part: Part,
    ) -> Result<CompletedPart, Error> {
        let copied = to
            .bucket
            .client
            .upload_part_copy()
            .bucket(&to.bucket.name)
            .key(to.key)
            .upload_id(upload)
            .part_number(part.number)
            .copy_source(source)
            .copy_source_range(part.range())
            .customize()
            // The SDK leaves it out where there is no body, and a RADOS Gateway refuses that.
            .mutate_request(|request| drop(request.headers_mut().insert("content-length", "0")))
            .send()
            .await
            .map_err(|error| self.failed(&format!("copy part {} of {}", part.number, shown(&version.key)), &error))?;
        Ok(completed(part.number, copied.copy_part_result()))
    }

    pub(super) async fn complete(
        &self,
        version: &ObjectVersion,
        to: Destination<'_>,
        upload: &str,
        parts: Vec<CompletedPart>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let completed = to
            .bucket
            .client
            .complete_multipart_upload()
            .bucket(&to.bucket.name)
            .key(to.key)
            .upload_id(upload)
            .multipart_upload(all)
            .set_if_none_match(PutMode::only_if_absent(options.only_if_absent).if_none_match())
            .send()
            .await
            .map_err(|error| match error.raw_response().map(|raw| raw.status().as_u16()) {
                Some(412) if options.only_if_absent => exists_by_now(&shown(to.key)),
                // All parts are to be copied again. Whether the other write came to anything is not known.
                Some(409) if options.only_if_absent => {
                    let why = format!("cannot write {}: another write of it is under way", shown(to.key));
                    Error::new(ErrorKind::Throttled, why)
                }
                _ => self.copy_failed(version, to, &error),
            })?;
        completed.e_tag().map(drop).ok_or_else(|| to.bucket.undecided(to.key))?;
        Ok(Kept { version_id: completed.version_id().map(str::to_owned) })
    }
}

/// What S3 wants to hear again of a part.
fn completed(number: i32, result: Option<&CopyPartResult>) -> CompletedPart {
    let text = |value: Option<&str>| value.map(str::to_owned);
    let part = CompletedPart::builder().part_number(number);
    let Some(result) = result else { return part.build() };
    part.set_e_tag(text(result.e_tag()))
        .set_checksum_crc32(text(result.checksum_crc32()))
        .set_checksum_crc32_c(text(result.checksum_crc32_c()))
        .set_checksum_crc64_nvme(text(result.checksum_crc64_nvme()))
        .set_checksum_sha1(text(result.checksum_sha1()))
        .set_checksum_sha256(text(result.checksum_sha256()))
        .set_checksum_sha512(text(result.checksum_sha512()))
        .set_checksum_md5(text(result.checksum_md5()))
        .set_checksum_xxhash64(text(result.checksum_xxhash64()))
        .set_checksum_xxhash3(text(result.checksum_xxhash3()))
        .set_checksum_xxhash128(text(result.checksum_xxhash128()))
        .build()
}
