//! A limit of bytes per second, shared by all transfers.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

/// Lets so many bytes pass in a second.
#[derive(Debug)]
pub struct ByteRate {
    per_second: u64,
    /// When what was let pass so far is used up.
    free_at: Mutex<Option<Instant>>,
}

impl ByteRate {
    /// A limit of at least one byte per second.
    pub fn new(per_second: u64) -> Self {
        Self { per_second: per_second.max(1), free_at: Mutex::new(None) }
    }

    /// Waits until so many more bytes may pass.
    pub(super) async fn take(&self, bytes: u64) {
        let until = {
            let mut free_at = self.free_at.lock().await;
            let begin = free_at.map_or_else(Instant::now, |free| free.max(Instant::now()));
            #[allow(clippy::cast_precision_loss, reason = "a pause needs no more digits")]
            let pause = Duration::from_secs_f64(bytes as f64 / self.per_second as f64);
            *free_at = Some(begin + pause);
            begin
        };
        tokio::time::sleep_until(until).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_pass_at_the_rate() {
        let (rate, begun) = (ByteRate::new(10_000), Instant::now());
        for _ in 0..5 {
            rate.take(500).await;
        }
        // The first share passes at once.
        assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
    }
}
