//! GetObjectTagging.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use ssmbak_core::object::ObjectVersion;

use super::object_bucket::ObjectBucket;
use crate::Error;
use crate::spawn::spawn_abort_on_drop;

impl ObjectBucket {
    /// The tags of a version.
    ///
    /// # Errors
    /// The failed request.
    pub(crate) async fn tags(&self, key: &str, version_id: &str) -> Result<BTreeMap<String, String>, Error> {
        let request = self.client.get_object_tagging().bucket(&self.name).key(key).version_id(version_id);
        let sent = spawn_abort_on_drop(async move { Ok(request.send().await) }).await?;
        let read = sent.map_err(|error| self.failed(&format!("read the tags of {}", self.shown(key)), &error))?;
        Ok(read.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    /// The tags as a header; `None`: it has none.
    ///
    /// # Errors
    /// The failed request.
    pub(super) async fn tagging(&self, version: &ObjectVersion) -> Result<Option<String>, Error> {
        let tags = self.tags(&version.key, &version.version_id).await?;
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let pairs: Vec<String> =
            tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
        Ok(Some(pairs.join("&")).filter(|header| !header.is_empty()))
    }
}
