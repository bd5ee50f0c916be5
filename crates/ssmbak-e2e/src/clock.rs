//! Whole seconds, which is what events and listings know of time, and waiting without guessing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::Outcome;

/// A busy machine is slow; a healthy run waits far less.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
pub const MOMENT: Duration = Duration::from_millis(25);

/// The second that a moment lies in.
#[must_use]
pub fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// Waits until the present second is over and returns it: what comes next is of another second, and a restore to the
/// one returned takes in all that went before.
pub async fn next_second() -> Timestamp {
    let now = Timestamp::now();
    let left = SignedDuration::from_secs(1) - now.duration_since(second(now));
    // A little more, lest the clocks of two processes disagree about it.
    tokio::time::sleep(left.unsigned_abs() + MOMENT).await;
    second(now)
}

/// Waits until something holds; says what was to be seen if it never does.
///
/// # Errors
/// Those of looking, and that time is up.
pub async fn await_that(what: &str, mut holds: impl AsyncFnMut() -> Outcome<bool>) -> Outcome {
    let begun = std::time::Instant::now();
    while !holds().await? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("waited in vain: {what}").into());
        }
        tokio::time::sleep(MOMENT).await;
    }
    Ok(())
}
