//! `s3bak preview`: which version was current.

use clap::Args;
use ssmbak::s3::S3Path;

use super::question::{BucketArgs, check_key, moment};
use super::report::{self, VersionReport};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak preview data/report.csv 2026-06-15T17:56:58 -b BUCKET    one key
  s3bak preview data/report.csv \"2 hours ago\" --output json      for programs
";

/// Options of `s3bak preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The object's key.
    key: String,
    /// The time.
    time: String,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(
    args: &PreviewArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    interrupts.or(one(args, global, ui)).await
}

async fn one(args: &PreviewArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    check_key(&args.key)?;
    let at = moment(&args.time, ui)?;
    let (_, bucket) = args.bucket.open(global).await?;
    let path = S3Path::of(bucket, &args.key, at);
    let Some(version) = path.preview().await? else {
        // The same sentence as for its bytes.
        path.held().await?;
        return Ok(Exit::Failed);
    };
    if ui.is_json() {
        ui.json(&VersionReport::from(&version))?;
    } else {
        ui.result(&report::version(&version))?;
    }
    Ok(Exit::Done)
}
