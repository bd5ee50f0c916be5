//! What the function says, and what it never says.

use std::time::Duration;

use serde_json::json;
use ssmbak_testkit::create_versioned_bucket;

use crate::endpoints::parameter_store;
use crate::messages::{event, raw_record, record};
use crate::pipeline::Pipeline;

const SECRET: &str = "hunter2-correct-horse";
/// Descriptions and foreign bodies can hold anything.
const PRIVATE: &str = "private-remark";

async fn exercise(pipeline: &Pipeline, root: &str) {
    let mut records = Vec::new();
    for parameter_type in ["String", "StringList", "SecureString"] {
        let name = format!("{root}/{parameter_type}");
        for operation in ["Create", "Update"] {
            let put = pipeline.put(&name, parameter_type, &format!("{SECRET},{operation}"), Some(PRIVATE)).await;
            let mut event = event(operation, &name, parameter_type, &put.event_time());
            event["detail"]["description"] = PRIVATE.into();
            records.push(record(&format!("{operation}-{parameter_type}"), &event));
        }
    }
    let bad_name = event("Update", &format!("{root}/{SECRET} "), "String", "2024-06-15T17:56:58Z");
    records.push(record("bad name", &bad_name));
    records.push(raw_record("no JSON", &format!("{{\"{SECRET}\": {SECRET}")));
    let mut bad_time = event("Update", root, SECRET, "2024-06-15T17:56:58Z");
    bad_time["time"] = format!("{SECRET} {PRIVATE}").into();
    records.push(record("bad time", &bad_time));
    pipeline.deliver(&records);
    pipeline.invoke(&json!({"detail": SECRET}));
    let name = format!("{root}/SecureString");
    pipeline.delete(&name).await;
    pipeline.deliver(&[record("last", &event("Delete", &name, "SecureString", "2030-01-01T00:00:00Z"))]);
    pipeline.verdict("last");
    // Standard error has a thread of its own.
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// Defect: secrets printed in clear.
#[tokio::test]
async fn no_value_is_ever_logged() {
    for level in ["trace", "debug", "info", "nonsense"] {
        let bucket = format!("secrecy-{level}");
        let pipeline = Pipeline::configured(&bucket, &[("LOGLEVEL", level)]);
        create_versioned_bucket(&pipeline.s3, &bucket).await.unwrap();
        exercise(&pipeline, &format!("/secrecy/{level}")).await;
        let log = pipeline.process.log();
        assert!(!log.contains(SECRET) && !log.contains(PRIVATE), "{log}");
        // Nor in any encoding that is near at hand.
        assert!(!log.contains("aHVudGVyMi1"), "{log}");
        assert_eq!(pipeline.body(&format!("/secrecy/{level}/String")).await, format!("{SECRET},Update").as_bytes());
    }
}

#[tokio::test]
async fn no_value_is_logged_when_everything_fails() {
    let endpoint = parameter_store(|_, _| Err(("InternalServerError", "try again".to_owned())));
    for variables in [vec![("LOGLEVEL", "trace")], vec![("LOGLEVEL", "trace"), ("AWS_ENDPOINT_URL_SSM", &endpoint)]] {
        let pipeline = Pipeline::configured("no-secret-bucket", &variables);
        exercise(&pipeline, &format!("/no-secret/{}", variables.len())).await;
        let log = pipeline.process.log();
        assert!(log.contains("\"outcome\":\"failed\""), "{log}");
        assert!(!log.contains(SECRET) && !log.contains(PRIVATE), "{log}");
    }
}

#[tokio::test]
async fn a_verdict_says_what_happened_to_what() {
    let pipeline = Pipeline::start("verdict").await;
    let put = pipeline.put("/verdict/p", "SecureString", "12345", None).await;
    let records = [record("message-1", &event("Create", "/verdict/p", "SecureString", &put.event_time()))];
    assert_eq!(pipeline.deliver(&records), [""; 0]);
    let verdict = pipeline.verdict("message-1");
    for (field, expected) in [
        ("level", json!("INFO")),
        ("message", json!("recorded")),
        ("operation", json!("Create")),
        ("name", json!("/verdict/p")),
        ("type", json!("SecureString")),
        ("eventTime", json!(put.event_time())),
        ("versions", json!("1")),
        ("writes", json!("version")),
        ("size", json!(5)),
        ("outcome", json!("recorded")),
    ] {
        assert_eq!(verdict[field], expected, "{field} in {verdict}");
    }
    assert_eq!(verdict["span"]["requestId"], "00000000-0000-4000-8000-000000000001");
    assert!(verdict["lagSeconds"].is_number() && verdict["timestamp"].is_string(), "{verdict}");
    let wrote = pipeline.line(|line| line["message"] == "wrote");
    assert_eq!(
        (wrote["level"].as_str(), wrote["version"].as_u64(), wrote["size"].as_u64()),
        (Some("DEBUG"), Some(1), Some(5))
    );
}
