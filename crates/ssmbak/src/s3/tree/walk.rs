//! A listing that is split by key space and read in parallel.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ssmbak_core::instant::Instant;
use ssmbak_core::key_space::{KeyRange, Place};
use ssmbak_core::object::KeyHistory;

use super::Tree;
use super::pace::patiently;
use crate::Error;
use crate::s3::list::Page;

/// Pages that are read before it is worth while to look for others to read at the same time.
const PAGES_BEFORE_SPLITTING: u32 = 2;
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
        let mut waiting = VecDeque::from([Range::default()]);
        let mut busy = FuturesUnordered::new();
        loop {
            let most = self.pace.now().min(LISTINGS);
            while busy.len() < most
                && let Some(range) = waiting.pop_front()
            {
                busy.push(async move {
                    let page =
                        patiently(async || self.bucket.page(&self.prefix, range.keys.marker.as_ref()).await).await;
                    (range, page)
                });
            }
            let Some((mut range, page)) = busy.next().await else { return Ok(()) };
            let (known, versions, goes_on) = range.fold(page?, instants);
            take(known, versions)?;
            if !goes_on {
                continue;
            }
            if range.keys.pages() >= PAGES_BEFORE_SPLITTING {
                let idle = most.saturating_sub(busy.len() + waiting.len() + 1);
                // For one or two that are idle, looking for work costs more than it brings: cuts may leave pieces empty.
                if idle >= most.div_ceil(4) {
                    let pieces = range.keys.split(&self.prefix, idle.min(PIECES), PAGES_BEFORE_SPLITTING - 1);
                    waiting.extend(pieces.into_iter().map(|keys| Range { keys, open: None }));
                }
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
