//! Shorthands for puts.

use ssmbak::store::PutParameter;
use ssmbak_core::parameter::{ParameterType, ParameterValue};

use super::tag_map;

/// A put of a String.
pub fn put(spelling: &str, value: &str) -> PutParameter {
    PutParameter::string(spelling, value)
}

/// Changes a put.
pub trait PutExt {
    fn value(self, value: &str) -> Self;
    fn description(self, description: &str) -> Self;
    fn secret(self) -> Self;
    fn key(self, key: &str) -> Self;
    fn tier(self, tier: &str) -> Self;
    fn image(self) -> Self;
    fn policies(self, policies: &[&str]) -> Self;
    fn tags(self, tags: &[(&str, &str)]) -> Self;
}

impl PutExt for PutParameter {
    fn value(self, value: &str) -> Self {
        Self { value: ParameterValue::new(value), ..self }
    }

    fn description(self, description: &str) -> Self {
        Self { description: description.to_owned(), ..self }
    }

    /// A SecureString with the default key.
    fn secret(self) -> Self {
        Self { parameter_type: ParameterType::SecureString, ..self }
    }

    /// A SecureString with a key.
    fn key(self, key: &str) -> Self {
        Self { key_id: Some(key.to_owned()), ..self.secret() }
    }

    fn tier(self, tier: &str) -> Self {
        Self { tier: Some(tier.to_owned()), ..self }
    }

    /// The id of an EC2 image.
    fn image(self) -> Self {
        Self { data_type: Some("aws:ec2:image".to_owned()), ..self }
    }

    fn policies(self, policies: &[&str]) -> Self {
        Self { policies: Some(policies.iter().map(|policy| (*policy).to_owned()).collect()), ..self }
    }

    fn tags(self, tags: &[(&str, &str)]) -> Self {
        Self { tags: tag_map(tags), ..self }
    }
}
