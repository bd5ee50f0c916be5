//! The real commands, run.
#![allow(dead_code, reason = "no test needs all of it")]
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

pub mod schema;

use std::process::{Command, Output};

use serde_json::Value;
use ssmbak_testkit::{Moto, create_versioned_bucket, s3_client, ssm_client};

pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn error(&self) -> Value {
        serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The path of a command.
pub fn program(name: &str) -> &'static str {
    match name {
        "ssmbak-all" => env!("CARGO_BIN_EXE_ssmbak-all"),
        "s3bak" => env!("CARGO_BIN_EXE_s3bak"),
        "ssmbak-stack" => env!("CARGO_BIN_EXE_ssmbak-stack"),
        _ => env!("CARGO_BIN_EXE_ssmbak"),
    }
}

/// A command line in an empty environment.
pub fn bare(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(program(words.next().unwrap()));
    command.args(words).env_clear().env("HOME", "/nonexistent");
    command
}

/// An emulator with a versioned bucket.
pub struct World {
    pub moto: &'static Moto,
    pub ssm: aws_sdk_ssm::Client,
    pub s3: aws_sdk_s3::Client,
    pub bucket: &'static str,
}

impl World {
    /// With a bucket of its own in the emulator that all tests share.
    pub async fn new(bucket: &'static str) -> Self {
        let moto = Moto::shared().unwrap();
        let (ssm, s3) = (ssm_client(&moto.endpoint()), s3_client(&moto.endpoint()));
        create_versioned_bucket(&s3, bucket).await.unwrap();
        Self { moto, ssm, s3, bucket }
    }

    /// A version as ssmbak 0.5.2 records it.
    pub async fn recorded(&self, key: &str, value: &str, time: &str, parameter_type: &str, description: Option<&str>) {
        let seconds = time.parse::<jiff::Timestamp>().unwrap().as_second();
        let mut tags = format!("ssmbakTime={seconds}&ssmbakType={parameter_type}");
        if let Some(description) = description {
            tags.push_str(&format!("&ssmbakDescription={}", description.replace(' ', "%20")));
        }
        let put = self.s3.put_object().bucket(self.bucket).key(key).tagging(tags);
        put.body(value.as_bytes().to_vec().into()).send().await.unwrap();
    }

    /// A present parameter.
    pub async fn put(&self, name: &str, value: &str, parameter_type: &str) {
        let put = self.ssm.put_parameter().name(name).value(value).overwrite(true);
        put.r#type(parameter_type.into()).send().await.unwrap();
    }

    pub async fn delete(&self, name: &str) {
        self.ssm.delete_parameter().name(name).send().await.unwrap();
    }

    /// What Parameter Store holds, `None`: nothing.
    pub async fn value(&self, name: &str) -> Option<String> {
        let read = self.ssm.get_parameter().name(name).with_decryption(true).send().await.ok()?;
        read.parameter?.value
    }

    /// A command line on this bucket, words separated by single spaces.
    pub fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut command = self.moto.command(program(words.next().unwrap()));
        command.args(words).env("SSMBAK_BUCKET", self.bucket);
        command
    }

    pub fn run(&self, line: &str) -> Ran {
        Ran::of(&mut self.command(line))
    }
}
