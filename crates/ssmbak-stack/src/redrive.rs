//! Puts back into the queue what failed: the function's dead letters, and the events that EventBridge could not deliver.
//!
//! Each message is received, sent to the queue, and deleted only once the queue has it. SQS could move messages by itself
//! (`StartMessageMoveTask`), but only from a queue that another *queue* gives up to, which the one of the rule is not; and
//! it tells neither when it is done nor which message failed.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html>
//!
//! The body is the event in both queues, and all that the function reads. The attributes that EventBridge adds to an event
//! that it could not deliver tell why; they are counted and not sent on.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html>
//!
//! A message that is sent and cannot be deleted comes twice, which does no harm: the function looks at what is, and writes
//! only what the bucket lacks.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::Message;
use futures_util::future::join_all;

use crate::call::{CallError, Task};
use crate::error::StackError;
use crate::stack::Resource;
use crate::template::{DEAD_LETTERS, QUEUE, UNDELIVERED_EVENTS};

const RECEIVE: Task = Task::new("take from a queue of failures", "sqs:ReceiveMessage");
const SEND: Task = Task::new("send to the queue", "sqs:SendMessage");
const DELETE: Task = Task::new("take it out of the queue of failures", "sqs:DeleteMessage");

/// The most that SQS hands out at once.
const BATCH: i32 = 10;
/// A long poll asks all of SQS's servers, a short one some: with it, an empty answer means an empty queue.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html>
const LONG_POLL_SECONDS: i32 = 1;
/// For how long a message that is being put back is hidden. After that, one that could not be sent is there again.
const HIDDEN_SECONDS: i32 = 120;
/// The attribute in which EventBridge says why it could not deliver an event.
const ERROR_CODE: &str = "ERROR_CODE";

/// A queue of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failures {
    /// Its name in the template.
    pub logical_id: &'static str,
    /// Its URL.
    pub url: String,
}

/// The queues that a redrive is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queues {
    /// URL of the queue that the function takes from.
    pub queue: String,
    /// The queues of failures.
    pub failures: Vec<Failures>,
}

impl Queues {
    /// Finds them among a stack's resources.
    ///
    /// # Errors
    /// [`StackError::NoResource`] if the stack has no queue or, as those of ssmbak 0.5.2, keeps no failures.
    pub fn of(name: &str, resources: &[Resource]) -> Result<Self, StackError> {
        let missing = |resource| StackError::NoResource { name: name.to_owned(), resource };
        let url = |logical_id| Resource::physical_id_of(resources, logical_id).map(str::to_owned);
        let queue = url(QUEUE).ok_or_else(|| missing(QUEUE))?;
        let failures: Vec<Failures> = [DEAD_LETTERS, UNDELIVERED_EVENTS]
            .into_iter()
            .filter_map(|logical_id| Some(Failures { logical_id, url: url(logical_id)? }))
            .collect();
        if failures.is_empty() {
            return Err(StackError::NoFailuresKept { name: name.to_owned() });
        }
        Ok(Self { queue, failures })
    }
}

/// What became of a queue of failures.
#[derive(Debug, Default)]
pub struct Redriven {
    /// Messages that are in the queue again, and no longer here.
    pub redriven: u64,
    /// Why EventBridge could not deliver them, by its code, with how many; empty for dead letters.
    pub causes: BTreeMap<String, u64>,
    /// Messages that are still here.
    pub failed: Vec<NotRedriven>,
    /// Why it ended before the queue was empty.
    pub ended: Option<Ended>,
}

/// Why a redrive ended before the queue of failures was empty.
#[derive(Debug)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// A message that was put back has failed again in the meantime.
    FailsAgain,
    /// No message of a whole batch could be put back.
    Hopeless,
    /// The queue of failures cannot be read.
    Unreadable(CallError),
}

/// A message that is still among the failures.
#[derive(Debug)]
pub struct NotRedriven {
    /// SQS's id of it.
    pub message_id: String,
    /// Why.
    pub error: CallError,
    /// Whether the queue has it nevertheless, so that it will come twice.
    pub sent: bool,
}

/// Puts back all that a queue of failures holds. `stopped` is asked before every batch; `on_batch` is told how many
/// messages each has put back.
pub async fn redrive(
    sqs: &Sqs,
    failures: &Failures,
    queue: &str,
    stopped: impl Fn() -> bool,
    mut on_batch: impl FnMut(u64),
) -> Redriven {
    let mut outcome = Redriven::default();
    let mut sent = HashSet::new();
    loop {
        if stopped() {
            outcome.ended = Some(Ended::Stopped);
            return outcome;
        }
        let batch = match receive(sqs, &failures.url).await {
            Ok(batch) if batch.is_empty() => return outcome,
            Ok(batch) => batch,
            Err(error) => {
                outcome.ended = Some(Ended::Unreadable(error));
                return outcome;
            }
        };
        // SQS keeps a message's id when it gives it up: these were put back by us, and would go round and round.
        let (again, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(|message| sent.contains(&id(message)));
        let moved = join_all(batch.iter().map(|message| put_back(sqs, &failures.url, queue, message))).await;
        let (mut done, mut tried) = (0, 0);
        for (message, moved) in batch.iter().zip(moved) {
            tried += 1;
            match moved {
                Ok(id) => {
                    done += 1;
                    sent.insert(id);
                    count_cause(&mut outcome.causes, message);
                }
                Err(failed) => outcome.failed.push(failed),
            }
        }
        outcome.redriven += done;
        on_batch(done);
        if !again.is_empty() {
            outcome.ended = Some(Ended::FailsAgain);
            return outcome;
        }
        if done == 0 && tried > 0 {
            outcome.ended = Some(Ended::Hopeless);
            return outcome;
        }
    }
}

async fn receive(sqs: &Sqs, url: &str) -> Result<Vec<Message>, CallError> {
    let receive = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(BATCH)
        .wait_time_seconds(LONG_POLL_SECONDS)
        .visibility_timeout(HIDDEN_SECONDS)
        .message_attribute_names(ERROR_CODE);
    let received = receive.send().await.map_err(|error| RECEIVE.failed(error))?;
    Ok(received.messages.unwrap_or_default())
}

/// Sends a message on, then deletes it here. Returns the id that it got.
async fn put_back(sqs: &Sqs, from: &str, to: &str, message: &Message) -> Result<String, NotRedriven> {
    let failed = |error, sent| NotRedriven { message_id: id(message), error, sent };
    let send = sqs.send_message().queue_url(to).message_body(message.body().unwrap_or_default());
    let sent = send.send().await.map_err(|error| failed(SEND.failed(error), false))?;
    let delete = sqs.delete_message().queue_url(from).receipt_handle(message.receipt_handle().unwrap_or_default());
    delete.send().await.map_err(|error| failed(DELETE.failed(error), true))?;
    Ok(sent.message_id.unwrap_or_default())
}

fn id(message: &Message) -> String {
    message.message_id().unwrap_or_default().to_owned()
}

fn count_cause(causes: &mut BTreeMap<String, u64>, message: &Message) {
    let said = message.message_attributes().and_then(|attributes| attributes.get(ERROR_CODE)?.string_value());
    if let Some(code) = said {
        *causes.entry(code.to_owned()).or_default() += 1;
    }
}
