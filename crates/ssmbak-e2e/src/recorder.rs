//! Who records events: the original's handler, or our function.

use jiff::Timestamp;
use serde_json::{Value, json};
use ssmbak_testkit::{InvocationOutcome, LambdaProcess, Original, RuntimeApi, binary};

use crate::{Outcome, PATIENCE};

/// Writes to the bucket what events tell of.
pub trait Recorder {
    /// Takes one batch of events.
    ///
    /// # Errors
    /// If any of them could not be recorded.
    fn record(&self, events: &[Value]) -> Outcome;
}

/// The real function, run against a Runtime API.
#[derive(Debug)]
pub struct Function {
    process: LambdaProcess,
    api: RuntimeApi,
}

impl Function {
    /// Starts it with these variables.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn start(env: &[(&str, &str)]) -> Outcome<Self> {
        let api = RuntimeApi::start()?;
        let process = LambdaProcess::start(&binary("ssmbak-lambda"), &api, env.iter().copied())?;
        Ok(Self { process, api })
    }

    /// What it answers to an event.
    ///
    /// # Errors
    /// If it reports an error.
    pub fn invoke(&self, event: &Value) -> Outcome<Value> {
        match self.api.invoke(event, PATIENCE)? {
            InvocationOutcome::Response(answer) => Ok(answer),
            InvocationOutcome::Error(error) => {
                Err(format!("the function reported {error}\n{}", self.process.log()).into())
            }
        }
    }
}

impl Recorder for Function {
    fn record(&self, events: &[Value]) -> Outcome {
        let outcome = self.api.invoke(&messages(events), PATIENCE)?;
        if outcome == InvocationOutcome::Response(json!({"batchItemFailures": []})) {
            return Ok(());
        }
        Err(format!("the function answered {outcome:?}\n{}", self.process.log()).into())
    }
}

impl Recorder for Original {
    fn record(&self, events: &[Value]) -> Outcome {
        Ok(self.handle(&messages(events)).map(drop)?)
    }
}

fn messages(events: &[Value]) -> Value {
    let sent = Timestamp::now().as_millisecond().to_string();
    let message = |(number, event): (usize, &Value)| {
        json!({
            "messageId": format!("m{number}"), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": event.to_string(), "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent},
            "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:ssmbak"
        })
    };
    json!({"Records": events.iter().enumerate().map(message).collect::<Vec<_>>()})
}
