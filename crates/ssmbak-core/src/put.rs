//! What to put into Parameter Store so that a parameter is as it was recorded.

use std::collections::BTreeMap;

use crate::parameter::{Description, ParameterType, ParameterValue};
use crate::plan::{Field, PresentParameter, RecordedParameter, tier_to_put};

/// The data type that a parameter has if none is given.
const TEXT: &str = "text";

/// What to put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutParameter {
    /// The name as Parameter Store spells it.
    pub spelling: String,
    /// The value.
    pub value: ParameterValue,
    /// The type.
    pub parameter_type: ParameterType,
    /// The description; empty: none.
    pub description: String,
    /// The tier, `None`: the account's default.
    pub tier: Option<String>,
    /// The data type, `None`: text.
    pub data_type: Option<String>,
    /// The KMS key, for a SecureString; `None`: the account's default key.
    pub key_id: Option<String>,
    /// The allowed pattern; empty: none.
    pub allowed_pattern: Option<String>,
    /// The policies; `None`: as they are.
    pub policies: Option<Vec<String>>,
    /// The tags of a new parameter; Parameter Store refuses tags together with an overwrite.
    pub tags: BTreeMap<String, String>,
    /// Whether it makes a new version of an existing parameter.
    pub overwrite: bool,
}

impl PutParameter {
    /// A new String with nothing but a value.
    pub fn string(spelling: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            spelling: spelling.into(),
            value: ParameterValue::new(value),
            parameter_type: ParameterType::String,
            description: String::new(),
            tier: None,
            data_type: None,
            key_id: None,
            allowed_pattern: None,
            policies: None,
            tags: BTreeMap::new(),
            overwrite: false,
        }
    }
}

/// The parameter as recorded. What ssmbak 0.5.2 did not record is taken from `from`, where it exists.
pub fn creation(spelling: &str, to: &RecordedParameter, from: Option<&PresentParameter>) -> PutParameter {
    let secret = to.parameter_type == ParameterType::SecureString;
    let present = from.map(|from| &from.parameter.details);
    let details = to.details.as_ref().or(present);
    let tags = to.details.as_ref().and_then(|details| details.tags.clone());
    let policies = details.map(|details| details.policies.clone()).filter(|policies| !policies.is_empty());
    PutParameter {
        spelling: spelling.to_owned(),
        value: to.value.clone(),
        parameter_type: to.parameter_type,
        description: to.description.text.clone().unwrap_or_default(),
        tier: tier(to, policies.as_deref().unwrap_or_default(), present.and_then(|present| present.tier.as_deref())),
        // Text is the default, and some types of parameter and some endpoints take no other way to say so.
        data_type: details.and_then(|details| details.data_type.clone()).filter(|data_type| data_type != TEXT),
        key_id: details.and_then(|details| details.key_id.clone()).filter(|_| secret),
        allowed_pattern: details.and_then(|details| details.allowed_pattern.clone()),
        policies,
        tags: tags.or_else(|| present.and_then(|present| present.tags.clone())).unwrap_or_default(),
        overwrite: false,
    }
}

/// The tier to put with, `present` being that of the parameter that is there.
fn tier(to: &RecordedParameter, policies: &[String], present: Option<&str>) -> Option<String> {
    let recorded = to.details.as_ref().and_then(|details| details.tier.as_deref());
    tier_to_put(&to.value, policies, recorded, present.filter(|_| to.details.is_none()))
}

/// What brings a parameter from what it is to what is recorded, where these fields differ.
pub fn overwriting(to: &RecordedParameter, from: &PresentParameter, fields: &[Field]) -> PutParameter {
    let mut put = creation(&from.parameter.spelling, to, Some(from));
    let now = &from.parameter.details;
    put.overwrite = true;
    put.tags = BTreeMap::new();
    put.description = description(&to.description, from);
    // Whether an overwrite that leaves the data type out keeps another one is not documented.
    if put.data_type.is_none() && now.data_type.as_deref().is_some_and(|data_type| data_type != TEXT) {
        put.data_type = Some(TEXT.to_owned());
    }
    // Advanced cannot be lowered; without a recorded tier the present one stays.
    if now.tier.as_deref() == Some("Advanced") {
        put.tier = Some("Advanced".to_owned());
    }
    if put.parameter_type == ParameterType::SecureString && put.key_id.is_none() {
        put.key_id.clone_from(&now.key_id);
    }
    let pattern = to.details.as_ref().map_or(&now.allowed_pattern, |details| &details.allowed_pattern);
    // An empty pattern takes a present one away; where there is none there is nothing to take.
    put.allowed_pattern = pattern.clone().or_else(|| now.allowed_pattern.as_ref().map(|_| String::new()));
    put.policies = match &to.details {
        Some(details) if fields.contains(&Field::Policies) => Some(details.policies.clone()),
        _ => None,
    };
    put
}

/// A sanitised description that says what the present one says gives way to it: it is the whole of it.
fn description(recorded: &Description, from: &PresentParameter) -> String {
    let present = from.parameter.description.as_deref();
    let text = if recorded.agrees_with(present) { present } else { recorded.text.as_deref() };
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
