//! What a restore leaves of itself in the bucket, so that it can be looked up and undone.

mod id;
mod row;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use id::{RestoreId, RestoreIdError};
pub use row::RowState;

use crate::name::ParameterName;
use crate::plan::{Action, Change, Place, Plan, Query};

/// The prefix of the records' keys. No parameter's key begins so: a key with a slash that does not begin with one is no
/// name.
pub const RESTORE_PREFIX: &str = "ssmbak-restore/";

/// The version of the format that is written.
pub const SCHEMA_VERSION: u64 = 1;

/// A restore: what was asked, what it changed, and the moment before it. It holds no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RestoreRecord {
    schema_version: u64,
    /// Its name, by which it is undone.
    pub id: RestoreId,
    /// How far it came.
    pub state: RestoreState,
    /// When it began to write to Parameter Store.
    pub begun: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Timestamp>,
    /// The moment before its first write: to undo it is to restore this moment.
    pub before: Timestamp,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The ARN of who did it; `None`: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What was asked.
    pub question: Query,
    /// The restore that it undid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RestoreId>,
    /// What it changed, in order of name.
    pub changes: Vec<RecordedChange>,
}

/// How far a restore came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RestoreState {
    /// It has begun, and has not said how it ended: it is under way, or was killed.
    Begun,
    /// It came to its end.
    Finished,
    /// It was interrupted, and said so.
    Stopped,
}

impl RestoreState {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
        }
    }
}

/// A row of a restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordedChange {
    /// `create`, `update` or `delete`.
    pub action: String,
    /// The parameter.
    pub name: ParameterName,
    /// The S3 version that was restored; `None` for a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// What the parameter was right before its row was written; `None`: the record is of an older format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<RowState>,
    /// What the row made of the parameter; `None`: nothing, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RowState>,
    /// Whether the parameter was written to, or may have been; `None`: the record is of an older format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touched: Option<bool>,
    /// `done`, `failed` or `skipped`; `None`: the restore has not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RowOutcome>,
    /// Why it failed or was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RowOutcome {
    /// It is as the plan wanted it.
    Done,
    /// It is not, or not wholly.
    Failed,
    /// It was not tried.
    Skipped,
}

/// What is known of a restore before it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreDraft {
    /// Its name.
    pub id: RestoreId,
    /// Where.
    pub place: Place,
    /// The ARN of who does it, if that is known.
    pub author: Option<String>,
    /// What was asked.
    pub question: Query,
    /// The restore that it undoes.
    pub undoes: Option<RestoreId>,
}

/// Why a record cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreRecordError {
    /// Written by a later version.
    #[error("it was written by a newer ssmbak (schema version {0}); update this command")]
    Newer(u64),
    /// No record, or of another restore than its key says.
    #[error("it is no record of a restore, or a damaged one")]
    Damaged,
}

impl RestoreRecord {
    /// The record of a restore that has not written anything yet: it has touched none of its rows.
    pub fn begin(draft: RestoreDraft, plan: &Plan, before: Timestamp, begun: Timestamp) -> Self {
        let changes = plan.changes.iter().map(RecordedChange::begin);
        Self {
            schema_version: SCHEMA_VERSION,
            id: draft.id,
            state: RestoreState::Begun,
            begun,
            finished: None,
            before,
            place: draft.place,
            author: draft.author,
            question: draft.question,
            undoes: draft.undoes,
            changes: changes.collect(),
        }
    }

    /// What is stored.
    pub fn encode(&self) -> String {
        // Text, numbers and lists of them do not fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what is stored under a key.
    ///
    /// # Errors
    /// [`RestoreRecordError`] for whatever is not the record that belongs there.
    pub fn decode(key: &str, content: &[u8]) -> Result<Self, RestoreRecordError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Header {
            schema_version: u64,
        }
        let header: Header = serde_json::from_slice(content).map_err(|_| RestoreRecordError::Damaged)?;
        if header.schema_version > SCHEMA_VERSION {
            return Err(RestoreRecordError::Newer(header.schema_version));
        }
        let record: Self = serde_json::from_slice(content).map_err(|_| RestoreRecordError::Damaged)?;
        if record.id.key() == key { Ok(record) } else { Err(RestoreRecordError::Damaged) }
    }

    /// Says of each row without an outcome that it may be written to from now on.
    pub fn arm(&mut self) {
        for change in self.changes.iter_mut().filter(|change| change.outcome.is_none()) {
            change.touched = Some(true);
        }
    }

    /// The names that it changed, or may have changed: what failed may have been done in part, and a restore that does not
    /// say how it ended may have done all of it.
    pub fn touched(&self) -> Vec<ParameterName> {
        self.changes.iter().filter(|change| change.is_touched()).map(|change| change.name.clone()).collect()
    }

    /// The names that it created: just before it, they did not exist.
    pub fn created(&self) -> Vec<ParameterName> {
        let created = |row: &&RecordedChange| row.action == "create" && row.outcome == Some(RowOutcome::Done);
        self.changes.iter().filter(created).map(|change| change.name.clone()).collect()
    }

    /// How many rows had this outcome.
    pub fn count(&self, outcome: RowOutcome) -> usize {
        self.changes.iter().filter(|change| change.outcome == Some(outcome)).count()
    }
}

impl RecordedChange {
    fn begin(change: &Change) -> Self {
        let before = match &change.action {
            Action::Create(_) => RowState::absent(),
            Action::Update { from, .. } | Action::Delete { from, .. } => RowState::of(&from.parameter),
        };
        Self {
            action: change.action_name().to_owned(),
            name: change.name.clone(),
            version_id: change.recorded().map(|to| to.version_id.clone()),
            before: Some(before),
            after: None,
            touched: Some(false),
            outcome: None,
            error: None,
        }
    }

    /// Whether it was written to, or may have been.
    pub fn is_touched(&self) -> bool {
        self.touched.unwrap_or(self.outcome != Some(RowOutcome::Skipped))
    }
}

#[cfg(test)]
mod tests;
