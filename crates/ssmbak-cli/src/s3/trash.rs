//! `s3bak trash`: deleted keys that can be restored.

use clap::Args;

use super::question::{BucketArgs, GlobArgs, Located, check_found, moment};
use super::report::{ChangeReport, Document, TotalsReport, bytes, deleted_row};
use super::tree::tree;
use super::tree_report::Head;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak trash data/ -b BUCKET    what was deleted below data/, with the time of its deletion
";

/// Options of `s3bak trash`.
#[derive(Debug, Args)]
pub struct TrashArgs {
    /// Prefixes of trees, which end in a slash; all of the bucket if they are left out.
    #[arg(value_name = "PREFIX")]
    prefixes: Vec<String>,
    /// Only deletions since that time.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &TrashArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let prefixes = if args.prefixes.is_empty() { vec![String::new()] } else { args.prefixes.clone() };
    let located = Located::read(&prefixes)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let since = args.since.as_deref().map(|text| moment(text, ui)).transpose()?.map(|since| since.at());
    let (aws, bucket) = args.bucket.open(&located, global).await?;
    let progress = ui.counter("listing versions");
    let tree = tree(&bucket, "", None).with_prefixes(&located.keys).with_globs(globs);
    let mut plan = tree.trash(since, |more| progress.advance(more)).await?;
    drop(progress);
    check_found(plan.totals.versions, &bucket, &tree)?;
    let totals = plan.totals;
    if ui.is_json() {
        let head = Head::new(&located.keys, None, bucket.name(), aws.region());
        let mut document = Document::begin(ui, &head, "Changes")?;
        for change in plan.changes.rows() {
            document.item(&ChangeReport::planned(&change?))?;
        }
        document.end(&TotalsReport::from(&totals))?;
        return Ok(Exit::Done);
    }
    for change in plan.changes.rows() {
        ui.result(&deleted_row(&change?))?;
    }
    ui.result(&format!("{} deleted ({})", totals.create, bytes(totals.create_bytes)))?;
    if totals.create > 0 {
        ui.hint("s3bak undelete KEY, or PREFIX/ -R, brings back what is listed");
    }
    Ok(Exit::Done)
}
