//! Events that arrive before their change can be read.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use aws_sdk_sqs::Client as Sqs;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use ssmbak_testkit::{Moto, create_versioned_bucket};

use crate::endpoints::parameter_store;
use crate::messages::{event, record};
use crate::pipeline::Pipeline;

/// A Parameter Store of one parameter, whose history shows these versions: one list for each read, the last one for ever.
/// Version `n` is of `n` minutes after the first, and the last of all is of now.
#[derive(Clone)]
struct Store {
    reads: Arc<Mutex<Vec<&'static [u64]>>>,
    now: Timestamp,
    latest: u64,
}

impl Store {
    fn showing(reads: &[&'static [u64]]) -> Self {
        let latest = reads.iter().flat_map(|read| read.iter()).copied().max().unwrap_or(1);
        let now = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
        Self { reads: Arc::new(Mutex::new(reads.to_vec())), now, latest }
    }

    fn show(&self, reads: &[&'static [u64]]) {
        *self.reads.lock().unwrap() = reads.to_vec();
    }

    fn modified(&self, version: u64) -> Timestamp {
        self.now - SignedDuration::from_mins(i64::try_from(self.latest - version).unwrap() * 10)
    }

    fn endpoint(&self) -> String {
        let store = self.clone();
        parameter_store(move |action, request| match action {
            "GetParameterHistory" => {
                let mut reads = store.reads.lock().unwrap();
                let shown = if reads.len() > 1 { reads.remove(0) } else { reads[0] };
                if shown.is_empty() {
                    return Err(("ParameterNotFound", "no such parameter".to_owned()));
                }
                let version = |number: &u64| {
                    json!({
                        "Name": request["Name"], "Type": "String", "Version": number, "Value": format!("value {number}"),
                        "LastModifiedDate": store.modified(*number).as_second() as f64 + 0.25, "Tier": "Standard"
                    })
                };
                Ok(json!({"Parameters": shown.iter().map(version).collect::<Vec<Value>>()}))
            }
            "ListTagsForResource" => Ok(json!({"TagList": []})),
            other => panic!("{other} is not the function's to call"),
        })
    }

    fn event(&self, operation: &str) -> Value {
        event(operation, "/early/p", "String", &self.now.to_string())
    }
}

async fn pipeline(store: &Store, bucket: &str) -> Pipeline {
    let pipeline = Pipeline::configured(bucket, &[("AWS_ENDPOINT_URL_SSM", &store.endpoint())]);
    create_versioned_bucket(&pipeline.s3, bucket).await.unwrap();
    pipeline
}

#[tokio::test]
async fn update_that_history_shows_a_moment_later_is_recorded_in_the_same_invocation() {
    let store = Store::showing(&[&[1, 2], &[1, 2], &[1, 2, 3]]);
    let pipeline = pipeline(&store, "early-update").await;
    assert_eq!(pipeline.deliver(&[record("1", &store.event("Update"))]), [""; 0], "{}", pipeline.process.log());
    assert_eq!(pipeline.kinds("/early/p").await, ["version 1", "version 2", "version 3"]);
    assert_eq!(pipeline.body("/early/p").await, b"value 3");
}

#[tokio::test]
async fn creation_and_recreation_that_cannot_be_read_yet_are_recorded_in_the_same_invocation() {
    let store = Store::showing(&[&[], &[], &[1]]);
    let pipeline = pipeline(&store, "early-create").await;
    assert_eq!(pipeline.deliver(&[record("1", &store.event("Create"))]), [""; 0], "{}", pipeline.process.log());
    assert_eq!(pipeline.kinds("/early/p").await, ["version 1"]);
}

#[tokio::test]
async fn deletion_that_cannot_be_read_yet_is_recorded_at_once_and_nothing_is_put_on_top() {
    let store = Store::showing(&[&[1, 2]]);
    let pipeline = pipeline(&store, "early-delete").await;
    // Updated and deleted in one second.
    assert_eq!(pipeline.deliver(&[record("1", &store.event("Delete"))]), ["1"]);
    assert_eq!(pipeline.verdict("1")["outcome"], "early");
    assert_eq!(pipeline.kinds("/early/p").await, ["version 1", "version 2", "tombstone", "marker"]);
    store.show(&[&[]]);
    assert_eq!(pipeline.deliver(&[record("2", &store.event("Delete"))]), [""; 0]);
    let kinds = pipeline.kinds("/early/p").await;
    assert_eq!(kinds.last().map(String::as_str), Some("marker"), "{kinds:?}");
    assert_eq!(pipeline.state("/early/p", store.now + SignedDuration::from_secs(2)).await, None);
}

/// The message comes again after seconds, not after the queue's six minutes.
#[tokio::test]
async fn early_message_comes_again_within_seconds() {
    let moto = Moto::start().unwrap();
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(moto.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(aws_sdk_sqs::config::Region::from_static("us-east-1"))
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .build();
    let sqs = Sqs::from_conf(config);
    let queue = sqs.create_queue().queue_name("own").attributes(QueueAttributeName::VisibilityTimeout, "360");
    let url = queue.send().await.unwrap().queue_url.unwrap();
    let store = Store::showing(&[&[1]]);
    let variables = [("AWS_ENDPOINT_URL_SSM", store.endpoint()), ("SSMBAK_QUEUE_URL", url.clone())];
    let variables: Vec<(&'static str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let pipeline = Pipeline::on(&moto, "again", &variables);
    create_versioned_bucket(&pipeline.s3, "again").await.unwrap();

    let receive = async || {
        let receive = sqs.receive_message().queue_url(&url).wait_time_seconds(1);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        receive.send().await.unwrap().messages.unwrap_or_default().pop()
    };
    let update = event("Update", "/early/p", "String", &store.now.to_string());
    sqs.send_message().queue_url(&url).message_body(update.to_string()).send().await.unwrap();
    let message = receive().await.unwrap();
    let mut delivered = record("1", &update);
    delivered["receiptHandle"] = json!(message.receipt_handle());
    assert_eq!(pipeline.deliver(&[delivered]), ["1"]);
    let handed_back = Instant::now();
    while receive().await.is_none() {
        assert!(handed_back.elapsed() < Duration::from_secs(60), "it does not come again\n{}", pipeline.process.log());
    }
    assert!(handed_back.elapsed() > Duration::from_secs(5));
    let verdict = pipeline.verdict("1");
    assert_eq!((&verdict["outcome"], &verdict["seconds"]), (&json!("early"), &json!(10)), "{verdict}");
}
