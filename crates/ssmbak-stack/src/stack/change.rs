//! Change sets: have one worked out, execute it, or let it go.

use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::operation::describe_change_set::DescribeChangeSetOutput;
use aws_sdk_cloudformation::types::{
    self, Capability, ChangeAction, ChangeSetType, EventFilter, OperationEvent, ResourceChange, Tag,
};
use jiff::Timestamp;

use super::Stack;
use crate::call::{CallError, Task};
use crate::change_set::{
    Action, Change, ChangeSet, Prepared, Replacement, Verdict, changes_nothing, check_bucket_stays, judge,
};
use crate::error::StackError;
use crate::event::StackEvent;
use crate::parameters::Value;
use crate::status::{Operation, StackStatus};

const CREATE_CHANGE_SET: Task = Task::new("work out the changes", "cloudformation:CreateChangeSet");
const READ: Task = Task::new("read the changes", "cloudformation:DescribeChangeSet");
const EXECUTE: Task = Task::new("carry out the changes", "cloudformation:ExecuteChangeSet");
const DELETE_CHANGE_SET: Task = Task::new("let go of the changes", "cloudformation:DeleteChangeSet");
const REMOVE: Task = Task::new("remove the empty stack", "cloudformation:DeleteStack");

/// What a change set is asked to bring about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The values of the template's parameters.
    pub parameters: Vec<(String, Value)>,
    /// The tags of the stack; what it has and is not among them is taken off.
    pub tags: Vec<(String, String)>,
    /// The role that CloudFormation takes on; none: the one that the stack has, else the caller's own rights.
    pub role_arn: Option<String>,
    /// Whether the deployed template stays.
    pub keep_template: bool,
}

impl Stack {
    /// Has a change set worked out and waits for it. A change set that would change nothing is removed again, as is one
    /// that would lose the bucket.
    ///
    /// # Errors
    /// [`StackError::ChangeSet`] if there cannot be one, [`StackError::WouldLoseBucket`] if there must not be.
    pub async fn prepare(&self, operation: Operation, wanted: Request) -> Result<Prepared, StackError> {
        let kind = match operation {
            Operation::Create => ChangeSetType::Create,
            Operation::Update => ChangeSetType::Update,
        };
        let request = self
            .client
            .create_change_set()
            .stack_name(&self.name)
            .change_set_name(change_set_name(Timestamp::now()))
            .change_set_type(kind)
            .set_template_body((!wanted.keep_template).then(|| self.template.to_owned()))
            .set_use_previous_template(wanted.keep_template.then_some(true))
            .set_parameters(Some(wanted.parameters.into_iter().map(parameter).collect()))
            .set_tags(Some(wanted.tags.into_iter().map(|(key, value)| tag(key, value)).collect()))
            .set_role_arn(wanted.role_arn)
            // Enough while no IAM resource of the template has a name of its own.
            .capabilities(Capability::CapabilityIam);
        let created = match request.send().await {
            Ok(created) => created,
            // AWS says so of a change set, later; some emulators right here.
            Err(error) if error.message().is_some_and(changes_nothing) => return Ok(Prepared::Nothing),
            Err(error) => return Err(CREATE_CHANGE_SET.failed(error).into()),
        };
        let mut change_set = ChangeSet {
            id: created.id.unwrap_or_default(),
            stack_id: created.stack_id.unwrap_or_default(),
            operation,
            changes: Vec::new(),
            parameters: Vec::new(),
        };
        match self.wait_for_change_set(&mut change_set).await? {
            Verdict::Nothing => {
                self.discard(&change_set).await?;
                Ok(Prepared::Nothing)
            }
            Verdict::Refused(reason) => {
                let events = self.failed_validations(&change_set.id).await;
                let reason = [vec![reason], events].concat().join("; ");
                self.discard(&change_set).await?;
                let name = self.name.clone();
                Err(StackError::ChangeSet { name, reason })
            }
            Verdict::Ready | Verdict::Pending => {
                if let Err(error) = check_bucket_stays(&self.name, &change_set.changes) {
                    self.discard(&change_set).await?;
                    return Err(error);
                }
                Ok(Prepared::Changes(change_set))
            }
        }
    }

    /// Executes a change set and tells of every event until the stack comes to rest.
    ///
    /// Should it fail, CloudFormation puts everything back, and removes what was made: the retained bucket as well, which
    /// has not been used yet. Whoever stops waiting stops nothing but that; see [`Stack::watch`].
    ///
    /// # Errors
    /// [`StackError::Failed`] with the first cause.
    pub async fn execute(
        &self,
        change_set: &ChangeSet,
        on_event: impl FnMut(&StackEvent),
    ) -> Result<StackStatus, StackError> {
        let last = self.last_event(&change_set.stack_id).await?;
        let execute = self.client.execute_change_set();
        let execute = execute.change_set_name(&change_set.id);
        let execute = execute.retain_except_on_create(true).send().await;
        execute.map_err(|error| EXECUTE.failed(error))?;
        self.watch(&change_set.stack_id, last, on_event).await
    }

    /// Lets go of a change set that nobody wants, and of the empty stack that came with one for a creation.
    ///
    /// # Errors
    /// [`StackError::Call`] if CloudFormation refuses.
    pub async fn discard(&self, change_set: &ChangeSet) -> Result<(), StackError> {
        let delete = self.client.delete_change_set();
        let delete = delete.change_set_name(&change_set.id).send().await;
        delete.map_err(|error| DELETE_CHANGE_SET.failed(error))?;
        if change_set.operation == Operation::Create {
            let found = self.find().await?;
            if found.is_some_and(|stack| stack.status.is_under_review()) {
                self.remove(&change_set.stack_id).await?;
            }
        }
        Ok(())
    }

    /// Removes the empty stack that a failed creation leaves, and waits until it is gone. Any other stack is kept.
    ///
    /// # Errors
    /// [`StackError::Failed`] if it cannot be removed.
    pub async fn remove_failed_creation(&self, on_event: impl FnMut(&StackEvent)) -> Result<(), StackError> {
        let Some(stack) = self.find().await? else {
            return Ok(());
        };
        if !stack.status.is_failed_creation() {
            return Ok(());
        }
        let last = self.last_event(&stack.id).await?;
        self.remove(&stack.id).await?;
        self.watch(&stack.id, last, on_event).await?;
        Ok(())
    }

    async fn remove(&self, stack_id: &str) -> Result<(), CallError> {
        let delete = self.client.delete_stack().stack_name(stack_id).send().await;
        delete.map_err(|error| REMOVE.failed(error))?;
        Ok(())
    }

    async fn wait_for_change_set(&self, change_set: &mut ChangeSet) -> Result<Verdict, StackError> {
        loop {
            let page = self.change_set_page(&change_set.id, None).await?;
            let status = page.status().map_or("", |status| status.as_str());
            match judge(status, page.status_reason()) {
                Verdict::Pending => self.pause().await,
                Verdict::Ready => {
                    change_set.changes = self.all_changes(&change_set.id, page).await?;
                    return Ok(Verdict::Ready);
                }
                verdict => return Ok(verdict),
            }
        }
    }

    /// What CloudFormation's validation has found wrong, resource by resource; nothing where it cannot be asked, since the
    /// reason of the failure is known without.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeEvents.html>
    async fn failed_validations(&self, change_set_id: &str) -> Vec<String> {
        let failed = EventFilter::builder().failed_events(true).build();
        let asked = self.client.describe_events().change_set_name(change_set_id).filters(failed);
        match asked.send().await {
            Ok(page) => page.operation_events.unwrap_or_default().into_iter().filter_map(validation).collect(),
            Err(error) => {
                tracing::debug!(code = error.code(), "no events of the failed change set");
                Vec::new()
            }
        }
    }

    async fn all_changes(&self, id: &str, mut page: DescribeChangeSetOutput) -> Result<Vec<Change>, StackError> {
        let (mut changes, mut sent) = (Vec::new(), None);
        loop {
            let listed = page.changes.take().unwrap_or_default().into_iter();
            changes.extend(listed.filter_map(|change| change.resource_change).map(change));
            sent = READ.next_page(sent.as_deref(), page.next_token.take())?;
            match &sent {
                Some(token) => page = self.change_set_page(id, Some(token.clone())).await?,
                None => return Ok(changes),
            }
        }
    }

    async fn change_set_page(&self, id: &str, token: Option<String>) -> Result<DescribeChangeSetOutput, StackError> {
        let describe = self.client.describe_change_set().change_set_name(id);
        let page = describe.set_next_token(token).send().await;
        page.map_err(|error| READ.failed(error).into())
    }
}

/// A name that no other change set of the stack has: letters, digits and hyphens, a letter first.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html>
fn change_set_name(now: Timestamp) -> String {
    format!("ssmbak-{}", now.as_nanosecond())
}

/// A failed validation as one clause: the resource, the place in the template, and the reason.
fn validation(event: OperationEvent) -> Option<String> {
    let said = event.validation_status_reason.or(event.resource_status_reason)?;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = said.trim_end_matches('.');
    let place =
        event.validation_path.filter(|path| !path.is_empty()).map_or(String::new(), |path| format!(" ({path})"));
    Some(match event.logical_resource_id {
        Some(id) => format!("{id}{place}: {said}"),
        None => format!("{said}{place}"),
    })
}

fn tag(key: String, value: String) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn parameter((key, value): (String, Value)) -> types::Parameter {
    let parameter = types::Parameter::builder().parameter_key(key);
    match value {
        Value::Set(value) => parameter.parameter_value(value).build(),
        Value::Previous => parameter.use_previous_value(true).build(),
    }
}

fn change(change: ResourceChange) -> Change {
    let details = change.details.unwrap_or_default().into_iter();
    let mut properties: Vec<String> = details.filter_map(|detail| detail.target?.name).collect();
    properties.sort();
    properties.dedup();
    Change {
        action: match change.action {
            Some(ChangeAction::Add) => Action::Add,
            Some(ChangeAction::Modify) => Action::Modify,
            Some(ChangeAction::Remove) => Action::Remove,
            _ => Action::Other,
        },
        logical_id: change.logical_resource_id.unwrap_or_default(),
        physical_id: change.physical_resource_id,
        resource_type: change.resource_type.unwrap_or_default(),
        replacement: match change.replacement {
            Some(types::Replacement::True) => Replacement::Always,
            Some(types::Replacement::Conditional) => Replacement::Conditional,
            _ => Replacement::Never,
        },
        properties,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_sets_get_a_valid_name() {
        let name = change_set_name("2026-11-22T07:36:05.123456789Z".parse().unwrap());
        assert_eq!(name, "ssmbak-1795332965123456789");
    }

    #[test]
    fn reads_a_change() {
        let read = change(ResourceChange::builder().logical_resource_id("Q").build());
        assert_eq!(read.action, Action::Other);
        assert_eq!(read.replacement, Replacement::Never);
    }
}
