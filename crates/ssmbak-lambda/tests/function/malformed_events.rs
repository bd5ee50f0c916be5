//! Events that are unusual and right.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::messages::{event, record};
use crate::pipeline::Pipeline;

#[tokio::test]
async fn a_missing_description_and_a_missing_type_are_fine() {
    let pipeline = Pipeline::start("missing").await;
    let put = pipeline.put("/missing/p", "StringList", "a,b", None).await;
    let mut bare = event("Create", "/missing/p", "StringList", &put.event_time());
    bare["detail"].as_object_mut().unwrap().remove("type");
    pipeline.deliver_well(&bare);
    let tags = pipeline.tags("/missing/p").await;
    assert_eq!(tags.get("ssmbakDescription"), None);
    assert_eq!(tags["ssmbakType"], "StringList");
}

/// Defect: fractional event times crash.
#[tokio::test]
async fn a_fractional_event_time_is_fine() {
    let pipeline = Pipeline::start("fractional").await;
    let put = pipeline.put("/fractional/p", "String", "value", None).await;
    pipeline.deliver_well(&event("Create", "/fractional/p", "String", &format!("{:.3}", put.modified)));
    assert_eq!(pipeline.tags("/fractional/p").await["ssmbakTime"], put.modified.as_second().to_string());
}

/// Defect: a root-level name is split into two histories.
#[tokio::test]
async fn a_root_level_name_is_one_history_with_and_without_its_slash() {
    let pipeline = Pipeline::start("root").await;
    // moto takes the two spellings for two parameters, AWS for one: only one of them is used here.
    for (name, spelling) in [("root-bare", "root-bare"), ("root-slash", "/root-slash")] {
        let key = format!("/{name}");
        let put = pipeline.put(spelling, "String", "one", None).await;
        pipeline.deliver_well(&event("Create", name, "String", &put.event_time()));
        let put = pipeline.put(spelling, "String", "two", None).await;
        pipeline.deliver_well(&event("Update", &key, "String", &put.event_time()));
        assert_eq!(pipeline.kinds(&key).await, ["version 1", "version 2"], "{spelling}");
        assert_eq!(pipeline.kinds(name).await, [""; 0], "{spelling}");
    }
}

#[tokio::test]
async fn an_unknown_operation_and_a_label_bring_the_name_up_to_date() {
    let pipeline = Pipeline::start("operations").await;
    for operation in ["Frobnicate", "LabelParameterVersion"] {
        let name = format!("/operations/{operation}");
        let put = pipeline.put(&name, "String", "one", None).await;
        pipeline.put(&name, "String", "two", None).await;
        pipeline.deliver_well(&event(operation, &name, "String", &put.event_time()));
        assert_eq!(pipeline.kinds(&name).await, ["version 1", "version 2"]);
        pipeline.deliver_well(&event(operation, &name, "String", &put.event_time()));
        assert_eq!(pipeline.kinds(&name).await.len(), 2);
    }
}

fn policy_action(name: &str, policy: &str, time: &str) -> Value {
    let mut event = event("", name, "String", time);
    event["detail-type"] = "Parameter Store Policy Action".into();
    event["detail"] = json!({
        "parameter-name": name, "parameter-type": "String", "policy-type": policy,
        "policy-content": "{\"Type\":\"Expiration\"}", "action-status": "Success",
        "action-reason": "The parameter was deleted"
    });
    event
}

#[tokio::test]
async fn a_policy_action_is_an_event_as_well() {
    let pipeline = Pipeline::start("policies").await;
    let name = "/policies/p";
    let put = pipeline.put(name, "String", "value", None).await;
    pipeline.deliver_well(&policy_action(name, "NoChangeNotification", &put.event_time()));
    assert_eq!(pipeline.kinds(name).await, ["version 1"]);
    // In a later second: which came first in one is told apart later only.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    pipeline.delete(name).await;
    let gone = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    // Whether AWS sends a Delete as well is not documented: with or without one, twice or once, there is one deletion.
    let expired = policy_action(name, "Expiration", &gone.to_string());
    let delete = event("Delete", name, "String", &gone.to_string());
    for event in [&expired, &expired, &delete, &expired] {
        pipeline.deliver_well(event);
        let kinds = pipeline.kinds(name).await;
        assert_eq!((kinds[0].as_str(), kinds.last().map(String::as_str)), ("version 1", Some("marker")), "{kinds:?}");
        assert_eq!(pipeline.state(name, gone).await, None);
    }
}

#[tokio::test]
async fn what_reports_no_change_is_left_alone() {
    let pipeline = Pipeline::start("ignored").await;
    let put = pipeline.put("/ignored/p", "String", "value", None).await;
    let mut exception = event("Update", "/ignored/p", "String", &put.event_time());
    exception["detail"]["exception"] = json!({"message": "ami-1 does not exist"});
    let mut foreign = event("Update", "/ignored/p", "String", &put.event_time());
    foreign["source"] = "my.app".into();
    let mut other = event("Update", "/ignored/p", "String", &put.event_time());
    other["detail-type"] = "EC2 Command Status-change Notification".into();
    let records = [record("exception", &exception), record("foreign", &foreign), record("other", &other)];
    assert_eq!(pipeline.deliver(&records), [""; 0]);
    assert_eq!(pipeline.kinds("/ignored/p").await, [""; 0]);
    for (id, level) in [("exception", "INFO"), ("foreign", "WARN"), ("other", "WARN")] {
        let verdict = pipeline.verdict(id);
        assert_eq!((verdict["outcome"].as_str(), verdict["level"].as_str()), (Some("ignored"), Some(level)));
    }
}

#[tokio::test]
async fn a_parameter_that_was_gone_before_it_could_be_read_leaves_its_deletion() {
    let pipeline = Pipeline::start("brief").await;
    let name = "/brief/p";
    let put = pipeline.put(name, "String", "value", None).await;
    pipeline.delete(name).await;
    let create = record("1", &event("Create", name, "String", &put.event_time()));
    let delete = record("2", &event("Delete", name, "String", &put.event_time()));
    // The creation may still show: it comes again.
    assert_eq!(pipeline.deliver(&[create.clone(), delete.clone()]), ["1"]);
    let kinds = pipeline.kinds(name).await;
    assert_eq!(kinds, ["tombstone", "marker"]);
    assert_eq!(pipeline.deliver(&[delete]), [""; 0]);
    assert_eq!(pipeline.kinds(name).await, kinds);
}
