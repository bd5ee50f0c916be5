//! ListObjectVersions.

use super::{S3BackupBucket, size, timestamp};
use crate::bucket::{Keys, StoredVersion, storage_order};
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
