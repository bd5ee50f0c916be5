//! Plans as files.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use ssmbak_core::plan::Place;
use ssmbak_core::plan::saved::{MAX_BYTES, SavedPlan, SavedPlanError, differences};

use super::planned_restore::PlannedRestore;
use crate::aws::Caller;
use crate::error::CliError;
use crate::output_file::Sink;

/// Where a plan goes.
pub(super) fn sink(path: &Path) -> Result<Sink, CliError> {
    Sink::of(path).map_err(|error| failed(path, &error))
}

/// Writes a plan so that nobody else can read it, and nobody ever sees half of it.
pub(super) fn write(path: &Path, sink: &Sink, plan: &SavedPlan) -> Result<(), CliError> {
    sink.write(plan.encode().as_bytes()).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> CliError {
    let message = format!("cannot write the plan to {}: {}", path.display(), said(error));
    CliError::failure("PlanFile", message, "name a file in a folder that exists and that you may write to")
}

/// Reads a plan.
pub(super) fn read(path: &Path) -> Result<SavedPlan, CliError> {
    let failure = |message: String, hint: &str| Err(CliError::failure("PlanFile", message, hint));
    let read = || -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        // One byte more than is allowed, to notice that there is more.
        File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut content)?;
        Ok(content)
    };
    let content = match read() {
        Ok(content) => content,
        Err(error) => {
            let message = format!("cannot read the plan {}: {}", path.display(), said(&error));
            return failure(message, "`ssmbak preview PATH TIME --out FILE` makes one");
        }
    };
    SavedPlan::decode(&content).or_else(|error| {
        let hint = match error {
            SavedPlanError::Newer(_) => "or make the plan anew with this one",
            _ => "`ssmbak preview PATH TIME --out FILE` makes one",
        };
        failure(format!("the plan {} cannot be used: {error}", path.display()), hint)
    })
}

/// Makes sure that a plan is one of this bucket, region and account.
pub(super) fn check_place(saved: &SavedPlan, place: &Place) -> Result<(), CliError> {
    let differences = saved.place.differences(place);
    if differences.is_empty() {
        return Ok(());
    }
    let message = format!("the plan is of another place: it is of {}", differences.join(", of "));
    Err(CliError::stale(message, Vec::new()))
}

/// Makes sure that a plan made anew is the one that was saved.
pub(super) fn check(saved: &SavedPlan, planned: &PlannedRestore, caller: Option<&Caller>) -> Result<(), CliError> {
    let place = planned.place(caller);
    check_place(saved, &place)?;
    let now = SavedPlan::new(place, planned.query.clone(), &planned.plan, saved.made);
    let differences = differences(&saved.changes, &now.changes, &planned.plan.unknown);
    if differences.is_empty() {
        return Ok(());
    }
    let rows = if differences.len() == 1 { "row" } else { "rows" };
    let message = format!("the plan of {} is stale: {} {rows} would be another now", saved.made, differences.len());
    Err(CliError::stale(message, differences))
}

/// The system's words without its number.
fn said(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
