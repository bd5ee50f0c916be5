//! `ssmbak restore`: does what a preview says.

use std::path::PathBuf;

use clap::Args;
use ssmbak_core::plan::Place;
use ssmbak_core::plan::saved::SavedPlan;

use super::apply::{self, ApplyRequest, Unasked};
use super::destination::DestinationArgs;
use super::planned_restore::PlannedRestore;
use super::saved_plan;
use crate::arguments::rate;
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::query_args::{ResolvedQuery, RestoreQueryArgs, not_yet, wrong_path};
use crate::report::table;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak restore /app/db/host 2026-06-15T17:56:58    one parameter
  ssmbak restore /app/ -R \"2 hours ago\"              the whole tree
  ssmbak restore /app/ -R 90m --no-delete            keep parameters created since
  ssmbak restore /app/ -R 90m --yes                  without asking
  ssmbak restore --plan plan.json                    what a preview saved, if it still holds
  ssmbak restore /app/ -R 90m --to /restored/        to another path
  ssmbak restore / -R 90m -b BUCKET --target-profile new    into another account
";

/// Options of `ssmbak restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    asked: RestoreQueryArgs,
    /// Apply the plan that `ssmbak preview --out FILE` saved, unless something has changed since (exit code 5).
    #[arg(long, value_name = "FILE", conflicts_with_all = OF_THE_PLAN)]
    plan: Option<PathBuf>,
    #[command(flatten)]
    destination: DestinationArgs,
    /// Skip the confirmation prompt.
    #[arg(short, long)]
    yes: bool,
    /// Delete nothing: leave parameters that did not exist at that time.
    #[arg(long)]
    no_delete: bool,
    /// Maximum writes per second (0 = unlimited) [default: 3, the quota of AWS; no limit on this machine].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
}

pub(super) async fn run(args: &RestoreArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let saved = args.plan.as_deref().map(saved_plan::read).transpose()?;
    let asked = &args.asked;
    let planned = match &saved {
        Some(saved) => ctx.until_interrupted(of_saved(saved, asked, ctx.global, ui)).await?,
        None if args.destination.is_given()? => {
            ctx.until_interrupted(args.destination.view(asked, ctx.global, ui)).await?
        }
        None => ctx.until_interrupted(PlannedRestore::plan(asked, ctx.global, args.no_delete, ui)).await?,
    };
    if let Some(saved) = &saved {
        let caller = ctx.until_interrupted(async { Ok::<_, CliError>(planned.aws.caller().await) }).await?;
        saved_plan::check(saved, &planned, caller.as_ref())?;
    }
    if !ui.is_json() {
        ui.result(&table::plan(&planned.plan, planned.look(ui)))?;
        planned.hint_at_unknown(asked, ui);
    }
    if let Some(there) = &planned.target {
        there.require_recording_bucket(&planned.plan)?;
    }
    let caller = ctx.until_interrupted(apply::confirm(&planned, args.yes, Unasked::GoesOn, ui)).await?;
    let request = ApplyRequest { caller, undoes: None, put_rate: args.put_rate };
    let exit = apply::apply_and_report(&planned, request, ctx).await?;
    planned.earned(exit)
}

/// Has a saved plan made anew, in the bucket that it names unless another is given.
async fn of_saved(
    saved: &SavedPlan,
    args: &RestoreQueryArgs,
    global: &GlobalArgs,
    ui: &Ui,
) -> Result<PlannedRestore, CliError> {
    let aws = Aws::connect(global).await?;
    let given = &args.query.narrow.bucket;
    let bucket = match &given.bucket {
        Some(_) => given.named(&aws).await?,
        None => aws.bucket(&saved.place.bucket),
    };
    // Before anything is asked of a bucket that may be somebody else's.
    saved_plan::check_place(
        saved,
        &Place { bucket: bucket.name().to_owned(), region: aws.region().to_owned(), account: None },
    )?;
    let query = saved.question.clone();
    // Both were read when the file was.
    let at = query.instant().ok_or_else(|| CliError::failure("PlanFile", "the plan's time cannot be read", ""))?;
    let selection = query.selection().map_err(|error| wrong_path(&error))?;
    let warnings = not_yet(&at, ssmbak::clock::now()).into_iter().collect();
    let asked = ResolvedQuery { paths: query.paths.clone(), selection, at, warnings };
    PlannedRestore::of(asked, query, (aws, bucket), args.reveal.reveal, ui).await
}

/// The arguments that a saved plan answers.
const OF_THE_PLAN: [&str; 12] = [
    "words",
    "at",
    "recursive",
    "include",
    "exclude",
    "assume_absent",
    "no_delete",
    "to",
    "target_region",
    "target_profile",
    "target_bucket",
    "kms_key",
];
