//! `s3bak batch finish`: what no job does, and whether all is as it was.

use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use ssmbak::s3::tree::{Failure, ManifestPlan, ManifestVerified, TreeRestoreOptions, TreeRun};
use ssmbak::s3::{CopyOptions, ObjectBucket};
use ssmbak_core::object::batch::{FailedTask, JobState};
use ssmbak_core::object::{KeyGlobs, S3Location};

use super::{DirArgs, planned_target, states};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::read_time;
use crate::s3::tree::{WorkArgs, conclude, run as run_tree, sum};
use crate::s3::tree_report::{self, Head};
use crate::suggested_command::quoted;
use crate::ui::{Ui, text};

/// Most failed tasks and wrong rows that are named.
const NAMED: usize = 1_000;

#[derive(Debug, Args)]
pub(super) struct FinishArgs {
    #[command(flatten)]
    dir: DirArgs,
    #[command(flatten)]
    work: WorkArgs,
}

pub(super) async fn finish(args: &FinishArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let described = ManifestPlan::read(&args.dir.dir)?;
    let states = ctx.until_interrupted(states(&args.dir, &described, ctx.global)).await?;
    if let Some((file, _, state)) = states.iter().find(|(_, _, state)| !state.is_over()) {
        let message = format!("the job of {file} is {}", state.status);
        return Err(CliError::failure("Other", message, "wait until all jobs are over: s3bak batch status"));
    }
    let aws = ctx.connect().await?;
    let bucket = ObjectBucket::new(aws.s3(), &described.bucket);
    let mut found = ctx.until_interrupted(failed_tasks(&described, &states, &bucket, ui)).await?;
    let at = read_time(&described.at, ssmbak::clock::now(), &TimeZone::UTC)?;
    let tree = args.work.tree(&bucket, &described.prefixes, KeyGlobs::default());
    let to = planned_target(&described, &bucket)?;
    // Jobs copied nothing but what a plain copy keeps, so that is what is compared.
    let fast = CopyOptions { fast: true, ..CopyOptions::default() };
    let planned = async {
        let progress = ui.counter("listing versions");
        let seen = |more| progress.advance(more);
        let plan = tree.plan_of_manifest(&described, &args.dir.dir, at, to.as_ref(), seen).await?;
        Ok::<_, CliError>(tree.compared(plan, None, to.as_ref(), &fast).await?)
    };
    let mut run = TreeRun::new(ctx.until_interrupted(planned).await?, None);
    ui.remark(&sum(run.totals()));
    let options = TreeRestoreOptions { to: to.clone(), ..TreeRestoreOptions::default() };
    let work = async |watch: &_, run: &mut _| tree.restore(run, &options, watch).await;
    let applied = run_tree(&mut run, ui, "finishing", ctx, work).await?;
    let head = Head::new(&described.prefixes, Some(&at), bucket.name(), aws.region()).to(described.to.as_deref());
    let verified = async {
        let progress = ui.counter("verifying");
        let seen = |more| progress.advance(more);
        Ok::<_, CliError>(tree.verify_manifest(&described, &args.dir.dir, at, to.as_ref(), seen).await?)
    };
    // Where something failed, the rest can wait until that is made good.
    let verified = if applied.is_complete() { Some(ctx.until_interrupted(verified).await?) } else { None };
    found.verified(verified.as_ref());
    tree_report::outcome(ui, &head, &mut run, &applied, &found)?;
    let again = format!("s3bak batch finish {}", quoted(&args.dir.dir.to_string_lossy()));
    let exit = conclude(run, applied, "finished", &again, ui)?;
    let Some(verified) = verified else { return Ok(exit) };
    for failure in &verified.failures {
        ui.remark(&format!("wrong: {}: {}", text::line(&failure.key), text::line(&failure.error.to_string())));
    }
    more(verified.wrong, verified.failures.len(), "wrong rows", ui);
    ui.remark(&format!("{} of {} rows are as they were", verified.rows - verified.wrong, verified.rows));
    if verified.wrong == 0 {
        return Ok(Exit::Done);
    }
    ui.note(&format!("to look at it again: {again}"));
    Ok(Exit::Partly)
}

/// What `finish` found out beside the outcome of its own changes, for programs.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FinishReport {
    /// Tasks that failed in jobs.
    jobs_failed: u64,
    /// The first thousand of them.
    failed_tasks: Vec<FailedTask>,
    /// Rows that were looked up at the end; absent if there was no reason to.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<u64>,
    /// The first thousand of the wrong ones.
    wrong_rows: Vec<WrongRow>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrongRow {
    key: String,
    error: String,
}

impl FinishReport {
    fn verified(&mut self, verified: Option<&ManifestVerified>) {
        let Some(verified) = verified else { return };
        (self.rows, self.wrong) = (Some(verified.rows), Some(verified.wrong));
        let row = |failure: &Failure| WrongRow { key: failure.key.clone(), error: failure.error.to_string() };
        self.wrong_rows = verified.failures.iter().map(row).collect();
    }
}

/// Names the tasks that failed in jobs, as their reports have them.
async fn failed_tasks(
    plan: &ManifestPlan,
    states: &[(String, String, JobState)],
    bucket: &ObjectBucket,
    ui: &Ui,
) -> Result<FinishReport, CliError> {
    let jobs_failed = states.iter().map(|(_, _, state)| state.failed).sum();
    let mut found = FinishReport { jobs_failed, ..FinishReport::default() };
    for (file, (_, job, state)) in plan.jobs.iter().zip(states) {
        if let Some(reason) = &state.reason {
            ui.warning(&format!("the job of {} failed: {}", file.file, text::line(reason)));
        }
        let report = file.report.as_deref().and_then(|report| S3Location::parse(report).ok().flatten());
        let most = NAMED - found.failed_tasks.len();
        let Some(report) = report.filter(|_| state.failed > 0 && most > 0) else { continue };
        match bucket.beside(&report.bucket).failed_tasks(&report.key, job, most).await {
            Ok(tasks) => {
                for task in &tasks {
                    let (key, error) = (text::line(&task.key), text::line(&task.error));
                    ui.remark(&format!("failed in its job: {key}: {error}"));
                }
                found.failed_tasks.extend(tasks);
            }
            // What is left is listed anyway, so a report that is lost costs its reasons alone.
            Err(error) => {
                ui.warning(&format!("failed to read the report of job {job}: {}", text::line(&error.to_string())))
            }
        }
    }
    more(jobs_failed, found.failed_tasks.len(), "tasks failed in jobs", ui);
    ui.remark(&format!("{jobs_failed} objects failed in jobs; listing again what is left"));
    Ok(found)
}

fn more(all: u64, named: usize, what: &str, ui: &Ui) {
    if all > named as u64 {
        ui.remark(&format!("… and {} more {what}", all - named as u64));
    }
}
