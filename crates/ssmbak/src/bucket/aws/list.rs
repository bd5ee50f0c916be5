//! ListObjectVersions.

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use futures_util::stream::{self, Stream, TryStreamExt};

use super::{S3BackupBucket, size, timestamp};
use crate::bucket::{Keys, StoredVersion, by_key as keys_of, storage_order};
use crate::{Error, ErrorKind};

/// Where the next page begins.
#[derive(Clone, PartialEq, Eq)]
struct Marker {
    key: String,
    version_id: Option<String>,
}

/// How far a listing is.
struct Listing<'a> {
    bucket: &'a S3BackupBucket,
    of: Keys<'a>,
    next: Option<Marker>,
    ended: bool,
    /// Versions of the last key so far as they were listed: the next page may have more.
    open: Vec<StoredVersion>,
}

pub(super) async fn versions(bucket: &S3BackupBucket, of: Keys<'_>) -> Result<Vec<StoredVersion>, Error> {
    let listed: Vec<Vec<StoredVersion>> = by_key(bucket, of).try_collect().await?;
    Ok(listed.into_iter().flatten().collect())
}

pub(super) fn by_key<'a>(
    bucket: &'a S3BackupBucket,
    of: Keys<'a>,
) -> impl Stream<Item = Result<Vec<StoredVersion>, Error>> + Send + 'a {
    let listing = Listing { bucket, of, next: None, ended: false, open: Vec::new() };
    stream::try_unfold(listing, |mut listing| async move {
        if listing.ended {
            return Ok(None);
        }
        let complete = listing.turn().await?;
        Ok::<_, Error>(Some((stream::iter(complete.into_iter().map(Ok)), listing)))
    })
    .try_flatten()
}

impl Listing<'_> {
    /// Reads a page; returns the keys that it completes.
    async fn turn(&mut self) -> Result<Vec<Vec<StoredVersion>>, Error> {
        let (prefix, only) = match self.of {
            Keys::One(key) => (key, Some(key)),
            Keys::Prefix(prefix) => (prefix, None),
        };
        let page = self.page(prefix).await?;
        let mut rows = rows(&page)?;
        if rows.iter().any(|row| row.version_id != "null") {
            self.bucket.keeps_versions();
        }
        // Keys come in order, and a key before the longer ones that share its beginning.
        let passed = only.is_some_and(|only| rows.iter().any(|row| row.key != only));
        rows.retain(|row| only.is_none_or(|only| row.key == only));
        let next =
            page.next_key_marker().filter(|_| page.is_truncated().unwrap_or(false) && !passed).map(|key| Marker {
                key: key.to_owned(),
                version_id: page.next_version_id_marker().filter(|id| !id.is_empty()).map(str::to_owned),
            });
        if page.is_truncated().unwrap_or(false) && !passed && (next.is_none() || next == self.next) {
            return Err(Error::new(ErrorKind::Other, "s3 returned a listing that does not end"));
        }
        (self.ended, self.next) = (next.is_none(), next);
        self.open.append(&mut rows);
        let last = self.open.iter().map(|row| &row.key).max().filter(|_| !self.ended).cloned();
        let (open, complete) =
            std::mem::take(&mut self.open).into_iter().partition(|row| Some(&row.key) == last.as_ref());
        self.open = open;
        Ok(keys_of(storage_order(complete)))
    }

    async fn page(&self, prefix: &str) -> Result<ListObjectVersionsOutput, Error> {
        self.bucket
            .client
            .list_object_versions()
            .bucket(&self.bucket.name)
            .prefix(prefix)
            .set_key_marker(self.next.as_ref().map(|marker| marker.key.clone()))
            .set_version_id_marker(self.next.as_ref().and_then(|marker| marker.version_id.clone()))
            .send()
            .await
            .map_err(|error| self.bucket.bucket_error(&format!("list the versions of {prefix}"), &error))
    }
}

fn rows(page: &ListObjectVersionsOutput) -> Result<Vec<StoredVersion>, Error> {
    let mut rows = Vec::with_capacity(page.versions().len() + page.delete_markers().len());
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
    Ok(rows)
}
