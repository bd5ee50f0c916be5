//! The stacks of ssmbak in a region.

use aws_sdk_cloudformation::Client;

use super::describe::{Description, description};
use crate::call::Task;
use crate::error::StackError;
use crate::template::{BUCKET_OUTPUT, MANAGED_TAG, QUEUE_URL_OUTPUT};

/// Without a name, CloudFormation checks both actions.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html>
const LIST: Task = Task::new("list the stacks", "cloudformation:ListStacks and cloudformation:DescribeStacks on *");

/// A stack, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedStack {
    /// The name.
    pub name: String,
    /// The stack.
    pub description: Description,
}

/// The stacks of ssmbak in the client's region, those of ssmbak 0.5.2 included, by name.
///
/// # Errors
/// [`StackError::Call`] if CloudFormation cannot be asked.
pub async fn list(client: &Client) -> Result<Vec<ListedStack>, StackError> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = client.describe_stacks().set_next_token(token.clone()).send().await;
        let page = page.map_err(|error| LIST.failed(error))?;
        for stack in page.stacks.unwrap_or_default() {
            let name = stack.stack_name.clone().unwrap_or_default();
            let description = description(stack);
            if is_ours(&description) {
                found.push(ListedStack { name, description });
            }
        }
        token = LIST.next_page(token.as_deref(), page.next_token)?;
        if token.is_none() {
            break;
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// By the tag that a deployment sets; a stack that something else has deployed (a StackSet, the AWS CLI), by its outputs.
fn is_ours(stack: &Description) -> bool {
    let tagged = stack.tags.iter().any(|(key, value)| (key.as_str(), value.as_str()) == MANAGED_TAG);
    tagged || [BUCKET_OUTPUT, QUEUE_URL_OUTPUT].iter().all(|key| stack.output(key).is_some())
}
