//! The first sweep of a stack, which records what Parameter Store holds already.
//!
//! The schedule would start it within a day. A message like the schedule's starts it at once: the function's queue keeps it
//! until the function takes it, so nothing has to wait for the function to be ready.

use aws_sdk_sqs::Client as Sqs;
use ssmbak_core::sweep::START;

use crate::call::{CallError, Task};
use crate::change_set::{Action, Change, ParameterChange};
use crate::template::{EXCLUDE, INCLUDE, SWEEP_RULE};

const SEND: Task = Task::new("send to the queue", "sqs:SendMessage");

/// Whether a sweep is due at once: changes give the stack its sweeps (those of a creation do, and those of an update of a stack of
/// ssmbak 0.5.2), or other names are to be recorded, which the function notes in the bucket when it sweeps.
pub fn is_due(changes: &[Change], parameters: &[ParameterChange]) -> bool {
    changes.iter().any(|change| change.action == Action::Add && change.logical_id == SWEEP_RULE)
        || changes_scope(parameters)
}

/// Whether other names are to be recorded. The sweep after that cannot be skipped: by it the function notes the scope, and what
/// the rule drops brings it no message.
pub fn changes_scope(parameters: &[ParameterChange]) -> bool {
    parameters.iter().any(|change| [INCLUDE, EXCLUDE].contains(&change.key.as_str()))
}

/// Starts a sweep by a message to the function's queue.
///
/// # Errors
/// [`CallError`] if the message cannot be sent.
pub async fn start(sqs: &Sqs, queue_url: &str) -> Result<(), CallError> {
    let send = sqs.send_message().queue_url(queue_url).message_body(START);
    send.send().await.map(drop).map_err(|error| SEND.failed(error))
}
