//! Whether the present version is all that another one was, bytes aside.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::StorageClass;
use ssmbak_core::object::ObjectVersion;

use super::copy::{CopyOptions, Destination};
use super::head::checksum_algorithm;
use super::headers::{Given, MARK};
use super::object_bucket::ObjectBucket;
use super::verify::Promised;
use crate::Error;

impl ObjectBucket {
    /// Whether the version `present` at a place is what a copy of `version` would be: bytes, metadata, tags, headers, and
    /// class, encryption, ACL and lock as asked for. `then`: what HeadObject said of `version`.
    pub(super) async fn is_the_same(
        &self,
        version: &ObjectVersion,
        then: &HeadObjectOutput,
        at: Destination<'_>,
        present: &str,
        options: &CopyOptions,
    ) -> Result<bool, Error> {
        let now = at.bucket.describe_key(at.key, present).await?;
        if !has_the_same_bytes(version, then, &now) || !has_the_same_headers(then, &now) {
            return Ok(false);
        }
        let class = now.storage_class().map(StorageClass::as_str);
        let given = Given::of(version, Some(then), class, options);
        let encryption = now.server_side_encryption();
        let is_encrypted_alike = if options.through_here {
            options.encryption.is_none() || given.encryption.as_ref() == encryption
        } else {
            let has_key = options.encryption.is_some() && given.kms_key.is_none();
            given.encryption.as_ref() == encryption && (has_key || given.kms_key.as_deref() == now.ssekms_key_id())
        };
        // STANDARD is said by some servers, and left out by others.
        let named = |class: Option<&StorageClass>| class.filter(|class| **class != StorageClass::Standard).cloned();
        if !is_encrypted_alike || named(given.storage_class.as_ref()) != named(now.storage_class()) {
            return Ok(false);
        }
        if options.object_lock_at.is_some() {
            let lock = &given.lock;
            let wanted = (lock.mode.clone(), lock.until.map(|time| time.secs()), lock.hold.clone());
            let until = now.object_lock_retain_until_date().map(aws_sdk_s3::primitives::DateTime::secs);
            if wanted != (now.object_lock_mode().cloned(), until, now.object_lock_legal_hold_status().cloned()) {
                return Ok(false);
            }
        }
        if options.acl && !self.has_the_same_acl(version, at, present).await? {
            return Ok(false);
        }
        if then.tag_count().unwrap_or(0) == 0 {
            return Ok(true);
        }
        Ok(self.tags(&version.key, &version.version_id).await? == at.bucket.tags(at.key, present).await?)
    }

    async fn has_the_same_acl(
        &self,
        version: &ObjectVersion,
        at: Destination<'_>,
        present: &str,
    ) -> Result<bool, Error> {
        let (then, now) = (self.acl(&version.key, &version.version_id), at.bucket.acl(at.key, present));
        Ok(then.await?.grants() == now.await?.grants())
    }
}

/// By ETag, else by a checksum of the whole object, else by the note that a marked copy has.
fn has_the_same_bytes(version: &ObjectVersion, then: &HeadObjectOutput, now: &HeadObjectOutput) -> bool {
    if then.content_length() != now.content_length() {
        return false;
    }
    let (a, b) = (Promised::by_head(then), Promised::by_head(now));
    let by_checksum = match (a.checksum(), b.checksum()) {
        (Some(a), Some(b)) if a.0 == b.0 => Some(a == b),
        _ => None,
    };
    let is_copy = now.metadata().and_then(|metadata| metadata.get(MARK)) == Some(&version.version_id);
    by_checksum.unwrap_or(false)
        || is_copy
        || (by_checksum.is_none() && then.e_tag().is_some() && then.e_tag() == now.e_tag())
}

fn has_the_same_headers(a: &HeadObjectOutput, b: &HeadObjectOutput) -> bool {
    // What S3 does not show cannot be compared.
    let is_whole = |head: &HeadObjectOutput| head.missing_meta().unwrap_or(0) == 0;
    is_whole(a)
        && is_whole(b)
        && without_mark(a) == without_mark(b)
        && a.content_type() == b.content_type()
        && a.content_encoding() == b.content_encoding()
        && a.content_language() == b.content_language()
        && a.content_disposition() == b.content_disposition()
        && a.cache_control() == b.cache_control()
        && a.expires_string() == b.expires_string()
        && a.website_redirect_location() == b.website_redirect_location()
        && (checksum_algorithm(a).is_none() || checksum_algorithm(a) == checksum_algorithm(b))
        && a.tag_count().unwrap_or(0) == b.tag_count().unwrap_or(0)
}

fn without_mark(head: &HeadObjectOutput) -> BTreeMap<&str, &str> {
    let pairs = head.metadata().into_iter().flatten();
    pairs.filter(|(name, _)| *name != MARK).map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
