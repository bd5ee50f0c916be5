//! A listing that is split by key space and read in parallel.

use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{KeyHistory, cuts};

use super::Tree;
use super::pace::patiently;
use crate::Error;
use crate::s3::list::{Marker, Page};

/// Pages that are read before it is worth while to look for others to read at the same time.
const PAGES_BEFORE_SPLITTING: u32 = 2;
/// Most pieces that what is left of a range is cut into at once.
const PIECES: usize = 8;
/// Most listings at once: S3 answers them more slowly than other requests.
const LISTINGS: usize = 32;

/// A piece of the key space.
#[derive(Debug, Default)]
struct Range {
    /// Where the next page begins.
    marker: Option<Marker>,
    /// Keys up to this one belong to somebody else.
    low: Option<String>,
    /// The last key that belongs to it, if it does not go to the end.
    end: Option<String>,
    /// The key that the last page ended in.
    open: Option<(String, KeyHistory)>,
    pages: u32,
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
                    let page = patiently(async || self.bucket.page(&self.prefix, range.marker.as_ref()).await).await;
                    (range, page)
                });
            }
            let Some((mut range, page)) = busy.next().await else { return Ok(()) };
            let (known, versions, goes_on) = range.fold(page?, instants);
            take(known, versions)?;
            if !goes_on {
                continue;
            }
            if range.pages >= PAGES_BEFORE_SPLITTING {
                let idle = most.saturating_sub(busy.len() + waiting.len() + 1);
                // For one or two that are idle, looking for work costs more than it brings: cuts may leave pieces empty.
                if idle >= most.div_ceil(4) {
                    waiting.extend(range.split(&self.prefix, idle));
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
        let mut goes_on = page.next.is_some();
        for row in &page.rows {
            // Servers that list the key of the marker again.
            if self.low.as_ref().is_some_and(|low| row.key <= *low) {
                continue;
            }
            if self.end.as_ref().is_some_and(|end| row.key > *end) {
                goes_on = false;
                break;
            }
            versions += 1;
            if self.open.as_ref().is_none_or(|(key, _)| *key != row.key) {
                known.extend(self.open.replace((row.key.clone(), KeyHistory::new(instants))));
            }
            if let Some((_, history)) = &mut self.open {
                history.push(row);
            }
        }
        self.marker = page.next;
        self.pages += 1;
        // A page that ends with the range's last key may go on with it; one whose marker is beyond cannot.
        if self.marker.as_ref().zip(self.end.as_ref()).is_some_and(|(marker, end)| marker.key > *end) {
            goes_on = false;
        }
        if !goes_on {
            known.extend(self.open.take());
        }
        (known, versions, goes_on)
    }

    /// Gives up to `idle` pieces of what is left to others.
    fn split(&mut self, prefix: &str, idle: usize) -> Vec<Self> {
        let Some(at) = self.marker.as_ref().map(|marker| marker.key.clone()) else { return Vec::new() };
        let cuts = cuts(prefix, &at, self.end.as_deref(), (idle + 1).min(PIECES));
        let ends = cuts.iter().skip(1).cloned().map(Some).chain([self.end.clone()]);
        let pieces: Vec<Self> = cuts
            .iter()
            .zip(ends)
            .map(|(cut, end)| Self {
                marker: Some(Marker { key: cut.clone(), version_id: None }),
                low: Some(cut.clone()),
                end,
                open: None,
                pages: PAGES_BEFORE_SPLITTING - 1,
            })
            .collect();
        if let Some(first) = cuts.into_iter().next() {
            self.end = Some(first);
        }
        pieces
    }
}
