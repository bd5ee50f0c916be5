//! The Runtime API hands out events and takes answers, as a function sees it on the wire.

use std::error::Error;
use std::thread;
use std::time::Duration;

use serde_json::json;
use ssmbak_testkit::{InvocationError, InvocationOutcome, LambdaProcess, RuntimeApi, http};

type Outcome = Result<(), Box<dyn Error>>;

const SECOND: Duration = Duration::from_secs(1);
const PREFIX: &str = "/2018-06-01/runtime";

fn port(api: &RuntimeApi) -> Result<u16, Box<dyn Error>> {
    Ok(api.address().rsplit(':').next().ok_or("no port")?.parse()?)
}

#[test]
fn events_go_out_and_answers_come_back() -> Outcome {
    let api = RuntimeApi::start()?;
    let port = port(&api)?;
    let function = thread::spawn(move || -> std::io::Result<Vec<(String, u16)>> {
        let mut seen = Vec::new();
        for (number, kind) in ["response", "error"].into_iter().enumerate() {
            let next = http::request(port, "GET", &format!("{PREFIX}/invocation/next"), &[], "")?;
            let id = format!("00000000-0000-4000-8000-{:012}", number + 1);
            let path = format!("{PREFIX}/invocation/{id}/{kind}");
            let first = http::request(port, "POST", &path, &[], &next.body)?;
            let again = http::request(port, "POST", &path, &[], &next.body)?;
            seen.push((next.body, first.status));
            assert_eq!(again.status, 400);
        }
        Ok(seen)
    });
    let event = json!({"Records": []});
    assert_eq!(api.invoke(&event, 5 * SECOND)?, InvocationOutcome::Response(event.clone()));
    assert_eq!(api.invoke(&event, 5 * SECOND)?, InvocationOutcome::Error(event.clone()));
    let seen = function.join().map_err(|_| "the function panicked")??;
    assert_eq!(seen, [(event.to_string(), 202), (event.to_string(), 202)]);
    Ok(())
}

#[test]
fn an_unanswered_event_times_out_and_a_failed_start_is_told() -> Outcome {
    let api = RuntimeApi::start()?;
    let timeout = Duration::from_millis(50);
    assert_eq!(api.invoke(&json!({}), timeout), Err(InvocationError::Timeout(timeout)));
    let error = json!({"errorType": "Runtime.InitError", "errorMessage": "no bucket"});
    let reply = http::request(port(&api)?, "POST", &format!("{PREFIX}/init/error"), &[], &error.to_string())?;
    assert_eq!(reply.status, 202);
    assert_eq!(api.invoke(&json!({}), timeout), Err(InvocationError::Init(error)));
    Ok(())
}

#[test]
fn a_process_is_given_lambdas_environment_and_its_output_is_kept() -> Outcome {
    let api = RuntimeApi::start()?;
    let mut process = LambdaProcess::start("/usr/bin/env".as_ref(), &api, [("SSMBAK_BUCKET", "bucket")])?;
    assert!(process.wait(5 * SECOND)?.is_some_and(|status| status.success()));
    assert!(process.wait_for_log("SSMBAK_BUCKET=bucket", SECOND));
    assert!(process.wait_for_log(&format!("AWS_LAMBDA_RUNTIME_API={}", api.address()), SECOND));
    assert!(!process.log().contains("CARGO"), "{}", process.log());
    Ok(())
}
