//! The stack sets of a region.

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::{PermissionModels, StackSetStatus};

use super::{StackSetError, call_as};
use crate::call::Task;

const LIST: Task = Task::new("list the stack sets", "cloudformation:ListStackSets");

/// The names of the stack sets in the client's region that have their permissions from the organisation, whosever they are.
/// Only a description tells ours from others.
///
/// # Errors
/// [`StackSetError`] if CloudFormation cannot be asked.
pub async fn list(client: &Client, delegated: bool) -> Result<Vec<String>, StackSetError> {
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = client.list_stack_sets().status(StackSetStatus::Active).call_as(call_as(delegated));
        let page = page.set_next_token(token.clone()).send().await;
        let page = page.map_err(|error| StackSetError::of(LIST, "", error))?;
        let summaries = page.summaries.unwrap_or_default().into_iter();
        let managed = summaries.filter(|summary| summary.permission_model != Some(PermissionModels::SelfManaged));
        names.extend(managed.filter_map(|summary| summary.stack_set_name));
        token = LIST.next_page(token.as_deref(), page.next_token)?;
        if token.is_none() {
            break;
        }
    }
    names.sort();
    Ok(names)
}
