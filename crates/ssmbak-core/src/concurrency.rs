//! How many requests are under way at once: more while all goes well, half as many when AWS asks to slow down.

use std::time::Duration;

/// How long, for each connection that there is, the present number is worked with before there are twice as many. A TLS
/// connection costs as much as several requests, so it has to pay off: a second of work is done with few, a minute with
/// many. Measured: docs/PERFORMANCE.md, "Connections".
const PAYS_OFF: Duration = Duration::from_millis(4);

/// A number of requests that adapts.
///
/// It doubles with the work until AWS asks to slow down for the first time, and grows by one at a time from then on. S3
/// answers 503 SlowDown when a prefix gets more than it is partitioned for
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>); Parameter Store publishes no
/// quota for most of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    now: usize,
    most: usize,
    /// Successes since it was last changed.
    calm: usize,
    /// The time that these took, added up.
    spent: Duration,
    /// Answers to requests that were sent before the last halving, which say nothing about the new pace.
    stale: usize,
    /// Whether it was ever too much.
    complained: bool,
}

impl Concurrency {
    /// `first` at once to begin with, `most` at the most.
    pub fn new(first: usize, most: usize) -> Self {
        let most = most.max(1);
        let now = first.clamp(1, most);
        Self { now, most, calm: 0, spent: Duration::ZERO, stale: 0, complained: false }
    }

    /// How many may be under way.
    pub fn now(&self) -> usize {
        self.now
    }

    /// A request was answered within a time.
    pub fn succeeded(&mut self, took: Duration) {
        self.stale = self.stale.saturating_sub(1);
        self.calm += 1;
        self.spent = self.spent.saturating_add(took);
        let grown = match self.complained {
            true if self.calm >= self.now => self.now + 1,
            false if self.spent >= self.pays_off() => self.now.saturating_mul(2),
            _ => return,
        };
        self.now = grown.min(self.most);
        (self.calm, self.spent) = (0, Duration::ZERO);
    }

    /// The time that answers take together until twice as many connections pay off.
    fn pays_off(&self) -> Duration {
        let now = u32::try_from(self.now).unwrap_or(u32::MAX);
        PAYS_OFF.saturating_mul(now).saturating_mul(now)
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
    fn it_doubles_with_the_work_and_halves_once_for_one_complaint() {
        let mut concurrency = Concurrency::new(16, 64);
        // 16 at once, for 16 × 4 ms.
        answered(&mut concurrency, 51);
        assert_eq!(concurrency.now(), 16);
        answered(&mut concurrency, 1);
        assert_eq!(concurrency.now(), 32);
        answered(&mut concurrency, 205);
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
        concurrency.slowed_down();
        assert_eq!(concurrency.now(), 4);
        answered(&mut concurrency, 4);
        assert_eq!(concurrency.now(), 5);
    }

    #[test]
    fn the_slower_answers_are_the_sooner_more_connections_pay_off() {
        let answers = |took: u64| {
            let mut concurrency = Concurrency::new(64, 256);
            let mut answers = 0;
            while concurrency.now() == 64 {
                concurrency.succeeded(Duration::from_millis(took));
                answers += 1;
            }
            answers
        };
        assert_eq!([answers(5), answers(20), answers(100)], [3_277, 820, 164]);
    }

    #[test]
    fn it_is_never_none_and_never_too_many() {
        assert_eq!(Concurrency::new(0, 0).now(), 1);
        assert_eq!(Concurrency::new(9, 3).now(), 3);
        let mut endless = Concurrency::new(1, 3);
        (0..9_000).for_each(|_| endless.succeeded(Duration::from_secs(1)));
        assert_eq!(endless.now(), 3);
        let mut large = Concurrency::new(usize::MAX, usize::MAX);
        large.succeeded(Duration::from_secs(1));
        assert_eq!(large.now(), usize::MAX);
    }
}
