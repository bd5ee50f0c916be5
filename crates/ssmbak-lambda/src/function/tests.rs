use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::json;
use ssmbak_core::event::EventError;

use super::*;
use crate::message::tests::record;

fn messages(records: &[Value]) -> Vec<Message> {
    read(&json!({"Records": records})).unwrap()
}

fn ids(response: &BatchResponse) -> Vec<&str> {
    response.failures.iter().map(|failure| failure.id.as_str()).collect()
}

/// Fails what cannot be read, and the ids given.
async fn run(messages: &[Message], failing: &[&str]) -> Result<BatchResponse, Failure> {
    let failures = all(messages, async |message, _| {
        tokio::task::yield_now().await;
        message.notice.clone()?;
        let fails = message.id.as_deref().is_some_and(|id| failing.contains(&id));
        if fails { Err(Failure::OutOfTime) } else { Ok(()) }
    })
    .await;
    answer(messages, failures)
}

#[tokio::test]
async fn exactly_the_failed_messages_are_named_in_the_order_of_the_batch() {
    let batch = messages(&[
        record("1", "/a"),
        json!({"messageId": "2", "body": "{"}),
        record("3", "/b"),
        record("4", "/a"),
        record("5", "/c"),
    ]);
    assert_eq!(ids(&run(&batch, &["5", "4"]).await.unwrap()), ["2", "4", "5"]);
    assert_eq!(ids(&run(&batch[2..], &[]).await.unwrap()), [""; 0]);
    assert_eq!(ids(&run(&[], &[]).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn a_failure_that_cannot_be_named_fails_the_batch_after_the_rest_was_handled() {
    let batch = messages(&[record("1", "/a"), json!({"body": "{}"}), record("3", "/b")]);
    let handled = RefCell::new(Vec::new());
    let failures = all(&batch, async |message, _| {
        handled.borrow_mut().push(message.id.clone());
        message.notice.clone().map(drop).map_err(Failure::from)
    })
    .await;
    assert_eq!(handled.borrow().len(), 3);
    assert_eq!(answer(&batch, failures).unwrap_err(), EventError::RecordWithout("message id").into());
}

#[tokio::test]
async fn one_name_is_handled_in_order_and_several_at_once_within_the_bound() {
    let mut records: Vec<Value> = (0..30).map(|n| record(&n.to_string(), &format!("/p{}", n / 2))).collect();
    records.rotate_left(3);
    let batch = messages(&records);
    let (running, most) = (Cell::new(0_usize), Cell::new(0_usize));
    let done = RefCell::new(Vec::new());
    all(&batch, async |message, _| {
        running.set(running.get() + 1);
        most.set(most.get().max(running.get()));
        let id: u64 = message.id.as_deref().unwrap().parse().unwrap();
        // Earlier ones take longer, so that order is kept only by waiting.
        tokio::time::sleep(Duration::from_millis(40 - id)).await;
        done.borrow_mut().push(id);
        running.set(running.get() - 1);
        Ok(())
    })
    .await;
    assert_eq!(most.get(), CONCURRENCY);
    let done = done.into_inner();
    assert_eq!(done.len(), 30);
    let position = |id: u64| done.iter().position(|done| *done == id).unwrap();
    for pair in 0..15 {
        // The batch begins with 3: the pair 2, 3 is the one whose second message comes first.
        let (first, second) = if pair == 1 { (3, 2) } else { (2 * pair, 2 * pair + 1) };
        assert!(position(first) < position(second), "{done:?}");
    }
}

#[tokio::test]
async fn the_limit_is_earlier_than_lambdas_deadline_and_absent_without_one() {
    let now = Instant::now();
    let limit = time_limit(SystemTime::now() + Duration::from_secs(60)).unwrap();
    assert!(limit > now + Duration::from_secs(58) && limit < now + Duration::from_secs(60));
    assert!(time_limit(SystemTime::now() + Duration::from_millis(100)).is_some());
    assert!(time_limit(SystemTime::UNIX_EPOCH).is_none());
}
