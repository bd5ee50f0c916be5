//! `s3bak get`: a tree as it was, as files.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use ssmbak::s3::tree::{GetOptions, TreeRun};
use ssmbak::s3::{ByteRate, DownloadOptions};
use ssmbak_core::object::Names;

use super::question::{BucketArgs, GlobArgs, Located, check_found, moment};
use super::restore::{RehydrateArgs, byte_count};
use super::tree::{WorkArgs, conclude, run as run_tree, sum};
use super::tree_report::{self, Head};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::suggested_command::quoted;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak get data/ yesterday -b BUCKET --to-dir was    what was below data/, as files below was/
";

/// Options of `s3bak get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Prefixes of trees, which end in a slash, "" for the whole bucket; the last one is the time. Of several, files keep the whole key as path.
    #[arg(required = true, value_name = "PREFIX")]
    words: Vec<String>,
    /// Directory for the files; those with the same size and time are kept.
    #[arg(long, value_name = "DIR")]
    to_dir: PathBuf,
    /// Keys that cannot be file names: refuse or escape them.
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    names: NamesArg,
    /// Overwrite files that changed since they were downloaded.
    #[arg(long)]
    force: bool,
    /// Compare the bytes of files that have the right size and time.
    #[arg(long)]
    checksum: bool,
    /// Show what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Maximum bytes per second, such as 10M.
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    bwlimit: Option<u64>,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    rehydrate: RehydrateArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

/// Keys that cannot be file names: refuse or escape them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum NamesArg {
    /// They are refused one by one.
    #[default]
    Refuse,
    /// They are escaped with %, so that the key can be read from the name.
    Escape,
}

pub(super) async fn run(args: &GetArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let (located, time) = Located::with_time(&args.words)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let at = moment(time, ui)?;
    let (aws, bucket) = ctx.until_interrupted(args.bucket.open(&located, ctx.global)).await?;
    let tree = args.work.tree(&bucket, &located.keys, globs);
    let dir = std::path::absolute(&args.to_dir).unwrap_or_else(|_| args.to_dir.clone());
    let shown = dir.to_string_lossy().into_owned();
    let planned = async {
        let progress = ui.counter("listing versions");
        let plan = tree.contents(at, |more| progress.advance(more)).await?;
        check_found(plan.totals.versions, &bucket, &tree)?;
        Ok::<_, CliError>(plan)
    };
    let plan = ctx.until_interrupted(planned).await?;
    let options = GetOptions {
        names: match args.names {
            NamesArg::Refuse => Names::Refuse,
            NamesArg::Escape => Names::Escape,
        },
        force: args.force,
        checksum: args.checksum,
        download: DownloadOptions {
            limit: args.bwlimit.map(|limit| Arc::new(ByteRate::new(limit))),
            ..DownloadOptions::default()
        },
        rehydrate: args.rehydrate.options(),
    };
    let head = Head::new(&located.keys, Some(&at), bucket.name(), aws.region()).to(Some(&shown));
    if args.dry_run {
        tree_report::plan(ui, &head, &mut tree.compared_with_dir(plan, &dir, &options)?, true)?;
        return Ok(Exit::Done);
    }
    ui.remark(&sum(&plan.totals));
    let mut run = TreeRun::new(plan, None);
    let applied = loop {
        let work = async |watch: &_, run: &mut _| tree.download(run, &dir, &options, watch).await;
        let applied = run_tree(&mut run, ui, "downloading", ctx, work).await?;
        if applied.archived == 0 || applied.skipped > 0 || !args.rehydrate.waits() {
            break applied;
        }
        ctx.until_interrupted(args.rehydrate.pause(ui)).await?;
    };
    tree_report::outcome(ui, &head, &mut run, &applied, &tree_report::NoMore {})?;
    let mut again = vec!["s3bak get".to_owned()];
    again.extend(located.keys.iter().map(|key| quoted(key)));
    again.extend([at.to_argument(), format!("--to-dir {}", quoted(&shown))]);
    again.extend((args.names == NamesArg::Escape).then(|| "--names escape".to_owned()));
    again.extend(args.globs.words());
    again.extend(args.bucket.words(&bucket));
    conclude(run, applied, "downloaded", &again.join(" "), ui)
}
