//! The attributes of a parameter, and in which of them two states differ.
//!
//! A new attribute is a row of the table `ATTRIBUTES`: by it states are compared, shown, printed as JSON, and plans found to
//! be stale. [`crate::plan::changed_fields`] is the same without what a restore cannot change.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::parameter::{Description, Details, ParameterType};
use crate::plan::{PresentParameter, RecordedParameter};
use crate::record::{Evidence, Record, tags::sanitise};

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
    /// All of them, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Value).chain(ATTRIBUTES.iter().map(|row| row.field))
    }

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

    /// The same, as the keys of what ssmbak stores are written: `allowedPattern`.
    pub fn camel_case(self) -> String {
        let mut name = self.as_str().to_owned();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        name
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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

/// What a version says of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Said<'a> {
    /// A text, if it has one.
    Text(Option<&'a str>),
    /// Texts in an order.
    List(&'a [String]),
    /// Texts by key, if they were looked at.
    Map(Option<&'a BTreeMap<String, String>>),
}

/// Reads an attribute.
type Recorded = for<'a> fn(&'a Details) -> Said<'a>;

/// Whether two states differ in an attribute.
type Differ = fn(Attributes<'_>, Attributes<'_>) -> bool;

/// A row of the table.
struct Attribute {
    field: Field,
    differ: Differ,
    /// `None`: it is not among the [`Details`].
    recorded: Option<Recorded>,
}

impl Attribute {
    const fn of(field: Field, differ: Differ) -> Self {
        Self { field, differ, recorded: None }
    }

    const fn detail(field: Field, differ: Differ, recorded: Recorded) -> Self {
        Self { field, differ, recorded: Some(recorded) }
    }
}

/// The attributes besides the value, in the order of [`Field`]: each with its comparison, and what [`Details`] say of it.
const ATTRIBUTES: [Attribute; 8] = [
    Attribute::of(Field::Type, |a, b| a.parameter_type != b.parameter_type),
    Attribute::of(Field::Description, |a, b| descriptions_differ(a.description, b.description)),
    Attribute::detail(
        Field::Tier,
        |a, b| of_details(a, b, |a, b| is_advanced(a.tier.as_deref()) != is_advanced(b.tier.as_deref())),
        |details| Said::Text(details.tier.as_deref()),
    ),
    Attribute::detail(
        Field::DataType,
        |a, b| of_details(a, b, |a, b| or_text(a.data_type.as_deref()) != or_text(b.data_type.as_deref())),
        |details| Said::Text(details.data_type.as_deref()),
    ),
    Attribute::detail(
        Field::KeyId,
        // A change of type brings its key with it.
        |a, b| a.parameter_type.is_secret() && b.parameter_type.is_secret() && of_details(a, b, keys_differ),
        |details| Said::Text(details.key_id.as_deref()),
    ),
    Attribute::detail(
        Field::AllowedPattern,
        |a, b| of_details(a, b, |a, b| filled(&a.allowed_pattern) != filled(&b.allowed_pattern)),
        |details| Said::Text(details.allowed_pattern.as_deref()),
    ),
    Attribute::detail(
        Field::Policies,
        |a, b| of_details(a, b, |a, b| normal_policies(&a.policies) != normal_policies(&b.policies)),
        |details| Said::List(&details.policies),
    ),
    Attribute::detail(
        Field::Tags,
        |a, b| of_details(a, b, |a, b| tags_differ(a.tags.as_ref(), b.tags.as_ref())),
        |details| Said::Map(details.tags.as_ref()),
    ),
];

/// What a version says of each attribute that ssmbak 0.5.2 did not record, in the order of [`Field`].
pub fn recorded_details(details: &Details) -> impl Iterator<Item = (Field, Said<'_>)> {
    ATTRIBUTES.iter().filter_map(|row| Some((row.field, row.recorded?(details))))
}

/// The attributes in which two states differ, in the order of [`Field`], the value left out. What one of them does not
/// say is not compared.
pub fn changed_attributes(one: Attributes<'_>, other: Attributes<'_>) -> Vec<Field> {
    ATTRIBUTES.iter().filter(|row| (row.differ)(one, other)).map(|row| row.field).collect()
}

/// Compares what ssmbak 0.5.2 did not record, if both states have it.
fn of_details(one: Attributes<'_>, other: Attributes<'_>, differ: fn(&Details, &Details) -> bool) -> bool {
    one.details.zip(other.details).is_some_and(|(one, other)| differ(one, other))
}

fn keys_differ(one: &Details, other: &Details) -> bool {
    one.key_id.is_some() && other.key_id.is_some() && one.key_id != other.key_id
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
