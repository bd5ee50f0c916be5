//! A plan as a file: what it would do, from what to what, and not a single value.
//!
//! A value needs no hash here. What is restored is named by its S3 version, whose bytes never change, and what is
//! overwritten by Parameter Store's version number and date, which together name one value for all time. So nothing in the
//! file can be tried out against guesses. What can change without a new version, tags above all, is covered by a SHA-256
//! over all attributes but the value.

mod stale;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

pub use stale::{Difference, differences};

use super::{Action, Change, Place, Plan, Query, RecordedParameter};
use crate::compare::recorded_details;
use crate::name::ParameterName;
use crate::parameter::{CurrentParameter, Details};
use crate::timeline::Absence;

/// The version of the file's format that is written.
pub const SCHEMA_VERSION: u64 = 1;

/// What the file says it is.
pub const KIND: &str = "RestorePlan";

/// The largest file that is read, in bytes: some hundred thousand rows.
pub const MAX_BYTES: u64 = 64 << 20;

/// A plan with all that it was made from, without values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SavedPlan {
    schema_version: u64,
    kind: String,
    /// When it was made.
    pub made: Timestamp,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What it answers.
    pub question: Query,
    /// What it would do, in order of name.
    pub changes: Vec<SavedChange>,
}

/// A row of a saved plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SavedChange {
    /// `create`, `update` or `delete`.
    pub action: String,
    /// The parameter.
    pub name: ParameterName,
    /// The names of the attributes that an update changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// What is to be restored; `None` for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<SavedRecord>,
    /// Why it is to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<String>,
    /// What is to be overwritten or deleted; `None` for a creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub present: Option<SavedPresent>,
}

/// What is to be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SavedRecord {
    /// The S3 version that holds it.
    pub version_id: String,
    /// When it came into effect.
    pub modified: Timestamp,
    /// Its type.
    pub r#type: String,
    /// SHA-256, in hex, of its attributes without the value.
    pub attributes: String,
}

/// What is to be overwritten or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SavedPresent {
    /// Parameter Store's version number.
    pub version: u64,
    /// When Parameter Store made this version.
    pub last_modified_date: Timestamp,
    /// SHA-256, in hex, of its attributes without the value.
    pub attributes: String,
}

/// Why a file cannot be used as a plan. Nothing of the file is repeated but numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavedPlanError {
    /// Larger than [`MAX_BYTES`].
    #[error("it is larger than {} MiB, and no plan is", MAX_BYTES >> 20)]
    TooLarge,
    /// No JSON object that says it is a plan.
    #[error("it is no plan of ssmbak")]
    Foreign,
    /// Written by a later version.
    #[error("it was written by a newer ssmbak (schema version {0}); update this command")]
    Newer(u64),
    /// A plan of which something is missing or wrong.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Header {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    schema_version: Option<u64>,
}

impl SavedPlan {
    /// A plan to be saved.
    pub fn new(place: Place, question: Query, plan: &Plan, made: Timestamp) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            kind: KIND.to_owned(),
            made,
            place,
            question,
            changes: plan.changes.iter().map(SavedChange::of).collect(),
        }
    }

    /// The file's content.
    pub fn encode(&self) -> String {
        // Text, numbers and lists of them do not fail to become JSON.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a file's content.
    ///
    /// # Errors
    /// [`SavedPlanError`] for whatever is not a whole plan of a known format.
    pub fn decode(content: &[u8]) -> Result<Self, SavedPlanError> {
        if content.len() as u64 > MAX_BYTES {
            return Err(SavedPlanError::TooLarge);
        }
        let damaged = |why: String| SavedPlanError::Damaged(why);
        let header: Header = match serde_json::from_slice(content) {
            Ok(header) => header,
            // A plan that was cut off is a damaged plan.
            Err(error) if error.is_eof() && !content.trim_ascii().is_empty() => {
                return Err(damaged("it ends in the middle".to_owned()));
            }
            Err(_) => return Err(SavedPlanError::Foreign),
        };
        match (header.kind.as_deref(), header.schema_version) {
            (Some(KIND), Some(SCHEMA_VERSION)) => {}
            (Some(KIND), Some(version)) if version > SCHEMA_VERSION => return Err(SavedPlanError::Newer(version)),
            (Some(KIND), _) => return Err(damaged("its schema version is none".to_owned())),
            _ => return Err(SavedPlanError::Foreign),
        }
        let plan: Self = serde_json::from_slice(content)
            .map_err(|error| damaged(format!("line {} is not as it should be", error.line())))?;
        plan.question.instant().ok_or_else(|| damaged("its time cannot be read".to_owned()))?;
        plan.question.selection().map_err(|_| damaged("its paths cannot be read".to_owned()))?;
        let in_order = plan.changes.windows(2).all(|rows| matches!(rows, [a, b] if a.name < b.name));
        if !in_order || !plan.changes.iter().all(SavedChange::is_whole) {
            return Err(damaged("its rows are not those of one plan".to_owned()));
        }
        Ok(plan)
    }
}

impl SavedChange {
    fn of(change: &Change) -> Self {
        let (fields, from, absent) = match &change.action {
            Action::Create(_) => (Vec::new(), None, None),
            Action::Update { from, fields, .. } => {
                (fields.iter().map(|field| field.as_str().to_owned()).collect(), Some(from), None)
            }
            Action::Delete { from, because } => (Vec::new(), Some(from), Some(why(because))),
        };
        Self {
            action: change.action_name().to_owned(),
            name: change.name.clone(),
            fields,
            recorded: change.recorded().map(SavedRecord::of),
            absent,
            present: from.map(|from| SavedPresent::of(&from.parameter)),
        }
    }

    fn is_whole(&self) -> bool {
        matches!(
            (self.action.as_str(), &self.recorded, &self.present, &self.absent),
            ("create", Some(_), None, None) | ("update", Some(_), Some(_), None) | ("delete", None, Some(_), Some(_))
        )
    }
}

fn why(because: &Absence) -> String {
    match because {
        Absence::Deleted(at) => format!("deleted at {at}"),
        Absence::NotYetCreated(first) => format!("first version at {first}"),
    }
}

impl SavedRecord {
    fn of(to: &RecordedParameter) -> Self {
        Self {
            version_id: to.version_id.clone(),
            modified: to.modified,
            r#type: to.parameter_type.as_str().to_owned(),
            attributes: digest(to.parameter_type.as_str(), to.description.text.as_deref(), to.details.as_ref()),
        }
    }
}

impl SavedPresent {
    fn of(now: &CurrentParameter) -> Self {
        let details = &now.details;
        Self {
            version: details.version,
            last_modified_date: details.modified,
            attributes: digest(now.parameter_type.as_str(), now.description.as_deref(), Some(details)),
        }
    }
}

/// SHA-256, in hex, of everything but the value.
fn digest(parameter_type: &str, description: Option<&str>, details: Option<&Details>) -> String {
    let details = details.map(|details| {
        let keyed = recorded_details(details).map(|(field, said)| (field.camel_case(), json!(said)));
        keyed.collect::<serde_json::Map<_, _>>()
    });
    let whole = json!({ "type": parameter_type, "description": description, "details": details });
    Sha256::digest(whole.to_string().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
