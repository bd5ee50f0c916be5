//! PutParameter.

use aws_sdk_ssm::Client;
use aws_sdk_ssm::types::{ParameterTier, ParameterType as SdkType, Tag};

use super::super::PutParameter;
use crate::{Error, ErrorKind};

/// The shortest value that is looked for in messages.
const SHORTEST_QUOTED: usize = 4;

pub(super) async fn put(client: &Client, put: &PutParameter) -> Result<Option<u64>, Error> {
    let mut request = client
        .put_parameter()
        .name(&put.spelling)
        .value(put.value.expose())
        .r#type(SdkType::from(put.parameter_type.as_str()))
        .overwrite(put.overwrite)
        .set_tier(put.tier.as_deref().map(ParameterTier::from))
        .set_data_type(put.data_type.clone())
        .set_key_id(put.key_id.clone())
        .set_policies(put.policies.as_deref().map(policies_text));
    // Whether a description or pattern that is left out of an overwrite is kept is not documented: on an overwrite both
    // are always sent, empty ones included, and on a creation only where there is something to say.
    if put.overwrite || !put.description.is_empty() {
        request = request.description(&put.description);
    }
    if let Some(pattern) = put.allowed_pattern.as_deref().filter(|pattern| put.overwrite || !pattern.is_empty()) {
        request = request.allowed_pattern(pattern);
    }
    for (key, value) in &put.tags {
        let tag = Tag::builder().key(key).value(value).build();
        request = request.tags(tag.map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?);
    }
    let sent = request.send().await.map_err(|error| {
        let mut error = Error::from_sdk(&format!("put {}", put.spelling), &error);
        // Validation messages quote what they refuse, the value included.
        let quoted = "ValidationException: ";
        if let Some(at) = error.message.find(quoted) {
            error.message.truncate(at + quoted.len());
            error.message.push_str("parameter store refuses one of its attributes");
        }
        // Other messages are not known to. What is shorter stands in many words.
        if put.value.expose().len() >= SHORTEST_QUOTED {
            error.message = error.message.replace(put.value.expose(), "(hidden)");
        }
        error
    })?;
    // AWS always tells the number of the new version: without it the answer says nothing.
    let number = u64::try_from(sent.version()).ok().filter(|number| *number > 0);
    let cut_off = || format!("cannot put {}: the answer is cut off, so it may be done or not", put.spelling);
    number.map(Some).ok_or_else(|| Error::new(ErrorKind::Unreachable, cut_off()))
}

/// Policies are one JSON list; `[{}]` takes all of them away.
fn policies_text(policies: &[String]) -> String {
    if policies.is_empty() { "[{}]".to_owned() } else { format!("[{}]", policies.join(",")) }
}
