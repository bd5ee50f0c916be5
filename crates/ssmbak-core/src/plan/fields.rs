//! In which attributes a recorded parameter and the present one differ.

use std::collections::BTreeMap;
use std::fmt;

use super::{PresentParameter, RecordedParameter};
use crate::parameter::{CurrentParameter, ParameterType};

/// An attribute of a parameter, by the name AWS gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The value.
    Value,
    /// String, StringList or SecureString.
    Type,
    /// The description.
    Description,
    /// Standard or Advanced.
    Tier,
    /// `text`, `aws:ec2:image`, …
    DataType,
    /// The KMS key of a SecureString.
    KeyId,
    /// The pattern values must match.
    AllowedPattern,
    /// Expiration and notification policies.
    Policies,
    /// The parameter's tags.
    Tags,
}

impl Field {
    /// The name AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Value => "Value",
            Self::Type => "Type",
            Self::Description => "Description",
            Self::Tier => "Tier",
            Self::DataType => "DataType",
            Self::KeyId => "KeyId",
            Self::AllowedPattern => "AllowedPattern",
            Self::Policies => "Policies",
            Self::Tags => "Tags",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a restore would have to change, in the order of [`Field`]. What is not recorded is not compared.
pub fn changed_fields(to: &RecordedParameter, from: &PresentParameter) -> Vec<Field> {
    let present = &from.parameter;
    let mut fields = Vec::new();
    let mut note = |field: Field, differs: bool| {
        if differs {
            fields.push(field);
        }
    };
    note(Field::Value, to.value != from.value);
    note(Field::Type, to.parameter_type != present.parameter_type);
    note(Field::Description, !to.description.agrees_with(present.description.as_deref()));
    if let Some(details) = &to.details {
        let now = &present.details;
        let secret = to.parameter_type == ParameterType::SecureString;
        note(Field::Tier, is_advanced(details.tier.as_deref()) && !is_advanced(now.tier.as_deref()));
        note(Field::DataType, or_text(details.data_type.as_deref()) != or_text(now.data_type.as_deref()));
        // A change of type brings its key with it.
        let keys_differ = details.key_id.is_some() && now.key_id.is_some() && details.key_id != now.key_id;
        note(Field::KeyId, secret && present.parameter_type == ParameterType::SecureString && keys_differ);
        note(Field::AllowedPattern, filled(&details.allowed_pattern) != filled(&now.allowed_pattern));
        note(Field::Policies, normal_policies(&details.policies) != normal_policies(&now.policies));
        note(Field::Tags, tags_differ(details.tags.as_ref(), now.tags.as_ref()));
    }
    fields
}

/// Parameter Store refuses to lower a tier in place, so a recorded Standard tier is not asked of an Advanced parameter.
pub(super) fn tier_would_fall(to: &RecordedParameter, present: &CurrentParameter) -> bool {
    let recorded = to.details.as_ref().and_then(|details| details.tier.as_deref());
    recorded.is_some() && !is_advanced(recorded) && is_advanced(present.details.tier.as_deref())
}

pub(crate) fn is_advanced(tier: Option<&str>) -> bool {
    tier == Some("Advanced")
}

pub(crate) fn or_text(data_type: Option<&str>) -> &str {
    data_type.filter(|text| !text.is_empty()).unwrap_or("text")
}

pub(crate) fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

pub(crate) fn tags_differ(
    recorded: Option<&BTreeMap<String, String>>,
    present: Option<&BTreeMap<String, String>>,
) -> bool {
    match (recorded, present) {
        (Some(recorded), Some(present)) => recorded != present,
        _ => false,
    }
}

/// Policies as values, whatever the spelling of their JSON, in no order.
pub(crate) fn normal_policies(policies: &[String]) -> Vec<String> {
    let mut normal: Vec<String> = policies
        .iter()
        .map(|text| serde_json::from_str::<serde_json::Value>(text).map_or_else(|_| text.clone(), |v| v.to_string()))
        .collect();
    normal.sort();
    normal
}
