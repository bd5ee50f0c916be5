//! `s3bak get`: a tree as it was, as files.

use std::path::PathBuf;

use clap::Args;

use super::question::{BucketArgs, moment};
use super::tree::{WorkArgs, check_prefix, conclude, question, run as run_tree, sum};
use super::tree_report::{self, Head};
use crate::again::quoted;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak get data/ yesterday -b BUCKET --to-dir was    what was below data/, as files below was/
";

/// Options of `s3bak get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The prefix of the tree, which ends in a slash; \"\" for the whole bucket.
    prefix: String,
    /// The time.
    time: String,
    /// Where the files go. Those that are there with the same size and time are left.
    #[arg(long, value_name = "DIR")]
    to_dir: PathBuf,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(
    args: &GetArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    check_prefix(&args.prefix)?;
    let at = moment(&args.time, ui)?;
    let (aws, bucket) = interrupts.or(args.bucket.open(global)).await?;
    let tree = args.work.tree(&bucket, &args.prefix);
    let dir = std::path::absolute(&args.to_dir).unwrap_or_else(|_| args.to_dir.clone());
    let shown = dir.to_string_lossy().into_owned();
    let asked = question("get", &aws, &tree, bucket.name(), Some(&at), &[&shown]);
    let planned = args.work.journal(&asked, ui, async {
        let progress = ui.counter("listing versions");
        Ok(tree.contents(at, |more| progress.advance(more)).await?)
    });
    let mut journal = interrupts.or(planned).await?;
    ui.remark(&sum(journal.totals()));
    let work = async |watch: &_, journal: &mut _| tree.download(journal, &dir, watch).await;
    let applied = run_tree(&mut journal, ui, "downloading", interrupts, work).await?;
    let head = Head::new(&args.prefix, Some(&at), bucket.name(), aws.region()).to(Some(&shown));
    tree_report::outcome(ui, &head, &journal, &applied)?;
    let (prefix, bucket) = (quoted(&args.prefix), quoted(bucket.name()));
    let again = format!("s3bak get {prefix} {} --to-dir {} -b {bucket}", at.spelling(), quoted(&shown));
    conclude(journal, applied, "downloaded", &again, ui)
}
