//! Plans and states as they are shown: [`json`] for programs, [`table`] for people.

pub mod columns;
pub mod diff;
pub mod drill;
pub mod json;
pub mod log;
pub mod restores;
pub mod table;
pub mod trash;
pub mod verify;

use jiff::Timestamp;
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::{Action, Change, Field, Plan, RecordedParameter};
pub use ssmbak_text::difference;

/// What a plan is the answer to.
#[derive(Clone, Copy, Debug)]
pub struct QueryHeading<'a> {
    /// The paths as they were given.
    pub paths: &'a [String],
    /// Whether everything below them is meant.
    pub recursive: bool,
    /// The time.
    pub at: &'a Instant,
    /// The bucket that was asked.
    pub bucket: &'a str,
    /// The region.
    pub region: &'a str,
    /// The path that it is restored to, if that is another one.
    pub to: Option<&'a str>,
    /// Whether secrets are shown.
    pub reveal: bool,
}

/// A time to the second, which is what people look for.
pub fn short_time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether the recorded value is kept from being shown.
fn is_masked(change: &Change, to: &RecordedParameter, reveal: bool) -> bool {
    // A value that did not change with the type is that of the secret that the parameter is now.
    let still_secret = match &change.action {
        Action::Update { from, fields, .. } => {
            from.parameter.parameter_type.is_secret() && !fields.contains(&Field::Value)
        }
        Action::Create(_) | Action::Delete { .. } => false,
    };
    !reveal && (to.parameter_type.is_secret() || still_secret)
}

/// The description that a restore leaves. Where the recorded one is what is left of the present one after the original's
/// cleaning, that is the present one.
fn description<'a>(change: &'a Change, to: &'a RecordedParameter) -> Option<&'a str> {
    if let Action::Update { from, .. } = &change.action {
        let present = from.parameter.description.as_deref();
        if to.description.agrees_with(present) {
            return present;
        }
    }
    to.description.text.as_deref()
}

/// Whether the plan says nothing about any parameter at all.
pub fn is_about_nothing(plan: &Plan) -> bool {
    plan.changes.is_empty() && plan.unchanged == 0 && plan.unknown.is_empty() && plan.skipped.is_empty()
}

#[cfg(test)]
mod tests {
    //! A plan with everything in it.

    use ssmbak_core::unknown::UnknownReason;
    use std::collections::BTreeMap;

    use ssmbak_core::name::ParameterName;
    use ssmbak_core::parameter::{CurrentParameter, Description, Details, ParameterType, ParameterValue};
    use ssmbak_core::plan::{PresentParameter, UnknownName};
    use ssmbak_core::timeline::Absence;

    use super::*;

    pub(super) fn time(text: &str) -> jiff::Timestamp {
        text.parse().unwrap()
    }

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    fn details(version: u64) -> Details {
        Details {
            author: Some("arn:aws:iam::123456789012:user/ada".to_owned()),
            tier: Some("Standard".to_owned()),
            data_type: Some("text".to_owned()),
            ..Details::new(version, time("2026-01-01T10:00:00.25Z"))
        }
    }

    pub(super) fn recorded(parameter_type: ParameterType, value: &str) -> RecordedParameter {
        RecordedParameter {
            modified: time("2026-01-01T10:00:00.25Z"),
            version_id: "v1".to_owned(),
            value: ParameterValue::new(value),
            parameter_type,
            description: Description::default(),
            details: None,
        }
    }

    fn present(name: &ParameterName, parameter_type: ParameterType, value: &str) -> Box<PresentParameter> {
        let parameter = CurrentParameter {
            name: name.clone(),
            spelling: name.to_string(),
            parameter_type,
            description: None,
            details: details(7),
        };
        Box::new(PresentParameter { parameter, value: ParameterValue::new(value) })
    }

    fn update(path: &str, to: RecordedParameter, from: (ParameterType, &str), fields: &[Field]) -> Change {
        let name = name(path);
        let from = present(&name, from.0, from.1);
        Change { action: Action::Update { to: Box::new(to), from, fields: fields.to_vec() }, name }
    }

    fn delete(path: &str, because: Absence) -> Change {
        let name = name(path);
        Change { action: Action::Delete { from: present(&name, ParameterType::String, ""), because }, name }
    }

    pub(super) fn plan() -> Plan {
        use ParameterType::{SecureString, String, StringList};
        let mut full = recorded(SecureString, "top secret");
        full.description = Description::exact(Some("the \u{1b}[1mpassword".to_owned()));
        full.details = Some(Details {
            key_id: Some("alias/app".to_owned()),
            tier: Some("Advanced".to_owned()),
            allowed_pattern: Some(".+".to_owned()),
            policies: vec![r#"{"Type":"NoChangeNotification","Version":"1.0"}"#.to_owned()],
            tags: Some(BTreeMap::from([("team".to_owned(), "blue".to_owned())])),
            ..details(3)
        });
        let mut described = recorded(String, "8080");
        described.description = Description::exact(Some("the port".to_owned()));
        let mut tagged = recorded(String, "same");
        tagged.details =
            Some(Details { tags: Some(BTreeMap::from([("team".to_owned(), "blue".to_owned())])), ..details(2) });
        let pem = "-----BEGIN KEY-----\nAAAA\nBBBB\n-----END KEY-----\n";
        Plan {
            skipped: Vec::new(),
            nothing_at: Vec::new(),
            changes: vec![
                Change { name: name("/app/created"), action: Action::Create(Box::new(full)) },
                Change {
                    name: name("/app/list"),
                    action: Action::Create(Box::new(recorded(StringList, "a,b\u{1b}[2J"))),
                },
                Change { name: name("/app/pem"), action: Action::Create(Box::new(recorded(String, pem))) },
                delete("/app/new", Absence::NotYetCreated(time("2026-01-05T00:00:00Z"))),
                delete("/app/old", Absence::Deleted(time("2025-12-31T23:59:59Z"))),
                update("/app/port", described, (String, "9090"), &[Field::Value, Field::Description]),
                update("/app/token", recorded(SecureString, "one"), (SecureString, "two"), &[Field::Value]),
                update("/app/typed", recorded(String, "same"), (SecureString, "same"), &[Field::Type]),
                update("/app/tagged", tagged, (String, "same"), &[Field::Tags]),
                update(
                    "/app/cert",
                    recorded(String, pem),
                    (String, "-----BEGIN KEY-----\nAAAA\nCCCC\n-----END KEY-----"),
                    &[Field::Value],
                ),
            ],
            unchanged: 14,
            absent: 0,
            unknown: vec![UnknownName { name: name("/app/what"), reason: UnknownReason::nothing_recorded() }],
            warnings: Vec::new(),
        }
    }
}
