//! What changed between two times, for programs.

use serde::Serialize;
use ssmbak_core::diff::{Diff, Difference, Happened};
use ssmbak_core::plan::RecordedParameter;

use super::{ChangeReport, DetailsReport, SCHEMA_VERSION, StateReport, UnknownReport};
use crate::report::diff::{DiffQuestion, hidden};

/// What `diff` prints.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DiffReport {
    schema_version: u32,
    path: String,
    recursive: bool,
    from: String,
    to: String,
    bucket: String,
    region: String,
    changes: Vec<ChangeReport>,
    unchanged: usize,
    unknown: Vec<UnknownReport>,
    warnings: Vec<String>,
}

impl DiffReport {
    /// The answer to a question.
    pub fn new(question: &DiffQuestion<'_>, diff: &Diff, warnings: &[String]) -> Self {
        let unknown = diff.unknown.iter().map(UnknownReport::from);
        Self {
            schema_version: SCHEMA_VERSION,
            path: question.paths.join(" "),
            recursive: question.recursive,
            from: question.from.to_string(),
            to: question.to.to_string(),
            bucket: question.bucket.to_owned(),
            region: question.region.to_owned(),
            changes: diff.changes.iter().map(|change| ChangeReport::of_difference(change, question.reveal)).collect(),
            unchanged: diff.unchanged,
            unknown: unknown.collect(),
            warnings: warnings.to_vec(),
        }
    }
}

impl ChangeReport {
    fn of_difference(change: &Difference, reveal: bool) -> Self {
        let (hide_before, hide_after) = hidden(&change.happened, reveal);
        let boxed = |state: &RecordedParameter| Some(Box::new(Self::of_side(state, hide_before)));
        let row = match &change.happened {
            Happened::Create(after) => Self::of_side(after, hide_after),
            Happened::Update { before, after, fields } => Self {
                fields: Some(fields.iter().map(|field| field.as_str()).collect()),
                before: boxed(before),
                ..Self::of_side(after, hide_after)
            },
            Happened::Delete { before, at } => Self {
                deleted: Some(true),
                modified: at.map(|at| at.to_string()),
                before: boxed(before),
                ..Self::default()
            },
        };
        Self { action: Some(change.action_name()), name: Some(change.name.to_string()), ..row }
    }

    fn of_side(state: &RecordedParameter, masked: bool) -> Self {
        Self {
            state: Some(StateReport::new(state, masked, state.description.text.as_deref())),
            modified: Some(state.modified.to_string()),
            details: state.details.as_ref().map(DetailsReport::new),
            ..Self::default()
        }
    }
}
