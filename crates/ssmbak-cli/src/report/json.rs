//! What programs read: the contract. Keys in PascalCase, times RFC 3339 in UTC, what does not apply is absent.

mod difference;

pub use difference::DiffReport;

use serde::{Serialize, Serializer};
use serde_json::Value;
use ssmbak::restore::{Applied, Outcome};
use ssmbak_core::compare::{Said, recorded_details};
use ssmbak_core::parameter::Details;
use ssmbak_core::plan::{Action, Change, Plan, RecordedParameter, UnknownName};

use super::{QueryHeading, description, is_masked};

/// Of the shape that is described here.
const SCHEMA_VERSION: u32 = 1;

/// What `preview` and `restore` print.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PlanReport {
    schema_version: u32,
    path: String,
    recursive: bool,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    bucket: String,
    region: String,
    changes: Vec<ChangeReport>,
    unchanged: usize,
    unknown: Vec<UnknownReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restore_id: Option<String>,
    warnings: Vec<String>,
}

/// One row of a plan, or what `get` prints.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeReport {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(flatten)]
    state: Option<StateReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<Vec<&'static str>>,
    #[serde(flatten)]
    details: Option<DetailsReport>,
    /// As it was, in what happened between two times.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Box<ChangeReport>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A parameter as it was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct StateReport {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    masked: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

/// What ssmbak 0.5.2 did not record.
#[derive(Debug)]
struct DetailsReport(Vec<(&'static str, Value)>);

impl Serialize for DetailsReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, said)| (name, said)))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UnknownReport {
    name: String,
    reason: String,
    reason_code: &'static str,
}

impl From<&UnknownName> for UnknownReport {
    fn from(unknown: &UnknownName) -> Self {
        Self {
            name: unknown.name.to_string(),
            reason: unknown.reason.to_string(),
            reason_code: unknown.reason.code.as_str(),
        }
    }
}

impl PlanReport {
    /// A plan that is not applied.
    pub fn of_plan(question: &QueryHeading<'_>, plan: &Plan, warnings: &[String]) -> Self {
        let unknown = plan.unknown.iter().map(UnknownReport::from);
        Self {
            schema_version: SCHEMA_VERSION,
            path: question.paths.join(" "),
            recursive: question.recursive,
            at: question.at.to_string(),
            to: question.to.map(str::to_owned),
            bucket: question.bucket.to_owned(),
            region: question.region.to_owned(),
            changes: plan.changes.iter().map(|change| ChangeReport::of_change(change, question.reveal)).collect(),
            unchanged: plan.unchanged,
            unknown: unknown.collect(),
            skipped: plan.skipped.iter().map(ToString::to_string).collect(),
            restore_id: None,
            warnings: warnings.iter().chain(&plan.warnings).cloned().collect(),
        }
    }

    /// The same plan applied, by the restore of this id, if it left a record.
    #[must_use]
    pub fn applied(mut self, applied: &Applied, restore_id: Option<String>) -> Self {
        self.restore_id = restore_id;
        self.warnings.extend(applied.warnings.iter().cloned());
        for (change, outcome) in self.changes.iter_mut().zip(&applied.outcomes) {
            (change.outcome, change.error) = match outcome {
                Outcome::Done => (Some("done"), None),
                Outcome::Failed(error) => (Some("failed"), Some(error.to_string())),
                Outcome::Skipped(reason) => (Some("skipped"), Some(reason.clone())),
            };
        }
        self
    }
}

impl ChangeReport {
    fn of_change(change: &Change, reveal: bool) -> Self {
        let fields = match &change.action {
            Action::Update { fields, .. } => Some(fields.iter().map(|field| field.as_str()).collect()),
            Action::Create(_) | Action::Delete { .. } => None,
        };
        Self {
            action: Some(change.action_name()),
            name: Some(change.name.to_string()),
            state: change
                .recorded()
                .map(|to| StateReport::new(to, is_masked(change, to, reveal), description(change, to))),
            modified: change.modified().map(|time| time.to_string()),
            deleted: matches!(change.action, Action::Delete { .. }).then_some(true),
            fields,
            details: change.recorded().and_then(|to| to.details.as_ref()).map(DetailsReport::new),
            ..Self::default()
        }
    }

    /// What `get` prints.
    pub fn of_state(name: &str, state: &RecordedParameter, reveal: bool) -> Self {
        let masked = !reveal && state.parameter_type.is_secret();
        Self {
            name: Some(name.to_owned()),
            state: Some(StateReport::new(state, masked, state.description.text.as_deref())),
            modified: Some(state.modified.to_string()),
            details: state.details.as_ref().map(DetailsReport::new),
            version_id: Some(state.version_id.clone()),
            ..Self::default()
        }
    }
}

impl StateReport {
    fn new(state: &RecordedParameter, masked: bool, description: Option<&str>) -> Self {
        Self {
            r#type: state.parameter_type.as_str(),
            value: (!masked).then(|| state.value.expose().to_owned()),
            masked: masked.then_some(true),
            description: description.map(str::to_owned),
        }
    }
}

impl DetailsReport {
    fn new(details: &Details) -> Self {
        let attributes = recorded_details(details).filter_map(|(field, said)| {
            let said = match said {
                Said::Text(text) => Value::from(text?),
                Said::List(texts) => texts.iter().map(|text| policy(text)).collect(),
                Said::Map(entries) => {
                    entries?.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect()
                }
            };
            let is_empty = matches!(&said, Value::Array(items) if items.is_empty())
                || matches!(&said, Value::Object(entries) if entries.is_empty());
            (!is_empty).then_some((field.as_str(), said))
        });
        let author = details.author.as_ref().map(|author| ("LastModifiedUser", Value::from(author.as_str())));
        Self(attributes.chain([("Version", Value::from(details.version))]).chain(author).collect())
    }
}

/// A policy as the JSON that it is; a text that is none as it is.
fn policy(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{plan, recorded, time};
    use super::*;
    use ssmbak::{Error, ErrorKind};
    use ssmbak_core::instant::Instant;
    use ssmbak_core::parameter::ParameterType;

    fn report(reveal: bool) -> PlanReport {
        let at = Instant::exact(time("2026-01-02T00:00:00Z"));
        let paths = ["/app/".to_owned(), "/other".to_owned()];
        let question = QueryHeading {
            paths: &paths,
            recursive: true,
            at: &at,
            bucket: "backup",
            region: "eu-west-1",
            to: None,
            reveal,
        };
        PlanReport::of_plan(&question, &plan(), &["a warning".to_owned()])
    }

    #[test]
    fn a_plan_for_programs() {
        insta::assert_json_snapshot!(report(false));
    }

    #[test]
    fn secrets_are_absent_unless_asked_for() {
        let masked = serde_json::to_string(&report(false)).unwrap();
        for secret in ["top secret", "\"one\"", "\"two\""] {
            assert!(!masked.contains(secret), "{secret}");
        }
        let revealed = serde_json::to_string(&report(true)).unwrap();
        assert!(revealed.contains("top secret") && !revealed.contains("Masked"));
    }

    #[test]
    fn an_applied_plan_says_what_became_of_each_row() {
        let mut outcomes = vec![Outcome::Done; 8];
        outcomes.push(Outcome::Failed(Error::new(ErrorKind::Throttled, "cannot put")));
        outcomes.push(Outcome::Skipped("stopped before its turn".to_owned()));
        let report =
            report(false).applied(&Applied { outcomes, stopped: true, warnings: vec!["beside".to_owned()] }, None);
        let report = serde_json::to_value(report).unwrap();
        let of = |row: usize| (report["Changes"][row]["Outcome"].clone(), report["Changes"][row].get("Error").cloned());
        assert_eq!(report["Warnings"], serde_json::json!(["a warning", "beside"]));
        assert_eq!(of(0), ("done".into(), None));
        assert_eq!(of(8), ("failed".into(), Some("cannot put".into())));
        assert_eq!(of(9), ("skipped".into(), Some("stopped before its turn".into())));
    }

    #[test]
    fn a_state_for_programs() {
        let state = recorded(ParameterType::String, "one\n");
        insta::assert_json_snapshot!(ChangeReport::of_state("/a", &state, false), @r#"
        {
          "Name": "/a",
          "Type": "String",
          "Value": "one\n",
          "Modified": "2026-01-01T10:00:00.25Z",
          "VersionId": "v1"
        }
        "#);
    }
}
