//! The queues at SQS.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::MessageSystemAttributeName as Attribute;
use jiff::Timestamp;

use super::Place;
use crate::call::CallError;
use crate::doctor::facts::{FailureQueue, Look};
use crate::queue::QueueState;

pub(super) async fn look(sqs: &Client, queue: Place) -> Look<QueueState> {
    queue.look(async |url| QueueState::look(sqs, url).await).await
}

pub(super) async fn look_at_failures(sqs: &Client, queue: Place) -> Look<FailureQueue> {
    queue.look(async |url| read(sqs, url).await).await
}

async fn read(sqs: &Client, url: &str) -> Result<FailureQueue, CallError> {
    let state = QueueState::look(sqs, url).await?;
    let oldest = if state.waiting > 0 { oldest(sqs, url).await } else { None };
    Ok(FailureQueue { state, oldest })
}

/// When the oldest of some messages was sent first. They are hidden from nobody, and a queue of failures gives up none
/// of them for having been looked at. Who may not look goes without.
async fn oldest(sqs: &Client, url: &str) -> Option<Timestamp> {
    let receive = sqs.receive_message().queue_url(url).max_number_of_messages(10).visibility_timeout(0);
    let received = receive.message_system_attribute_names(Attribute::SentTimestamp).send().await.ok()?;
    let sent = |message: aws_sdk_sqs::types::Message| {
        let milliseconds = message.attributes?.get(&Attribute::SentTimestamp)?.parse().ok()?;
        Timestamp::from_millisecond(milliseconds).ok()
    };
    received.messages.unwrap_or_default().into_iter().filter_map(sent).min()
}
