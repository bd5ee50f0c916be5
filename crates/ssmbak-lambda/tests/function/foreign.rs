//! Events of other accounts and regions, which an organisation may forward to the bus.

use serde_json::Value;

use crate::messages::{event, record};
use crate::pipeline::Pipeline;

const OTHER: &str = "210987654321";

fn of(mut event: Value, field: &str, value: &str) -> Value {
    event[field] = value.into();
    event
}

/// Delivers an event about `/foreign/p`; what the log says of it.
fn deliver(pipeline: &Pipeline, id: &str, event: &Value) -> Value {
    assert_eq!(pipeline.deliver(&[record(id, event)]), [""; 0]);
    pipeline.verdict(id)
}

#[tokio::test]
async fn foreign_delete_leaves_live_parameter() {
    let pipeline = Pipeline::start("foreign").await;
    let name = "/foreign/p";
    let put = pipeline.put(name, "String", "ours", None).await;
    pipeline.deliver_well(&event("Create", name, "String", &put.event_time()));
    let (delete, update) =
        (event("Delete", name, "String", &put.event_time()), event("Update", name, "String", &put.event_time()));
    for (id, event, account) in [
        ("account", of(delete.clone(), "account", OTHER), OTHER),
        ("region", of(delete, "region", "eu-west-1"), "123456789012"),
        ("update", of(update, "account", OTHER), OTHER),
    ] {
        let line = deliver(&pipeline, id, &event);
        assert_eq!((&line["outcome"], &line["code"]), (&"ignored".into(), &"ForeignEvent".into()), "{line}");
        assert_eq!((&line["level"], &line["account"]), (&"WARN".into(), &account.into()), "{line}");
        assert_eq!(line["name"], name);
        assert_eq!(pipeline.kinds(name).await, ["version 1"], "nothing is written");
    }
}

#[tokio::test]
async fn event_without_account_and_region_is_recorded() {
    let pipeline = Pipeline::start("origin-unknown").await;
    let name = "/origin-unknown/p";
    let put = pipeline.put(name, "String", "ours", None).await;
    let mut create = event("Create", name, "String", &put.event_time());
    create.as_object_mut().unwrap().retain(|field, _| field != "account" && field != "region");
    pipeline.deliver_well(&create);
    assert_eq!(pipeline.kinds(name).await, ["version 1"]);
}

#[tokio::test]
async fn account_of_the_template_comes_before_that_of_the_arn() {
    let pipeline = Pipeline::configured("foreign-told", &[("SSMBAK_ACCOUNT", OTHER), ("LOGLEVEL", "ERROR")]);
    let time = "2026-03-01T10:00:00Z";
    // The emulator invokes the function by an ARN of the account 123456789012. The line is there at every log level.
    let line = deliver(&pipeline, "1", &event("Update", "/foreign-told/p", "String", time));
    assert_eq!(line["code"], "ForeignEvent", "{line}");
}
