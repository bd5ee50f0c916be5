//! ListObjectVersions, in pieces of the key space that are read at the same time.

use std::collections::VecDeque;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, Stream, StreamExt, TryStreamExt};
use ssmbak_core::key_ranges::{KeyRange, Place};

use super::pages::{endless, goes_on};
use super::{Keys, S3BackupBucket, StoredVersion, by_key as keys_of};
use crate::Error;
use crate::retry::{RetryPolicy, retry_throttled};
use crate::s3::list::Page;
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
    busy: FuturesUnordered<BoxFuture<'a, Result<(Piece, Page), Error>>>,
}

/// A piece of the listing.
#[derive(Default)]
struct Piece {
    keys: KeyRange,
    /// Versions of the last key so far as they were listed, newest first: the next page may have more.
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
        let (mut piece, Page { rows, next, is_truncated: truncated }) = read?;
        let mut rows: Vec<StoredVersion> = rows.into_iter().map(StoredVersion::from).collect();
        if rows.iter().any(|row| row.version_id != "null") {
            self.bucket.keeps_versions();
        }
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
        Ok(Some(oldest_first(complete)))
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

/// One list for each key, oldest first, of rows as S3 lists them.
pub(super) fn oldest_first(rows: Vec<StoredVersion>) -> Vec<Vec<StoredVersion>> {
    let mut keys = keys_of(rows);
    keys.iter_mut().for_each(|key| key.reverse());
    keys
}

async fn read(bucket: &S3BackupBucket, of: Keys<'_>, piece: Piece) -> Result<(Piece, Page), Error> {
    let (Keys::One(prefix) | Keys::Prefix(prefix)) = of;
    let page = retry_throttled(RetryPolicy::default(), || {
        let (bucket, prefix, marker) = (bucket.objects.clone(), prefix.to_owned(), piece.keys.marker.clone());
        spawn_abort_on_drop(async move { bucket.list_versions(&prefix, marker.as_ref(), false).await })
    })
    .await?;
    Ok((piece, page))
}
