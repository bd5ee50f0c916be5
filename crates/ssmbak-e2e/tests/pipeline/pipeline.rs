//! A deployed pipeline: the one that all tests share, and one of one's own.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use aws_sdk_s3::Client as S3;
use serde_json::Value;
use ssmbak_e2e::{Outcome, Ran, Store, await_that, command, sqs};
use ssmbak_testkit::{Ministack, s3_client, ssm_client};

/// The name of the shared stack.
pub const STACK: &str = "e2e";

/// What a test needs of a pipeline. Clients belong to the test: connections end with its runtime.
pub struct Pipeline<'a> {
    pub store: Store,
    pub s3: S3,
    ministack: &'a Ministack,
}

impl Pipeline<'static> {
    /// The shared one, deployed by whoever comes first.
    pub fn shared() -> Outcome<Self> {
        static DEPLOYED: OnceLock<Result<(), String>> = OnceLock::new();
        let pipeline = Self::on(Ministack::shared()?);
        let deploy = || pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes")).and_then(Ran::well);
        DEPLOYED.get_or_init(|| deploy().map(drop).map_err(|error| error.to_string())).clone()?;
        Ok(pipeline)
    }
}

impl<'a> Pipeline<'a> {
    /// On an emulator on which nothing is deployed yet.
    pub fn on(ministack: &'a Ministack) -> Self {
        let endpoint = ministack.endpoint();
        Self { store: Store::new(ssm_client(&endpoint)), s3: s3_client(&endpoint), ministack }
    }

    /// One of our command lines. Where the bucket is, it has to find out by itself.
    pub fn run(&self, line: &str) -> Outcome<Ran> {
        let env = self.ministack.env();
        let env = env.iter().map(|(name, value)| (*name, value.as_str()));
        Ran::of(command(line, env.chain([("SSMBAK_REVEAL", "1")])))
    }

    /// Any other program, using the emulator.
    pub fn command(&self, program: &Path) -> Command {
        self.ministack.command(program)
    }

    pub fn endpoint(&self) -> String {
        self.ministack.endpoint()
    }

    /// The bucket with the history.
    pub fn bucket(&self, stack: &str) -> Outcome<String> {
        Ok(self.run(&format!("ssmbak-stack {stack} bucketname"))?.well()?.out.trim().to_owned())
    }

    /// The own name of a resource of a stack.
    pub fn resource(&self, stack: &str, logical_id: &str) -> Outcome<Value> {
        let resources = self.run(&format!("ssmbak-stack {stack} resources --output json"))?.well()?.json()?;
        let mut found = resources.as_array().into_iter().flatten();
        let found = found.find(|resource| resource["LogicalResourceId"] == logical_id);
        Ok(found.ok_or(format!("no {logical_id}"))?["PhysicalResourceId"].clone())
    }

    /// Waits until the bucket lacks nothing of what Parameter Store holds below these prefixes.
    pub async fn recorded(&self, prefixes: &str) -> Outcome {
        await_that(&format!("{prefixes} to be recorded"), async || {
            // Without --do-it this only looks.
            let ran = self.run(&format!("ssmbak-all -p {prefixes}"))?.well()?;
            Ok(ran.out.starts_with("everything is recorded") || ran.out.starts_with("there is nothing to record"))
        })
        .await
    }

    /// The plan of a preview, as JSON.
    pub fn preview(&self, path: &str, time: impl std::fmt::Display) -> Outcome<Value> {
        self.run(&format!("ssmbak preview {path} {time} -R --output json"))?.well()?.json()
    }

    /// A call of SQS.
    pub fn sqs(&self, operation: &str, body: &Value) -> Outcome<Value> {
        sqs(self.ministack.port(), operation, body)
    }
}
