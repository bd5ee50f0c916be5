//! ListObjectVersions.

use std::collections::VecDeque;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{EncodingType, ObjectVersionStorageClass, OptionalObjectAttributes};
use percent_encoding::percent_decode_str;
use ssmbak_core::instant::Instant;
use ssmbak_core::key_ranges::Marker;
use ssmbak_core::object::{KeyHistory, NULL_VERSION, ObjectVersion, newest_first};

use super::object_bucket::{ObjectBucket, size, timestamp};
use super::raw_order::RawOrder;
use crate::bucket::pages::{endless, goes_on, incomplete};
use crate::{Error, ErrorKind};

/// Up to 1,000 versions, by key, newest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) rows: Vec<ObjectVersion>,
    /// Where the next page begins, if S3 says.
    pub(crate) next: Option<Marker>,
    /// Whether there is a next page.
    pub(crate) is_truncated: bool,
}

impl ObjectBucket {
    /// A page of the versions of the keys that begin with `prefix`, in the order of S3's answer; `after`: where it begins,
    /// `None`: at the first key. With `restore_status` also whether a copy from an archive can be read.
    ///
    /// # Errors
    /// The failed request, and an answer that is not whole.
    pub(crate) async fn list_versions(
        &self,
        prefix: &str,
        after: Option<&Marker>,
        restore_status: bool,
    ) -> Result<Page, Error> {
        let order = RawOrder::default();
        let output = self
            .client
            .list_object_versions()
            .bucket(&self.name)
            .prefix(prefix)
            // Keys may have characters that XML has not.
            .encoding_type(EncodingType::Url)
            .set_optional_object_attributes(restore_status.then(|| vec![OptionalObjectAttributes::RestoreStatus]))
            .set_key_marker(after.map(|marker| marker.key.clone()))
            .set_version_id_marker(after.and_then(|marker| marker.version_id.clone()))
            .customize()
            .interceptor(order.clone())
            .send()
            .await
            .map_err(|error| self.failed(&self.listing_of(prefix), &error))?;
        let is_encoded = output.encoding_type() == Some(&EncodingType::Url);
        let key = |text: &str| if is_encoded { decoded(text) } else { Ok(text.to_owned()) };
        let Some(is_truncated) = output.is_truncated() else { return Err(incomplete()) };
        let next = match output.next_key_marker().filter(|_| is_truncated) {
            Some(text) => {
                let version_id = output.next_version_id_marker().filter(|id| !id.is_empty()).map(str::to_owned);
                Some(Marker { key: key(text)?, version_id })
            }
            None => None,
        };
        Ok(Page { rows: newest_first(mixed(&output, &order.markers(), key)?), next, is_truncated })
    }

    fn listing_of(&self, prefix: &str) -> String {
        match self.shown(prefix).as_str() {
            "" => "list all versions".to_owned(),
            prefix => format!("list the versions of {prefix}"),
        }
    }

    /// A page of the versions of the keys that begin so.
    pub(super) async fn page(&self, prefix: &str, after: Option<&Marker>) -> Result<Page, Error> {
        let page = self.list_versions(prefix, after, true).await?;
        if page.is_truncated && !goes_on(after, page.next.as_ref()) {
            return Err(endless());
        }
        Ok(page)
    }

    /// What the versions of one key say about the instants; `all`: read even what cannot change that any more.
    pub(super) async fn history(&self, key: &str, instants: &[Instant], all: bool) -> Result<KeyHistory, Error> {
        let mut history = KeyHistory::new(instants);
        self.versions_of(key, |version| {
            history.push(version);
            !all && history.is_decided()
        })
        .await?;
        Ok(history)
    }

    /// Shows the versions of one key, newest first, until `enough` says so.
    ///
    /// # Errors
    /// [`ErrorKind::BucketMissing`] and the like, for the failed request.
    pub async fn versions_of(&self, key: &str, mut enough: impl FnMut(&ObjectVersion) -> bool) -> Result<(), Error> {
        // A key comes before the longer ones that begin with it.
        self.versions_below(key, |row| row.key != key || enough(row)).await
    }

    /// Shows the versions and delete markers of all keys that begin so, by key, newest first, until `enough` says so.
    ///
    /// # Errors
    /// As [`ObjectBucket::versions_of`].
    pub async fn versions_below(
        &self,
        prefix: &str,
        mut enough: impl FnMut(&ObjectVersion) -> bool,
    ) -> Result<(), Error> {
        let mut marker = None;
        loop {
            let page = self.page(prefix, marker.as_ref()).await?;
            if page.rows.iter().any(&mut enough) {
                return Ok(());
            }
            match page.next {
                Some(next) => marker = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// The rows in the order of the answer; if that could not be seen, versions before markers.
fn mixed(
    output: &ListObjectVersionsOutput,
    order: &[bool],
    key: impl Fn(&str) -> Result<String, Error>,
) -> Result<Vec<ObjectVersion>, Error> {
    let mut versions = VecDeque::new();
    for version in output.versions() {
        let Some(text) = version.key() else { continue };
        let class = version.storage_class().filter(|class| **class != ObjectVersionStorageClass::Standard);
        versions.push_back(ObjectVersion {
            key: key(text)?,
            version_id: version.version_id().unwrap_or(NULL_VERSION).to_owned(),
            last_modified: timestamp(version.last_modified())?,
            is_latest: version.is_latest().unwrap_or(false),
            is_marker: false,
            size: size(version.size()),
            etag: version.e_tag().map(|etag| etag.trim_matches('"').to_owned()),
            storage_class: class.map(|class| class.as_str().to_owned()),
            checksum: version.checksum_algorithm().first().map(|algorithm| algorithm.as_str().to_owned()),
            is_rehydrated: version.restore_status().is_some_and(|status| {
                !status.is_restore_in_progress().unwrap_or(false) && status.restore_expiry_date().is_some()
            }),
        });
    }
    let mut markers = VecDeque::new();
    for marker in output.delete_markers() {
        let Some(text) = marker.key() else { continue };
        markers.push_back(ObjectVersion {
            key: key(text)?,
            version_id: marker.version_id().unwrap_or(NULL_VERSION).to_owned(),
            last_modified: timestamp(marker.last_modified())?,
            is_latest: marker.is_latest().unwrap_or(false),
            is_marker: true,
            size: 0,
            etag: None,
            storage_class: None,
            checksum: None,
            is_rehydrated: false,
        });
    }
    let mut rows = Vec::with_capacity(versions.len() + markers.len());
    if order.iter().filter(|is_marker| **is_marker).count() == markers.len() && order.len() == rows.capacity() {
        for is_marker in order {
            rows.extend(if *is_marker { markers.pop_front() } else { versions.pop_front() });
        }
    } else {
        rows.extend(versions);
        rows.extend(markers);
    }
    Ok(rows)
}

/// A key as `encoding-type=url` writes it: like a form, a space as `+`.
fn decoded(text: &str) -> Result<String, Error> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::new(ErrorKind::Unreadable, "s3 listed a key that is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn encoded_keys_are_read() {
        assert_eq!(decoded("a+b%2Bc%25d/%C3%A4%01").unwrap(), "a b+c%d/ä\u{1}");
        assert!(decoded("%ff").is_err());
    }
}
