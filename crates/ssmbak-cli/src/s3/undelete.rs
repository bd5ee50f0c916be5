//! `s3bak undelete`: what was deleted comes back, without a date.

use clap::Args;
use ssmbak::s3::tree::{TreeRestoreOptions, TreeRun};
use ssmbak::s3::{CopyOptions, Restored, Undeletable};

use super::question::{BucketArgs, GlobArgs, Located, check_found, check_key, moment, refuse_for_one_key};
use super::report::{self, VersionReport};
use super::restore::CopyArgs;
use super::tree::{WorkArgs, conclude, run as run_tree, sum};
use super::tree_report::{self, Head};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::suggested_command::quoted;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak undelete data/report.csv -b BUCKET    the last version before it was deleted
  s3bak undelete data/ -R -b BUCKET           all that `s3bak trash data/` lists
";

/// Options of `s3bak undelete`.
#[derive(Debug, Args)]
pub struct UndeleteArgs {
    /// The object's key, or with -R prefixes of trees.
    #[arg(required = true, value_name = "KEY")]
    keys: Vec<String>,
    /// All deleted keys that begin so; the prefix ends in a slash.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Only deletions since that time.
    #[arg(long, value_name = "TIME", requires = "recursive")]
    since: Option<String>,
    /// Remove the delete markers for good, without copying anything; takes s3:DeleteObjectVersion.
    #[arg(long, requires = "recursive", conflicts_with_all = ["acl", "object_lock", "storage_class", "sse", "kms_key", "fast", "mark"])]
    remove_markers: bool,
    #[command(flatten)]
    globs: GlobArgs,
    /// Skip the confirmation prompt.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    copy: CopyArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &UndeleteArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    if args.recursive { whole(args, ctx).await } else { ctx.until_interrupted(one(args, ctx.global, ctx.ui)).await }
}

async fn one(args: &UndeleteArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    refuse_for_one_key(&[args.globs.given(), args.work.given()])?;
    let located = Located::read(&args.keys)?;
    let key = located.one()?;
    check_key(key)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let version = match bucket.undeletable(key).await? {
        Undeletable::Version(version) => version,
        Undeletable::Exists => {
            ui.remark("no changes: it is not deleted");
            return Ok(Exit::Done);
        }
        Undeletable::Nothing => {
            let message = format!("the bucket has no version of {key:?}");
            return Err(CliError::failure("NotFound", message, "`s3bak trash` lists deleted keys"));
        }
    };
    let restored = bucket.undelete(&version, &args.copy.options()).await?;
    if ui.is_json() {
        ui.json(&VersionReport::from(&version))?;
    } else {
        ui.result(&report::version(&version))?;
        ui.remark(if restored == Restored::Unchanged {
            "no changes: it is not deleted any more"
        } else {
            "it is back"
        });
    }
    Ok(Exit::Done)
}

async fn whole(args: &UndeleteArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let located = Located::read(&args.keys)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let since = args.since.as_deref().map(|text| moment(text, ui)).transpose()?.map(|since| since.at());
    let (aws, bucket) = ctx.until_interrupted(args.bucket.open(&located, ctx.global)).await?;
    let tree = args.work.tree(&bucket, &located.keys, globs);
    let mut more = args.copy.words();
    more.extend(args.since.iter().map(|since| format!("--since {}", quoted(since))));
    more.extend(args.remove_markers.then(|| "--remove-markers".to_owned()));
    more.extend(args.globs.words());
    let planned = async {
        let progress = ui.counter("listing versions");
        let plan = tree.trash(since, |more| progress.advance(more)).await?;
        check_found(plan.totals.versions, &bucket, &tree)?;
        Ok::<_, CliError>(plan)
    };
    let plan = ctx.until_interrupted(planned).await?;
    if !ui.is_json() {
        ui.result(&sum(&plan.totals))?;
    }
    if args.remove_markers {
        ui.remark("delete markers are removed for good, which takes s3:DeleteObjectVersion");
    }
    let below = located.keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
    let ask = !plan.changes.is_empty() && !args.yes && ui.can_ask();
    if ask && !ui.confirm(&format!("In bucket {}, below {below}: bring them back?", bucket.name()))? {
        return Err(CliError::failure("Declined", "cancelled, nothing changed", "answer y to go on, or give --yes"));
    }
    // What is back is not deleted any more, so a journal would prove nothing to the next run.
    let mut run = TreeRun::new(plan, None);
    // Somebody may store another one while this runs.
    let copy = CopyOptions { only_if_absent: true, ..args.copy.options() };
    let options = TreeRestoreOptions { copy, ..TreeRestoreOptions::default() };
    let work = async |watch: &_, run: &mut _| match args.remove_markers {
        true => tree.remove_markers(run, watch).await,
        false => tree.restore(run, &options, watch).await,
    };
    let applied = run_tree(&mut run, ui, "bringing back", ctx, work).await?;
    let head = Head::new(&located.keys, None, bucket.name(), aws.region());
    tree_report::outcome(ui, &head, &mut run, &applied, &tree_report::NoMore {})?;
    let mut again = vec!["s3bak undelete".to_owned()];
    again.extend(located.keys.iter().map(|key| quoted(key)));
    again.push("-R".to_owned());
    again.extend(more);
    again.extend(args.bucket.words(&bucket));
    conclude(run, applied, "brought back", &again.join(" "), ui)
}
