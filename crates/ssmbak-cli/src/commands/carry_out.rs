//! What the commands that change something share: the question, the work, and what became of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use ssmbak::restore::{Applied, Outcome, Restore, RestoreOptions, Watcher};
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Action, Field, Plan};

use super::view::View;
use crate::again;
use crate::asked::AskedArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::report::json::PlanReport;
use crate::report::table;
use crate::ui::{Progress, Ui, text};

/// Asks whether to go on, where somebody is there to be asked.
///
/// # Errors
/// [`CliError`] if the answer is no.
pub(super) fn confirm(view: &View, yes: bool, ui: &Ui) -> Result<(), CliError> {
    if !view.plan.changes.is_empty() && !yes && ui.can_ask() && !ui.confirm(&question(view))? {
        return Err(CliError::failure("Declined", "nothing was changed", "answer y to go on, or give --yes"));
    }
    Ok(())
}

/// Applies the plan and tells what became of it, and how to undo it.
///
/// # Errors
/// [`CliError`] if it was interrupted, or the outcome cannot be printed.
pub(super) async fn carry_out(
    view: &View,
    asked: &AskedArgs,
    put_rate: Option<f64>,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    let plan = &view.plan;
    let before = interrupts.or(moment_before(plan)).await?;
    let applied = apply(view, put_rate, ui, interrupts).await?;
    if ui.is_json() {
        let report = PlanReport::of_plan(&view.question(), plan, &view.warnings);
        ui.json(&report.applied(&applied))?;
    } else if !plan.changes.is_empty() {
        ui.result(&table::applied(plan, &applied, view.look(ui)))?;
    }
    for warning in &applied.warnings {
        ui.warning(&text::line(warning));
    }
    if applied.outcomes.contains(&Outcome::Done) {
        // To the microsecond, and never to a whole second, which would include what was done in it.
        let time = format!("{before:.6}");
        ui.note(&format!("to undo it: {}", again::restore(asked, &view.asked.paths, &time, global)));
    }
    if !applied.is_complete() {
        ui.hint("run the command again to finish: what is done stays done");
    }
    Ok(match (applied.stopped, applied.is_complete()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::Partly,
    })
}

fn question(view: &View) -> String {
    let counts = view.plan.counts();
    let parts = [(counts.create, "create"), (counts.update, "update"), (counts.delete, "delete")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, verb)| format!("{verb} {count}")).collect();
    let below = if view.question().recursive { " and below" } else { "" };
    format!("In {}, at {}{below}: {}?", view.aws.region(), view.asked.paths.join(" "), parts.join(", "))
}

/// The moment to which the restore can be undone.
///
/// Events give the time of a deletion to the second, cut off: what is deleted now would seem to have been deleted before
/// this moment, if both were in one second. So the restore begins with the next one.
async fn moment_before(plan: &Plan) -> Result<Timestamp, CliError> {
    let now = Timestamp::now();
    let deletes = plan.changes.iter().any(|change| match &change.action {
        Action::Delete { .. } => true,
        Action::Update { fields, .. } => fields.contains(&Field::Type),
        Action::Create(_) => false,
    });
    if deletes {
        let left = 1_000_000_000 - u64::from(now.subsec_nanosecond().unsigned_abs());
        tokio::time::sleep(Duration::from_nanos(left)).await;
    }
    Ok(now)
}

/// Applies the plan. The first interruption stops it before the next write, the second one at once.
async fn apply(view: &View, put_rate: Option<f64>, ui: &Ui, interrupts: &mut Interrupts) -> Result<Applied, CliError> {
    let mut options = RestoreOptions::default();
    if view.aws.is_emulated("SSM") {
        (options.puts_per_second, options.deletes_per_second) = (None, None);
        // What is no AWS does not need AWS's half minute between a deletion and a creation.
        options.rebirth = Duration::ZERO;
    }
    if put_rate.is_some() {
        options.puts_per_second = put_rate;
    }
    let watch = Watch { stop: AtomicBool::new(false), progress: ui.progress(view.plan.changes.len(), "restoring") };
    let restore = Restore::new(view.store(), view.bucket.clone());
    let work = restore.apply(&view.plan, &options, &watch);
    tokio::pin!(work);
    loop {
        tokio::select! {
            applied = &mut work => return Ok(applied),
            () = interrupts.next() => {
                if watch.stop.swap(true, Ordering::Relaxed) {
                    return Err(CliError::Interrupted);
                }
                let said = "stopping after what is being written; Ctrl-C again to stop at once";
                watch.progress.aside(|| ui.remark(said));
            }
        }
    }
}

struct Watch {
    stop: AtomicBool,
    progress: Progress,
}

impl Watcher for Watch {
    fn settled(&self, _name: &ParameterName, _outcome: &Outcome) {
        self.progress.step();
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
