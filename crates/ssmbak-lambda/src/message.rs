//! What an invocation delivers, read as far as it can be.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use ssmbak_core::event::{Delivery, EventError, Notice, message_id, parse_body, parse_event, records};
use ssmbak_core::name::ParameterName;

/// One message of the batch.
#[derive(Debug)]
pub struct Message {
    /// Its id, by which it can be reported as failed.
    pub id: Option<String>,
    /// When it entered the queue.
    pub sent: Option<Timestamp>,
    /// The handle by which it can be brought again soon.
    pub receipt: Option<String>,
    /// How often it has been delivered.
    pub receives: u32,
    /// What it says.
    pub notice: Result<Notice, EventError>,
}

impl Message {
    fn of_record(record: &Value) -> Self {
        let id = message_id(record).map(str::to_owned);
        match Delivery::from_record(record) {
            Ok(delivery) => Self {
                id,
                sent: delivery.sent,
                notice: parse_body(&delivery.body),
                receipt: delivery.receipt,
                receives: delivery.receives,
            },
            Err(error) => Self { id, sent: None, receipt: None, receives: 1, notice: Err(error) },
        }
    }

    /// What it is about; messages about the same are handled one after the other.
    fn subject(&self) -> Option<Subject<'_>> {
        match &self.notice {
            Ok(Notice::Change(change)) => Some(Subject::Name(&change.name)),
            Ok(Notice::Sweep(_)) => Some(Subject::Everything),
            _ => None,
        }
    }
}

/// What messages are about.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Subject<'a> {
    /// One parameter.
    Name(&'a ParameterName),
    /// All of them: a sweep.
    Everything,
}

/// The messages of an invocation: a batch of the queue, or one EventBridge event sent straight to the function, which is
/// taken as a message without an id.
///
/// # Errors
/// [`EventError::NoRecords`] if it is neither.
pub fn read(event: &Value) -> Result<Vec<Message>, EventError> {
    match records(event) {
        Ok(records) => Ok(records.into_iter().map(Message::of_record).collect()),
        // `aws lambda invoke --payload '{"ssmbak":"sweep"}'`, or a rule without a queue.
        Err(_)
            if event.get("ssmbak").is_some()
                || (event.get("source").is_some() && event.get("detail-type").is_some()) =>
        {
            Ok(vec![Message { id: None, sent: None, receipt: None, receives: 1, notice: parse_event(event) }])
        }
        Err(error) => Err(error),
    }
}

/// The messages' positions, those about one name (or about everything) together and in the order of the batch.
///
/// Messages about the same are handled one after another, because each looks at what the one before has written.
pub fn by_subject(messages: &[Message]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut group_of: HashMap<Subject<'_>, usize> = HashMap::new();
    for (position, message) in messages.iter().enumerate() {
        let known = message.subject().map(|subject| *group_of.entry(subject).or_insert(groups.len()));
        match known.and_then(|group| groups.get_mut(group)) {
            Some(group) => group.push(position),
            None => groups.push(vec![position]),
        }
    }
    groups
}

/// The answer to a batch: the messages that the queue shall deliver again.
#[derive(Debug, Default, Serialize)]
pub struct BatchResponse {
    /// One entry for each failed message.
    #[serde(rename = "batchItemFailures")]
    pub failures: Vec<ItemFailure>,
}

/// A failed message.
#[derive(Debug, Serialize)]
pub struct ItemFailure {
    /// Its message id.
    #[serde(rename = "itemIdentifier")]
    pub id: String,
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;

    pub fn record(id: &str, name: &str) -> Value {
        let event = json!({
            "source": "aws.ssm", "detail-type": "Parameter Store Change", "time": "2024-06-15T17:56:58Z",
            "detail": {"operation": "Update", "name": name, "type": "String"}
        });
        json!({"messageId": id, "body": event.to_string(), "attributes": {"SentTimestamp": "1718474219000"}})
    }

    #[test]
    fn a_batch_is_read_message_by_message() {
        let event =
            json!({"Records": [record("1", "/a"), {"messageId": "2", "body": "no"}, {"messageId": "3"}, {}, 7]});
        let messages = read(&event).unwrap();
        let ids: Vec<_> = messages.iter().map(|message| message.id.as_deref()).collect();
        assert_eq!(ids, [Some("1"), Some("2"), Some("3"), None, None]);
        let readable: Vec<_> = messages.iter().map(|message| message.notice.is_ok()).collect();
        assert_eq!(readable, [true, false, false, false, false]);
        assert_eq!(messages[0].sent.unwrap().as_second(), 1_718_474_219);
    }

    #[test]
    fn an_event_without_a_queue_is_a_message_without_an_id() {
        let event: Value = serde_json::from_str(record("1", "/a")["body"].as_str().unwrap()).unwrap();
        let messages = read(&event).unwrap();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].id, None);
        let name = ParameterName::parse("/a").unwrap();
        assert_eq!(messages[0].subject(), Some(Subject::Name(&name)));
        let sweep = read(&json!({"ssmbak": "sweep"})).unwrap();
        assert_eq!((sweep.len(), sweep[0].subject()), (1, Some(Subject::Everything)));
    }

    #[test]
    fn what_is_neither_is_refused() {
        for event in [json!({}), json!({"key1": "value1"}), json!([]), json!(null), json!({"Records": {}})] {
            assert_eq!(read(&event).unwrap_err(), EventError::NoRecords, "{event}");
        }
    }

    #[test]
    fn two_sweeps_of_a_batch_do_not_run_at_once() {
        let sweep = |id: &str| json!({"messageId": id, "body": "{\"ssmbak\":\"sweep\"}"});
        let messages = read(&json!({"Records": [sweep("0"), record("1", "/a"), sweep("2")]})).unwrap();
        assert_eq!(by_subject(&messages), [vec![0, 2], vec![1]]);
    }

    #[test]
    fn messages_about_one_name_stay_together_in_order() {
        let records = [record("0", "/a"), record("1", "/b"), json!({}), record("3", "a"), record("4", "/a"), json!({})];
        let messages = read(&json!({"Records": records})).unwrap();
        assert_eq!(by_subject(&messages), [vec![0, 3, 4], vec![1], vec![2], vec![5]]);
    }

    #[test]
    fn the_answer_has_the_shape_that_lambda_reads() {
        let response = BatchResponse { failures: vec![ItemFailure { id: "m".to_owned() }] };
        let expected = json!({"batchItemFailures": [{"itemIdentifier": "m"}]});
        assert_eq!(serde_json::to_value(response).unwrap(), expected);
        assert_eq!(serde_json::to_value(BatchResponse::default()).unwrap(), json!({"batchItemFailures": []}));
    }
}
