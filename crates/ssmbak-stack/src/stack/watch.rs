//! The stream of a stack's events, until it comes to rest.

use aws_sdk_cloudformation::types;
use jiff::Timestamp;

use super::Stack;
use super::describe::timestamp;
use crate::call::Task;
use crate::error::StackError;
use crate::event::{StackEvent, first_cause};
use crate::status::StackStatus;

const WATCH: Task = Task::new("read the stack's events", "cloudformation:DescribeStackEvents");

impl Stack {
    /// The id of the latest event, from which a later [`Stack::watch`] goes on; none if there is no event yet.
    ///
    /// # Errors
    /// [`StackError::Call`] if CloudFormation cannot be asked.
    pub async fn last_event(&self, stack_id: &str) -> Result<Option<String>, StackError> {
        let (events, _) = self.events_page(stack_id, None).await?;
        Ok(events.into_iter().next().map(|event| event.id))
    }

    /// The id of the event before the one with which the deletion that is under way began; none if that was the first.
    ///
    /// # Errors
    /// [`StackError::Call`] if CloudFormation cannot be asked.
    pub(super) async fn before_deletion(&self, stack_id: &str) -> Result<Option<String>, StackError> {
        let events = self.events_after(stack_id, None).await?;
        let begins = |event: &StackEvent| {
            event.stack_status(stack_id).is_some_and(|status| status.as_str() == "DELETE_IN_PROGRESS")
        };
        let start = events.iter().rposition(begins).unwrap_or(events.len());
        Ok(start.checked_sub(1).map(|before| events[before].id.clone()))
    }

    /// Tells of every event after the given one, oldest first, until the stack comes to rest.
    ///
    /// # Errors
    /// [`StackError::Failed`] if it does not end as it should, with the first cause.
    pub async fn watch(
        &self,
        stack_id: &str,
        mut after: Option<String>,
        mut on_event: impl FnMut(&StackEvent),
    ) -> Result<StackStatus, StackError> {
        let mut seen = Vec::new();
        loop {
            let news = self.events_after(stack_id, after.as_deref()).await?;
            if let Some(latest) = news.last() {
                after = Some(latest.id.clone());
            }
            news.iter().for_each(&mut on_event);
            let end = news.iter().rev().find_map(|event| event.end(stack_id));
            seen.extend(news);
            match end {
                Some(status) if status.is_success() => return Ok(status),
                Some(status) => {
                    return Err(StackError::Failed {
                        name: self.name.clone(),
                        status,
                        cause: first_cause(&seen, stack_id),
                    });
                }
                None => self.pause().await,
            }
        }
    }

    /// The events after the given one, oldest first. CloudFormation lists them newest first, page by page.
    async fn events_after(&self, stack_id: &str, after: Option<&str>) -> Result<Vec<StackEvent>, StackError> {
        let mut events = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let (page, next) = self.events_page(stack_id, token.clone()).await?;
            let known = page.iter().position(|event| Some(event.id.as_str()) == after);
            let reached = known.is_some();
            events.extend(page.into_iter().take(known.unwrap_or(usize::MAX)));
            token = if reached { None } else { WATCH.next_page(token.as_deref(), next)? };
            if token.is_none() {
                break;
            }
        }
        events.reverse();
        Ok(events)
    }

    async fn events_page(
        &self,
        stack_id: &str,
        token: Option<String>,
    ) -> Result<(Vec<StackEvent>, Option<String>), StackError> {
        let describe = self.client.describe_stack_events().stack_name(stack_id);
        let page = describe.set_next_token(token).send().await;
        let page = page.map_err(|error| WATCH.failed(error))?;
        let events = page.stack_events.unwrap_or_default();
        Ok((events.into_iter().map(event).collect(), page.next_token))
    }
}

fn event(event: types::StackEvent) -> StackEvent {
    let status = event.resource_status.map_or(String::new(), |status| status.as_str().to_owned());
    StackEvent {
        id: event.event_id.unwrap_or_default(),
        time: event.timestamp.as_ref().and_then(timestamp).unwrap_or(Timestamp::UNIX_EPOCH),
        logical_id: event.logical_resource_id.unwrap_or_default(),
        physical_id: event.physical_resource_id.unwrap_or_default(),
        resource_type: event.resource_type.unwrap_or_default(),
        status,
        reason: event.resource_status_reason.filter(|reason| !reason.is_empty()),
    }
}
