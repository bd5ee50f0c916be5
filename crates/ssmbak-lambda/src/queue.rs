//! The function's own queue, by which a sweep goes on in another invocation, and which brings early messages again.

use aws_sdk_sqs::Client;
use ssmbak::Error;

/// The queue that the function takes its messages from.
#[derive(Clone, Debug)]
pub struct OwnQueue {
    client: Client,
    url: String,
}

impl OwnQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    /// Lets the queue deliver a message again after `seconds`, if it is not deleted.
    ///
    /// # Errors
    /// The request that failed.
    pub async fn bring_again(&self, receipt: &str, seconds: u32) -> Result<(), Error> {
        let seconds = i32::try_from(seconds).unwrap_or(i32::MAX);
        let change = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let changed = change.visibility_timeout(seconds).send().await;
        changed.map(drop).map_err(|error| Error::from_sdk("have an early message delivered again soon", &error))
    }

    /// Sends a message that arrives after `seconds` (900 at most).
    ///
    /// # Errors
    /// The request that failed.
    pub async fn send(&self, body: String, seconds: u32) -> Result<(), Error> {
        let delay = i32::try_from(seconds).unwrap_or(i32::MAX);
        let send = self.client.send_message().queue_url(&self.url).message_body(body).delay_seconds(delay);
        let sent = send.send().await;
        sent.map(drop).map_err(|error| Error::from_sdk("send the message by which the sweep goes on", &error))
    }
}
