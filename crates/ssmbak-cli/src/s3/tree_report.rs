//! A plan of a tree and its outcome, printed row by row however many there are.

use serde::Serialize;
use ssmbak::s3::tree::{Applied, TreePlan, TreeRun};
use ssmbak_core::instant::Instant;

use super::report::{ChangeReport, Document, TotalsReport, row};
use super::tree::sum;
use crate::error::CliError;
use crate::ui::Ui;

/// Nothing beside the outcome.
#[derive(Debug, Serialize)]
pub(super) struct NoMore {}

/// What a plan is the answer to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Head {
    schema_version: u32,
    prefix: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    prefixes: Vec<String>,
    recursive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    bucket: String,
    region: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

impl Head {
    pub(super) fn new(prefixes: &[String], at: Option<&Instant>, bucket: &str, region: &str) -> Self {
        Self {
            schema_version: 1,
            prefix: prefixes.first().cloned().unwrap_or_default(),
            prefixes: if prefixes.len() > 1 { prefixes.to_vec() } else { Vec::new() },
            recursive: true,
            at: at.map(Instant::to_string),
            bucket: bucket.to_owned(),
            region: region.to_owned(),
            to: None,
        }
    }

    pub(super) fn to(mut self, to: Option<&str>) -> Self {
        self.to = to.map(str::to_owned);
        self
    }
}

/// Prints a plan.
///
/// # Errors
/// [`CliError`] if it cannot be read back or written.
pub(super) fn plan(ui: &Ui, head: &Head, plan: &mut TreePlan, rows: bool) -> Result<(), CliError> {
    let totals = plan.totals;
    if ui.is_json() {
        let mut document = Document::begin(ui, head, "Changes")?;
        for change in plan.changes.rows().filter(|_| rows) {
            document.item(&ChangeReport::planned(&change?))?;
        }
        return document.end(&TotalsReport::from(&totals));
    }
    for change in plan.changes.rows().filter(|_| rows) {
        let change = change?;
        ui.result(&row(change.action.name(), &change.version))?;
    }
    ui.result(&sum(&totals))
}

/// Totals, and what a command has to say beside them.
#[derive(Debug, Serialize)]
struct Tail<'a, M> {
    #[serde(flatten)]
    totals: TotalsReport,
    #[serde(flatten)]
    more: &'a M,
}

/// Prints for programs what became of a plan, and what there is beside it; people have seen it.
///
/// # Errors
/// As [`plan`].
pub(super) fn outcome(
    ui: &Ui,
    head: &Head,
    run: &mut TreeRun,
    applied: &Applied,
    more: &impl Serialize,
) -> Result<(), CliError> {
    if !ui.is_json() {
        return Ok(());
    }
    let mut document = Document::begin(ui, head, "Changes")?;
    let mut outcomes = Vec::new();
    for number in 0..run.len() {
        outcomes.push(run.outcome(number, applied));
    }
    for ((number, outcome), change) in (0_u64..).zip(outcomes).zip(run.changes()) {
        let change = change?;
        let report = ChangeReport::planned(&change);
        document.item(&report.with_outcome(outcome, applied.failure(number)))?;
    }
    document.end(&Tail { totals: TotalsReport::from(run.totals()), more })
}
