//! Whether the present version is all that another one was, bytes aside.

use std::collections::BTreeMap;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use ssmbak_core::object::ObjectVersion;

use super::head::checksum_algorithm;
use super::object_bucket::{ObjectBucket, shown};
use crate::Error;

impl ObjectBucket {
    /// Whether the version of this id is current still, and has the metadata, tags, class, encryption and headers of
    /// `version`.
    pub(super) async fn is_the_same(&self, version: &ObjectVersion, present: &str) -> Result<bool, Error> {
        let now = self.describe_current(&version.key).await?;
        if now.version_id() != Some(present) {
            return Ok(false);
        }
        let then = self.describe(version).await?;
        if !has_the_same_headers(&then, &now) {
            return Ok(false);
        }
        if then.tag_count().unwrap_or(0) == 0 {
            return Ok(true);
        }
        Ok(self.tags(&version.key, &version.version_id).await? == self.tags(&version.key, present).await?)
    }

    /// The tags of a version.
    pub(super) async fn tags(&self, key: &str, version_id: &str) -> Result<BTreeMap<String, String>, Error> {
        let read = self.client.get_object_tagging().bucket(&self.name).key(key).version_id(version_id).send().await;
        let tags = read.map_err(|error| self.failed(&format!("read the tags of {}", shown(key)), &error))?;
        Ok(tags.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }
}

fn has_the_same_headers(a: &HeadObjectOutput, b: &HeadObjectOutput) -> bool {
    // What S3 does not show cannot be compared.
    let is_whole = |head: &HeadObjectOutput| head.missing_meta().unwrap_or(0) == 0;
    is_whole(a)
        && is_whole(b)
        && a.metadata() == b.metadata()
        && a.content_type() == b.content_type()
        && a.content_encoding() == b.content_encoding()
        && a.content_language() == b.content_language()
        && a.content_disposition() == b.content_disposition()
        && a.cache_control() == b.cache_control()
        && a.expires_string() == b.expires_string()
        && a.website_redirect_location() == b.website_redirect_location()
        && a.storage_class() == b.storage_class()
        && a.server_side_encryption() == b.server_side_encryption()
        && a.ssekms_key_id() == b.ssekms_key_id()
        && a.bucket_key_enabled().unwrap_or(false) == b.bucket_key_enabled().unwrap_or(false)
        && checksum_algorithm(a) == checksum_algorithm(b)
        && a.tag_count().unwrap_or(0) == b.tag_count().unwrap_or(0)
}
