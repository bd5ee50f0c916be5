//! The handler: a batch of messages in, those that failed out.

use std::time::{Duration, SystemTime};

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::Value;
use ssmbak::{BackupBucket, Capture, ParameterStore};
use ssmbak_core::event::Notice;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

use crate::failure::Failure;
use crate::message::{BatchResponse, ItemFailure, Message, by_subject, read};
use crate::queue::OwnQueue;
use crate::sweep;
use crate::verdict::{self, Done, Verdict};

/// How many names are worked on at once. Most of the time is spent waiting for Parameter Store, whose quota for reading
/// histories is low.
const CONCURRENCY: usize = 8;

/// What answering takes at most, so much earlier than Lambda's own deadline work ends.
const MARGIN: Duration = Duration::from_secs(1);

/// The function's state: what records, and the queue by which a sweep goes on.
#[derive(Debug)]
pub struct Function<S, B> {
    capture: Capture<S, B>,
    queue: Option<OwnQueue>,
}

impl<S: ParameterStore, B: BackupBucket> Function<S, B> {
    /// A function that records with `capture`, and whose sweeps go on by `queue`.
    pub fn new(capture: Capture<S, B>, queue: Option<OwnQueue>) -> Self {
        Self { capture, queue }
    }

    /// Handles one invocation: every message on its own, whatever becomes of the others. What is not done by `limit`
    /// counts as failed, so that the rest of the batch need not be done again.
    ///
    /// # Errors
    /// A failure that no message id can carry: the event is neither a batch nor an event of EventBridge, or a message
    /// without an id failed. Lambda then delivers the whole batch again, of which the rest was handled meanwhile and is
    /// found recorded. (Every message of a queue has an id: a record without one is a failure whatever it says.)
    pub async fn invoke(&self, event: &Value, request: &str, limit: Option<Instant>) -> Result<BatchResponse, Failure> {
        // Spans of the highest level are there at every LOGLEVEL.
        let span = tracing::error_span!("invocation", requestId = request);
        let messages = match read(event) {
            Ok(messages) => messages,
            Err(error) => {
                let failure = Failure::from(error);
                span.in_scope(|| tracing::error!(outcome = "failed", code = failure.code(), "{failure}"));
                return Err(failure);
            }
        };
        let handle = async |message: &Message| {
            let span = tracing::error_span!("message", requestId = request, messageId = message.id.as_deref());
            self.message(message, limit).instrument(span).await
        };
        answer(&messages, all(&messages, handle).instrument(span).await)
    }

    async fn message(&self, message: &Message, limit: Option<Instant>) -> Result<(), Failure> {
        let verdict = match limit {
            None => self.verdict(message, limit).await,
            // Whatever was written stays true: a capture may end between any two writes.
            Some(limit) => {
                timeout_at(limit, self.verdict(message, Some(limit))).await.unwrap_or(Err(Failure::OutOfTime))
            }
        };
        verdict::log(message, &verdict, Timestamp::now());
        verdict.map(drop)
    }

    async fn verdict(&self, message: &Message, limit: Option<Instant>) -> Verdict {
        match &message.notice {
            Ok(Notice::Change(change)) => {
                Ok(Done::Captured(self.capture.event(change, message.sent, Timestamp::now()).await?))
            }
            Ok(Notice::Sweep(progress)) => {
                let progress = progress.as_deref().cloned();
                Ok(Done::Swept(sweep::share(&self.capture, self.queue.as_ref(), progress, limit).await?))
            }
            Ok(Notice::Ignored { reason }) => Ok(Done::Ignored(*reason)),
            Err(error) => Err(error.clone().into()),
        }
    }
}

/// Until when to work, given Lambda's deadline; `None` if that is no time in the future (some emulators send none).
pub fn time_limit(deadline: SystemTime) -> Option<Instant> {
    let left = deadline.duration_since(SystemTime::now()).ok()?;
    Instant::now().checked_add(left.saturating_sub(MARGIN))
}

/// Handles all messages, those about one name in order, several names at once; returns the failures by position.
async fn all(messages: &[Message], handle: impl AsyncFn(&Message) -> Result<(), Failure>) -> Vec<(usize, Failure)> {
    let handle = &handle;
    let mut failures: Vec<(usize, Failure)> = stream::iter(by_subject(messages))
        .map(async |group| {
            let mut failures = Vec::new();
            for position in group {
                let Some(message) = messages.get(position) else { continue };
                if let Err(failure) = handle(message).await {
                    failures.push((position, failure));
                }
            }
            failures
        })
        .buffer_unordered(CONCURRENCY)
        .concat()
        .await;
    failures.sort_by_key(|(position, _)| *position);
    failures
}

/// Names the messages that failed; fails as a whole if one of them has no name.
fn answer(messages: &[Message], failures: Vec<(usize, Failure)>) -> Result<BatchResponse, Failure> {
    let mut response = BatchResponse::default();
    for (position, failure) in failures {
        match messages.get(position).and_then(|message| message.id.clone()) {
            Some(id) => response.failures.push(ItemFailure { id }),
            None => return Err(failure),
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests;
