//! The function and its event source mapping at Lambda.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::types::FunctionResponseType;

use super::Place;
use crate::call::{CallError, Task};
use crate::doctor::facts::{Function, Look, Mapping};

const FUNCTION: Task = Task::new("look at the function", "lambda:GetFunctionConfiguration");
const CONCURRENCY: Task = Task::new("look at the function's concurrency", "lambda:GetFunctionConcurrency");
const MAPPING: Task = Task::new("look at what feeds the function", "lambda:GetEventSourceMapping");
const MAPPINGS: Task = Task::new("look for what else feeds the function", "lambda:ListEventSourceMappings");

const REPORTS_FAILURES: FunctionResponseType = FunctionResponseType::ReportBatchItemFailures;

/// The variable that tells the function its bucket.
const BUCKET_VARIABLE: &str = "SSMBAK_BUCKET";

pub(super) async fn look(lambda: &Client, function: Place) -> Look<Function> {
    function.look(async |name| read(lambda, name).await).await
}

pub(super) async fn look_at_concurrency(lambda: &Client, function: Place) -> Look<Option<i32>> {
    function.look(async |name| read_concurrency(lambda, name).await).await
}

/// The stack's event source mapping; another one of the function's, if that does not exist any more. Who may not list them
/// learns that the stack's is gone.
pub(super) async fn look_at_mapping(lambda: &Client, mapping: Place, function: Place) -> Look<Mapping> {
    let look = mapping.look(async |id| read_mapping(lambda, id).await).await;
    let (Look::Gone(_), Place::Named(function)) = (&look, function) else { return look };
    match replacement(lambda, &function).await {
        Ok(Some(mapping)) => Look::Seen(mapping),
        Ok(None) | Err(_) => look,
    }
}

async fn replacement(lambda: &Client, function: &str) -> Result<Option<Mapping>, CallError> {
    let listed = lambda.list_event_source_mappings().function_name(function).send().await;
    let listed = listed.map_err(|error| MAPPINGS.failed(error))?.event_source_mappings.unwrap_or_default();
    // Of several that one tells most which is at work.
    let Some(mapping) = listed.into_iter().max_by_key(|mapping| mapping.state() == Some("Enabled")) else {
        return Ok(None);
    };
    Ok(Some(Mapping {
        id: mapping.uuid.unwrap_or_default(),
        is_replacement: true,
        source: mapping.event_source_arn.unwrap_or_default(),
        reports_failures: mapping.function_response_types.is_some_and(|types| types.contains(&REPORTS_FAILURES)),
        state: mapping.state.unwrap_or_default(),
        last_result: mapping.last_processing_result.filter(|result| !result.is_empty()),
    }))
}

async fn read(lambda: &Client, name: &str) -> Result<Function, CallError> {
    let read = lambda.get_function_configuration().function_name(name).send().await;
    let read = read.map_err(|error| FUNCTION.failed(error))?;
    // Its other variables are nobody's business.
    let bucket = read.environment.and_then(|environment| environment.variables?.remove(BUCKET_VARIABLE));
    Ok(Function {
        state: read.state.map_or(String::new(), |state| state.as_str().to_owned()),
        state_reason: read.state_reason.filter(|reason| !reason.is_empty()),
        last_update: read.last_update_status.map_or(String::new(), |status| status.as_str().to_owned()),
        last_update_reason: read.last_update_status_reason.filter(|reason| !reason.is_empty()),
        runtime: read.runtime.map_or(String::new(), |runtime| runtime.as_str().to_owned()),
        code_sha256: read.code_sha256.unwrap_or_default(),
        bucket,
        role: read.role.unwrap_or_default(),
        log_group: read.logging_config.and_then(|config| config.log_group),
    })
}

async fn read_concurrency(lambda: &Client, name: &str) -> Result<Option<i32>, CallError> {
    let read = lambda.get_function_concurrency().function_name(name).send().await;
    Ok(read.map_err(|error| CONCURRENCY.failed(error))?.reserved_concurrent_executions)
}

async fn read_mapping(lambda: &Client, id: &str) -> Result<Mapping, CallError> {
    let read = lambda.get_event_source_mapping().uuid(id).send().await.map_err(|error| MAPPING.failed(error))?;
    Ok(Mapping {
        id: id.to_owned(),
        is_replacement: false,
        source: read.event_source_arn.unwrap_or_default(),
        reports_failures: read.function_response_types.is_some_and(|types| types.contains(&REPORTS_FAILURES)),
        state: read.state.unwrap_or_default(),
        last_result: read.last_processing_result.filter(|result| !result.is_empty()),
    })
}
