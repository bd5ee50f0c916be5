//! A sweep of everything: how far it is, when it ends, and what its record proves afterwards.
//!
//! A sweep goes through all parameters, then through all keys of the bucket, page by page, for as many invocations as it
//! takes. What it has to remember between two of them is its [`Progress`], which travels in a message. A sweep that has
//! come to its end leaves a [`SweepRecord`].

mod progress;
mod reading;
mod record;

pub(crate) use progress::read;
pub use progress::{Ended, GivenUp, Outcome, Place, Progress, START, key_after};
pub use reading::{OnTop, Reading, Stored};
pub use record::{FAILED_NAMES, RECORD_KEY, SWEEP_PREFIX, SweepRecord};
