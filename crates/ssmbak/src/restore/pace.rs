//! Keeps within Parameter Store's write quotas, from this side: the SDK's retries alone run dry after some 35 throttles.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{Error, ErrorKind};

/// At most so many a second, evenly spread.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    free_at: Option<Instant>,
}

impl Pace {
    /// So many a second; `None` or nothing positive: no limit.
    pub fn new(per_second: Option<f64>) -> Self {
        let rate = per_second.filter(|rate| *rate > 0.0 && rate.is_finite());
        Self { interval: rate.map(|rate| Duration::from_secs_f64(1.0 / rate)), free_at: None }
    }

    /// How long `count` at once have to wait for their turn, asked at `now`.
    fn book(&mut self, now: Instant, count: usize) -> Duration {
        let Some(interval) = self.interval else { return Duration::ZERO };
        let turn = self.free_at.map_or(now, |free_at| free_at.max(now));
        self.free_at = Some(turn + interval.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)));
        turn.duration_since(now)
    }

    /// Waits for the turn of `count` at once.
    pub async fn take(&mut self, count: usize) {
        let wait = self.book(Instant::now(), count);
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }
}

/// How often, and after which pauses, a throttled call is tried again once the SDK gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often.
    pub attempts: u32,
    /// The first pause; each further one is twice as long, up to sixteen times this.
    pub first_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 6, first_pause: Duration::from_secs(1) }
    }
}

/// Tries again while AWS asks to slow down.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Error>>>(
    patience: Patience,
    mut call: impl FnMut() -> F,
) -> Result<T, Error> {
    let mut attempt = 0;
    loop {
        match call().await {
            Err(error) if error.kind == ErrorKind::Throttled && attempt < patience.attempts => {
                let pause = patience.first_pause.saturating_mul(1 << attempt.min(4));
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

    #[test]
    fn three_a_second_wait_a_third_of_a_second_each() {
        let begun = Instant::now();
        let mut pace = Pace::new(Some(3.0));
        let waits: Vec<u128> = (0..4).map(|_| pace.book(begun, 1).as_millis()).collect();
        assert_eq!(waits, [0, 333, 666, 999]);
        assert_eq!(pace.book(begun + Duration::from_secs(60), 10), Duration::ZERO, "no debt after a rest");
        assert_eq!(pace.book(begun + Duration::from_secs(60), 1).as_millis(), 3_333, "ten took ten turns");
    }

    #[test]
    fn no_rate_is_no_wait() {
        for rate in [None, Some(0.0), Some(-1.0), Some(f64::NAN), Some(f64::INFINITY)] {
            let mut pace = Pace::new(rate);
            assert_eq!(pace.book(Instant::now(), 5), Duration::ZERO);
            assert_eq!(pace.book(Instant::now(), 5), Duration::ZERO);
        }
    }

    #[tokio::test]
    async fn a_throttled_call_is_tried_again_and_its_failure_is_told_in_the_end() {
        let patience = Patience { attempts: 3, first_pause: Duration::from_millis(1) };
        let mut calls = 0;
        let answered = patiently(patience, || {
            calls += 1;
            let throttled = calls < 4;
            async move { if throttled { Err(Error::new(ErrorKind::Throttled, "slow down")) } else { Ok(7) } }
        });
        assert_eq!(answered.await, Ok(7));
        assert_eq!(calls, 4);
        let given_up: Result<(), _> =
            patiently(patience, || async { Err(Error::new(ErrorKind::Throttled, "slow down")) }).await;
        assert_eq!(given_up.map_err(|error| error.kind), Err(ErrorKind::Throttled));
    }
}
