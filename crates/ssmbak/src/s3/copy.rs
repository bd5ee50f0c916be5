//! CopyObject, with everything that an object is.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{AccessControlPolicy, MetadataDirective, ObjectLockMode};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ssmbak_core::object::ObjectVersion;

use super::head::checksum_algorithm;
use super::object_bucket::{ObjectBucket, shown, size};
use super::rehydrate::{Readiness, readiness};
use crate::{Error, ErrorKind};

/// All but what URLs leave as it is, and the slashes between levels.
const IN_A_COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// How objects are copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyOptions {
    /// Also the access control list.
    pub acl: bool,
    /// Also the Object Lock: retention that has not ended at this time, and legal hold. `None`: leave it to the bucket.
    pub object_lock_at: Option<Timestamp>,
    /// Larger objects are copied in parts. S3 copies 5 GiB at once, at most.
    pub copy_limit: u64,
    /// Bytes of a part, if the original's parts are not known.
    pub part_size: u64,
    /// How many parts are copied at once.
    pub parts_at_once: usize,
}

impl Default for CopyOptions {
    fn default() -> Self {
        const GIB: u64 = 1024 * 1024 * 1024;
        Self { acl: false, object_lock_at: None, copy_limit: 5 * GIB, part_size: GIB / 4, parts_at_once: 16 }
    }
}

/// Where a version is copied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The bucket.
    pub bucket: &'a str,
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
        let head = self.describe(version).await?;
        match readiness(&head) {
            Readiness::Ready => {}
            Readiness::Archived => return Err(archived(version, "in an archive")),
            Readiness::Underway => return Err(archived(version, "being brought from the archive, come back later")),
        }
        let kept = if size(head.content_length()) > options.copy_limit {
            self.copy_in_parts(version, &head, to, options).await?
        } else {
            self.copy_at_once(version, &head, to, options).await?
        };
        if options.acl {
            self.copy_acl(version, to, kept.version_id.as_deref()).await?;
        }
        Ok(kept)
    }

    async fn copy_at_once(
        &self,
        version: &ObjectVersion,
        head: &HeadObjectOutput,
        to: Destination<'_>,
        options: &CopyOptions,
    ) -> Result<Kept, Error> {
        let lock = Lock::of(head, options);
        let copied = self
            .client
            .copy_object()
            .bucket(to.bucket)
            .key(to.key)
            .copy_source(self.copy_source(version))
            // Metadata and content headers as they are, also those that no header of ours could repeat. Tags are copied
            // unless something else is said.
            .metadata_directive(MetadataDirective::Copy)
            // All that a copy does not keep by itself.
            .set_storage_class(head.storage_class().cloned())
            .set_server_side_encryption(head.server_side_encryption().cloned())
            .set_ssekms_key_id(head.ssekms_key_id().map(str::to_owned))
            .set_bucket_key_enabled(head.bucket_key_enabled().filter(|enabled| *enabled))
            .set_website_redirect_location(head.website_redirect_location().map(str::to_owned))
            .set_checksum_algorithm(checksum_algorithm(head))
            .set_object_lock_mode(lock.mode())
            .set_object_lock_retain_until_date(lock.until())
            .set_object_lock_legal_hold_status(lock.hold())
            .send()
            .await
            .map_err(|error| self.failed(&format!("copy {}", shown(&version.key)), &error))?;
        Ok(Kept { version_id: copied.version_id().map(str::to_owned) })
    }

    async fn copy_acl(&self, version: &ObjectVersion, to: Destination<'_>, new: Option<&str>) -> Result<(), Error> {
        let read = self.client.get_object_acl().bucket(&self.name).key(&version.key).version_id(&version.version_id);
        let acl = read
            .send()
            .await
            .map_err(|error| self.failed(&format!("read the ACL of {}", shown(&version.key)), &error))?;
        let policy = AccessControlPolicy::builder()
            .set_owner(acl.owner().cloned())
            .set_grants(Some(acl.grants().to_vec()))
            .build();
        self.client
            .put_object_acl()
            .bucket(to.bucket)
            .key(to.key)
            .set_version_id(new.map(str::to_owned))
            .access_control_policy(policy)
            .send()
            .await
            .map(drop)
            .map_err(|error| self.failed(&format!("set the ACL of {}", shown(to.key)), &error))
    }

    /// Puts a delete marker on a key, and returns the marker's version id.
    ///
    /// # Errors
    /// The failed request.
    pub async fn put_delete_marker(&self, key: &str) -> Result<Kept, Error> {
        let deleted = self
            .client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .send()
            .await
            .map_err(|error| self.failed(&format!("put a delete marker on {}", shown(key)), &error))?;
        Ok(Kept { version_id: deleted.version_id().map(str::to_owned) })
    }

    /// As the header `x-amz-copy-source` wants it.
    pub(super) fn copy_source(&self, version: &ObjectVersion) -> String {
        let encoded = |text| utf8_percent_encode(text, IN_A_COPY_SOURCE);
        format!("{}/{}?versionId={}", self.name, encoded(&version.key), encoded(&version.version_id))
    }
}

fn archived(version: &ObjectVersion, how: &str) -> Error {
    let class = version.storage_class.as_deref().unwrap_or("an archive tier");
    let message = format!("version {} of {} is {how} ({class})", version.version_id, shown(&version.key));
    Error::new(ErrorKind::Archived, message)
}

/// The Object Lock to put on the copy.
pub(super) struct Lock<'a> {
    head: Option<&'a HeadObjectOutput>,
    retention: bool,
}

impl<'a> Lock<'a> {
    pub(super) fn of(head: &'a HeadObjectOutput, options: &CopyOptions) -> Self {
        let until = head.object_lock_retain_until_date().map(aws_sdk_s3::primitives::DateTime::secs);
        // S3 refuses a retention that has ended.
        let lasts = options.object_lock_at.zip(until).is_some_and(|(now, until)| until > now.as_second());
        Self { head: options.object_lock_at.map(|_| head), retention: lasts }
    }

    fn retained(&self) -> Option<&HeadObjectOutput> {
        self.head.filter(|_| self.retention)
    }

    pub(super) fn mode(&self) -> Option<ObjectLockMode> {
        self.retained()?.object_lock_mode().cloned()
    }

    pub(super) fn until(&self) -> Option<aws_sdk_s3::primitives::DateTime> {
        self.retained()?.object_lock_retain_until_date().copied()
    }

    pub(super) fn hold(&self) -> Option<aws_sdk_s3::types::ObjectLockLegalHoldStatus> {
        self.head?.object_lock_legal_hold_status().cloned()
    }
}
