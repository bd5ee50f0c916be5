//! `s3bak ls`: what a tree held.

use clap::Args;

use super::question::{BucketArgs, GlobArgs, Located, check_found, moment};
use super::report::{bytes, row};
use super::tree::tree;
use super::tree_report::{self, Head};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak ls data/ yesterday -b BUCKET       what was directly below data/
  s3bak ls data/ yesterday -R -b BUCKET    all of it
";

/// Options of `s3bak ls`.
#[derive(Debug, Args)]
pub struct LsArgs {
    /// Prefixes of trees, which end in a slash, "" for the whole bucket; the last one is the time.
    #[arg(required = true, value_name = "PREFIX")]
    words: Vec<String>,
    /// Include all levels; without it, deeper levels are one line with their size.
    #[arg(short = 'R', long)]
    recursive: bool,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

/// A directory of the listing, and what is in it.
#[derive(Default)]
struct Folder {
    name: String,
    keys: u64,
    bytes: u64,
}

impl Folder {
    fn show(&self, ui: &Ui) -> Result<(), CliError> {
        if self.keys == 0 {
            return Ok(());
        }
        ui.result(&format!(
            "folder   {:<20}  {:>10}  {}",
            format!("{} keys", self.keys),
            bytes(self.bytes),
            text::line(&self.name)
        ))
    }
}

pub(super) async fn run(args: &LsArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let (located, time) = Located::with_time(&args.words)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let at = moment(time, ui)?;
    let (aws, bucket) = args.bucket.open(&located, global).await?;
    let tree = tree(&bucket, "", None).with_prefixes(&located.keys).with_globs(globs);
    let progress = ui.counter("listing versions");
    let mut plan = tree.contents(at, |more| progress.advance(more)).await?;
    drop(progress);
    check_found(plan.totals.versions, &bucket, &tree)?;
    if ui.is_json() {
        tree_report::plan(ui, &Head::new(&located.keys, Some(&at), bucket.name(), aws.region()), &mut plan, true)?;
        return Ok(Exit::Done);
    }
    let totals = plan.totals;
    let mut folder = Folder::default();
    for change in plan.changes.rows() {
        let version = change?.version;
        let prefix = tree.prefixes().iter().find(|prefix| version.key.starts_with(prefix.as_str()));
        let below = prefix.and_then(|prefix| version.key.get(prefix.len()..)).unwrap_or_default();
        match below.find('/').filter(|_| !args.recursive) {
            Some(end) => {
                let name = version.key.get(..version.key.len() - below.len() + end + 1).unwrap_or_default();
                if folder.name != name {
                    folder.show(ui)?;
                    folder = Folder { name: name.to_owned(), ..Folder::default() };
                }
                folder.keys += 1;
                folder.bytes += version.size;
            }
            None => {
                folder.show(ui)?;
                folder = Folder::default();
                ui.result(&row("object", &version))?;
            }
        }
    }
    folder.show(ui)?;
    ui.result(&format!("{} keys ({})", totals.create, bytes(totals.create_bytes)))?;
    Ok(Exit::Done)
}
