//! What the commands that change something share: the question, the work, and what became of it.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use ssmbak::ErrorKind;
use ssmbak::restore::{Outcome, ProgressObserver, Restore, RestoreOptions, RestoreReport};
use ssmbak_core::plan::Query;
use ssmbak_core::restore_record::{RestoreDraft, RestoreId};

use super::drastic;
use super::planned_restore::PlannedRestore;
use super::watch::{Watch, is_without_credentials};
use crate::aws::{Aws, Caller};
use crate::bucket::{BucketArgs, must_keep_new_versions};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::report::json::PlanReport;
use crate::report::table;
use crate::suggested_command;
use crate::ui::{Ui, text};

/// How a plan is to be applied.
#[derive(Clone, Debug)]
pub(crate) struct ApplyRequest {
    /// Who does it, if that is known.
    pub(crate) caller: Option<Caller>,
    /// The restore that it undoes.
    pub(crate) undoes: Option<RestoreId>,
    /// Most parameters written in a second.
    pub(crate) put_rate: Option<f64>,
}

/// Asks whether to go on, where somebody is there to be asked. Tells who it is that would do it, where there is something
/// to do.
///
/// # Errors
/// [`CliError`] if the answer is no.
pub(super) async fn confirm(
    planned: &PlannedRestore,
    yes: bool,
    unasked: Unasked,
    ui: &Ui,
) -> Result<Option<Caller>, CliError> {
    if planned.plan.changes.is_empty() {
        return Ok(None);
    }
    if let Some(bucket) = planned.recorder() {
        must_keep_new_versions(bucket).await?;
    }
    let caller = planned.aws().caller().await;
    let account = caller.as_ref().map(|caller| caller.account.as_str());
    let drastic = if unasked == Unasked::GoesOn { drastic::reason(planned, ssmbak::clock::now()) } else { None };
    if let Some(reason) = &drastic {
        ui.warning(&text::line(reason));
    }
    if yes {
        return Ok(caller);
    }
    let agreed = match &drastic {
        Some(_) if ui.can_ask() => {
            let word = format!("delete {}", planned.plan.counts().delete);
            ui.confirm_by(&question(planned, account), &word)?
        }
        None if ui.can_ask() => ui.confirm(&question(planned, account))?,
        _ => match ui.piped_answer() {
            Some(false) => false,
            // A yes says too little for what a terminal is asked to type a word for.
            Some(true) if drastic.is_none() => true,
            None if drastic.is_none() && unasked == Unasked::GoesOn => true,
            _ => {
                let message = drastic.unwrap_or_else(|| "there is no terminal to ask on".to_owned());
                return Err(CliError::usage(format!("not confirmed, nothing changed: {message}"), "add --yes"));
            }
        },
    };
    if agreed {
        return Ok(caller);
    }
    Err(CliError::failure("Declined", "cancelled, nothing changed", "answer y to go on, or give --yes"))
}

/// What becomes of a restore where nobody can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unasked {
    /// It goes on, as that of ssmbak 0.5.2, unless it deletes all that is selected.
    GoesOn,
    /// It needs `--yes`.
    Stops,
}

/// Applies the plan and tells what became of it, and how to undo it.
///
/// # Errors
/// [`CliError`] if it was interrupted, or the outcome cannot be printed.
pub(super) async fn apply_and_report(
    planned: &PlannedRestore,
    request: ApplyRequest,
    ctx: &mut Context<'_>,
) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let plan = &planned.plan;
    let described = PlanReport::of_plan(&planned.question(), plan, &planned.warnings);
    if plan.changes.is_empty() {
        if ui.is_json() {
            ui.json(&described)?;
        }
        return Ok(Exit::Done);
    }
    let report = apply_with_progress(planned, request, ctx).await?;
    let applied = &report.applied;
    // Where it cannot be shown, how to undo it is said all the same.
    let shown = if ui.is_json() {
        let id = report.recorded.then(|| report.record.id.to_string());
        ui.json(&described.applied(applied, id))
    } else {
        ui.result(&table::applied(plan, applied, planned.look(ui)))
    };
    for warning in &applied.warnings {
        ui.warning(&text::line(warning));
    }
    if let Some(command) = undoing(planned, &report, ctx.global) {
        ui.note(&format!("undo with: {command}"));
    }
    shown?;
    let without_credentials = applied.outcomes.iter().any(is_without_credentials);
    if without_credentials {
        ui.hint("the credentials ended: log in again, then run the command again to finish; what is done stays done");
    } else if !applied.is_complete() && applied.outcomes.iter().all(is_done_or_refused) {
        ui.hint("mend what is refused, then run the command again: what is done stays done");
    } else if !applied.is_complete() {
        ui.hint("run the command again to finish: what is done stays done");
    }
    Ok(match (applied.stopped && !without_credentials, applied.is_complete()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Done,
        (false, false) => Exit::Partly,
    })
}

/// Whether running it again would not help by itself.
fn is_done_or_refused(outcome: &Outcome) -> bool {
    use ErrorKind::{AccessDenied, KeyUnusable, Refused};
    match outcome {
        Outcome::Done => true,
        Outcome::Failed(error) => matches!(error.kind, AccessDenied | KeyUnusable | Refused),
        Outcome::Skipped(_) => false,
    }
}

/// The command that undoes what was done; `None` if nothing was.
pub(crate) fn undoing(planned: &PlannedRestore, report: &RestoreReport, global: &GlobalArgs) -> Option<String> {
    let bucket = &planned.bucket_args();
    let RestoreReport { applied, record, recorded } = report;
    applied.outcomes.contains(&Outcome::Done).then(|| match (recorded, &planned.target) {
        (true, Some(there)) => {
            let bucket = BucketArgs { bucket: there.bucket.as_ref().map(|bucket| bucket.name().to_owned()) };
            suggested_command::undo(record.id.as_str(), &bucket, &there.global)
        }
        (true, None) => suggested_command::undo(record.id.as_str(), bucket, global),
        (false, Some(_)) => "delete what it created: nothing records changes there".to_owned(),
        // To the microsecond, and never to a whole second, which would include what was done in it.
        (false, None) => {
            suggested_command::restore(&before(&planned.query), bucket, &format!("{:.6}", record.before), global)
        }
    })
}

/// The question whose answer, of the moment before, undoes what this one asked for.
pub(super) fn before(question: &Query) -> Query {
    let paths = question.to.clone().map_or_else(|| question.paths.clone(), |to| vec![to]);
    let recursive = question.recursive || question.to.is_some();
    // The globs are about the names that were restored, not about those that they were restored to.
    let globs = |globs: &[String]| if question.to.is_some() { Vec::new() } else { globs.to_vec() };
    Query {
        paths,
        recursive,
        include: globs(&question.include),
        exclude: globs(&question.exclude),
        at: question.at.clone(),
        ..Query::default()
    }
}

/// What is asked before anything is changed: account, region, path and counts.
pub(crate) fn question(planned: &PlannedRestore, account: Option<&str>) -> String {
    let counts = planned.plan.counts();
    let parts = [(counts.create, "create"), (counts.update, "update"), (counts.delete, "delete")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, verb)| format!("{verb} {count}")).collect();
    let below = if planned.question().recursive { " and below" } else { "" };
    let account = account.map(|account| format!("account {}, ", text::line(account))).unwrap_or_default();
    let paths = text::line(&shown(&planned.asked.paths));
    let to = planned.query.to.as_deref().map(|to| format!(" to {}", text::line(to))).unwrap_or_default();
    format!("In {account}{}, at {paths}{below}{to}: {}?", planned.aws().region(), parts.join(", "))
}

/// Most paths that a question names.
const PATHS: usize = 6;

/// Paths as a question names them.
fn shown(paths: &[String]) -> String {
    match paths.split_at_checked(PATHS) {
        Some((first, rest)) if !rest.is_empty() => format!("{} and {} more", first.join(" "), rest.len()),
        _ => paths.join(" "),
    }
}

/// Applies the plan and leaves its record.
pub(crate) async fn apply(
    planned: &PlannedRestore,
    request: ApplyRequest,
    observer: &impl ProgressObserver,
) -> RestoreReport {
    let options = write_options(planned.aws(), request.put_rate);
    let draft = RestoreDraft {
        id: new_restore_id(),
        place: planned.place(request.caller.as_ref()),
        author: request.caller.map(|caller| caller.arn),
        question: planned.query.clone(),
        undoes: request.undoes,
    };
    let restore = Restore::new(planned.store(), planned.recorder().unwrap_or(&planned.bucket).clone());
    match planned.recorder() {
        Some(_) => restore.apply_and_record(&planned.plan, draft, &options, observer).await,
        None => restore.create_unrecorded(&planned.plan, draft, &options, observer).await,
    }
}

/// Applies the plan. The first interruption stops it before the next write, the second one at once.
async fn apply_with_progress(
    planned: &PlannedRestore,
    request: ApplyRequest,
    ctx: &mut Context<'_>,
) -> Result<RestoreReport, CliError> {
    let ui = ctx.ui;
    let watch = Watch::new(ui.progress(planned.plan.changes.len(), "restoring"));
    let work = apply(planned, request, &watch);
    tokio::pin!(work);
    loop {
        tokio::select! {
            applied = &mut work => return Ok(applied),
            () = ctx.interrupts.next() => {
                if watch.stop() {
                    watch.progress.aside(|| ui.remark("`ssmbak restores` shows what was begun, `ssmbak undo` undoes it"));
                    return Err(CliError::interrupted());
                }
                let said = "stopping after what is being written; Ctrl-C again to stop at once";
                watch.progress.aside(|| ui.remark(said));
            }
        }
    }
}

/// How fast to write where, unless a rate is given.
pub fn write_options(aws: &Aws, put_rate: Option<f64>) -> RestoreOptions {
    let mut options = RestoreOptions::default();
    if aws.is_on_this_machine("SSM") {
        (options.puts_per_second, options.deletes_per_second) = (None, None);
        // An emulator does not need AWS's half minute between a deletion and a creation.
        options.recreate_delay = Duration::ZERO;
    }
    if put_rate.is_some() {
        options.puts_per_second = put_rate;
    }
    options
}

/// A name for a restore that begins now.
pub fn new_restore_id() -> RestoreId {
    // The standard library seeds its hashers by chance.
    let chance = RandomState::new().hash_one(std::process::id());
    RestoreId::new(ssmbak::clock::now(), u32::try_from(chance & u64::from(u32::MAX)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_paced_unless_the_endpoint_is_on_this_machine() {
        let at = |url: &str, put_rate| {
            let options = write_options(&Aws::at(url), put_rate);
            (options.puts_per_second, options.deletes_per_second, options.recreate_delay.as_secs())
        };
        for local in ["http://127.0.0.1:4566", "http://localhost:5000"] {
            assert_eq!(at(local, None), (None, None, 0), "{local}");
            assert_eq!(at(local, Some(1.0)), (Some(1.0), None, 0), "{local}");
        }
        for remote in [
            "https://ssm.eusc-de-east-1.amazonaws.eu",
            "https://ssm.cn-north-1.api.amazonwebservices.com.cn",
            "https://vpce-1.ssm.eu-west-1.vpce.amazonaws.com",
            "https://parameters.corp.internal",
            "http://10.0.0.1:8080",
        ] {
            assert_eq!(at(remote, None), (Some(3.0), Some(5.0), 30), "{remote}");
        }
    }

    #[test]
    fn a_question_names_some_paths_and_counts_the_others() {
        let of = |count: usize| shown(&(0..count).map(|number| format!("/{number}")).collect::<Vec<_>>());
        assert_eq!((of(0), of(2)), (String::new(), "/0 /1".to_owned()));
        assert_eq!(of(PATHS), "/0 /1 /2 /3 /4 /5");
        assert_eq!(of(40), "/0 /1 /2 /3 /4 /5 and 34 more");
    }
}
