//! How to restore.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::retry::RetryPolicy;

/// AWS: "wait at least 30 seconds" between deleting a parameter and creating one of the same name.
const REBIRTH: Duration = Duration::from_secs(30);

/// The clock that a restore reads, to say when it deleted what.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// A clock of one's own.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    pub(super) fn read(&self) -> Timestamp {
        (self.0)()
    }

    /// Waits until the second of `moment` is over.
    pub(super) async fn next_second(&self, moment: Timestamp) {
        let left = 1_000_000_000 - i64::from(moment.subsec_nanosecond());
        let passed = self.read().duration_since(moment);
        let left = SignedDuration::from_nanos(left).saturating_sub(passed);
        tokio::time::sleep(left.try_into().unwrap_or_default()).await;
    }
}

impl Default for Now {
    /// The system's clock.
    fn default() -> Self {
        Self::new(crate::clock::now)
    }
}

impl std::fmt::Debug for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Now")
    }
}

/// How to restore.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// PutParameter calls a second; `None`: as fast as they are answered. AWS allows 3 (10 with the paid setting).
    pub puts_per_second: Option<f64>,
    /// Names deleted a second; `None`: as fast as they are answered. AWS allows 5, which cannot be raised.
    pub deletes_per_second: Option<f64>,
    /// How often a throttled call is tried again after the SDK gave up.
    pub retry: RetryPolicy,
    /// How long to wait between deleting a parameter and creating it with another type, where Parameter Store does not
    /// change a type in place.
    pub recreate_delay: Duration,
    /// The clock.
    pub now: Now,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            puts_per_second: Some(3.0),
            deletes_per_second: Some(5.0),
            retry: RetryPolicy::default(),
            recreate_delay: REBIRTH,
            now: Now::default(),
        }
    }
}
