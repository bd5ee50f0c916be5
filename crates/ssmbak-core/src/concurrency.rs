//! How many requests are under way at once: more while all goes well, half as many when AWS asks to slow down.

/// A number of requests that adapts.
///
/// It doubles until AWS asks to slow down for the first time, and grows by one at a time from then on. S3 answers 503
/// SlowDown when a prefix gets more than it is partitioned for
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>); Parameter Store publishes no
/// quota for most of its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    now: usize,
    most: usize,
    /// Successes since it was last changed.
    calm: usize,
    /// Answers to requests that were sent before the last halving, which say nothing about the new pace.
    stale: usize,
    /// Whether it was ever too much.
    complained: bool,
}

impl Concurrency {
    /// `first` at once to begin with, `most` at the most.
    pub fn new(first: usize, most: usize) -> Self {
        let most = most.max(1);
        Self { now: first.clamp(1, most), most, calm: 0, stale: 0, complained: false }
    }

    /// How many may be under way.
    pub fn now(&self) -> usize {
        self.now
    }

    /// A request was answered. After as many as are under way, more may be.
    pub fn succeeded(&mut self) {
        self.stale = self.stale.saturating_sub(1);
        self.calm += 1;
        if self.calm >= self.now && self.now < self.most {
            self.now = if self.complained { self.now + 1 } else { (self.now * 2).min(self.most) };
            self.calm = 0;
        }
    }

    /// AWS asked to slow down.
    pub fn slowed_down(&mut self) {
        self.calm = 0;
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

    #[test]
    fn it_doubles_while_all_goes_well_and_halves_once_for_one_complaint() {
        let mut concurrency = Concurrency::new(16, 64);
        assert_eq!(concurrency.now(), 16);
        (0..48).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.now(), 64);
        (0..100_000).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.now(), 64);
        // All that were under way are refused: that is one complaint.
        (0..64).for_each(|_| concurrency.slowed_down());
        assert_eq!(concurrency.now(), 32);
        concurrency.slowed_down();
        assert_eq!(concurrency.now(), 16);
        (0..1_000).for_each(|_| concurrency.slowed_down());
        assert_eq!(concurrency.now(), 1);
        concurrency.succeeded();
        assert_eq!(concurrency.now(), 2);
    }

    #[test]
    fn after_a_complaint_it_grows_by_one() {
        let mut concurrency = Concurrency::new(8, 64);
        concurrency.slowed_down();
        assert_eq!(concurrency.now(), 4);
        (0..4).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.now(), 5);
    }

    #[test]
    fn it_is_never_none_and_never_too_many() {
        assert_eq!(Concurrency::new(0, 0).now(), 1);
        assert_eq!(Concurrency::new(9, 3).now(), 3);
    }
}
