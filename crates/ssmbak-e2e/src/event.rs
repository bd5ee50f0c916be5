//! Parameter Store's events as EventBridge sends them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::second;

/// A parameter was created or changed.
#[must_use]
pub fn put_event(name: &str, version: i64, parameter_type: &str, description: Option<&str>, at: Timestamp) -> Value {
    let mut event = event(if version == 1 { "Create" } else { "Update" }, name, parameter_type, at);
    // Absent where there is none.
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        event["detail"]["description"] = description.into();
    }
    event
}

/// A parameter was deleted.
#[must_use]
pub fn delete_event(name: &str, parameter_type: &str, at: Timestamp) -> Value {
    event("Delete", name, parameter_type, at)
}

fn event(operation: &str, name: &str, parameter_type: &str, at: Timestamp) -> Value {
    let bare = name.trim_start_matches('/');
    // Names of one level arrive without their slash.
    let name = if bare.contains('/') { name } else { bare };
    let id: String = format!("{operation}-{at}-{bare}").chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    json!({
        "version": "0", "id": id, "detail-type": "Parameter Store Change", "source": "aws.ssm",
        "account": "123456789012", "time": second(at).to_string(), "region": "us-east-1",
        "resources": [format!("arn:aws:ssm:us-east-1:123456789012:parameter/{bare}")],
        "detail": {"operation": operation, "name": name, "type": parameter_type}
    })
}
