//! Operations on a stack set: waiting for one to end, and for the turn of the next.

use std::error::Error;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{RegionConcurrencyType, StackSetOperationPreferences};

use super::{StackSet, StackSetError};
use crate::call::{CallError, Task};

const WATCH: Task = Task::new("watch the operation on the stack set", "cloudformation:DescribeStackSetOperation");
const LIST: Task = Task::new("list the operations on the stack set", "cloudformation:ListStackSetOperations");

/// How often another operation is waited for, at one polling interval each, before the command gives up: ten minutes at AWS.
const TURNS: usize = 120;

/// How many unanswered questions in a row are taken for a busy CloudFormation, after the SDK's own retries.
const BUSY_ANSWERS: usize = 10;

/// An operation on a stack set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetOperation {
    /// CloudFormation's id of it.
    pub id: String,
    /// `CREATE`, `UPDATE`, `DELETE` or `DETECT_DRIFT`.
    pub action: String,
    /// `QUEUED`, `RUNNING`, `SUCCEEDED`, `FAILED`, `STOPPING` or `STOPPED`.
    pub status: String,
    /// Why, where CloudFormation says so.
    pub reason: Option<String>,
}

impl SetOperation {
    /// Whether it goes on.
    pub fn is_running(&self) -> bool {
        matches!(self.status.as_str(), "QUEUED" | "RUNNING" | "STOPPING")
    }

    /// Whether it ended as it should. Single accounts may have failed all the same.
    pub fn is_success(&self) -> bool {
        self.status == "SUCCEEDED"
    }
}

impl StackSet {
    /// The latest operation; none if there was none.
    ///
    /// # Errors
    /// [`StackSetError`] if CloudFormation cannot be asked.
    pub async fn last_operation(&self) -> Result<Option<SetOperation>, StackSetError> {
        let listed = self.client.list_stack_set_operations().stack_set_name(&self.name);
        let listed = listed.call_as(self.call_as.clone()).max_results(1).send().await;
        let listed = listed.map_err(|error| StackSetError::of(LIST, &self.name, error))?;
        // The newest comes first.
        Ok(listed.summaries.unwrap_or_default().into_iter().next().map(|summary| SetOperation {
            id: summary.operation_id.unwrap_or_default(),
            action: summary.action.map_or(String::new(), |action| action.as_str().to_owned()),
            status: summary.status.map_or(String::new(), |status| status.as_str().to_owned()),
            reason: summary.status_reason.filter(|reason| !reason.is_empty()),
        }))
    }

    /// Waits until an operation ends, and tells of it whenever its status changes.
    pub(super) async fn wait(
        &self,
        id: &str,
        on_change: &mut impl FnMut(&SetOperation),
    ) -> Result<SetOperation, StackSetError> {
        let (mut last, mut unanswered) = (String::new(), 0);
        loop {
            match self.operation(id).await {
                Ok(operation) => {
                    unanswered = 0;
                    if operation.status != last {
                        on_change(&operation);
                        last.clone_from(&operation.status);
                    }
                    if !operation.is_running() {
                        return Ok(operation);
                    }
                }
                // The operation goes on without being watched.
                Err(StackSetError::Call(CallError::Busy { .. })) if unanswered < BUSY_ANSWERS => unanswered += 1,
                Err(error) => return Err(error),
            }
            self.pause().await;
        }
    }

    async fn operation(&self, id: &str) -> Result<SetOperation, StackSetError> {
        let described = self.client.describe_stack_set_operation().stack_set_name(&self.name).operation_id(id);
        let described = described.call_as(self.call_as.clone()).send().await;
        let described = described.map_err(|error| StackSetError::of(WATCH, &self.name, error))?;
        let operation = described.stack_set_operation;
        let action = operation.as_ref().and_then(|operation| operation.action.as_ref());
        let status = operation.as_ref().and_then(|operation| operation.status.as_ref());
        let reason = operation.as_ref().and_then(|operation| operation.status_reason.clone());
        Ok(SetOperation {
            id: id.to_owned(),
            action: action.map_or(String::new(), |action| action.as_str().to_owned()),
            status: status.map_or(String::new(), |status| status.as_str().to_owned()),
            reason: reason.filter(|reason| !reason.is_empty()),
        })
    }

    /// Sends a request, again and again while another operation is in its way.
    pub(super) async fn when_free<T, E>(
        &self,
        task: Task,
        mut send: impl AsyncFnMut() -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, StackSetError>
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        for _ in 0..TURNS {
            match send().await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.code() == Some("OperationInProgressException") => self.pause().await,
                Err(error) => return Err(StackSetError::of(task, &self.name, error)),
            }
        }
        Err(StackSetError::Busy { name: self.name.clone() })
    }
}

/// Everywhere at the same time, and no account keeps the others from going on.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackSetOperationPreferences.html>
pub(super) fn preferences() -> StackSetOperationPreferences {
    StackSetOperationPreferences::builder()
        .region_concurrency_type(RegionConcurrencyType::Parallel)
        .failure_tolerance_percentage(100)
        .max_concurrent_percentage(100)
        .build()
}
