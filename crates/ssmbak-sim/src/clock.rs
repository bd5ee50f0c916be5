//! A clock that stands still until it is set.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// The time of a simulated world, shared by everything in it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Mutex<Timestamp>>);

impl Clock {
    /// A clock that shows `now`, in the milliseconds of Parameter Store's dates.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(ssmbak_core::instant::to_millisecond(now))))
    }

    /// Its time.
    pub fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Advances it.
    pub fn advance_ms(&self, milliseconds: i64) {
        let later = self.now().checked_add(SignedDuration::from_millis(milliseconds));
        self.set(later.unwrap_or(Timestamp::MAX));
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
