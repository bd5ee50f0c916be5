//! The function of ssmbak: records what changes in Parameter Store in a versioned bucket.
//!
//! It is the `bootstrap` of a `provided.al2023` function behind an SQS queue that EventBridge fills with "Parameter Store
//! Change" and "Parameter Store Policy Action" events. Each message says that something happened to a name; the library
//! brings the bucket up to date with what Parameter Store knows of it. A message of the
//! stack's schedule asks for a sweep over everything, which goes on by messages of its own. Messages that could not be
//! handled are reported one by one, and the queue delivers those, and only those, again.
//!
//! With `SSMBAK_REHEARSAL` it is a stack's second function, which rehearses a restore at each invocation.
//!
//! Nothing here may panic: the release profile aborts, and with the process the whole batch fails.

mod clients;
mod config;
mod failure;
mod function;
mod init_error;
mod logging;
mod message;
mod message_outcome;
mod metrics;
mod queue;
mod rehearsal;
mod sweep;

use std::env;
use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use ssmbak_core::event::Origin;

use crate::config::Config;
use crate::function::{Function, time_limit};
use crate::rehearsal::Rehearser;

// One thread: the work is waiting for answers, and a function of this size has a fraction of a processor.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    logging::start(variable("LOGLEVEL").as_deref());
    let config = match config::check_lambda(variable).and_then(|()| Config::read(variable)) {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(outcome = "failed", code = error.code(), "the function cannot start: {error}");
            init_error::report(error.code(), &error.to_string()).await;
            return ExitCode::FAILURE;
        }
    };
    let (capture, queue) = clients::clients(&config);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        bucket = config.bucket,
        region = config.region,
        endpoint = config.ssm_endpoint,
        "ready"
    );
    let own = Origin { account: config.account.clone(), region: Some(config.region.clone()) };
    let ended = if let Some(age) = config.rehearsal {
        let rehearser = &Rehearser::new(capture, age, config.ssm_endpoint.is_none(), config.metrics);
        let rehearse = async move |event: LambdaEvent<Value>| {
            let limit = time_limit(event.context.deadline());
            rehearser.invoke(&event.context.request_id, limit).await
        };
        Runtime::new(service_fn(rehearse)).run().await
    } else {
        let function = &Function::new(capture, queue, own).with_metrics(config.metrics).with_scope(config.scope);
        let record = async move |event: LambdaEvent<Value>| {
            function.invoked_as(&event.context.invoked_function_arn);
            let limit = time_limit(event.context.deadline());
            function.invoke(&event.payload, &event.context.request_id, limit).await
        };
        Runtime::new(service_fn(record)).run().await
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(outcome = "failed", "the Lambda runtime failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A variable of the environment; one that is empty or not text counts as missing.
fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}
