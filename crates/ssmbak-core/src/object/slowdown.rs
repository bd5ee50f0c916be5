//! How many requests are under way at once: more while all goes well, half as many when S3 asks to slow down.

/// A number of requests that adapts.
///
/// S3 answers 503 SlowDown when a prefix gets more than it is partitioned for; it then needs less for a while.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    now: usize,
    most: usize,
    /// Successes since it was last changed.
    calm: usize,
    /// Answers to requests that were sent before the last halving, which say nothing about the new pace.
    stale: usize,
}

impl Concurrency {
    /// At most so many at once, from a quarter of them on.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { now: most.div_ceil(4), most, calm: 0, stale: 0 }
    }

    /// How many may be under way.
    pub fn now(&self) -> usize {
        self.now
    }

    /// A request was answered. After as many as are under way, one more may be.
    pub fn succeeded(&mut self) {
        self.stale = self.stale.saturating_sub(1);
        self.calm += 1;
        if self.calm >= self.now && self.now < self.most {
            self.now += 1;
            self.calm = 0;
        }
    }

    /// S3 asked to slow down.
    pub fn slowed_down(&mut self) {
        self.calm = 0;
        if self.stale > 0 {
            self.stale -= 1;
            return;
        }
        self.stale = self.now.saturating_sub(1);
        self.now = (self.now / 2).max(1);
    }
}
