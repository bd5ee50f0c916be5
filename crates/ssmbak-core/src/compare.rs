//! In what two states of a parameter differ, whichever of them is the later one.
//!
//! Unlike [`crate::plan::changed_fields`] this does not ask what a restore could change, but what is not the same.

use crate::parameter::{Description, Details, ParameterType};
use crate::plan::fields::{filled, is_advanced, normal_policies, or_text, tags_differ};
use crate::plan::{Field, PresentParameter, RecordedParameter};
use crate::record::{Evidence, Record, tags::sanitise};

/// All of a state but its value.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// The type.
    pub parameter_type: ParameterType,
    /// The description, possibly sanitised by ssmbak 0.5.2.
    pub description: &'a Description,
    /// The remaining attributes; `None` if ssmbak 0.5.2 recorded it.
    pub details: Option<&'a Details>,
}

impl<'a> Attributes<'a> {
    /// What a stored version says; `None` if it is no version of a parameter.
    pub fn of_record(record: &'a Record) -> Option<Self> {
        match &record.evidence {
            Evidence::Value(value) => Some(Self {
                parameter_type: value.parameter_type,
                description: &value.description,
                details: Some(&value.details),
            }),
            Evidence::Legacy(legacy) => {
                Some(Self { parameter_type: legacy.parameter_type, description: &legacy.description, details: None })
            }
            Evidence::Tombstone(_) | Evidence::DeleteMarker | Evidence::Unreadable(_) => None,
        }
    }

    /// What is recorded of a state.
    pub fn of_state(state: &'a RecordedParameter) -> Self {
        Self { parameter_type: state.parameter_type, description: &state.description, details: state.details.as_ref() }
    }
}

/// The attributes in which two states differ, in the order of [`Field`], the value left out. What one of them does not
/// say is not compared.
pub fn changed_attributes(one: Attributes<'_>, other: Attributes<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut note = |field: Field, differs: bool| {
        if differs {
            fields.push(field);
        }
    };
    note(Field::Type, one.parameter_type != other.parameter_type);
    note(Field::Description, descriptions_differ(one.description, other.description));
    if let (Some(a), Some(b)) = (one.details, other.details) {
        let secrets = one.parameter_type.is_secret() && other.parameter_type.is_secret();
        note(Field::Tier, is_advanced(a.tier.as_deref()) != is_advanced(b.tier.as_deref()));
        note(Field::DataType, or_text(a.data_type.as_deref()) != or_text(b.data_type.as_deref()));
        // A change of type brings its key with it.
        note(Field::KeyId, secrets && a.key_id.is_some() && b.key_id.is_some() && a.key_id != b.key_id);
        note(Field::AllowedPattern, filled(&a.allowed_pattern) != filled(&b.allowed_pattern));
        note(Field::Policies, normal_policies(&a.policies) != normal_policies(&b.policies));
        note(Field::Tags, tags_differ(a.tags.as_ref(), b.tags.as_ref()));
    }
    fields
}

/// The fields in which two states differ, value included, in the order of [`Field`].
pub fn changed_fields(one: &RecordedParameter, other: &RecordedParameter) -> Vec<Field> {
    let value = (one.value != other.value).then_some(Field::Value);
    let attributes = changed_attributes(Attributes::of_state(one), Attributes::of_state(other));
    value.into_iter().chain(attributes).collect()
}

fn descriptions_differ(one: &Description, other: &Description) -> bool {
    let text = |description: &Description| description.text.clone().unwrap_or_default();
    if one.sanitised || other.sanitised {
        sanitise(&text(one)) != sanitise(&text(other))
    } else {
        text(one) != text(other)
    }
}

/// A present parameter as a state like those that are recorded.
pub fn present_state(present: PresentParameter) -> RecordedParameter {
    let PresentParameter { parameter, value } = present;
    RecordedParameter {
        modified: parameter.details.modified,
        version_id: String::new(),
        value,
        parameter_type: parameter.parameter_type,
        description: Description::exact(parameter.description),
        details: Some(parameter.details),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::parameter::ParameterValue;
    use crate::testing::version;

    fn state(change: impl FnOnce(&mut RecordedParameter)) -> RecordedParameter {
        let mut state = RecordedParameter {
            modified: crate::testing::at("12:00:00"),
            version_id: "v1".to_owned(),
            value: ParameterValue::new("same"),
            parameter_type: ParameterType::SecureString,
            description: Description::exact(Some("what it is for (yes!)".to_owned())),
            details: Some(version(1, "12:00:00", "same").details),
        };
        change(&mut state);
        state
    }

    fn details(change: impl FnOnce(&mut Details)) -> RecordedParameter {
        state(|state| change(state.details.as_mut().unwrap()))
    }

    #[test]
    fn each_field_is_compared_on_its_own_in_either_direction() {
        let cases: [(Field, RecordedParameter); 9] = [
            (Field::Value, state(|s| s.value = ParameterValue::new("same\n"))),
            (Field::Type, state(|s| s.parameter_type = ParameterType::String)),
            (Field::Description, state(|s| s.description = Description::default())),
            (Field::Tier, details(|d| d.tier = Some("Advanced".to_owned()))),
            (Field::DataType, details(|d| d.data_type = Some("aws:ec2:image".to_owned()))),
            (Field::AllowedPattern, details(|d| d.allowed_pattern = Some(".*".to_owned()))),
            (Field::Policies, details(|d| d.policies = vec!["{}".to_owned()])),
            (Field::KeyId, details(|d| d.key_id = Some("other".to_owned()))),
            (Field::Tags, details(|d| d.tags = Some(BTreeMap::new()))),
        ];
        let tagged = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let usual = details(|d| {
            d.key_id = Some("key".to_owned());
            d.tags = Some(tagged);
        });
        for (field, mut other) in cases {
            if let Some(details) = &mut other.details {
                let known = usual.details.clone().unwrap();
                details.key_id = details.key_id.take().or(known.key_id);
                details.tags = details.tags.take().or(known.tags);
            }
            assert_eq!(changed_fields(&usual, &other), [field]);
            assert_eq!(changed_fields(&other, &usual), [field]);
        }
        assert_eq!(changed_fields(&usual, &usual.clone()), []);
    }

    #[test]
    fn what_one_side_does_not_say_is_no_difference() {
        let exact = details(|d| {
            d.tier = Some("Advanced".to_owned());
            d.tags = Some(BTreeMap::from([("a".to_owned(), "b".to_owned())]));
        });
        let original = state(|s| {
            s.details = None;
            s.description = Description { text: Some("what it is for yes".to_owned()), sanitised: true };
        });
        assert_eq!(changed_fields(&exact, &original), []);
        assert_eq!(changed_fields(&original, &exact), []);
        assert_eq!(changed_fields(&exact, &details(|d| d.tier = Some("Advanced".to_owned()))), []);
    }
}
