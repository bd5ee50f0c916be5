//! The function of ssmbak: records what changes in Parameter Store in a versioned bucket.
//!
//! It is the `bootstrap` of a `provided.al2023` function behind an SQS queue that EventBridge fills with "Parameter Store
//! Change" and "Parameter Store Policy Action" events. Each message says that something happened to a name; the library
//! brings the bucket up to date with what Parameter Store knows of it. A message of the
//! stack's schedule asks for a sweep over everything, which goes on by messages of its own. Messages that could not be
//! handled are reported one by one, and the queue delivers those, and only those, again.
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
mod sweep;

use std::env;
use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde_json::Value;
use ssmbak_core::event::Origin;

use crate::config::Config;
use crate::function::{Function, time_limit};

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
    let own = Origin { account: config.account.clone(), region: Some(config.region.clone()) };
    let function = Function::new(capture, queue, own).with_metrics(config.metrics.clone()).with_scope(config.scope);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        bucket = config.bucket,
        region = config.region,
        endpoint = config.ssm_endpoint,
        "ready"
    );
    let function = &function;
    let runtime = Runtime::new(service_fn(async move |event: LambdaEvent<Value>| {
        function.invoked_as(&event.context.invoked_function_arn);
        let limit = time_limit(event.context.deadline());
        function.invoke(&event.payload, &event.context.request_id, limit).await
    }));
    match runtime.run().await {
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
