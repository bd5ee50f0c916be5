//! Reads a listing ahead of those who work on what it lists.

use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Error;

/// Works on the items of a stream, `at_once` at a time, while the stream is read ahead: up to items of the weight `most`
/// wait. `ended` is called when the stream has been read to its end.
///
/// # Errors
/// The stream's or the work's, whichever comes first.
pub(super) async fn prefetch<T, U, F: Future<Output = Result<U, Error>>>(
    items: impl Stream<Item = Result<T, Error>>,
    weight: impl Fn(&T) -> usize,
    (most, at_once): (u32, usize),
    ended: impl FnOnce(),
    work: impl Fn(T) -> F,
) -> Result<Vec<U>, Error> {
    let room = Arc::new(Semaphore::new(most as usize));
    let (sender, mut receiver) = unbounded_channel::<(T, Option<OwnedSemaphorePermit>)>();
    let reading = async {
        let mut items = std::pin::pin!(items);
        while let Some(item) = items.try_next().await? {
            let weight = u32::try_from(weight(&item)).unwrap_or(most).clamp(1, most);
            // It is never closed.
            let permit = Arc::clone(&room).acquire_many_owned(weight).await.ok();
            if sender.send((item, permit)).is_err() {
                break;
            }
        }
        ended();
        // Or nobody would know that this is the end.
        drop(sender);
        Ok(())
    };
    let working = stream::poll_fn(|context| receiver.poll_recv(context))
        .map(|(item, permit)| {
            let work = work(item);
            async move {
                let done = work.await;
                drop(permit);
                done
            }
        })
        .buffer_unordered(at_once)
        .try_collect();
    let ((), worked) = futures_util::future::try_join(reading, working).await?;
    Ok(worked)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::ErrorKind;

    #[tokio::test]
    async fn a_stream_is_read_ahead_and_no_further_than_there_is_room() {
        let (read, most, ended) = (Cell::new(0_usize), Cell::new(0), Cell::new(false));
        let done = Cell::new(0);
        let items = stream::iter(0..100).map(|item| {
            read.set(read.get() + 1);
            Ok(item)
        });
        let work = async |item: i32| {
            most.set(most.get().max(read.get() - done.get()));
            tokio::task::yield_now().await;
            done.set(done.get() + 1);
            Ok(item)
        };
        let mut worked = prefetch(items, |_| 2, (20, 3), || ended.set(true), work).await.unwrap();
        worked.sort_unstable();
        assert_eq!(worked, (0..100).collect::<Vec<_>>());
        assert!(ended.get());
        // Ten of weight two wait or are worked on, and one more has been read and finds no room.
        assert!((4..=11).contains(&most.get()), "{}", most.get());
    }

    #[tokio::test]
    async fn an_item_heavier_than_all_room_passes_alone() {
        let items = stream::iter([Ok(1), Ok(2)]);
        let worked = prefetch(items, |_| 1_000, (10, 4), || {}, async |item| Ok(item)).await.unwrap();
        assert_eq!(worked.len(), 2);
    }

    #[tokio::test]
    async fn failures_of_stream_and_work_end_it() {
        let failed = || Error::new(ErrorKind::AccessDenied, "no");
        let items = stream::iter([Ok(1), Err(failed())]);
        assert!(prefetch(items, |_| 1, (10, 4), || {}, async |item| Ok(item)).await.is_err());
        let items = stream::iter([Ok(1), Ok(2)]);
        let work = async |item| if item == 2 { Err(failed()) } else { Ok(item) };
        assert!(prefetch(items, |_| 1, (10, 4), || {}, work).await.is_err());
    }
}
