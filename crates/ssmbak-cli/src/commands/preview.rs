//! `ssmbak preview`: what a restore would do.

use std::path::PathBuf;

use clap::Args;
use ssmbak_core::plan::saved::SavedPlan;

use super::destination::DestinationArgs;
use super::planned_restore::PlannedRestore;
use super::saved_plan;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::output_file::Sink;
use crate::query_args::RestoreQueryArgs;
use crate::report::json::PlanReport;
use crate::report::table;
use crate::suggested_command;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak preview /app/db/host 2026-06-15T17:56:58    one parameter
  ssmbak preview /app/ \"yesterday 18:00\"             those directly under /app/
  ssmbak preview /app/ -R \"2 hours ago\"              the whole tree
  ssmbak preview / -R 90m --include '*_token'        every token
  ssmbak preview /app/ -R 90m --out plan.json        save the plan: ssmbak restore --plan plan.json
";

/// Options of `ssmbak preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    #[command(flatten)]
    asked: RestoreQueryArgs,
    /// Plan no deletion: leave parameters that did not exist at that time.
    #[arg(long)]
    no_delete: bool,
    /// Save the plan, without values, for `ssmbak restore --plan`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["to", "target_region", "target_profile"])]
    out: Option<PathBuf>,
    #[command(flatten)]
    destination: DestinationArgs,
}

pub(super) async fn run(args: &PreviewArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let planned = if args.destination.is_given()? {
        ctx.until_interrupted(args.destination.view(&args.asked, ctx.global, ui)).await?
    } else {
        ctx.until_interrupted(PlannedRestore::plan(&args.asked, ctx.global, args.no_delete, ui)).await?
    };
    let out = args.out.as_deref().map(saved_plan::sink).transpose()?;
    // The plan alone goes to stdout where it is asked for there.
    if out.as_ref().is_some_and(Sink::is_stdout) {
        ui.note(table::plan(&planned.plan, planned.look(ui)).trim_end());
    } else if ui.is_json() {
        ui.json(&PlanReport::of_plan(&planned.question(), &planned.plan, &planned.warnings))?;
    } else {
        ui.result(&table::plan(&planned.plan, planned.look(ui)))?;
        planned.hint_at_unknown(&args.asked, ui);
    }
    planned.known()?;
    let exit = Exit::Done.partly_if(!planned.plan.nothing_at.is_empty());
    let command = match args.out.as_ref().zip(out) {
        Some((file, sink)) => {
            let caller = ctx.until_interrupted(async { Ok::<_, CliError>(planned.aws().caller().await) }).await?;
            let place = planned.place(caller.as_ref());
            saved_plan::write(
                file,
                &sink,
                &SavedPlan::new(place, planned.query.clone(), &planned.plan, ssmbak::clock::now()),
            )?;
            if sink.is_stdout() {
                return Ok(exit);
            }
            suggested_command::plan(&file.to_string_lossy(), ctx.global)
        }
        None => {
            let restore = suggested_command::restore(
                &planned.query,
                &planned.bucket_args(),
                &planned.asked.at.to_argument(),
                ctx.global,
            );
            format!("{restore}{}", args.destination.words())
        }
    };
    if !planned.plan.changes.is_empty() {
        ui.remark(&format!("apply with: {command}"));
    }
    Ok(exit)
}
