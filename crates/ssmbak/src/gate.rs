//! How many requests to one service are under way at once: more while all goes well, half as many when it asks to slow
//! down, and what was asked to slow down is tried again.

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::{Error, ErrorKind};

/// How often a throttled request is tried again after the SDK has given up: some five minutes in all.
const ATTEMPTS: u32 = 20;

/// The first pause before that; each further one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Lets a number of requests through that adapts to what the service takes.
///
/// AWS publishes no quota for most of Parameter Store's reads, and S3 scales a prefix up as it is used: the right number
/// is found by asking for more until it is too much.
#[derive(Debug)]
pub struct Gate {
    permits: Semaphore,
    state: Mutex<State>,
    most: usize,
    pause: Duration,
}

#[derive(Debug)]
struct State {
    now: usize,
    /// Answers since the number was last changed.
    calm: usize,
    /// Whether it was ever too much: from then on the number grows slowly.
    throttled: bool,
}

impl Gate {
    /// `first` requests at once to begin with, `most` at the most.
    pub fn new(first: usize, most: usize) -> Self {
        let now = first.clamp(1, most.max(1));
        let state = Mutex::new(State { now, calm: 0, throttled: false });
        Self { permits: Semaphore::new(now), state, most: most.max(1), pause: FIRST_PAUSE }
    }

    /// For S3: open connections are kept well below a common limit of 1,024 open files.
    pub fn of_bucket() -> Self {
        Self::new(64, 256)
    }

    /// For Parameter Store, whose quotas are low: GetParameters, for one, may be called 40 times a second.
    pub fn of_store() -> Self {
        Self::new(16, 128)
    }

    /// Makes a request when it is its turn, and again as long as the service asks to slow down.
    ///
    /// # Errors
    /// The request's, in the end.
    pub async fn pass<T, F: Future<Output = Result<T, Error>>>(&self, mut call: impl FnMut() -> F) -> Result<T, Error> {
        let mut pause = self.pause;
        for _ in 0..ATTEMPTS {
            match self.once(call()).await {
                Err(error) if error.kind == ErrorKind::Throttled => {
                    tracing::debug!(pause_ms = pause.as_millis(), "throttled, waiting");
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
                }
                answered => return answered,
            }
        }
        self.once(call()).await
    }

    async fn once<T>(&self, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        // It is never closed.
        let permit = self.permits.acquire().await.ok();
        let answered = call.await;
        match &answered {
            Err(error) if error.kind == ErrorKind::Throttled => self.slow_down(),
            _ => self.calm_down(),
        }
        drop(permit);
        answered
    }

    fn slow_down(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What was sent at the old pace says nothing about the new one.
        if state.throttled && state.calm == 0 {
            return;
        }
        let less = state.now - self.permits.forget_permits(state.now / 2);
        *state = State { now: less.max(1), calm: 0, throttled: true };
    }

    fn calm_down(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calm += 1;
        if state.calm >= state.now && state.now < self.most {
            let more = if state.throttled { 1 } else { state.now.min(self.most - state.now) };
            self.permits.add_permits(more);
            state.now += more;
            state.calm = 0;
        }
    }

    #[cfg(test)]
    fn now(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).now
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::stream::{self, StreamExt};

    use super::*;

    fn quick(first: usize, most: usize) -> Gate {
        Gate { pause: Duration::from_millis(1), ..Gate::new(first, most) }
    }

    #[tokio::test]
    async fn it_opens_while_all_goes_well() {
        let gate = quick(4, 64);
        for _ in 0..60 {
            assert!(gate.pass(|| async { Ok(()) }).await.is_ok());
        }
        assert_eq!(gate.now(), 64);
    }

    #[tokio::test]
    async fn it_closes_by_half_and_what_was_throttled_is_made_in_the_end() {
        let gate = quick(16, 64);
        let calls = AtomicUsize::new(0);
        let answers: Vec<Result<usize, Error>> = stream::iter(0..100)
            .map(|number| {
                let (gate, calls) = (&gate, &calls);
                async move {
                    gate.pass(|| async {
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
        assert!(gate.now() < 64, "{}", gate.now());
    }

    #[tokio::test]
    async fn never_more_are_under_way_than_it_lets_through() {
        let gate = quick(3, 3);
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        stream::iter(0..50)
            .map(|_| {
                let (gate, now, most) = (&gate, &now, &most);
                async move {
                    gate.pass(|| async {
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
    async fn other_failures_are_told_at_once() {
        let gate = quick(4, 8);
        let calls = AtomicUsize::new(0);
        let failed: Result<(), Error> = gate
            .pass(|| async {
                calls.fetch_add(1, Ordering::Relaxed);
                Err(Error::new(ErrorKind::AccessDenied, "no"))
            })
            .await;
        assert_eq!((failed.map_err(|error| error.kind), calls.into_inner()), (Err(ErrorKind::AccessDenied), 1));
    }
}
