//! Keys, by ListObjectVersions.

use ssmbak_core::key_ranges::Marker;

use super::pages::endless;
use super::parallel_listing::oldest_first;
use super::{CurrentKey, KeyPage, StoredVersion};
use crate::Error;
use crate::s3::ObjectBucket;
use crate::s3::list::Page;

/// How many keys are returned at a time: as many as Parameter Store can be asked about at once.
const KEYS: usize = 50;

pub(super) async fn current_keys(bucket: &ObjectBucket, after: Option<&str>) -> Result<KeyPage, Error> {
    let marker = after.map(|key| Marker { key: key.to_owned(), version_id: None });
    let Page { rows, is_truncated: mut more, .. } = bucket.list_versions("", marker.as_ref(), false).await?;
    // Some servers list the key of the marker again.
    let listed = rows.into_iter().filter(|row| after.is_none_or(|after| row.key.as_str() > after));
    let mut versions = oldest_first(listed.map(StoredVersion::from).collect());
    if more && versions.is_empty() {
        return Err(endless());
    }
    if more && versions.len() > 1 {
        // The next page may have more of the last one. Of a key with more versions than a page the newest suffice.
        versions.pop();
    }
    let mut found = KeyPage::default();
    for versions in versions {
        if found.keys.len() == KEYS {
            more = true;
            break;
        }
        found.next = versions.first().map(|version| version.key.clone());
        found.keys.extend(CurrentKey::of(&versions));
    }
    found.next = found.next.filter(|_| more);
    Ok(found)
}

/// What a key goes on with after `beginning`, up to the next slash: keys, and beginnings that end in a slash. Deleted ones
/// count. One page, for who types.
pub(super) async fn continuations(bucket: &ObjectBucket, beginning: &str) -> Result<Vec<String>, Error> {
    let page = bucket
        .client
        .list_object_versions()
        .bucket(bucket.name())
        .prefix(beginning)
        .delimiter("/")
        .send()
        .await
        .map_err(|error| bucket.failed("list the keys", &error))?;
    let keys = page.versions().iter().filter_map(|version| version.key());
    let deleted = page.delete_markers().iter().filter_map(|marker| marker.key());
    let paths = page.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
    let mut found: Vec<String> = keys.chain(deleted).chain(paths).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    Ok(found)
}
