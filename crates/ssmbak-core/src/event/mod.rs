//! What the queue delivers: SQS records, the EventBridge events in their bodies, the changes those report.
//!
//! An event is a hint: it says that something happened to a name, and when. It carries neither value nor version.
//! Whatever arrives becomes a typed outcome: a [`Change`], a reason to leave it alone, or an [`EventError`].

mod change;
mod origin;
mod sqs;

pub use self::change::{Change, Ignored, Notice, Operation, parse_body, parse_event};
pub use self::origin::{Origin, account_of_arn, foreign};
pub use self::sqs::{Delivery, message_id, records};
use crate::name::NameError;

/// Why a delivery cannot be read.
///
/// No message and no `Debug` output repeats what was delivered, which could hold anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The function was invoked with something else than a batch of a queue.
    #[error("the invocation has no list of records; invoke the function through its queue")]
    NoRecords,
    /// A record that is not a message of a queue.
    #[error("the record has no {0}; only messages of an SQS queue can be handled")]
    RecordWithout(&'static str),
    /// A body that is not JSON.
    #[error("the message body is not JSON (line {line}, column {column}); only EventBridge events can be handled")]
    NotJson {
        /// Line of the body, from 1.
        line: usize,
        /// Column in that line, from 0.
        column: usize,
    },
    /// JSON, but no object as every event is.
    #[error("the message body is not a JSON object; only EventBridge events can be handled")]
    NotAnObject,
    /// An event without a field that it needs.
    #[error("the event has no {0}; look at the message in the dead-letter queue")]
    Without(&'static str),
    /// A message of ssmbak's own that asks for something unknown, or is damaged.
    #[error("the message is one of ssmbak's own and cannot be read; deploy the function's latest version or delete it")]
    Own,
    /// An event about something that cannot be a parameter's name.
    #[error("the event's parameter name is not valid: {0}")]
    Name(NameError),
    /// An event whose time is not RFC 3339.
    #[error("the event's time cannot be read; it should be like 2024-06-15T17:56:58Z")]
    Time,
}

#[cfg(test)]
mod tests;
