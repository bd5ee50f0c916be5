//! The function's start and its configuration.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use ssmbak_testkit::{InvocationError, LambdaProcess, Moto, RuntimeApi};

use crate::messages::raw_record;
use crate::pipeline::{BINARY, PATIENCE, Pipeline};

/// Starts it without `missing`; it must fail, say so in one line, and tell Lambda. Returns the line and what Lambda is told.
fn fails_without(missing: &[&str]) -> (Value, Value) {
    let moto = Moto::shared().unwrap();
    let api = RuntimeApi::start().unwrap();
    let mut env = moto.env();
    env.push(("SSMBAK_BUCKET", "bucket".to_owned()));
    env.retain(|(name, _)| !missing.contains(name));
    let mut process = LambdaProcess::start(BINARY.as_ref(), &api, env).unwrap();
    let status = process.wait(PATIENCE).unwrap().unwrap();
    assert!(status.code().is_some_and(|code| code != 0), "{status}");
    assert!(process.wait_for_log("cannot start", Duration::from_secs(5)));
    let log = process.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    let line: Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["level"], "ERROR");
    let Err(InvocationError::Init(told)) = api.invoke(&json!({}), PATIENCE) else { panic!("Lambda was not told") };
    (line, told)
}

#[tokio::test]
async fn without_a_bucket_the_function_fails_at_its_start_and_says_why() {
    let (line, told) = fails_without(&["SSMBAK_BUCKET"]);
    assert!(line["message"].as_str().unwrap().contains("SSMBAK_BUCKET is not set"), "{line}");
    assert_eq!((line["code"].as_str(), told["errorType"].as_str()), (Some("NoBucket"), Some("NoBucket")));
    assert!(told["errorMessage"].as_str().unwrap().contains("SSMBAK_BUCKET"), "{told}");
}

#[tokio::test]
async fn without_region_or_credentials_the_function_fails_at_its_start() {
    let (line, _) = fails_without(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
    assert!(line["message"].as_str().unwrap().contains("AWS_REGION"), "{line}");
    let (line, _) = fails_without(&["AWS_SECRET_ACCESS_KEY"]);
    assert!(line["message"].as_str().unwrap().contains("AWS_SECRET_ACCESS_KEY"), "{line}");
}

#[test]
fn started_by_hand_it_says_what_it_is() {
    let output = Command::new(BINARY).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(line["message"].as_str().unwrap().contains("bootstrap of a Lambda function"), "{line}");
    assert!(output.stderr.is_empty());
}

#[tokio::test]
async fn a_nonsensical_loglevel_means_info_with_a_warning() {
    let pipeline = Pipeline::configured("unused", &[("LOGLEVEL", "Loud")]);
    assert_eq!(pipeline.deliver(&[raw_record("1", "no")]), ["1"]);
    pipeline.verdict("1");
    let lines = pipeline.lines();
    let warning = lines.iter().find(|line| line["level"] == "WARN").unwrap();
    assert!(warning["message"].as_str().unwrap().contains("LOGLEVEL"), "{warning}");
    assert_eq!(warning["loglevel"], "Loud");
    assert!(lines.iter().any(|line| line["level"] == "INFO"), "{lines:?}");
}

#[tokio::test]
async fn the_loglevel_is_honoured_in_any_case_and_failures_keep_their_ids() {
    for (level, expected) in [("Error", 1), ("CRITICAL", 1), ("off", 0)] {
        let pipeline = Pipeline::configured("unused", &[("LOGLEVEL", level)]);
        assert_eq!(pipeline.deliver(&[raw_record("1", "no")]), ["1"]);
        if expected > 0 {
            assert_eq!(pipeline.verdict("1")["level"], "ERROR");
        }
        assert_eq!(pipeline.lines().len(), expected, "{level}");
    }
}
