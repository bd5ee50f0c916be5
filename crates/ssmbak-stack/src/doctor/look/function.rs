//! The function and its event source mapping at Lambda.

use aws_sdk_lambda::Client;

use super::Place;
use crate::call::{CallError, Task};
use crate::doctor::facts::{Function, Look, Mapping};

const FUNCTION: Task = Task::new("look at the function", "lambda:GetFunctionConfiguration");
const CONCURRENCY: Task = Task::new("look at the function's concurrency", "lambda:GetFunctionConcurrency");
const MAPPING: Task = Task::new("look at what feeds the function", "lambda:GetEventSourceMapping");

/// The variable that tells the function its bucket.
const BUCKET_VARIABLE: &str = "SSMBAK_BUCKET";

pub(super) async fn look(lambda: &Client, function: Place) -> Look<Function> {
    function.look(async |name| read(lambda, name).await).await
}

pub(super) async fn look_at_concurrency(lambda: &Client, function: Place) -> Look<Option<i32>> {
    function.look(async |name| read_concurrency(lambda, name).await).await
}

pub(super) async fn look_at_mapping(lambda: &Client, mapping: Place) -> Look<Mapping> {
    mapping.look(async |id| read_mapping(lambda, id).await).await
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
        state: read.state.unwrap_or_default(),
        last_result: read.last_processing_result.filter(|result| !result.is_empty()),
    })
}
