//! CopyObject, with everything that an object is.

use std::sync::Arc;

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{CopyObjectResult, MetadataDirective, ServerSideEncryption};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ssmbak_core::object::{ObjectVersion, is_access_point};

use super::byte_rate::ByteRate;
use super::headers::{Content, Described, Given};
use super::object_bucket::{ObjectBucket, shown, size};
use super::put::{PutMode, exists_by_now};
use super::rehydrate::{Readiness, readiness};
use super::stream_copy::as_sent_from_here;
use super::verify::Promised;
use crate::spawn::spawn_abort_on_drop;
use crate::{Error, ErrorKind};

/// All but what URLs leave as it is, and the slashes between levels.
const IN_A_COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// How objects are copied.
#[derive(Clone, Debug)]
pub struct CopyOptions {
    /// Also the access control list.
    pub acl: bool,
    /// Also the Object Lock: retention that has not ended at this time, and legal hold. `None`: leave it to the bucket.
    pub object_lock_at: Option<Timestamp>,
    /// The storage class, in place of the version's own.
    pub storage_class: Option<String>,
    /// The encryption, in place of the version's own.
    pub encryption: Option<Encryption>,
    /// Leave out the HeadObject before each copy. Website redirects and an encryption other than the bucket's are lost.
    pub fast: bool,
    /// Note the version that it is a copy of in the copy's metadata, by which a later run knows it again.
    pub mark: bool,
    /// Only where the key holds nothing at present.
    pub only_if_absent: bool,
    /// Read the bytes here and write them there: where the target's side cannot read the bucket. KMS keys are the target's.
    pub through_here: bool,
    /// Most bytes per second of what passes through here.
    pub limit: Option<Arc<ByteRate>>,
    /// Larger objects are copied in parts. S3 copies 5 GiB at once, at most.
    pub copy_limit: u64,
    /// Bytes of a part, if the original's parts are not known.
    pub part_size: u64,
    /// How many parts are copied at once.
    pub parts_at_once: usize,
}

/// How copies are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The KMS key, if not the account's default one.
    pub kms_key: Option<String>,
}

impl Default for CopyOptions {
    fn default() -> Self {
        const GIB: u64 = 1024 * 1024 * 1024;
        Self {
            acl: false,
            object_lock_at: None,
            storage_class: None,
            encryption: None,
            fast: false,
            mark: false,
            only_if_absent: false,
            through_here: false,
            limit: None,
            copy_limit: 5 * GIB,
            part_size: GIB / 4,
            parts_at_once: 16,
        }
    }
}

/// Where a version is copied to.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The bucket, with its own client.
    pub bucket: &'a ObjectBucket,
    /// The key.
    pub key: &'a str,
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its version id, if the target keeps versions.
    pub version_id: Option<String>,
}

impl ObjectBucket {
    /// Makes a version the current one of a key again, or stores it elsewhere, with all that it is.
    ///
    /// The copy has the version's metadata, tags, storage class, encryption and key, content headers, website redirect
    /// and checksum algorithm; ACL and Object Lock if asked for.
    ///
    /// # Errors
    /// [`ErrorKind::Archived`] if its bytes have to be asked for first, or the failed request.
    pub async fn copy_version(
        &self,
        version: &ObjectVersion,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        let head = if self.needs_head(version, options) { Some(self.describe(version).await?) } else { None };
        self.copy_described(version, head.as_ref(), None, to, options).await
    }

    /// Whether a copy needs to know more than the listing says.
    pub(super) fn needs_head(&self, version: &ObjectVersion, options: &CopyOptions) -> bool {
        !options.fast
            || options.through_here
            || options.mark
            || options.object_lock_at.is_some()
            || version.size > options.copy_limit
    }

    /// As [`ObjectBucket::copy_version`], over a present version of the storage class `present`.
    pub(super) async fn copy_described(
        &self,
        version: &ObjectVersion,
        head: Option<&HeadObjectOutput>,
        present: Option<&str>,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        match head.map_or(Readiness::Ready, readiness) {
            Readiness::Ready => {}
            Readiness::Archived => return Err(archived(version, "in an archive")),
            Readiness::Underway => return Err(archived(version, "being restored from the archive, try again later")),
        }
        let given = Given::of(version, head, present, options);
        if let Some(head) = head.filter(|_| options.through_here) {
            let given = as_sent_from_here(given, options);
            return self.stream_to(version, head, &given, to, options).await;
        }
        let bytes = head.map_or(version.size, |head| size(head.content_length()));
        let kept = match head.filter(|head| bytes > options.copy_limit || keeps_parts(version, head, options)) {
            Some(head) => self.copy_in_parts(version, head, &given, to, options).await?,
            None => self.copy_at_once(version, head, &given, to, options).await?,
        };
        if options.acl {
            self.copy_acl(version, to, kept.version_id.as_deref()).await?;
        }
        Ok(kept)
    }

    async fn copy_at_once(
        &self,
        version: &ObjectVersion,
        head: Option<&HeadObjectOutput>,
        given: &Given,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        let mode = PutMode::only_if_absent(options.only_if_absent);
        let copy = to
            .bucket
            .client
            .copy_object()
            .bucket(&to.bucket.name)
            .key(to.key)
            .copy_source(self.copy_source(version))
            // Tags are copied unless something else is said.
            .with_given(given)
            .set_if_none_match(mode.if_none_match());
        let copy = match head.filter(|head| options.mark && head.missing_meta().unwrap_or(0) == 0) {
            Some(head) => {
                copy.metadata_directive(MetadataDirective::Replace).with_content(Content::of(version, head, options))
            }
            // Metadata and content headers as they are, also those that no header of ours could repeat.
            None => copy.metadata_directive(MetadataDirective::Copy),
        };
        let copied = spawn_abort_on_drop(async move { Ok(mode.decided(|| copy.clone().send()).await) }).await?;
        let copied = copied.map_err(|error| self.copy_failed(version, to, &error))?;
        let Some(copied) = copied else { return Err(exists_by_now(&shown(to.key))) };
        let etag = copied.copy_object_result().and_then(CopyObjectResult::e_tag);
        etag.map(drop).ok_or_else(|| to.bucket.undecided(to.key))?;
        Ok(Kept { version_id: copied.version_id().map(str::to_owned) })
    }

    /// That S3 answered a copy with 200, which it sends before it is done, and not with what came of it.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    pub(super) fn undecided(&self, key: &str) -> Error {
        let broken = format!(
            "cannot write {} in bucket {}: the answer broke off, so it may be there or not",
            shown(key),
            self.name
        );
        Error::new(ErrorKind::Unreachable, broken)
    }

    /// Names the bucket whose fault it may be.
    pub(super) fn copy_failed<E>(
        &self,
        version: &ObjectVersion,
        to: Destination<'_>,
        error: &aws_sdk_s3::error::SdkError<E>,
    ) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let failed = self.failed(&format!("copy {}", shown(&version.key)), error);
        match failed.kind {
            // The source was just listed.
            ErrorKind::BucketMissing | ErrorKind::BucketElsewhere => to.bucket.failed("write", error),
            _ if self.name != to.bucket.name => self.failed(
                &format!("copy {} to {} in bucket {}, which is", shown(&version.key), shown(to.key), to.bucket.name),
                error,
            ),
            _ => failed,
        }
    }

    async fn copy_acl(&self, version: &ObjectVersion, to: Destination<'_>, new: Option<&str>) -> Result<(), Error> {
        let acl = self.acl(&version.key, &version.version_id).await?;
        to.bucket.put_acl(to.key, new, acl).await
    }

    /// As the header `x-amz-copy-source` wants it.
    pub(super) fn copy_source(&self, version: &ObjectVersion) -> String {
        let encoded = |text| utf8_percent_encode(text, IN_A_COPY_SOURCE);
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>, x-amz-copy-source
        let object = if is_access_point(&self.name) { "object/" } else { "" };
        format!("{}/{object}{}?versionId={}", self.name, encoded(&version.key), encoded(&version.version_id))
    }
}

/// Whether a copy in parts of the original's size is the only way to know it again: an upload in parts, of which S3 keeps
/// no checksum over the whole.
fn keeps_parts(version: &ObjectVersion, head: &HeadObjectOutput, options: &CopyOptions) -> bool {
    version.is_multipart()
        && !options.mark
        && head.missing_meta().unwrap_or(0) == 0
        && Promised::by_head(head).checksum().is_none()
        && matches!(head.server_side_encryption(), None | Some(ServerSideEncryption::Aes256))
}

fn archived(version: &ObjectVersion, how: &str) -> Error {
    let class = version.storage_class.as_deref().unwrap_or("an archive tier");
    let message = format!("version {} of {} is {how} ({class})", version.version_id, shown(&version.key));
    Error::new(ErrorKind::Archived, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_source_of_an_access_point_names_the_object() {
        let config = aws_sdk_s3::Config::builder().behavior_version(aws_sdk_s3::config::BehaviorVersion::latest());
        let client = aws_sdk_s3::Client::from_conf(config.build());
        let version: ObjectVersion = serde_json::from_str(
            r#"{"key":"a b/c","version_id":"v+1","last_modified":"1970-01-01T00:00:00Z","is_latest":true,
                "is_marker":false,"size":1,"etag":null,"storage_class":null}"#,
        )
        .unwrap();
        let source = |bucket: &str| ObjectBucket::new(client.clone(), bucket).copy_source(&version);
        assert_eq!(source("mine"), "mine/a%20b/c?versionId=v%2B1");
        let arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint/mine";
        assert_eq!(source(arn), format!("{arn}/object/a%20b/c?versionId=v%2B1"));
    }
}
