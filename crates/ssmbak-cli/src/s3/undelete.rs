//! `s3bak undelete`: what was deleted comes back, without a date.

use clap::Args;
use ssmbak::s3::Undeletable;
use ssmbak::s3::tree::TreeRestoreOptions;

use super::question::{BucketArgs, check_key};
use super::report::{self, VersionReport};
use super::restore::CopyArgs;
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
  s3bak undelete data/report.csv -b BUCKET    the last version before it was deleted
  s3bak undelete data/ -R -b BUCKET           all that `s3bak trash data/` lists
";

/// Options of `s3bak undelete`.
#[derive(Debug, Args)]
pub struct UndeleteArgs {
    /// The object's key, or with -R the prefix of a tree.
    key: String,
    /// All deleted keys that begin so; the prefix ends in a slash.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Do not ask, even on a terminal.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    copy: CopyArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(
    args: &UndeleteArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    if args.recursive { whole(args, global, ui, interrupts).await } else { interrupts.or(one(args, global, ui)).await }
}

async fn one(args: &UndeleteArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    check_key(&args.key)?;
    let (_, bucket) = args.bucket.open(global).await?;
    let version = match bucket.undeletable(&args.key).await? {
        Undeletable::Version(version) => version,
        Undeletable::Exists => {
            ui.remark("nothing to do: it is not deleted");
            return Ok(Exit::Done);
        }
        Undeletable::Nothing => {
            let message = format!("the bucket has no version of {:?}", args.key);
            return Err(CliError::failure("NotFound", message, "s3bak trash lists what can come back"));
        }
    };
    bucket.undelete(&version, &args.copy.options()).await?;
    if ui.is_json() {
        ui.json(&VersionReport::from(&version))?;
    } else {
        ui.result(&report::version(&version))?;
        ui.remark("it is back");
    }
    Ok(Exit::Done)
}

async fn whole(
    args: &UndeleteArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    check_prefix(&args.key)?;
    let (aws, bucket) = interrupts.or(args.bucket.open(global)).await?;
    let tree = args.work.tree(&bucket, &args.key);
    let asked = question("undelete", &aws, &tree, bucket.name(), None, &[]);
    let planned = args.work.journal(&asked, ui, async {
        let progress = ui.counter("listing versions");
        Ok(tree.trash(|more| progress.advance(more)).await?)
    });
    let mut journal = interrupts.or(planned).await?;
    if !ui.is_json() {
        ui.result(&sum(journal.totals()))?;
    }
    let ask = !journal.is_empty() && !args.yes && ui.can_ask();
    if ask && !ui.confirm(&format!("In bucket {}, below {:?}: bring them back?", bucket.name(), args.key))? {
        journal.finish();
        return Err(CliError::failure("Declined", "nothing was changed", "answer y to go on, or give --yes"));
    }
    let options = TreeRestoreOptions { copy: args.copy.options(), ..TreeRestoreOptions::default() };
    let work = async |watch: &_, journal: &mut _| tree.restore(journal, &options, watch).await;
    let applied = run_tree(&mut journal, ui, "bringing back", interrupts, work).await?;
    let head = Head::new(&args.key, None, bucket.name(), aws.region());
    tree_report::outcome(ui, &head, &journal, &applied)?;
    let again = format!("s3bak undelete {} -R -b {}", quoted(&args.key), quoted(bucket.name()));
    conclude(journal, applied, "brought back", &again, ui)
}
