//! SQS, which the tests ask for a message now and then: that takes no SDK.

use serde_json::Value;
use ssmbak_testkit::http;

use crate::Outcome;

/// A call of SQS at the emulator on this port.
///
/// # Errors
/// What SQS refuses.
pub fn sqs(port: u16, operation: &str, body: &Value) -> Outcome<Value> {
    let scope = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
    let target = format!("AmazonSQS.{operation}");
    let headers =
        [("X-Amz-Target", target.as_str()), ("Content-Type", "application/x-amz-json-1.0"), ("Authorization", scope)];
    let reply = http::request(port, "POST", "/", &headers, &body.to_string())?;
    if reply.status != 200 {
        return Err(format!("{operation}: {} {}", reply.status, reply.body).into());
    }
    Ok(serde_json::from_str(&reply.body)?)
}
