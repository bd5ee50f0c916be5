//! Messages as the queue delivers them.

use jiff::Timestamp;
use serde_json::{Value, json};

/// An event of Parameter Store as EventBridge sends it.
pub fn event(operation: &str, name: &str, parameter_type: &str, time: &str) -> Value {
    let resource = format!("arn:aws:ssm:us-east-1:123456789012:parameter/{}", name.trim_start_matches('/'));
    // Like a UUID in its characters, and the same for the same event.
    let id: String =
        format!("{operation}-{time}-{name}").chars().filter(|c| c.is_ascii_alphanumeric()).take(64).collect();
    json!({
        "version": "0", "id": id, "detail-type": "Parameter Store Change", "source": "aws.ssm",
        "account": "123456789012", "time": time, "region": "us-east-1", "resources": [resource],
        "detail": {"operation": operation, "name": name, "type": parameter_type}
    })
}

/// An event in a message of the queue, sent now.
pub fn record(message_id: &str, event: &Value) -> Value {
    raw_record(message_id, &event.to_string())
}

/// A message of the queue with any body.
pub fn raw_record(message_id: &str, body: &str) -> Value {
    json!({
        "messageId": message_id, "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a", "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": Timestamp::now().as_millisecond().to_string(),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO"
        },
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:ssmbak"
    })
}
