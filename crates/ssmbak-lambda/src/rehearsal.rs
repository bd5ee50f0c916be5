//! The second function of a stack with `Rehearsal`: a sample is restored aside, compared, and deleted again.
//!
//! A rehearsal that failed is a failed invocation: Lambda's own metric counts it, and the alarm `RehearsalFailed` goes by that.

use jiff::SignedDuration;
use serde_json::{Value, json};
use ssmbak::rehearsal::{Rehearsal, RehearsalOptions, rehearse};
use ssmbak::restore::{ProgressObserver, RestoreOptions};
use ssmbak::{BackupBucket, Capture, ParameterStore};
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::failure::Failure;
use crate::logging::REHEARSED;
use crate::metrics::print_rehearsal;

/// How old the state is that is restored. Events come late, and are read again for minutes: what is recorded of the last hour may
/// still change.
pub const AGE: SignedDuration = SignedDuration::from_hours(1);

/// How many parameters are restored: a minute's work at this rate.
const MOST: usize = 50;

/// A third of what AWS gives the whole account: others write, too.
const PUTS_PER_SECOND: f64 = 1.0;

/// What rehearses.
#[derive(Debug)]
pub struct Rehearser<S, B> {
    capture: Capture<S, B>,
    age: SignedDuration,
    options: RestoreOptions,
    /// The namespace of the metrics, if they are logged.
    metrics: Option<String>,
}

/// Stops the writing, so that what was written can be compared and deleted.
struct Until(Option<Instant>);

impl ProgressObserver for Until {
    fn should_stop(&self) -> bool {
        self.0.is_some_and(|until| Instant::now() >= until)
    }
}

impl<S: ParameterStore + Clone, B: BackupBucket + Clone> Rehearser<S, B> {
    /// Rehearses restoring the state of `age` ago, within AWS's quotas if there are any.
    pub fn new(capture: Capture<S, B>, age: SignedDuration, has_quotas: bool, metrics: Option<String>) -> Self {
        let own = RestoreOptions { puts_per_second: Some(PUTS_PER_SECOND), ..RestoreOptions::default() };
        let unlimited = RestoreOptions { puts_per_second: None, deletes_per_second: None, ..RestoreOptions::default() };
        Self { capture, age, options: if has_quotas { own } else { unlimited }, metrics }
    }

    /// Rehearses once, whatever the invocation says. Half of the time is for writing.
    ///
    /// # Errors
    /// The rehearsal failed, or could not be done.
    pub async fn invoke(&self, request: &str, limit: Option<Instant>) -> Result<Value, Failure> {
        let span = tracing::error_span!("invocation", requestId = request);
        let now = ssmbak::clock::now();
        let writes = limit.map(|limit| Instant::now() + limit.saturating_duration_since(Instant::now()) / 2);
        let (store, bucket) = (self.capture.store(), self.capture.bucket());
        let rehearsal = RehearsalOptions { now, age: self.age, most: MOST };
        let until = Until(writes);
        let work = rehearse(store, bucket, rehearsal, &self.options, &until).instrument(span.clone());
        let done = match limit {
            None => work.await.map_err(Failure::from),
            Some(limit) => match timeout_at(limit, work).await {
                Ok(done) => done.map_err(Failure::from),
                // The next rehearsal deletes what this one leaves.
                Err(_) => Err(Failure::Rehearsal("the function's time was up before it had ended".to_owned())),
            },
        };
        span.in_scope(|| self.tell(done))
    }

    /// Logs how it went, never a value, and answers the same.
    fn tell(&self, done: Result<Rehearsal, Failure>) -> Result<Value, Failure> {
        let counts = done.as_ref().map_or((0, 1), |done| (done.restored, done.failed.len() + done.left.len()));
        if let Some(namespace) = &self.metrics {
            print_rehearsal(namespace, counts.0, counts.1, ssmbak::clock::now());
        }
        let done = match done {
            Ok(done) => done,
            Err(failure) => {
                tracing::error!(target: REHEARSED, outcome = "failed", code = failure.code(), "{failure}");
                return Err(failure);
            }
        };
        for row in &done.unknown {
            tracing::warn!(
                name = row.name.as_str(),
                code = row.reason.code.as_str(),
                "unknown at that time: {}",
                row.reason.message
            );
        }
        for (name, why) in &done.failed {
            tracing::error!(name = name.as_str(), "not restored as it is recorded: {why}");
        }
        for (name, why) in &done.left {
            tracing::error!(name, "a copy was not deleted: {why}");
        }
        let (restored, failed, unknown) = (done.restored, done.failed.len(), done.unknown.len());
        let (left, cleaned) = (done.left.len(), done.cleaned);
        if let Some(why) = done.failure() {
            let failure = Failure::Rehearsal(why);
            tracing::error!(
                target: REHEARSED,
                outcome = "failed", code = failure.code(), restored, failed, unknown, left, cleaned, "{failure}"
            );
            return Err(failure);
        }
        tracing::info!(
            target: REHEARSED,
            outcome = "rehearsed", restored, failed, unknown, left, cleaned, "the rehearsal is finished"
        );
        Ok(json!({"outcome": "rehearsed", "restored": restored, "unknown": unknown, "cleaned": cleaned}))
    }
}
