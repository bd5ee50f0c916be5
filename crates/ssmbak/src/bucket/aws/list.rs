//! ListObjectVersions.

use std::collections::VecDeque;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt, TryStreamExt};
use ssmbak_core::key_ranges::{KeyRange, Marker, Place};

use super::{S3BackupBucket, size, timestamp};
use crate::Error;
use crate::bucket::pages::{endless, goes_on, incomplete};
use crate::bucket::{Keys, StoredVersion, by_key as keys_of, storage_order};
use crate::retry::{RetryPolicy, retry_throttled};
use crate::spawn::spawn_abort_on_drop;

/// Pages of a range that are read before the rest of it is split: most trees end within them, and a cut may leave a piece
/// empty, which costs a request.
const PAGES_BEFORE_SPLITTING: u32 = 2;
/// Most pieces that what is left of a range is cut into at once.
const PIECES: usize = 8;
/// Most listings at once: S3 answers them more slowly than other requests.
const LISTINGS: usize = 16;

/// A listing in pieces that are read at the same time.
struct Listing<'a> {
    bucket: &'a S3BackupBucket,
    of: Keys<'a>,
    waiting: VecDeque<Piece>,
    busy: FuturesUnordered<BoxFuture<'a, Result<(Piece, ListObjectVersionsOutput), Error>>>,
}

/// A piece of the listing.
#[derive(Default)]
struct Piece {
    keys: KeyRange,
    /// Versions of the last key so far as they were listed: the next page may have more.
    open: Vec<StoredVersion>,
}

pub(super) async fn versions(bucket: &S3BackupBucket, of: Keys<'_>) -> Result<Vec<StoredVersion>, Error> {
    let mut listed: Vec<Vec<StoredVersion>> = by_key(bucket, of).try_collect().await?;
    listed.sort_by(|a, b| a.first().map(|version| &version.key).cmp(&b.first().map(|version| &version.key)));
    Ok(listed.into_iter().flatten().collect())
}

pub(super) fn by_key<'a>(
    bucket: &'a S3BackupBucket,
    of: Keys<'a>,
) -> impl Stream<Item = Result<Vec<StoredVersion>, Error>> + Send + 'a {
    let waiting = VecDeque::from([Piece::default()]);
    let listing = Listing { bucket, of, waiting, busy: FuturesUnordered::new() };
    stream::try_unfold(listing, |mut listing| async move {
        let complete = listing.turn().await?;
        Ok::<_, Error>(complete.map(|complete| (stream::iter(complete.into_iter().map(Ok)), listing)))
    })
    .try_flatten()
}

impl Listing<'_> {
    /// Reads a page of any piece; returns the keys that it completes, `None` at the end.
    async fn turn(&mut self) -> Result<Option<Vec<Vec<StoredVersion>>>, Error> {
        while self.busy.len() < LISTINGS
            && let Some(piece) = self.waiting.pop_front()
        {
            self.busy.push(Box::pin(read(self.bucket, self.of, piece)));
        }
        let Some(read) = self.busy.next().await else { return Ok(None) };
        let (mut piece, page) = read?;
        let mut rows = rows(&page)?;
        if rows.iter().any(|row| row.version_id != "null") {
            self.bucket.keeps_versions();
        }
        let Some(truncated) = page.is_truncated() else { return Err(incomplete()) };
        let next = page.next_key_marker().filter(|_| truncated).map(|key| Marker {
            key: key.to_owned(),
            version_id: page.next_version_id_marker().filter(|id| !id.is_empty()).map(str::to_owned),
        });
        let first = rows.iter().map(|row| &row.key).min().cloned();
        // Keys come in order, and a key before the longer ones that share its beginning.
        let passed = matches!(self.of, Keys::One(only) if rows.iter().any(|row| row.key != only));
        if truncated && !passed && !goes_on(piece.keys.marker.as_ref(), next.as_ref()) {
            return Err(endless());
        }
        rows.retain(|row| match self.of {
            Keys::One(only) => row.key == only,
            Keys::Prefix(_) => piece.keys.place(&row.key) == Place::Within,
        });
        let more = piece.keys.turn(first.as_deref(), next) && !passed;
        piece.open.append(&mut rows);
        let last = piece.open.iter().map(|row| &row.key).max().filter(|_| more).cloned();
        let (open, complete) =
            std::mem::take(&mut piece.open).into_iter().partition(|row| Some(&row.key) == last.as_ref());
        piece.open = open;
        if more {
            self.split(&mut piece);
            self.waiting.push_front(piece);
        }
        Ok(Some(keys_of(storage_order(complete))))
    }

    /// Gives what is left of a piece to those that have nothing to do.
    fn split(&mut self, piece: &mut Piece) {
        let Keys::Prefix(prefix) = self.of else { return };
        let idle = LISTINGS.saturating_sub(self.busy.len() + self.waiting.len() + 1);
        // For a few that are idle, looking for work costs more than it brings.
        if piece.keys.pages() >= PAGES_BEFORE_SPLITTING && idle >= LISTINGS / 4 {
            let pieces = piece.keys.split(prefix, idle.min(PIECES), PAGES_BEFORE_SPLITTING - 1);
            self.waiting.extend(pieces.into_iter().map(|keys| Piece { keys, open: Vec::new() }));
        }
    }
}

async fn read(bucket: &S3BackupBucket, of: Keys<'_>, piece: Piece) -> Result<(Piece, ListObjectVersionsOutput), Error> {
    let (Keys::One(prefix) | Keys::Prefix(prefix)) = of;
    let page = retry_throttled(RetryPolicy::default(), || {
        let (bucket, prefix, marker) = (bucket.clone(), prefix.to_owned(), piece.keys.marker.clone());
        spawn_abort_on_drop(async move { page(&bucket, &prefix, marker).await })
    })
    .await?;
    Ok((piece, page))
}

async fn page(
    bucket: &S3BackupBucket,
    prefix: &str,
    marker: Option<Marker>,
) -> Result<ListObjectVersionsOutput, Error> {
    let (key, version_id) = marker.map(|marker| (marker.key, marker.version_id)).unzip();
    bucket
        .client
        .list_object_versions()
        .bucket(&bucket.name)
        .prefix(prefix)
        .set_key_marker(key)
        .set_version_id_marker(version_id.flatten())
        .send()
        .await
        .map_err(|error| {
            let what = if prefix.is_empty() { "list all versions" } else { &format!("list the versions of {prefix}") };
            bucket.bucket_error(what, &error)
        })
}

pub(super) fn rows(page: &ListObjectVersionsOutput) -> Result<Vec<StoredVersion>, Error> {
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
