//! `s3bak trash`: what was deleted and can come back.

use clap::Args;

use super::question::BucketArgs;
use super::report::{ChangeReport, Document, TotalsReport, bytes, row};
use super::tree::{check_prefix, tree};
use super::tree_report::Head;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak trash data/ -b BUCKET    what was deleted below data/, with the time of its last version
";

/// Options of `s3bak trash`.
#[derive(Debug, Args)]
pub struct TrashArgs {
    /// The prefix of the tree, which ends in a slash; all of the bucket if it is left out.
    #[arg(default_value = "", hide_default_value = true)]
    prefix: String,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &TrashArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    check_prefix(&args.prefix)?;
    let (aws, bucket) = args.bucket.open(global).await?;
    let progress = ui.counter("listing versions");
    let mut plan = tree(&bucket, &args.prefix, None).trash(|more| progress.advance(more)).await?;
    drop(progress);
    let totals = plan.totals;
    if ui.is_json() {
        let head = Head::new(&args.prefix, None, bucket.name(), aws.region());
        let mut document = Document::begin(ui, &head, "Changes")?;
        for change in plan.changes.rows() {
            document.item(&ChangeReport::planned(&change?))?;
        }
        document.end(&TotalsReport::from(&totals))?;
        return Ok(Exit::Done);
    }
    for change in plan.changes.rows() {
        // The time is that of the version which comes back.
        ui.result(&row("stored", &change?.version))?;
    }
    ui.result(&format!("{} deleted ({})", totals.create, bytes(totals.create_bytes)))?;
    if totals.create > 0 {
        ui.hint("s3bak undelete KEY, or PREFIX/ -R, brings back what is listed");
    }
    Ok(Exit::Done)
}
