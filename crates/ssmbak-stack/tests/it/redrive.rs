//! A redrive against a scripted SQS: what fails, and in which order things are done.

use std::cell::Cell;

use serde_json::{Value, json};
use ssmbak_stack::redrive::{Ended, Failures, Queues, Redriven, redrive};
use ssmbak_stack::{Resource, StackError};

use crate::script::Script;

const QUEUE: &str = "https://sqs.eu-west-1.amazonaws.com/1/q";

fn failures() -> Failures {
    Failures { logical_id: "UndeliveredEvents", url: "https://sqs.eu-west-1.amazonaws.com/1/failed".to_owned() }
}

fn message(id: &str, cause: Option<&str>) -> Value {
    let mut message =
        json!({"MessageId": id, "ReceiptHandle": format!("handle-{id}"), "Body": format!("body-{id} größe")});
    if let Some(cause) = cause {
        message["MessageAttributes"] = json!({"ERROR_CODE": {"DataType": "String", "StringValue": cause}});
    }
    message
}

fn received(messages: &[Value]) -> String {
    json!({"Messages": messages}).to_string()
}

fn sent(id: &str) -> String {
    json!({"MessageId": id, "MD5OfMessageBody": ""}).to_string()
}

fn script() -> Script {
    Script::default()
}

async fn put_back(script: &Script) -> Redriven {
    redrive(&script.sqs(), &failures(), QUEUE, || false, |_| {}).await
}

const DENIED: &str = r#"{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"no"}"#;

#[tokio::test(flavor = "current_thread")]
async fn each_message_is_deleted_once_the_queue_has_it() {
    let script = script()
        .answer("ReceiveMessage", 200, &received(&[message("a", Some("SQS_DENIED"))]))
        .answer("ReceiveMessage", 200, &received(&[message("b", None)]))
        .answer("ReceiveMessage", 200, "{}")
        .answer("SendMessage", 200, &sent("n1"))
        .answer("SendMessage", 200, &sent("n2"))
        .answer("DeleteMessage", 200, "{}");
    let outcome = put_back(&script).await;
    assert!(outcome.failed.is_empty() && outcome.ended.is_none(), "{outcome:?}");
    assert_eq!((outcome.redriven, outcome.causes.get("SQS_DENIED")), (2, Some(&1)));
    let order = ["ReceiveMessage", "SendMessage", "DeleteMessage"];
    assert_eq!(script.kinds(), [&order[..], &order[..], &order[..1]].concat());
    let asked = script.asked();
    assert_eq!(
        (&asked[1].fields["QueueUrl"], &asked[1].fields["MessageBody"]),
        (&QUEUE.into(), &"body-a größe".into())
    );
    assert_eq!(
        (&asked[2].fields["QueueUrl"], &asked[2].fields["ReceiptHandle"]),
        (&failures().url, &"handle-a".into())
    );
}

#[tokio::test(flavor = "current_thread")]
async fn what_cannot_be_sent_is_not_deleted() {
    let script = script()
        .answer("ReceiveMessage", 200, &received(&[message("a", None), message("b", None)]))
        .answer("ReceiveMessage", 200, "{}")
        .answer("SendMessage", 403, DENIED)
        .answer("SendMessage", 200, &sent("n"))
        .answer("DeleteMessage", 200, "{}");
    let outcome = put_back(&script).await;
    assert_eq!((outcome.redriven, outcome.failed.len()), (1, 1));
    let failed = &outcome.failed[0];
    insta::assert_snapshot!(failed.error, @"not allowed to send to the queue: ask for the permission sqs:SendMessage (no)");
    assert!(!failed.sent);
    let deleted: Vec<_> = script.asked().into_iter().filter(|asked| asked.kind == "DeleteMessage").collect();
    assert_eq!(deleted.len(), 1);
    assert_ne!(deleted[0].fields["ReceiptHandle"], format!("handle-{}", failed.message_id));
}

#[tokio::test(flavor = "current_thread")]
async fn what_is_sent_and_stays_is_told() {
    let script = script()
        .answer("ReceiveMessage", 200, &received(&[message("a", None)]))
        .answer("SendMessage", 200, &sent("n"))
        .answer("DeleteMessage", 403, DENIED);
    let outcome = put_back(&script).await;
    assert_eq!((outcome.redriven, outcome.failed[0].sent), (0, true));
    assert!(matches!(outcome.ended, Some(Ended::Hopeless)), "{outcome:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn it_gives_up_where_nothing_works() {
    let script =
        script().answer("ReceiveMessage", 200, &received(&[message("a", None)])).answer("SendMessage", 403, DENIED);
    let outcome = put_back(&script).await;
    assert!(matches!(outcome.ended, Some(Ended::Hopeless)), "{outcome:?}");
    assert_eq!(script.kinds(), ["ReceiveMessage", "SendMessage"]);

    let script = self::script().answer("ReceiveMessage", 403, DENIED);
    let outcome = put_back(&script).await;
    assert!(matches!(outcome.ended, Some(Ended::Unreadable(_))), "{outcome:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn what_comes_back_does_not_go_round_and_round() {
    // SQS keeps a message's id when it gives it up.
    let script = script()
        .answer("ReceiveMessage", 200, &received(&[message("a", None)]))
        .answer("ReceiveMessage", 200, &received(&[message("again", None), message("b", None)]))
        .answer("SendMessage", 200, &sent("again"))
        .answer("DeleteMessage", 200, "{}");
    let outcome = put_back(&script).await;
    assert_eq!(outcome.redriven, 2, "{outcome:?}");
    assert!(matches!(outcome.ended, Some(Ended::FailsAgain)), "{outcome:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn it_stops_between_batches_when_told_to() {
    let script = script()
        .answer("ReceiveMessage", 200, &received(&[message("a", None)]))
        .answer("SendMessage", 200, &sent("n"))
        .answer("DeleteMessage", 200, "{}");
    let stopped = Cell::new(false);
    let outcome = redrive(&script.sqs(), &failures(), QUEUE, || stopped.get(), |_| stopped.set(true)).await;
    assert_eq!(outcome.redriven, 1);
    assert!(matches!(outcome.ended, Some(Ended::Stopped)), "{outcome:?}");
}

#[test]
fn a_stack_without_queues_of_failures_says_what_to_do() {
    let resource = |logical_id: &str| Resource {
        logical_id: logical_id.to_owned(),
        physical_id: format!("url-{logical_id}"),
        resource_type: "AWS::SQS::Queue".to_owned(),
        status: "CREATE_COMPLETE".to_owned(),
        time: None,
    };
    let queues = Queues::of("demo", &["Q", "DeadLetters", "UndeliveredEvents"].map(resource)).unwrap();
    assert_eq!(queues.queue, "url-Q");
    assert_eq!(queues.failures.iter().map(|f| f.logical_id).collect::<Vec<_>>(), ["DeadLetters", "UndeliveredEvents"]);
    // As ssmbak 0.5.2 deploys it.
    let error = Queues::of("demo", &[resource("Q")]).unwrap_err();
    insta::assert_snapshot!(error, @"the stack demo keeps no failures that could be put back: `ssmbak-stack demo update` gives it queues for them");
    assert!(matches!(Queues::of("demo", &[]), Err(StackError::NoResource { resource: "Q", .. })));
}
