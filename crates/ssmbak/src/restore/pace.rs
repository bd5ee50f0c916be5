//! Keeps within Parameter Store's write quotas, from this side: the SDK's retries alone run dry after some 35 throttles.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::{Error, ErrorKind};

/// At most so many a second, evenly spread.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    next: Option<Instant>,
}

impl Pace {
    /// So many a second; `None` or nothing positive: no limit.
    pub fn new(per_second: Option<f64>) -> Self {
        let interval =
            per_second.filter(|rate| *rate > 0.0 && rate.is_finite()).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Self { interval, next: None }
    }

    /// Waits for the turn of `count` at once.
    pub async fn take(&mut self, count: usize) {
        let Some(interval) = self.interval else { return };
        if let Some(next) = self.next {
            sleep_until(next).await;
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.next = Some(Instant::now() + interval.saturating_mul(count));
    }
}

/// Tries again while AWS asks to slow down, after one second, two, four, … at most twenty.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Error>>>(
    patience: u32,
    mut call: impl FnMut() -> F,
) -> Result<T, Error> {
    let mut attempt = 0;
    loop {
        match call().await {
            Err(error) if error.kind == ErrorKind::Throttled && attempt < patience => {
                let pause = Duration::from_secs(1 << attempt.min(4)).min(Duration::from_secs(20));
                tracing::info!(attempt, pause_seconds = pause.as_secs(), "throttled, waiting");
                sleep(pause).await;
                attempt += 1;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn three_a_second_take_a_third_of_a_second_each() {
        let begun = Instant::now();
        let mut pace = Pace::new(Some(3.0));
        for _ in 0..10 {
            pace.take(1).await;
        }
        assert_eq!(begun.elapsed().as_millis(), 3_000);
    }

    #[tokio::test(start_paused = true)]
    async fn no_rate_is_no_wait() {
        let begun = Instant::now();
        for rate in [None, Some(0.0), Some(-1.0), Some(f64::NAN)] {
            let mut pace = Pace::new(rate);
            pace.take(5).await;
            pace.take(5).await;
        }
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_is_tried_again_and_its_failure_is_told_in_the_end() {
        let mut calls = 0;
        let answered = patiently(6, || {
            calls += 1;
            let throttled = calls < 4;
            async move { if throttled { Err(Error::new(ErrorKind::Throttled, "slow down")) } else { Ok(7) } }
        });
        assert_eq!(answered.await, Ok(7));
        assert_eq!(calls, 4);
        let given_up: Result<(), _> =
            patiently(2, || async { Err(Error::new(ErrorKind::Throttled, "slow down")) }).await;
        assert_eq!(given_up.map_err(|error| error.kind), Err(ErrorKind::Throttled));
    }
}
