//! The queue's side: batches, records, message ids.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value;

use super::EventError;

/// One message of the queue.
///
/// `Debug` shows the length of the body alone, so that nothing of it reaches a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The id of the message, which is what a partial batch failure names (`itemIdentifier`).
    pub message_id: String,
    /// The body: an EventBridge event as JSON, read by [`parse_body`](super::parse_body).
    pub body: String,
    /// When the message entered the queue (`SentTimestamp`, to the millisecond), if the record says so legibly.
    pub sent: Option<Timestamp>,
    /// The handle by which this delivery can be hidden again or deleted.
    pub receipt: Option<String>,
    /// How often the queue has delivered the message, this time included (`ApproximateReceiveCount`).
    pub receives: u32,
}

impl Delivery {
    /// Reads one record of an SQS event (AWS: "Using Lambda with Amazon SQS", example message event).
    ///
    /// # Errors
    ///
    /// [`EventError::RecordWithout`] if the message id or the body is missing or no string. [`message_id`] may still
    /// tell the id, by which the message can be reported as failed.
    pub fn from_record(record: &Value) -> Result<Self, EventError> {
        let message_id = message_id(record).ok_or(EventError::RecordWithout("message id"))?;
        let body = record.get("body").and_then(Value::as_str).ok_or(EventError::RecordWithout("body"))?;
        let sent = record.pointer("/attributes/SentTimestamp").and_then(milliseconds);
        let receipt = record.get("receiptHandle").and_then(Value::as_str).map(str::to_owned);
        let receives = record.pointer("/attributes/ApproximateReceiveCount").and_then(count).unwrap_or(1);
        Ok(Self { message_id: message_id.to_owned(), body: body.to_owned(), sent, receipt, receives })
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message_id", &self.message_id)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("sent", &self.sent)
            .finish()
    }
}

/// The message id of a record, whatever else is wrong with it; `None` if it has none that could be reported.
pub fn message_id(record: &Value) -> Option<&str> {
    record.get("messageId").and_then(Value::as_str).filter(|id| !id.is_empty())
}

/// The records of an invocation: `{"Records": […]}`. An empty batch is fine.
///
/// # Errors
///
/// [`EventError::NoRecords`] for anything else. An EventBridge event that was sent to the function directly, without
/// the queue, is among it; [`parse_event`](super::parse_event) reads such a one.
pub fn records(event: &Value) -> Result<Vec<&Value>, EventError> {
    let records = event.get("Records").and_then(Value::as_array).ok_or(EventError::NoRecords)?;
    Ok(records.iter().collect())
}

/// Milliseconds since the epoch: a string in the records of Lambda, a number from some emulators.
fn milliseconds(value: &Value) -> Option<Timestamp> {
    let milliseconds = match value {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => number.as_i64()?,
        _ => return None,
    };
    Timestamp::from_millisecond(milliseconds).ok()
}

/// A count: a string in the records of Lambda, a number from some emulators.
fn count(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn receipt_and_receives_are_read_where_they_are_legible() {
        let record = |attributes: Value| {
            let record = json!({"messageId": "m", "body": "b", "receiptHandle": "AQEB", "attributes": attributes});
            Delivery::from_record(&record).unwrap()
        };
        assert_eq!(record(json!({})).receipt.as_deref(), Some("AQEB"));
        for (count, read) in [(json!("3"), 3), (json!(4), 4), (json!("many"), 1), (json!(-1), 1), (Value::Null, 1)] {
            assert_eq!(record(json!({"ApproximateReceiveCount": count})).receives, read);
        }
    }

    #[test]
    fn a_record_is_read() {
        let record = json!({
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
            "body": "{}",
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
            "eventSource": "aws:sqs"
        });
        let delivery = Delivery::from_record(&record).unwrap();
        assert_eq!(delivery.message_id, "059f36b4-87a3-44ab-83d2-661975830a7d");
        assert_eq!(delivery.body, "{}");
        assert_eq!(delivery.sent, Some(Timestamp::from_millisecond(1_545_082_649_183).unwrap()));
    }

    #[test]
    fn a_nonsensical_sent_timestamp_is_none() {
        for sent in [json!("soon"), json!(""), json!("99999999999999999"), json!(1.5), Value::Null, json!([])] {
            let record = json!({"messageId": "m", "body": "b", "attributes": {"SentTimestamp": sent}});
            assert_eq!(Delivery::from_record(&record).unwrap().sent, None, "{sent}");
        }
        let number = json!({"messageId": "m", "body": "b", "attributes": {"SentTimestamp": 1_000}});
        assert_eq!(Delivery::from_record(&number).unwrap().sent, Some(Timestamp::from_second(1).unwrap()));
        let bare = json!({"messageId": "m", "body": ""});
        assert_eq!(Delivery::from_record(&bare).unwrap().sent, None);
    }

    #[test]
    fn a_record_without_id_or_body_is_an_error() {
        let without = |record: &Value| Delivery::from_record(record).unwrap_err();
        assert_eq!(without(&json!({"body": "b"})), EventError::RecordWithout("message id"));
        assert_eq!(without(&json!({"messageId": "", "body": "b"})), EventError::RecordWithout("message id"));
        assert_eq!(without(&json!({"messageId": 1, "body": "b"})), EventError::RecordWithout("message id"));
        assert_eq!(without(&json!("text")), EventError::RecordWithout("message id"));
        let no_body = json!({"messageId": "m", "body": {"a": 1}});
        assert_eq!(without(&no_body), EventError::RecordWithout("body"));
        assert_eq!(message_id(&no_body), Some("m"));
    }

    /// The original crashed on an empty batch.
    #[test]
    fn an_empty_batch_is_fine_and_anything_else_is_told() {
        assert!(records(&json!({"Records": []})).unwrap().is_empty());
        let batch = json!({"Records": [1, {"a": 2}]});
        assert_eq!(records(&batch).unwrap(), [&json!(1), &json!({"a": 2})]);
        for odd in [json!({}), json!([]), json!(null), json!({"Records": null}), json!({"Records": {}})] {
            assert_eq!(records(&odd), Err(EventError::NoRecords));
        }
    }
}
