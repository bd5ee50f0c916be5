//! The second function of a stack, which rehearses restores.

use serde_json::{Value, json};
use ssmbak_testkit::{CallRecorder, InvocationOutcome, Moto, create_versioned_bucket};

use crate::messages::{event, record};
use crate::pipeline::Pipeline;

/// What a schedule of EventBridge sends.
fn scheduled() -> Value {
    json!({"source": "aws.events", "detail-type": "Scheduled Event", "time": "2026-03-01T10:00:00Z", "detail": {}})
}

async fn names(pipeline: &Pipeline) -> Vec<String> {
    let described = pipeline.ssm.describe_parameters().send().await.unwrap();
    described.parameters().iter().filter_map(|parameter| parameter.name().map(str::to_owned)).collect()
}

/// Two parameters, recorded by the one function, and the other one.
async fn recorded(moto: &Moto, bucket: &str, ssm: &str) -> Pipeline {
    let recorder = Pipeline::on(moto, bucket, &[]);
    create_versioned_bucket(&recorder.s3, bucket).await.unwrap();
    for (name, parameter_type) in [("/app/host", "String"), ("/app/secret", "SecureString")] {
        let put = recorder.put(name, parameter_type, "hunter2", Some("described")).await;
        let change = event("Create", name, parameter_type, &put.event_time());
        assert_eq!(recorder.deliver(&[record("1", &change)]), [""; 0], "{}", recorder.process.log());
    }
    // The state of this very second is not yet over.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let rehearses = [("SSMBAK_REHEARSAL", "0"), ("SSMBAK_METRICS", "ssmbak/demo"), ("LOGLEVEL", "error")];
    let variables = [rehearses.as_slice(), &[("AWS_ENDPOINT_URL_SSM", ssm)]].concat();
    Pipeline::on(moto, bucket, &variables)
}

#[tokio::test]
async fn a_rehearsal_restores_aside_and_leaves_a_line_and_metrics_behind() {
    let moto = Moto::start().unwrap();
    let pipeline = recorded(&moto, "rehearsed", &moto.endpoint()).await;
    let outcome = pipeline.invoke(&scheduled());
    let expected = json!({"outcome": "rehearsed", "restored": 2, "unknown": 0, "cleaned": 0});
    assert_eq!(outcome, InvocationOutcome::Response(expected), "{}", pipeline.process.log());
    assert_eq!(names(&pipeline).await, ["/app/host", "/app/secret"]);
    // At every log level.
    let line = pipeline.line(|line| line["outcome"] == "rehearsed");
    assert_eq!((&line["restored"], &line["failed"], &line["left"]), (&json!(2), &json!(0), &json!(0)));
    let metrics = pipeline.line(|line| line["_aws"].is_object());
    assert_eq!((&metrics["RehearsalRestored"], &metrics["RehearsalFailed"]), (&json!(2), &json!(0)));
    assert!(!pipeline.process.log().contains("hunter2"));
}

#[tokio::test]
async fn a_record_that_does_not_come_back_is_a_failed_invocation() {
    let moto = Moto::start().unwrap();
    // Its key is gone.
    let calls = CallRecorder::before(moto.port()).unwrap();
    calls.refuse("PutParameter", &["/newvoll/ssmbak/drill-rehearsal-", "SecureString"], "InvalidKeyId");
    let pipeline = recorded(&moto, "damaged", &calls.endpoint()).await;
    let InvocationOutcome::Error(error) = pipeline.invoke(&scheduled()) else {
        panic!("it did not fail: {}", pipeline.process.log())
    };
    assert!(error.to_string().contains("/app/secret"), "{error:?}");
    assert_eq!(names(&pipeline).await, ["/app/host", "/app/secret"]);
    let line = pipeline.line(|line| line["outcome"] == "failed");
    assert_eq!(
        (&line["code"], &line["restored"], &line["failed"]),
        (&json!("Rehearsal"), &json!(1), &json!(1)),
        "{line}"
    );
    assert!(!pipeline.process.log().contains("hunter2"));
}

#[tokio::test]
async fn a_rehearsal_that_cannot_read_the_bucket_is_a_failed_invocation() {
    let moto = Moto::start().unwrap();
    let pipeline = Pipeline::on(&moto, "missing", &[("SSMBAK_REHEARSAL", "3600")]);
    let outcome = pipeline.invoke(&scheduled());
    assert!(matches!(outcome, InvocationOutcome::Error(_)), "{outcome:?}");
    pipeline.line(|line| line["code"] == "BucketMissing");
}
