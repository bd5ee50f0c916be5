//! `ssmbak undelete`: brings back what was deleted, without a date.

use clap::Args;
use ssmbak::Capture;
use ssmbak::trash::{plan, record_missing, trash};
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::Query;

use super::apply::{self, ApplyRequest, Unasked};
use super::planned_restore::{PlannedRestore, nothing_found, nothing_known_at};
use crate::arguments::rate;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::{ResolvedQuery, RevealArgs};
use crate::report::table;
use crate::selection_args::SelectionArgs;
use crate::ui::text;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak undelete /app/db/password   restore its last value
  ssmbak undelete /app/ -R           restore every deleted parameter of the tree
";

/// Options of `ssmbak undelete`.
#[derive(Debug, Args)]
pub struct UndeleteArgs {
    /// Parameters (/app/db/host) and paths (/app/ for those directly under it).
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    narrow: SelectionArgs,
    /// Skip the confirmation prompt.
    #[arg(short, long)]
    yes: bool,
    /// Maximum writes per second (0 = unlimited) [default: 3, the quota of AWS; no limit on this machine].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
    #[command(flatten)]
    reveal: RevealArgs,
}

pub(super) async fn run(args: &UndeleteArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let selection = args.narrow.select(&args.paths)?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.narrow.bucket).await?;
    let progress = ui.progress(0, "looking for what was deleted");
    let trash = ctx.until_interrupted(trash(&aws.parameter_store(), &bucket, &selection)).await?;
    let plan = ctx.until_interrupted(plan(&bucket, &trash)).await?;
    drop(progress);
    let now = ssmbak::clock::now();
    if trash.knows_nothing {
        nothing_found(&args.paths, nothing_known_at(&args.paths.join(" ")))?;
    }
    let mut warnings: Vec<String> = trash.nothing_at.iter().map(|path| nothing_known_at(path)).collect();
    if trash.parameters.is_empty() && trash.unsettled.is_empty() {
        warnings.push(format!("nothing was deleted at {} that does not exist now", args.paths.join(" ")));
    }
    for warning in warnings.iter().chain(&plan.warnings) {
        ui.warning(&text::line(warning));
    }
    let asked = ResolvedQuery { paths: args.paths.clone(), selection, at: Instant::exact(now), warnings: Vec::new() };
    let capture = Capture::new(aws.parameter_store(), bucket.clone());
    let SelectionArgs { recursive, include, exclude, .. } = args.narrow.clone();
    let query = Query {
        paths: args.paths.clone(),
        recursive,
        include,
        exclude,
        at: asked.at.to_argument(),
        ..Query::default()
    };
    let planned = PlannedRestore::new(asked, (aws, None), bucket, plan, warnings, (query, args.reveal.reveal));
    if !ui.is_json() {
        ui.result(&table::plan(&planned.plan, planned.look(ui)))?;
    }
    let caller = ctx.until_interrupted(apply::confirm(&planned, args.yes, Unasked::GoesOn, ui)).await?;
    // Before the moment to which it can be undone: then it is known that they were missing.
    ctx.until_interrupted(record_missing(&capture, &trash, ssmbak::clock::now())).await?;
    let request = ApplyRequest { caller, undoes: None, put_rate: args.put_rate };
    let exit = apply::apply_and_report(&planned, request, ctx).await?;
    if planned.plan.changes.is_empty() && !planned.plan.unknown.is_empty() {
        let message = format!("what {} held before the deletion is not known", args.paths.join(" "));
        return Err(CliError::failure("Unknown", message, "`ssmbak log` shows what is known"));
    }
    Ok(exit.partly_if(!trash.nothing_at.is_empty() || !trash.unsettled.is_empty()))
}
