//! `s3bak restore`: a key or a tree as it was.

use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use ssmbak::ErrorKind;
use ssmbak::s3::tree::{Target, TreeRestoreOptions};
use ssmbak::s3::{CopyOptions, ObjectBucket, RehydrateOptions, Restored, S3Path, Tier};
use ssmbak_core::object::{ObjectPlanOptions, ObjectVersion};

use super::question::{BucketArgs, check_key, moment};
use super::report::{self, VersionReport};
use super::tree::{WorkArgs, check_prefix, conclude, question, run as run_tree, sum};
use super::tree_report::{self, Head};
use crate::again::quoted;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak restore data/report.csv 2026-06-15T17:56:58 -b BUCKET    one key as it was, with its tags and metadata
  s3bak restore data/ -R yesterday -b BUCKET                     a tree in its place
  s3bak restore data/ -R 90m -b BUCKET --delete-new              and without what is new since then
  s3bak restore data/ -R 90m -b BUCKET --to s3://other/was/      at another place
";

/// Options of `s3bak restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The object's key, or with -R the prefix of a tree.
    key: String,
    /// The time.
    time: String,
    /// All keys that begin so; the prefix ends in a slash.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Also delete what came into being after that time.
    #[arg(long, requires = "recursive", conflicts_with = "to")]
    delete_new: bool,
    /// Store all that the tree held below another prefix; nothing is deleted there.
    #[arg(long, requires = "recursive", value_name = "s3://BUCKET/PREFIX/")]
    to: Option<String>,
    /// Do not ask, even on a terminal.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    copy: CopyArgs,
    #[command(flatten)]
    rehydrate: RehydrateArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

/// What is copied beside bytes, metadata, tags, storage class, encryption and headers.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(super) struct CopyArgs {
    /// Also the access control list.
    #[arg(long)]
    acl: bool,
    /// Also the Object Lock: retention that has not ended, and legal hold.
    #[arg(long)]
    object_lock: bool,
}

/// What is done about versions in an archive.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct RehydrateArgs {
    /// Ask for readable copies of archived versions, and say when to come back.
    #[arg(long)]
    rehydrate: bool,
    /// How quickly they are to be there, and for what price.
    #[arg(long, value_enum, default_value_t, value_name = "TIER", requires = "rehydrate")]
    tier: TierArg,
    /// For how many days they stay.
    #[arg(long, default_value_t = 7, value_name = "N", requires = "rehydrate", value_parser = clap::value_parser!(i32).range(1..=365))]
    days: i32,
    /// Wait until they are there, and go on then.
    #[arg(long, requires = "rehydrate")]
    wait: bool,
    /// How many seconds to wait before looking again.
    #[arg(long, default_value_t = 300, value_name = "SECONDS", requires = "wait")]
    poll: u64,
}

/// S3's retrieval tiers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum TierArg {
    /// Hours.
    #[default]
    Standard,
    /// Half a day to two days, the cheapest.
    Bulk,
    /// Minutes.
    Expedited,
}

impl CopyArgs {
    pub(super) fn options(self) -> CopyOptions {
        let object_lock_at = self.object_lock.then(Timestamp::now);
        CopyOptions { acl: self.acl, object_lock_at, ..CopyOptions::default() }
    }
}

impl RehydrateArgs {
    fn options(self) -> Option<RehydrateOptions> {
        let tier = match self.tier {
            TierArg::Standard => Tier::Standard,
            TierArg::Bulk => Tier::Bulk,
            TierArg::Expedited => Tier::Expedited,
        };
        self.rehydrate.then_some(RehydrateOptions { tier, days: self.days })
    }

    async fn pause(self, ui: &Ui) -> Result<(), CliError> {
        ui.remark(&format!("waiting for what is in an archive; looking again in {} s", self.poll));
        tokio::time::sleep(Duration::from_secs(self.poll)).await;
        Ok(())
    }
}

pub(super) async fn run(
    args: &RestoreArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    if args.recursive { whole(args, global, ui, interrupts).await } else { interrupts.or(one(args, global, ui)).await }
}

async fn one(args: &RestoreArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    check_key(&args.key)?;
    let at = moment(&args.time, ui)?;
    let (_, bucket) = args.bucket.open(global).await?;
    let path = S3Path::of(bucket.clone(), &args.key, at);
    let copy = args.copy.options();
    let restored = loop {
        match path.restore(&copy).await {
            Err(error) if error.kind == ErrorKind::Archived => {
                rehydrate(args.rehydrate, &bucket, path.held().await?, error, ui).await?;
            }
            outcome => break outcome?,
        }
    };
    let (Some(restored), Some(version)) = (restored, path.preview().await?) else {
        path.held().await?;
        return Ok(Exit::Failed);
    };
    if ui.is_json() {
        ui.json(&VersionReport::from(&version))?;
        return Ok(Exit::Done);
    }
    ui.result(&report::version(&version))?;
    let now = |id: Option<String>| id.map(|id| format!(", now as version {}", text::line(&id))).unwrap_or_default();
    ui.remark(&match restored {
        Restored::Unchanged => "nothing to do: it is what it was".to_owned(),
        Restored::Copied(id) => format!("restored{}", now(id)),
        Restored::Deleted(id) => format!("deleted again{}", now(id)),
    });
    Ok(Exit::Done)
}

/// Asks for an archived version, and waits or fails with when to come back.
async fn rehydrate(
    args: RehydrateArgs,
    bucket: &ObjectBucket,
    version: &ObjectVersion,
    error: ssmbak::Error,
    ui: &Ui,
) -> Result<(), CliError> {
    let Some(options) = args.options() else { return Err(error.into()) };
    bucket.rehydrate(version, options).await?;
    if args.wait {
        return args.pause(ui).await;
    }
    let takes = options.tier.takes(version.storage_class.as_deref());
    Err(error.with_hint(format!("it was asked for; run this again in {takes}")).into())
}

async fn whole(
    args: &RestoreArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    check_prefix(&args.key)?;
    let to = args.to.as_deref().map(target).transpose()?;
    let at = moment(&args.time, ui)?;
    let (aws, bucket) = interrupts.or(args.bucket.open(global)).await?;
    let tree = args.work.tree(&bucket, &args.key);
    let more = [args.to.as_deref().unwrap_or_default(), if args.delete_new { "delete-new" } else { "" }];
    let asked = question("restore", &aws, &tree, bucket.name(), Some(&at), &more);
    let planned = args.work.journal(&asked, ui, async {
        let progress = ui.counter("listing versions");
        let seen = |more| progress.advance(more);
        let options = ObjectPlanOptions { delete_new: args.delete_new };
        Ok(match &to {
            Some(_) => tree.contents(at, seen).await?,
            None => tree.plan(at, options, seen).await?,
        })
    });
    let mut journal = interrupts.or(planned).await?;
    if !ui.is_json() {
        ui.result(&sum(journal.totals()))?;
    }
    let ask = !journal.is_empty() && !args.yes && ui.can_ask();
    if ask && !ui.confirm(&format!("In bucket {}, below {:?}: do it?", bucket.name(), args.key))? {
        journal.finish();
        return Err(CliError::failure("Declined", "nothing was changed", "answer y to go on, or give --yes"));
    }
    let options = TreeRestoreOptions { copy: args.copy.options(), to, rehydrate: args.rehydrate.options() };
    let applied = loop {
        let work = async |watch: &_, journal: &mut _| tree.restore(journal, &options, watch).await;
        let applied = run_tree(&mut journal, ui, "restoring", interrupts, work).await?;
        if applied.archived == 0 || applied.skipped > 0 || !args.rehydrate.wait {
            break applied;
        }
        interrupts.or(args.rehydrate.pause(ui)).await?;
    };
    let head = Head::new(&args.key, Some(&at), bucket.name(), aws.region()).to(args.to.as_deref());
    tree_report::outcome(ui, &head, &journal, &applied)?;
    let mut again = vec!["s3bak".to_owned(), "restore".to_owned(), quoted(&args.key), at.spelling(), "-R".to_owned()];
    again.extend(args.delete_new.then(|| "--delete-new".to_owned()));
    again.extend(args.to.iter().map(|to| format!("--to {}", quoted(to))));
    again.push(format!("-b {}", quoted(bucket.name())));
    conclude(journal, applied, "restored", &again.join(" "), ui)
}

/// Reads `s3://bucket/prefix/`.
fn target(text: &str) -> Result<Target, CliError> {
    let wrong = || {
        let message = format!("{text:?} is no place for a tree");
        CliError::usage(message, "give it like s3://bucket/prefix/, with a slash at its end")
    };
    let rest = text.strip_prefix("s3://").ok_or_else(wrong)?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() || !(prefix.is_empty() || prefix.ends_with('/')) {
        return Err(wrong());
    }
    Ok(Target { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn a_target_is_a_bucket_and_a_prefix() {
        for (text, expected) in [
            ("s3://b", ("b", "")),
            ("s3://b/", ("b", "")),
            ("s3://b/was/it/", ("b", "was/it/")),
            ("s3://b//", ("b", "/")),
        ] {
            let read = target(text).unwrap();
            assert_eq!((read.bucket.as_str(), read.prefix.as_str()), expected, "{text}");
        }
        for wrong in ["b/was/", "s3:///x/", "s3://b/was", ""] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
    }
}
