//! The handler: a batch of messages in, those that failed out.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use futures_util::stream::{self, StreamExt};
use serde_json::Value;
use ssmbak::capture::CaptureReport;
use ssmbak::recording_scope::note_scope;
use ssmbak::{BackupBucket, Capture, ParameterStore};
use ssmbak_core::event::{Change, Ignored, Notice, Origin, account_of_arn, foreign};
use ssmbak_core::recording_scope::RecordingScope;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument;

use crate::failure::Failure;
use crate::message::{BatchResponse, ItemFailure, Message, by_subject, read};
use crate::message_outcome::{self, MessageOutcome, Verdict};
use crate::metrics::Metrics;
use crate::queue::OwnQueue;
use crate::sweep;

/// How many names are worked on at once. Most of the time is spent waiting for Parameter Store, whose quota for reading
/// histories is low.
const CONCURRENCY: usize = 8;

/// How long to wait before an early event is looked at again, within one invocation.
const LOOK_AGAIN: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// After how many seconds the queue brings an early message the first time; each next time takes twice as long, so that
/// the deliveries before it goes to the dead letters outlast [`ssmbak_core::capture::PATIENCE`].
const AGAIN_AFTER: u32 = 10;
const AGAIN_AT_MOST: u32 = 160;

/// What answering takes at most, so much earlier than Lambda's own deadline work ends.
const MARGIN: Duration = Duration::from_secs(1);

/// The function's state: what records, and the queue by which a sweep goes on.
#[derive(Debug)]
pub struct Function<S, B> {
    capture: Capture<S, B>,
    queue: Option<OwnQueue>,
    own: Origin,
    /// The namespace of the metrics, if they are logged.
    metrics: Option<String>,
    scope: RecordingScope,
    /// Whether the bucket says what is left out.
    scope_noted: OnceCell<()>,
    account_of_arn: OnceLock<String>,
}

impl<S: ParameterStore, B: BackupBucket> Function<S, B> {
    /// A function that records with `capture` the events of `own`, and whose sweeps go on by `queue`.
    pub fn new(capture: Capture<S, B>, queue: Option<OwnQueue>, own: Origin) -> Self {
        let (scope, scope_noted) = (RecordingScope::everything(), OnceCell::new());
        Self { capture, queue, own, metrics: None, scope, scope_noted, account_of_arn: OnceLock::new() }
    }

    /// Records nothing but what the scope contains.
    pub fn with_scope(self, scope: RecordingScope) -> Self {
        Self { scope, ..self }
    }

    /// Logs metrics in this namespace as well.
    pub fn with_metrics(self, namespace: Option<String>) -> Self {
        Self { metrics: namespace, ..self }
    }

    /// Takes the account from the ARN that the function was invoked by, where the configuration names none.
    pub fn invoked_as(&self, arn: &str) {
        if let (None, Some(account)) = (&self.own.account, account_of_arn(arn)) {
            self.account_of_arn.get_or_init(|| account.to_owned());
        }
    }

    fn own(&self) -> Origin {
        let account = self.own.account.as_ref().or(self.account_of_arn.get());
        Origin { account: account.cloned(), region: self.own.region.clone() }
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
        let metrics = Metrics::default();
        let handle = async |message: &Message, pauses: &mut Pauses| {
            let span = tracing::error_span!("message", requestId = request, messageId = message.id.as_deref());
            self.message(message, limit, pauses, &metrics).instrument(span).await
        };
        let failures = all(&messages, handle).instrument(span).await;
        if let Some(namespace) = &self.metrics {
            metrics.print(namespace, ssmbak::clock::now());
        }
        answer(&messages, failures)
    }

    async fn message(
        &self,
        message: &Message,
        limit: Option<Instant>,
        pauses: &mut Pauses,
        metrics: &Metrics,
    ) -> Result<(), Failure> {
        let verdict = match limit {
            None => self.verdict(message, limit, pauses).await,
            // Whatever was written stays true: a capture may end between any two writes.
            Some(limit) => {
                let verdict = timeout_at(limit, self.verdict(message, Some(limit), pauses)).await;
                verdict.unwrap_or(Err(Failure::OutOfTime))
            }
        };
        let now = ssmbak::clock::now();
        message_outcome::log(message, &verdict, now);
        metrics.add(message, &verdict, now);
        match verdict? {
            MessageOutcome::Early { .. } => Err(Failure::Early),
            MessageOutcome::Captured(_) | MessageOutcome::Swept(_) | MessageOutcome::Ignored(_) => Ok(()),
        }
    }

    async fn verdict(&self, message: &Message, limit: Option<Instant>, pauses: &mut Pauses) -> Verdict {
        if let Ok(Notice::Change(change)) = &message.notice
            && let Some(reason) = foreign(change, &self.own())
        {
            return Ok(MessageOutcome::Ignored(reason));
        }
        match &message.notice {
            Ok(Notice::Change(change)) if !self.scope.contains(&change.name) => {
                // What is left out must not be taken for unchanged.
                let noted =
                    async || note_scope(self.capture.bucket(), &self.scope, ssmbak::clock::now()).await.map(drop);
                self.scope_noted.get_or_try_init(noted).await?;
                Ok(MessageOutcome::Ignored(Ignored::Excluded))
            }
            Ok(Notice::Change(change)) => self.change(message, change, limit, pauses).await,
            Ok(Notice::Sweep(progress)) => {
                let progress = progress.as_deref().cloned();
                let (capture, queue) = (&self.capture, self.queue.as_ref());
                Ok(MessageOutcome::Swept(sweep::share(capture, queue, &self.scope, progress, limit).await?))
            }
            Ok(Notice::Ignored { reason }) => Ok(MessageOutcome::Ignored(*reason)),
            Err(error) => Err(error.clone().into()),
        }
    }

    /// Records a change. While it is early it is looked at again, and then left to the queue to bring again.
    async fn change(&self, message: &Message, change: &Change, limit: Option<Instant>, pauses: &mut Pauses) -> Verdict {
        let mut all = CaptureReport::default();
        loop {
            let captured = self.capture.event(change, message.sent, ssmbak::clock::now()).await?;
            all.writes.extend(captured.writes);
            if !captured.early {
                match captured.locked {
                    // A grant on a new key takes effect within minutes. After that the next change of the name or the next
                    // sweep records the version, once the key can be used.
                    Some(locked) if !locked.was_noted && message.receives == 1 => return Err(locked.error.into()),
                    locked => all.locked = locked,
                }
                return Ok(MessageOutcome::Captured(all));
            }
            match pauses.next().filter(|pause| limit.is_none_or(|limit| Instant::now() + *pause + MARGIN < limit)) {
                Some(pause) => sleep(pause).await,
                None => return Ok(MessageOutcome::Early { captured: all, seconds: self.bring_again(message).await }),
            }
        }
    }

    /// Lets the queue bring a message again sooner than its visibility timeout says; that this fails delays it alone.
    async fn bring_again(&self, message: &Message) -> Option<u32> {
        let (queue, receipt) = self.queue.as_ref().zip(message.receipt.as_deref())?;
        let seconds = again_after(message.receives);
        match queue.bring_again(receipt, seconds).await {
            Ok(()) => Some(seconds),
            Err(error) => {
                tracing::warn!(code = error.kind.code(), "{error}");
                None
            }
        }
    }
}

/// The pauses of those messages of an invocation that are about one name.
type Pauses = std::array::IntoIter<Duration, 3>;

/// After how many seconds an early message comes again that has been delivered so often.
fn again_after(receives: u32) -> u32 {
    AGAIN_AFTER
        .checked_shl(receives.saturating_sub(1))
        .filter(|_| receives < 16)
        .unwrap_or(AGAIN_AT_MOST)
        .min(AGAIN_AT_MOST)
}

/// Until when to work, given Lambda's deadline; `None` if that is no time in the future (some emulators send none).
pub fn time_limit(deadline: SystemTime) -> Option<Instant> {
    let left = deadline.duration_since(SystemTime::now()).ok()?;
    Instant::now().checked_add(left.saturating_sub(MARGIN))
}

/// Handles all messages, those about one name in order, several names at once; returns the failures by position.
async fn all(
    messages: &[Message],
    handle: impl AsyncFn(&Message, &mut Pauses) -> Result<(), Failure>,
) -> Vec<(usize, Failure)> {
    let handle = &handle;
    let mut failures: Vec<(usize, Failure)> = stream::iter(by_subject(messages))
        .map(async |group| {
            let mut failures = Vec::new();
            let mut pauses = LOOK_AGAIN.into_iter();
            for position in group {
                let Some(message) = messages.get(position) else { continue };
                if let Err(failure) = handle(message, &mut pauses).await {
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
