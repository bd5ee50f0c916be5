//! Keeps within Parameter Store's write quotas, from this side.

use std::time::Duration;

use tokio::time::{Instant, sleep};

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
}
