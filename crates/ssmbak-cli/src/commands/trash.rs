//! `ssmbak trash`: deleted parameters that can be restored.

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::report::table::Look;
use crate::report::trash::{TrashReport, table};
use crate::selection_args::SelectionArgs;
use crate::ui::text;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak trash                       every deleted parameter
  ssmbak trash /app/                 of this tree
  ssmbak undelete /app/db/password   restores it
";

/// Options of `ssmbak trash`.
#[derive(Debug, Args)]
pub struct TrashArgs {
    /// Only these parameters and all below them [default: /].
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    narrow: SelectionArgs,
}

pub(super) async fn run(args: &TrashArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let paths = if args.paths.is_empty() { vec!["/".to_owned()] } else { args.paths.clone() };
    let selection = SelectionArgs { recursive: true, ..args.narrow.clone() }.select(&paths)?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.narrow.bucket).await?;
    let progress = ui.progress(0, "comparing the bucket with Parameter Store");
    let trash = ctx.until_interrupted(ssmbak::trash::trash(&aws.parameter_store(), &bucket, &selection)).await?;
    let lifecycle = ctx.until_interrupted(bucket.lifecycle()).await?;
    drop(progress);
    for warning in &trash.warnings {
        ui.warning(&text::line(warning));
    }
    let exit = Exit::Done.partly_if(!trash.unsettled.is_empty());
    if ui.is_json() {
        let place = (bucket.name(), aws.region());
        ui.json(&TrashReport::new(&paths, place, &trash, lifecycle.as_ref(), &trash.warnings))?;
        return Ok(exit);
    }
    let look = Look { width: ui.width(), colours: ui.colours_results(), reveal: false };
    ui.result(&table(&trash, lifecycle.as_ref(), look))?;
    if !trash.parameters.is_empty() {
        ui.remark("restore one with: ssmbak undelete NAME");
    }
    Ok(exit)
}
