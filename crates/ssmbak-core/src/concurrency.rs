//! How many requests are under way at once: more while all goes well, half as many when AWS asks to slow down.

use std::time::Duration;

/// Below this, what answers take says more of this machine than of what lies between.
const NEARBY: Duration = Duration::from_millis(1);

/// A number of requests that adapts.
///
/// It doubles until AWS asks to slow down for the first time, and grows by one at a time from then on. S3 answers 503
/// SlowDown when a prefix gets more than it is partitioned for
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>); Parameter Store publishes no
/// quota for most of its calls.
///
/// It grows only while answers come as fast as they can: where requests wait for each other, in this process or on the way,
/// more of them open connections and gain nothing. A TLS connection costs as much as several requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    now: usize,
    most: usize,
    /// Successes since it was last changed or looked over.
    calm: usize,
    /// The time that these took together.
    spent: Duration,
    /// The fastest answer of all.
    fastest: Duration,
    /// Whether connections are being opened: what answers take then says nothing.
    opening: bool,
    /// Answers to requests that were sent before the last halving, which say nothing about the new pace.
    stale: usize,
    /// Whether it was ever too much.
    complained: bool,
}

impl Concurrency {
    /// `first` at once to begin with, `most` at the most.
    pub fn new(first: usize, most: usize) -> Self {
        let most = most.max(1);
        Self {
            now: first.clamp(1, most),
            most,
            calm: 0,
            spent: Duration::ZERO,
            fastest: Duration::MAX,
            opening: true,
            stale: 0,
            complained: false,
        }
    }

    /// How many may be under way.
    pub fn now(&self) -> usize {
        self.now
    }

    /// A request was answered within a time. After as many as are under way, more may be.
    pub fn succeeded(&mut self, took: Duration) {
        self.stale = self.stale.saturating_sub(1);
        self.calm += 1;
        self.spent = self.spent.saturating_add(took);
        self.fastest = self.fastest.min(took);
        if self.calm < self.now {
            return;
        }
        let calm = u32::try_from(self.calm).unwrap_or(u32::MAX);
        let is_crowded = self.spent > self.fastest.max(NEARBY).saturating_mul(calm).saturating_mul(3) / 2;
        let grows = !self.opening && !is_crowded && self.now < self.most;
        (self.calm, self.spent, self.opening) = (0, Duration::ZERO, false);
        if grows && self.complained {
            self.now += 1;
        } else if grows {
            self.now = (self.now * 2).min(self.most);
            self.opening = true;
        }
    }

    /// AWS asked to slow down.
    pub fn slowed_down(&mut self) {
        (self.calm, self.spent) = (0, Duration::ZERO);
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.stale = self.now.saturating_sub(1);
        self.now = (self.now / 2).max(1);
        self.complained = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(20);

    fn answered(concurrency: &mut Concurrency, times: usize) {
        (0..times).for_each(|_| concurrency.succeeded(FAST));
    }

    #[test]
    fn it_doubles_while_all_goes_well_and_halves_once_for_one_complaint() {
        let mut concurrency = Concurrency::new(16, 64);
        assert_eq!(concurrency.now(), 16);
        // A round that opens connections, and one that shows that more will do.
        answered(&mut concurrency, 32);
        assert_eq!(concurrency.now(), 32);
        answered(&mut concurrency, 64);
        assert_eq!(concurrency.now(), 64);
        answered(&mut concurrency, 100_000);
        assert_eq!(concurrency.now(), 64);
        // All that were under way are refused: that is one complaint.
        (0..64).for_each(|_| concurrency.slowed_down());
        assert_eq!(concurrency.now(), 32);
        concurrency.slowed_down();
        assert_eq!(concurrency.now(), 16);
        (0..1_000).for_each(|_| concurrency.slowed_down());
        assert_eq!(concurrency.now(), 1);
        answered(&mut concurrency, 1);
        assert_eq!(concurrency.now(), 2);
    }

    #[test]
    fn after_a_complaint_it_grows_by_one() {
        let mut concurrency = Concurrency::new(8, 64);
        answered(&mut concurrency, 8);
        concurrency.slowed_down();
        assert_eq!(concurrency.now(), 4);
        answered(&mut concurrency, 4);
        assert_eq!(concurrency.now(), 5);
    }

    #[test]
    fn it_stays_where_requests_wait_for_each_other_and_grows_once_they_do_not() {
        let mut concurrency = Concurrency::new(64, 256);
        // Connections are opened first: as slow as it is, that is no reason.
        (0..64).for_each(|_| concurrency.succeeded(FAST * 4));
        concurrency.succeeded(FAST);
        (0..10_000).for_each(|_| concurrency.succeeded(FAST * 2));
        assert_eq!(concurrency.now(), 64);
        answered(&mut concurrency, 128);
        assert_eq!(concurrency.now(), 128);
    }

    #[test]
    fn it_is_never_none_and_never_too_many() {
        assert_eq!(Concurrency::new(0, 0).now(), 1);
        assert_eq!(Concurrency::new(9, 3).now(), 3);
        let mut endless = Concurrency::new(1, 2);
        (0..9).for_each(|_| endless.succeeded(Duration::MAX));
        (0..9).for_each(|_| endless.succeeded(Duration::ZERO));
        assert!(endless.now() <= 2);
    }
}
