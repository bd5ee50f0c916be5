//! Sweeps, as the stack's schedule asks for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_sqs::Client as Sqs;
use jiff::Timestamp;
use serde_json::{Value, json};
use ssmbak_testkit::{Moto, create_versioned_bucket};

use crate::endpoints::parameter_store;
use crate::messages::{event, raw_record, record};
use crate::pipeline::{PATIENCE, Pipeline, failed_ids};

/// What the template's schedule sends.
const SWEEP: &str = r#"{"ssmbak":"sweep"}"#;
/// Long enough for a share of a sweep, short enough to see it end.
const SHORT: Duration = Duration::from_secs(20);

/// The function's own queue.
struct Queue {
    sqs: Sqs,
    url: String,
}

impl Queue {
    async fn on(moto: &Moto) -> Self {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(moto.endpoint())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(aws_sdk_sqs::config::Region::from_static("us-east-1"))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        let sqs = Sqs::from_conf(config);
        let url = sqs.create_queue().queue_name("own").send().await.unwrap().queue_url.unwrap();
        Self { sqs, url }
    }

    /// The bodies of the messages in it, which are taken out.
    async fn bodies(&self) -> Vec<String> {
        let received = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(10).send().await.unwrap();
        let messages = received.messages.unwrap_or_default();
        for message in &messages {
            let handle = message.receipt_handle().unwrap();
            self.sqs.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.unwrap();
        }
        messages.into_iter().map(|message| message.body.unwrap()).collect()
    }
}

/// A function with a Parameter Store of a test's own, a bucket and a queue.
async fn scripted(moto: &Moto, store: &str) -> (Pipeline, Queue) {
    let queue = Queue::on(moto).await;
    let variables = [("AWS_ENDPOINT_URL_SSM", store), ("SSMBAK_QUEUE_URL", queue.url.as_str()), ("LOGLEVEL", "error")];
    let pipeline = Pipeline::on(moto, "sweep", &variables);
    create_versioned_bucket(&pipeline.s3, "sweep").await.unwrap();
    (pipeline, queue)
}

/// Answers as a Parameter Store that holds these, each at version 1, unless `refuses` says no.
fn holding(
    names: &'static [&'static str],
    refuses: impl Fn(&str, &Value) -> Option<&'static str> + Send + 'static,
) -> String {
    parameter_store(move |action, request| {
        if let Some(code) = refuses(action, request) {
            return Err((code, "as the test says".to_owned()));
        }
        let version = |name: &str| {
            json!({
                "Name": name, "Type": "SecureString", "Version": 1, "LastModifiedDate": 1_718_474_218.5,
                "Tier": "Standard", "KeyId": "alias/aws/ssm"
            })
        };
        match action {
            "DescribeParameters" => {
                let filter = &request["ParameterFilters"][0]["Values"];
                let asked = |name: &str| filter.as_array().is_none_or(|values| values.iter().any(|v| v == name));
                let found: Vec<Value> = names.iter().filter(|name| asked(name)).map(|name| version(name)).collect();
                Ok(json!({"Parameters": found}))
            }
            "GetParameterHistory" => {
                let name = request["Name"].as_str().unwrap_or_default();
                let mut version = version(name);
                version["Value"] = json!(format!("secret of {name}"));
                Ok(json!({"Parameters": [version]}))
            }
            "ListTagsForResource" => Ok(json!({"TagList": []})),
            other => panic!("{other} is not the function's to call"),
        }
    })
}

fn is_history_of(action: &str, request: &Value, name: &str) -> bool {
    action.starts_with("GetParameter") && request["Name"].as_str().is_some_and(|asked| asked.starts_with(name))
}

async fn last(pipeline: &Pipeline) -> Value {
    serde_json::from_slice(&pipeline.body("ssmbak-sweep/last").await).unwrap()
}

#[tokio::test]
async fn a_sweep_records_what_no_event_told_of_and_leaves_its_record() {
    let moto = Moto::start().unwrap();
    let pipeline = Pipeline::on(&moto, "all", &[]);
    create_versioned_bucket(&pipeline.s3, "all").await.unwrap();
    for number in 0..25 {
        pipeline.put(&format!("/all/p{number}"), "String", &format!("value {number}"), None).await;
    }
    pipeline.put("/all/p3", "String", "second", None).await;
    assert_eq!(pipeline.deliver(&[raw_record("1", SWEEP)]), [""; 0], "{}", pipeline.process.log());
    assert!(pipeline.process.wait_for_log("the sweep is finished", PATIENCE));
    let lines = pipeline.lines();
    let verdict = lines.iter().find(|line| line["outcome"] == "swept").unwrap();
    assert_eq!(
        (&verdict["outcome"], &verdict["names"], &verdict["written"]),
        (&json!("swept"), &json!(25), &json!(25))
    );
    for number in 0..25 {
        assert!(!pipeline.records(&format!("/all/p{number}")).await.is_empty(), "{number}");
    }
    assert_eq!(pipeline.kinds("/all/p3").await, ["version 1", "version 2"]);
    let record = last(&pipeline).await;
    assert_eq!(
        (&record["format"], &record["names"], &record["written"], &record["failed"]),
        (&json!(1), &json!(25), &json!(25), &json!(0))
    );

    // Lost events: an update and a deletion. The rest costs no write.
    pipeline.put("/all/p4", "String", "second", None).await;
    pipeline.delete("/all/p5").await;
    assert_eq!(pipeline.deliver(&[raw_record("2", SWEEP)]), [""; 0]);
    assert_eq!(pipeline.kinds("/all/p4").await, ["version 1", "version 2"]);
    assert_eq!(pipeline.kinds("/all/p5").await, ["version 1", "tombstone", "marker"]);
    let again = last(&pipeline).await;
    assert_eq!((&again["names"], &again["written"], &again["failed"]), (&json!(25), &json!(2), &json!(0)));
    let time = |record: &Value, key: &str| -> Timestamp { record[key].as_str().unwrap().parse().unwrap() };
    assert!(time(&again, "started") > time(&record, "finished"));
}

#[tokio::test]
async fn a_sweep_beside_changes_is_one_message_among_others() {
    let moto = Moto::start().unwrap();
    let pipeline = Pipeline::on(&moto, "beside", &[]);
    create_versioned_bucket(&pipeline.s3, "beside").await.unwrap();
    let put = pipeline.put("/beside/p", "String", "value", None).await;
    let change = event("Create", "/beside/p", "String", &put.event_time());
    let batch =
        [raw_record("1", SWEEP), record("2", &change), raw_record("3", "no"), raw_record("4", r#"{"ssmbak":"x"}"#)];
    assert_eq!(pipeline.deliver(&batch), ["3", "4"]);
    assert_eq!(pipeline.verdict("4")["code"], "Unreadable");
    assert_eq!(pipeline.body("/beside/p").await, b"value");
}

#[tokio::test]
async fn a_sweep_that_is_asked_to_slow_down_goes_on_in_another_message_and_loses_nothing() {
    static SLOW: AtomicBool = AtomicBool::new(true);
    let moto = Moto::start().unwrap();
    let names = &["/slow/a", "/slow/b", "/slow/m", "/slow/y", "/slow/z"];
    let store = holding(names, |action, request| {
        let slow = is_history_of(action, request, "/slow/m") && SLOW.load(Ordering::Relaxed);
        slow.then_some("ThrottlingException")
    });
    let (pipeline, queue) = scripted(&moto, &store).await;
    let batch = json!({"Records": [raw_record("1", SWEEP)]});
    assert_eq!(failed_ids(pipeline.invoke_within(&batch, SHORT)), [""; 0], "{}", pipeline.process.log());
    let bodies = queue.bodies().await;
    assert_eq!(bodies.len(), 1, "{}", pipeline.process.log());
    assert!(!pipeline.records("/slow/b").await.is_empty() && pipeline.records("/slow/m").await.is_empty());

    SLOW.store(false, Ordering::Relaxed);
    assert_eq!(pipeline.deliver(&[raw_record("2", &bodies[0])]), [""; 0]);
    // The error level leaves out all but this line, for which an alarm listens.
    let verdict = pipeline.verdict("2");
    assert_eq!((&verdict["outcome"], &verdict["names"], &verdict["failed"]), (&json!("swept"), &json!(5), &json!(0)));
    for name in names {
        assert_eq!(pipeline.kinds(name).await, ["version 1"]);
    }
    assert_eq!(last(&pipeline).await["names"], 5);
    assert_eq!(queue.bodies().await, [""; 0]);
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_is_named_and_stops_nobody() {
    let moto = Moto::start().unwrap();
    let store = holding(&["/bad/a", "/bad/denied", "/bad/locked", "/bad/z"], |action, request| {
        let read = |name| is_history_of(action, request, name);
        let decrypts = request["WithDecryption"] == true;
        if read("/bad/denied") {
            Some("AccessDeniedException")
        } else {
            (read("/bad/locked") && decrypts).then_some("InvalidKeyId")
        }
    });
    let (pipeline, _) = scripted(&moto, &store).await;
    assert_eq!(pipeline.deliver(&[raw_record("1", SWEEP)]), [""; 0]);
    assert_eq!(pipeline.kinds("/bad/z").await, ["version 1"]);
    let record = last(&pipeline).await;
    assert_eq!((&record["names"], &record["failed"]), (&json!(4), &json!(2)));
    assert_eq!(record["failedNames"], json!(["/bad/denied", "/bad/locked"]));
    let mut named: Vec<(String, String)> = pipeline
        .lines()
        .into_iter()
        .filter(|line| line["level"] == "ERROR")
        .map(|line| (line["name"].as_str().unwrap().to_owned(), line["code"].as_str().unwrap().to_owned()))
        .collect();
    named.sort();
    named.dedup();
    let expected = [("/bad/denied", "AccessDenied"), ("/bad/locked", "KeyUnusable")];
    assert_eq!(named, expected.map(|(name, code)| (name.to_owned(), code.to_owned())));
    assert!(!pipeline.process.log().contains("secret of"));
}

#[tokio::test]
async fn a_sweep_that_gets_nowhere_ends_with_an_error_and_no_message() {
    let moto = Moto::start().unwrap();
    let store = holding(&[], |action, _| (action == "DescribeParameters").then_some("ThrottlingException"));
    let (pipeline, queue) = scripted(&moto, &store).await;
    let progress = |idle: u32| {
        let at = json!({"parameters": {}});
        let progress =
            json!({"started": Timestamp::now(), "at": at, "names": 0, "written": 0, "failed": 0, "idle": idle});
        json!({"ssmbak": "sweep", "progress": progress}).to_string()
    };
    let batch = |body: &str| json!({"Records": [raw_record("1", body)]});
    assert_eq!(failed_ids(pipeline.invoke_within(&batch(&progress(4)), SHORT)), [""; 0]);
    let verdict = pipeline.verdict("1");
    assert_eq!((&verdict["level"], &verdict["outcome"]), (&json!("ERROR"), &json!("failed")));
    assert!(verdict["message"].as_str().unwrap().contains("no progress"), "{verdict}");
    assert_eq!(queue.bodies().await, [""; 0]);
    let missing = pipeline.s3.get_object().bucket("sweep").key("ssmbak-sweep/last").send().await;
    assert!(missing.is_err(), "it was not finished");
}

#[tokio::test]
async fn a_page_token_that_is_not_accepted_any_more_begins_the_listing_anew() {
    let moto = Moto::start().unwrap();
    let store = holding(&["/token/a", "/token/b"], |action, request| {
        (action == "DescribeParameters" && request["NextToken"] == "stale").then_some("InvalidNextToken")
    });
    let (pipeline, _) = scripted(&moto, &store).await;
    let at = json!({"parameters": {"token": "stale", "after": "/token/a"}});
    let progress = json!({"started": Timestamp::now(), "at": at, "names": 1, "written": 0, "failed": 0});
    let body = json!({"ssmbak": "sweep", "progress": progress}).to_string();
    assert_eq!(pipeline.deliver(&[raw_record("1", &body)]), [""; 0]);
    assert_eq!(last(&pipeline).await["names"], 2);
    assert_eq!(pipeline.kinds("/token/a").await, ["version 1"]);
}

#[tokio::test]
async fn without_its_queue_a_sweep_that_has_to_go_on_fails() {
    let moto = Moto::start().unwrap();
    let store = holding(&[], |action, _| (action == "DescribeParameters").then_some("ThrottlingException"));
    let pipeline = Pipeline::on(&moto, "no-queue", &[("AWS_ENDPOINT_URL_SSM", &store)]);
    create_versioned_bucket(&pipeline.s3, "no-queue").await.unwrap();
    let batch = json!({"Records": [raw_record("1", SWEEP)]});
    assert_eq!(failed_ids(pipeline.invoke_within(&batch, SHORT)), ["1"]);
    pipeline.verdict("1");
    let failed = |line: &Value| line["outcome"] == "failed" && line["code"] == "NoQueue";
    assert!(pipeline.lines().iter().any(failed), "{}", pipeline.process.log());
}

#[tokio::test]
async fn a_role_that_may_read_nothing_is_no_finished_sweep() {
    let moto = Moto::start().unwrap();
    let denied = |action: &str, _: &Value| action.starts_with("GetParameter").then_some("AccessDeniedException");
    let (pipeline, _) = scripted(&moto, &holding(&["/no/a", "/no/b"], denied)).await;
    let outcome = pipeline.invoke_within(&json!({"Records": [raw_record("1", SWEEP)]}), PATIENCE);
    assert_eq!(failed_ids(outcome), [""; 0]);
    assert!(pipeline.process.wait_for_log("failed at every single name", PATIENCE), "{}", pipeline.process.log());
    let missing = pipeline.s3.get_object().bucket("sweep").key("ssmbak-sweep/last").send().await;
    assert!(missing.is_err());
}
