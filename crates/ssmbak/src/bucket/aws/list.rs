//! ListObjectVersions.

use super::{S3BackupBucket, size, timestamp};
use crate::bucket::{Keys, StoredVersion};
use crate::{Error, ErrorKind};

pub(super) async fn versions(bucket: &S3BackupBucket, of: Keys<'_>) -> Result<Vec<StoredVersion>, Error> {
    let (prefix, only) = match of {
        Keys::One(key) => (key, Some(key)),
        Keys::Prefix(prefix) => (prefix, None),
    };
    let mut listed = Vec::new();
    let mut marker: Option<(String, Option<String>)> = None;
    loop {
        let (key_marker, version_marker) = marker.take().unzip();
        let page = bucket
            .client
            .list_object_versions()
            .bucket(&bucket.name)
            .prefix(prefix)
            .set_key_marker(key_marker.clone())
            .set_version_id_marker(version_marker.flatten())
            .send()
            .await
            .map_err(|error| bucket.bucket_error(&format!("list the versions of {prefix}"), &error))?;
        let mut rows = Vec::new();
        for version in page.versions() {
            let Some(key) = version.key() else { continue };
            rows.push(StoredVersion {
                key: key.to_owned(),
                version_id: version.version_id().unwrap_or("null").to_owned(),
                last_modified: timestamp(version.last_modified())?,
                is_latest: version.is_latest().unwrap_or(false),
                is_marker: false,
                size: size(version.size()),
            });
        }
        for deleted in page.delete_markers() {
            let Some(key) = deleted.key() else { continue };
            rows.push(StoredVersion {
                key: key.to_owned(),
                version_id: deleted.version_id().unwrap_or("null").to_owned(),
                last_modified: timestamp(deleted.last_modified())?,
                is_latest: deleted.is_latest().unwrap_or(false),
                is_marker: true,
                size: 0,
            });
        }
        // Keys come in order, and a key before the longer ones that share its beginning.
        let passed = only.is_some_and(|only| rows.iter().any(|row| row.key != only));
        rows.retain(|row| only.is_none_or(|only| row.key == only));
        listed.append(&mut rows);
        if passed || !page.is_truncated().unwrap_or(false) {
            break;
        }
        let next = page.next_key_marker().map(|key| (key.to_owned(), page.next_version_id_marker().map(str::to_owned)));
        if next.is_none() || next.as_ref().map(|(key, _)| key) == key_marker.as_ref() && listed.is_empty() {
            return Err(Error::new(ErrorKind::Other, "s3 returned a listing that does not end"));
        }
        marker = next;
    }
    Ok(storage_order(listed))
}

/// By key, oldest first. The SDK splits versions from markers, so their order within one second is lost: the current one
/// is known to be last, and a marker is taken to follow the versions of its second (a tombstone precedes its marker).
fn storage_order(mut listed: Vec<StoredVersion>) -> Vec<StoredVersion> {
    // Listings are newest first within a key: reversed, a stable sort keeps what order there is.
    listed.reverse();
    listed.sort_by(|a, b| {
        (a.key.as_str(), a.last_modified, a.is_latest, a.is_marker).cmp(&(
            b.key.as_str(),
            b.last_modified,
            b.is_latest,
            b.is_marker,
        ))
    });
    // Emulators with finer clocks aside, nothing is later than the current version.
    for key in listed.chunk_by_mut(|a, b| a.key == b.key) {
        if let Some(latest) = key.iter().position(|version| version.is_latest) {
            key[latest..].rotate_left(1);
        }
    }
    listed
}
