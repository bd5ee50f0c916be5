//! How many requests to one service are under way at once: more while all goes well, half as many when it asks to slow
//! down, and what was asked to slow down is tried again.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ssmbak_core::concurrency::Concurrency;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::retry::{RetryPolicy, retry_throttled};
use crate::{Error, ErrorKind};

/// What was throttled is tried again for some five minutes.
const RETRY: RetryPolicy = RetryPolicy { attempts: 20, first_pause: Duration::from_secs(1) };

/// Lets a number of requests through that adapts to what the service takes.
///
/// AWS publishes no quota for most of Parameter Store's reads, and S3 scales a prefix up as it is used: the right number
/// is found by asking for more until it is too much.
#[derive(Debug)]
pub struct ConcurrencyLimiter {
    permits: Semaphore,
    state: Mutex<State>,
    retry: RetryPolicy,
}

#[derive(Debug)]
struct State {
    concurrency: Concurrency,
    /// Permits that are to be given up and were in use when that was decided.
    owed: usize,
}

impl ConcurrencyLimiter {
    /// `first` requests at once to begin with, `most` at the most.
    pub fn new(first: usize, most: usize) -> Self {
        let concurrency = Concurrency::new(first, most);
        let state = Mutex::new(State { concurrency, owed: 0 });
        Self { permits: Semaphore::new(concurrency.now()), state, retry: RETRY }
    }

    /// For S3: open connections are kept well below a common limit of 1,024 open files.
    pub fn of_bucket() -> Self {
        Self::new(64, 256)
    }

    /// For Parameter Store, whose quotas are low: GetParameters, for one, may be called 40 times a second.
    pub fn of_store() -> Self {
        Self::new(32, 256)
    }

    /// Makes a request when it is its turn, and again as long as the service asks to slow down.
    ///
    /// # Errors
    /// The request's, in the end.
    pub async fn run<T, F: Future<Output = Result<T, Error>>>(&self, mut call: impl FnMut() -> F) -> Result<T, Error> {
        retry_throttled(self.retry, || self.once(call())).await
    }

    async fn once<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        // It is never closed.
        let permit = self.permits.acquire().await.ok();
        let began = Instant::now();
        let answered = call.await;
        let throttled = matches!(&answered, Err(error) if error.kind == ErrorKind::Throttled);
        self.adapt(throttled, began.elapsed(), permit);
        answered
    }

    fn adapt(&self, throttled: bool, took: Duration, permit: Option<SemaphorePermit<'_>>) {
        let mut state = self.lock();
        let before = state.concurrency.now();
        if throttled {
            state.concurrency.slowed_down();
        } else {
            state.concurrency.succeeded(took);
        }
        let now = state.concurrency.now();
        let fewer = before.saturating_sub(now);
        state.owed += fewer - self.permits.forget_permits(fewer);
        let more = now.saturating_sub(before);
        let paid = more.min(state.owed);
        state.owed -= paid;
        self.permits.add_permits(more - paid);
        // Under load all permits are in use: they are given up as they come back.
        if let (Some(permit), true) = (permit, state.owed > 0) {
            state.owed -= 1;
            permit.forget();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    fn now(&self) -> usize {
        self.lock().concurrency.now()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream::{self, StreamExt};

    use super::*;

    fn quick(first: usize, most: usize) -> ConcurrencyLimiter {
        ConcurrencyLimiter {
            retry: RetryPolicy { attempts: 20, first_pause: Duration::from_millis(1) },
            ..ConcurrencyLimiter::new(first, most)
        }
    }

    #[tokio::test]
    async fn it_opens_with_the_work_while_all_goes_well() {
        let limiter = quick(4, 64);
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(40)).await;
            Ok(())
        };
        for _ in 0..4 {
            assert!(limiter.run(slow).await.is_ok());
        }
        assert_eq!(limiter.now(), 8);
    }

    #[tokio::test]
    async fn it_closes_by_half_and_what_was_throttled_is_made_in_the_end() {
        let limiter = quick(16, 64);
        let calls = AtomicUsize::new(0);
        let answers: Vec<Result<usize, Error>> = stream::iter(0..100)
            .map(|number| {
                let (limiter, calls) = (&limiter, &calls);
                async move {
                    limiter
                        .run(|| async {
                            match calls.fetch_add(1, Ordering::Relaxed) {
                                10..20 => Err(Error::new(ErrorKind::Throttled, "slow down")),
                                _ => Ok(number),
                            }
                        })
                        .await
                }
            })
            .buffer_unordered(100)
            .collect()
            .await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 100);
        assert!(limiter.now() < 64, "{}", limiter.now());
    }

    #[tokio::test]
    async fn never_more_are_under_way_than_it_lets_through() {
        let limiter = quick(3, 3);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        stream::iter(0..50)
            .map(|_| {
                let (limiter, now, most) = (&limiter, &now, &most);
                async move {
                    limiter
                        .run(|| async {
                            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                            tokio::task::yield_now().await;
                            now.fetch_sub(1, Ordering::Relaxed);
                            Ok(())
                        })
                        .await
                }
            })
            .buffer_unordered(50)
            .collect::<Vec<_>>()
            .await;
        assert_eq!(most.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn it_closes_while_all_that_it_lets_through_are_under_way() {
        let limiter = quick(16, 64);
        let (now, most, calls) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        stream::iter(0..200)
            .map(|_| {
                let (limiter, now, most, calls) = (&limiter, &now, &most, &calls);
                async move {
                    limiter
                        .run(|| async {
                            let under_way = now.fetch_add(1, Ordering::Relaxed) + 1;
                            let call = calls.fetch_add(1, Ordering::Relaxed);
                            // All sixteen of the beginning are refused; after them nobody has reason to ask for as many.
                            if (17..20).contains(&call) {
                                most.fetch_max(under_way, Ordering::Relaxed);
                            }
                            tokio::time::sleep(Duration::from_millis(5)).await;
                            now.fetch_sub(1, Ordering::Relaxed);
                            if call < 16 { Err(Error::new(ErrorKind::Throttled, "slow down")) } else { Ok(()) }
                        })
                        .await
                }
            })
            .buffer_unordered(200)
            .collect::<Vec<_>>()
            .await;
        let most = most.into_inner();
        assert!((1..=8).contains(&most), "{most} under way after the complaint");
    }

    #[tokio::test]
    async fn other_failures_are_told_at_once() {
        let limiter = quick(4, 8);
        let calls = AtomicUsize::new(0);
        let failed: Result<(), Error> = limiter
            .run(|| async {
                calls.fetch_add(1, Ordering::Relaxed);
                Err(Error::new(ErrorKind::AccessDenied, "no"))
            })
            .await;
        assert_eq!((failed.map_err(|error| error.kind), calls.into_inner()), (Err(ErrorKind::AccessDenied), 1));
    }
}
