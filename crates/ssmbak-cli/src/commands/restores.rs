//! `ssmbak restores`: the restores that were made.

use clap::Args;
use ssmbak::restore::journal::restores;

use crate::bucket::BucketArgs;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::report::restores::{RestoresReport, table};
use crate::report::table::Look;
use crate::ui::text;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak restores                          the latest ten
  ssmbak restores -n 1 --output json       all about the latest one
";

/// Options of `ssmbak restores`.
#[derive(Debug, Args)]
pub struct RestoresArgs {
    /// How many, the latest first.
    #[arg(short = 'n', long = "number", value_name = "N", default_value_t = 10)]
    number: usize,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &RestoresArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let (aws, bucket) = ctx.connect_to_bucket(&args.bucket).await?;
    let found = ctx.until_interrupted(restores(&bucket, args.number)).await?;
    let exit = Exit::Done.partly_if(!found.warnings.is_empty());
    if ui.is_json() {
        ui.json(&RestoresReport::new(bucket.name(), aws.region(), &found))?;
        return Ok(exit);
    }
    for warning in &found.warnings {
        ui.warning(&text::line(warning));
    }
    let look = Look { width: ui.width(), colours: ui.colours_results(), reveal: false };
    ui.result(&table(&found.restores, look))?;
    if !found.restores.is_empty() {
        ui.remark("to undo one: ssmbak undo ID");
    }
    Ok(exit)
}
