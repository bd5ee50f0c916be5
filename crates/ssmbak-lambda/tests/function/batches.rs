//! Batches, and which of their messages fail.

use serde_json::{Value, json};
use ssmbak_testkit::InvocationOutcome;

use crate::messages::{event, raw_record, record};
use crate::pipeline::{Pipeline, failed_ids};

/// A body that cannot be handled, by what is wrong with it.
fn bad_bodies() -> Vec<(&'static str, String)> {
    let change = || event("Update", "/p", "String", "2024-06-15T17:56:58Z");
    let without = |pointer: &str, field: &str| {
        let mut event = change();
        event.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(field);
        event.to_string()
    };
    let mut bad_time = change();
    bad_time["time"] = "yesterday".into();
    vec![
        ("no JSON", "{\"detail\":".to_owned()),
        ("empty", String::new()),
        ("a list", "[1, 2]".to_owned()),
        ("deeply nested", "[".repeat(100_000)),
        ("no detail", without("", "detail")),
        ("no source", without("", "source")),
        ("no time", without("", "time")),
        ("no name", without("/detail", "name")),
        ("no operation", without("/detail", "operation")),
        ("a bad time", bad_time.to_string()),
        ("a bad name", event("Update", "/a b/ü", "String", "2024-06-15T17:56:58Z").to_string()),
        ("a path", event("Update", "/a/", "String", "2024-06-15T17:56:58Z").to_string()),
    ]
}

/// Defect: one bad record fails the whole batch.
#[tokio::test]
async fn one_bad_record_in_a_batch_of_ten_fails_alone() {
    let pipeline = Pipeline::start("ten").await;
    let mut records = Vec::new();
    for n in 0..10 {
        let name = format!("/ten/p{n}");
        let put = pipeline.put(&name, "String", &format!("value {n}"), None).await;
        records.push(record(&format!("m{n}"), &event("Create", &name, "String", &put.event_time())));
    }
    records[4] = raw_record("m4", "{\"detail\": {\"name\": ");
    assert_eq!(pipeline.deliver(&records), ["m4"]);
    for n in 0..10 {
        let kinds = pipeline.kinds(&format!("/ten/p{n}")).await;
        assert_eq!(kinds.len(), usize::from(n != 4), "{n}");
    }
    assert_eq!(pipeline.verdict("m4")["outcome"], "failed");
    assert_eq!(pipeline.verdict("m5")["outcome"], "recorded");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_record_it_fails_alone() {
    let pipeline = Pipeline::start("wrong").await;
    let put = pipeline.put("/wrong/good", "String", "value", None).await;
    let mut records: Vec<Value> = bad_bodies().iter().map(|(wrong, body)| raw_record(wrong, body)).collect();
    records.push(json!({"messageId": "no body", "attributes": {}}));
    records.push(json!({"messageId": "body no text", "body": {"detail": {}}}));
    let expected: Vec<String> = records.iter().map(|record| record["messageId"].as_str().unwrap().to_owned()).collect();
    records.insert(3, record("good", &event("Create", "/wrong/good", "String", &put.event_time())));
    assert_eq!(pipeline.deliver(&records), expected);
    assert_eq!(pipeline.kinds("/wrong/good").await, ["version 1"]);
    assert_eq!(pipeline.verdict("no name")["code"], "Unreadable");
}

#[tokio::test]
async fn what_is_no_batch_is_an_error_that_says_so() {
    let pipeline = Pipeline::start("none").await;
    for event in [json!({}), json!({"key1": "value1"}), json!([]), Value::Null, json!("x"), json!({"Records": 1})] {
        let InvocationOutcome::Error(error) = pipeline.invoke(&event) else { panic!("{event}") };
        assert_eq!(error["errorType"], "Unreadable", "{event}");
        assert!(error["errorMessage"].as_str().unwrap().contains("through its queue"), "{error}");
    }
    // Another service's records are no messages either.
    let s3 = json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": {"key": "x"}}}]});
    let InvocationOutcome::Error(error) = pipeline.invoke(&s3) else { panic!() };
    assert!(error["errorMessage"].as_str().unwrap().contains("SQS"), "{error}");
    assert_eq!(pipeline.deliver(&[]), [""; 0]);
}

#[tokio::test]
async fn a_record_without_an_id_fails_the_batch_after_the_others_are_recorded() {
    let pipeline = Pipeline::start("nameless").await;
    let put = pipeline.put("/nameless/p", "String", "value", None).await;
    let good = record("good", &event("Create", "/nameless/p", "String", &put.event_time()));
    let mut nameless = good.clone();
    nameless.as_object_mut().unwrap().remove("messageId");
    let InvocationOutcome::Error(_) = pipeline.invoke(&json!({"Records": [nameless, good.clone()]})) else { panic!() };
    assert_eq!(pipeline.kinds("/nameless/p").await, ["version 1"]);
    // Delivered again, as Lambda then does, the good one writes nothing more.
    assert_eq!(pipeline.deliver(&[good]), [""; 0]);
    assert_eq!(pipeline.kinds("/nameless/p").await, ["version 1"]);
}

#[tokio::test]
async fn an_event_sent_without_the_queue_is_handled() {
    let pipeline = Pipeline::start("direct").await;
    let put = pipeline.put("/direct/p", "String", "value", None).await;
    let direct = event("Create", "/direct/p", "String", &put.event_time());
    assert_eq!(failed_ids(pipeline.invoke(&direct)), [""; 0]);
    assert_eq!(pipeline.kinds("/direct/p").await, ["version 1"]);
    let mut bad = direct;
    bad["detail"]["name"] = "not a name".into();
    let InvocationOutcome::Error(error) = pipeline.invoke(&bad) else { panic!() };
    assert!(error["errorMessage"].as_str().unwrap().contains("name is not valid"), "{error}");
}

/// Defect: an empty batch crashes.
#[tokio::test]
async fn an_empty_batch_is_fine() {
    let pipeline = Pipeline::start("empty").await;
    let expected = InvocationOutcome::Response(json!({"batchItemFailures": []}));
    assert_eq!(pipeline.invoke(&json!({"Records": []})), expected);
}

#[tokio::test]
async fn messages_about_one_name_in_a_batch_are_all_handled() {
    let pipeline = Pipeline::start("same").await;
    let mut records = Vec::new();
    for n in 0..20 {
        let name = format!("/same/p{}", n % 2);
        let put = pipeline.put(&name, "String", &format!("value {n}"), None).await;
        let operation = if n < 2 { "Create" } else { "Update" };
        records.push(record(&n.to_string(), &event(operation, &name, "String", &put.event_time())));
    }
    assert_eq!(pipeline.deliver(&records), [""; 0]);
    for name in ["/same/p0", "/same/p1"] {
        let expected: Vec<String> = (1..=10).map(|n| format!("version {n}")).collect();
        assert_eq!(pipeline.kinds(name).await, expected, "{name}");
    }
}
