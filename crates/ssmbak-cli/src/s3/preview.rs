//! `s3bak preview`: which version was current, or what a restore of a tree would do.

use clap::Args;
use ssmbak::s3::{CopyOptions, S3Path};
use ssmbak_core::object::ObjectPlanOptions;

use super::question::{BucketArgs, GlobArgs, Located, check_found, check_key, moment, refuse_for_one_key};
use super::report::{self, VersionReport};
use super::tree::tree;
use super::tree_report::{self, Head};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::suggested_command::quoted;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak preview data/report.csv 2026-06-15T17:56:58 -b BUCKET    one key: the version that was current
  s3bak preview data/report.csv \"2 hours ago\" --output json      for programs
  s3bak preview data/ -R yesterday -b BUCKET                     a tree: what a restore would do
  s3bak preview \"\" -R yesterday -b BUCKET --summary              the whole bucket, in a sentence
";

/// Options of `s3bak preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The object's key, or with -R prefixes of trees; the last one is the time.
    #[arg(required = true, value_name = "KEY")]
    words: Vec<String>,
    /// All keys that begin so; the prefix ends in a slash.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Plan to delete what was created after that time too.
    #[arg(long, requires = "recursive")]
    delete_new: bool,
    /// Print only the totals.
    #[arg(long, requires = "recursive")]
    summary: bool,
    /// Maximum concurrent requests [default: 128].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: Option<u16>,
    /// Leave out rows that may be the same already only by ETag, size and storage class, without reading what they are.
    #[arg(long, requires = "recursive")]
    fast: bool,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &PreviewArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    if args.recursive { whole(args, global, ui).await } else { one(args, global, ui).await }
}

async fn one(args: &PreviewArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    refuse_for_one_key(&[args.globs.given(), args.concurrency.map(|_| "--concurrency").into_iter().collect()])?;
    let (located, time) = Located::with_time(&args.words)?;
    let key = located.one()?;
    check_key(key)?;
    let at = moment(time, ui)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let path = S3Path::of(bucket, key, at);
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

async fn whole(args: &PreviewArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let (located, time) = Located::with_time(&args.words)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let at = moment(time, ui)?;
    let (aws, bucket) = args.bucket.open(&located, global).await?;
    let tree = tree(&bucket, "", args.concurrency).with_prefixes(&located.keys).with_globs(globs);
    let progress = ui.counter("listing versions");
    let options = ObjectPlanOptions { delete_new: args.delete_new };
    let plan = tree.plan(at, options, |more| progress.advance(more)).await?;
    check_found(plan.totals.versions, &bucket, &tree)?;
    let copy = CopyOptions { fast: args.fast, ..CopyOptions::default() };
    let mut plan = tree.compared(plan, None, None, &copy).await?;
    drop(progress);
    let head = Head::new(&located.keys, Some(&at), bucket.name(), aws.region());
    tree_report::plan(ui, &head, &mut plan, !args.summary)?;
    if plan.totals.new_kept > 0 {
        ui.hint("--delete-new also deletes what came into being after that time");
    }
    if !plan.changes.is_empty() {
        let mut words = vec!["s3bak restore".to_owned()];
        words.extend(located.keys.iter().map(|key| quoted(key)));
        words.extend([at.to_argument(), "-R".to_owned()]);
        words.extend(args.delete_new.then(|| "--delete-new".to_owned()));
        words.extend(args.fast.then(|| "--fast".to_owned()));
        words.extend(args.globs.words());
        words.extend(args.bucket.words(&bucket));
        ui.remark(&format!("apply with: {}", words.join(" ")));
    }
    Ok(Exit::Done)
}
