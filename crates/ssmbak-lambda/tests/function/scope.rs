//! Names that the stack excludes from recording.

use serde_json::{Value, json};
use ssmbak_testkit::{Moto, create_versioned_bucket};

use crate::messages::{event, raw_record, record};
use crate::pipeline::{PATIENCE, Pipeline};

const SWEEP: &str = r#"{"ssmbak":"sweep"}"#;

async fn scopes(pipeline: &Pipeline) -> Value {
    serde_json::from_slice(&pipeline.body("ssmbak-scope/record").await).unwrap()
}

#[tokio::test]
async fn excluded_name_is_not_recorded_and_the_bucket_says_so() {
    let moto = Moto::start().unwrap();
    let pipeline = Pipeline::on(&moto, "scope", &[("SSMBAK_EXCLUDE", "/ci/** *_token"), ("LOGLEVEL", "info")]);
    create_versioned_bucket(&pipeline.s3, "scope").await.unwrap();
    for name in ["/ci/a", "/app/b_token", "/app/b"] {
        let put = pipeline.put(name, "String", "one", None).await;
        let event = event("Create", name, "String", &put.event_time());
        assert_eq!(pipeline.deliver(&[record(name, &event)]), [""; 0], "{}", pipeline.process.log());
    }
    let line = pipeline.verdict("/ci/a");
    assert_eq!((&line["outcome"], &line["level"]), (&json!("ignored"), &json!("INFO")), "{line}");
    assert!(pipeline.records("/ci/a").await.is_empty() && pipeline.records("/app/b_token").await.is_empty());
    assert_eq!(pipeline.kinds("/app/b").await, ["version 1"]);
    let first = &scopes(&pipeline).await["scopes"][0];
    let noted = (&first["since"], &first["exclude"], &first["swept"]);
    let expected = (&json!("1970-01-01T00:00:00Z"), &json!(["/ci/**", "*_token"]), &Value::Null);
    assert_eq!(noted, expected, "noted before anything is left out");
    assert_eq!(pipeline.deliver(&[raw_record("1", SWEEP)]), [""; 0], "{}", pipeline.process.log());
    assert!(pipeline.process.wait_for_log("the sweep is finished", PATIENCE));
    assert!(pipeline.records("/ci/a").await.is_empty() && pipeline.records("/app/b_token").await.is_empty());
    assert_eq!(scopes(&pipeline).await["scopes"][0]["swept"], true);

    let wider = Pipeline::on(&moto, "scope", &[("LOGLEVEL", "info")]);
    assert_eq!(wider.deliver(&[raw_record("1", SWEEP)]), [""; 0], "{}", wider.process.log());
    assert!(wider.process.wait_for_log("the sweep is finished", PATIENCE));
    assert_eq!(wider.kinds("/ci/a").await, ["version 1"]);
    let scopes = scopes(&wider).await;
    assert_eq!((&scopes["scopes"][1]["swept"], scopes["scopes"].as_array().unwrap().len()), (&json!(true), 2));
}

#[tokio::test]
async fn glob_that_cannot_be_read_stops_the_start() {
    let pipeline = Pipeline::configured("scope-glob", &[("SSMBAK_EXCLUDE", "[a")]);
    assert!(pipeline.process.wait_for_log("SSMBAK_EXCLUDE cannot be read", PATIENCE), "{}", pipeline.process.log());
}
