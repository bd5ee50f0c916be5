//! How many messages a queue holds, and where it sends those that it gives up.

use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use crate::call::{CallError, Task};

const LOOK: Task = Task::new("look at a queue of the stack", "sqs:GetQueueAttributes");

/// What a queue holds. SQS counts approximately: what was sent or taken within about a minute may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueState {
    /// Messages that wait.
    pub waiting: u64,
    /// Messages that somebody works on.
    pub in_flight: u64,
    /// The queue's URL.
    pub url: String,
    /// The queue's ARN.
    pub arn: String,
    /// Who may use it, as JSON; empty: its account alone.
    pub policy: String,
    /// Whether it gives up what fails again and again, and to another queue.
    pub has_dead_letters: bool,
}

impl QueueState {
    /// All messages.
    pub fn messages(&self) -> u64 {
        self.waiting + self.in_flight
    }

    /// Looks at a queue.
    ///
    /// # Errors
    /// [`CallError`] if SQS cannot be asked, or there is no such queue.
    pub async fn look(sqs: &Sqs, url: &str) -> Result<Self, CallError> {
        let asked = sqs.get_queue_attributes().queue_url(url).set_attribute_names(Some(vec![
            Attribute::ApproximateNumberOfMessages,
            Attribute::ApproximateNumberOfMessagesDelayed,
            Attribute::ApproximateNumberOfMessagesNotVisible,
            Attribute::Policy,
            Attribute::QueueArn,
            Attribute::RedrivePolicy,
        ]));
        let attributes = asked.send().await.map_err(|error| LOOK.failed(error))?.attributes.unwrap_or_default();
        let number = |name: Attribute| attributes.get(&name).and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Self {
            waiting: number(Attribute::ApproximateNumberOfMessages)
                + number(Attribute::ApproximateNumberOfMessagesDelayed),
            in_flight: number(Attribute::ApproximateNumberOfMessagesNotVisible),
            url: url.to_owned(),
            arn: attributes.get(&Attribute::QueueArn).cloned().unwrap_or_default(),
            policy: attributes.get(&Attribute::Policy).cloned().unwrap_or_default(),
            has_dead_letters: attributes.get(&Attribute::RedrivePolicy).is_some_and(|policy| !policy.is_empty()),
        })
    }
}
