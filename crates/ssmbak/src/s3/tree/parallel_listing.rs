//! A listing that is split by key space and read in parallel.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ssmbak_core::instant::Instant;
use ssmbak_core::key_ranges::{KeyRange, Place};
use ssmbak_core::object::KeyHistory;

use super::Tree;
use super::throttle::retry_throttled;
use crate::Error;
use crate::s3::list::Page;

/// So many pages are read for each piece that the listing is cut into: a cut may leave a piece empty, which costs a
/// request, and a piece ends amid a page. So a listing takes at most six requests for five pages.
const PAGES_PER_PIECE: usize = 5;
/// Fewest pieces that it is worth while to cut.
const FEWEST_PIECES: usize = 4;
/// Most pieces that what is left of a range is cut into at once.
const PIECES: usize = 8;
/// Most listings at once: S3 answers them more slowly than other requests.
const LISTINGS: usize = 32;

/// A piece of the listing.
#[derive(Debug, Default)]
struct Range {
    keys: KeyRange,
    /// The key that the last page ended in.
    open: Option<(String, KeyHistory)>,
}

/// Keys whose versions have all been seen.
type Known = Vec<(String, KeyHistory)>;

impl Tree {
    /// Shows what the versions of every key say about the instants: page by page, and with each page the number of
    /// versions in it. Within a page, and of a piece of the key space, keys ascend; pages of other pieces come in between.
    pub(super) async fn walk(
        &self,
        instants: &[Instant],
        mut take: impl FnMut(Known, u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for prefix in &self.prefixes {
            self.walk_prefix(prefix, instants, &mut take).await?;
        }
        Ok(())
    }

    async fn walk_prefix(
        &self,
        prefix: &str,
        instants: &[Instant],
        take: &mut impl FnMut(Known, u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut waiting = VecDeque::from([Range::default()]);
        let mut busy = FuturesUnordered::new();
        // A piece may turn out to be empty, and costs part of a page at its end.
        let (mut pages, mut pieces_made) = (0, 0);
        loop {
            let most = self.concurrency.now().min(LISTINGS);
            while busy.len() < most
                && let Some(range) = waiting.pop_front()
            {
                busy.push(async move {
                    let page =
                        retry_throttled(async || self.bucket.page(prefix, range.keys.marker.as_ref()).await).await;
                    (range, page)
                });
            }
            let Some((mut range, page)) = busy.next().await else { return Ok(()) };
            pages += 1;
            let (known, versions, goes_on) = range.fold(page?, instants);
            take(known, versions)?;
            if !goes_on {
                continue;
            }
            let idle = most.saturating_sub(busy.len() + waiting.len() + 1);
            let affordable = (pages / PAGES_PER_PIECE).saturating_sub(pieces_made);
            let wanted = idle.min(affordable).min(PIECES);
            // One cut alone leaves little to either side; several cover what may be far.
            if wanted >= FEWEST_PIECES {
                let pieces = range.keys.split(prefix, wanted, 0);
                pieces_made += pieces.len();
                waiting.extend(pieces.into_iter().map(|keys| Range { keys, open: None }));
            }
            waiting.push_front(range);
        }
    }
}

impl Range {
    /// Takes a page: the keys that are complete with it, the number of versions, and whether there is more to read.
    fn fold(&mut self, page: Page, instants: &[Instant]) -> (Known, u64, bool) {
        let (mut known, mut versions) = (Known::new(), 0);
        for row in &page.rows {
            match self.keys.place(&row.key) {
                Place::Before => continue,
                Place::Behind => break,
                Place::Within => {}
            }
            versions += 1;
            if self.open.as_ref().is_none_or(|(key, _)| *key != row.key) {
                known.extend(self.open.replace((row.key.clone(), KeyHistory::new(instants))));
            }
            if let Some((_, history)) = &mut self.open {
                history.push(row);
            }
        }
        let goes_on = self.keys.turn(page.rows.first().map(|row| row.key.as_str()), page.next);
        if !goes_on {
            known.extend(self.open.take());
        }
        (known, versions, goes_on)
    }
}
