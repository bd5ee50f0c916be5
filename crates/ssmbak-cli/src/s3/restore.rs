//! `s3bak restore`: a key or a tree as it was.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ssmbak::ErrorKind;
use ssmbak::s3::tree::{Target, TreeRestoreOptions, TreeRun};
use ssmbak::s3::{ByteRate, CopyOptions, Encryption, ObjectBucket, RehydrateOptions, Restored, S3Path, Tier};
use ssmbak_core::object::{ObjectPlanOptions, ObjectVersion, S3Location};

use super::question::{BucketArgs, GlobArgs, Located, check_found, check_key, moment, refuse_for_one_key};
use super::report::{self, VersionReport};
use super::tree::{JournalArgs, WorkArgs, asked, conclude, run as run_tree, say_proved, sum};
use super::tree_report::{self, Head};
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::suggested_command::quoted;
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
    /// The object's key, or with -R prefixes of trees; the last one is the time.
    #[arg(required = true, value_name = "KEY")]
    words: Vec<String>,
    /// All keys that begin so; the prefix ends in a slash.
    #[arg(short = 'R', long)]
    recursive: bool,
    /// Delete what was created after that time too.
    #[arg(long, requires = "recursive", conflicts_with = "to")]
    delete_new: bool,
    /// Store all that the tree held below another prefix; nothing is deleted there.
    #[arg(long, requires = "recursive", value_name = "s3://BUCKET/PREFIX/")]
    to: Option<String>,
    #[command(flatten)]
    there: TargetArgs,
    /// Show what would be done, and do nothing.
    #[arg(long, requires = "recursive")]
    dry_run: bool,
    #[command(flatten)]
    globs: GlobArgs,
    /// Skip the confirmation prompt.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    copy: CopyArgs,
    #[command(flatten)]
    rehydrate: RehydrateArgs,
    #[command(flatten)]
    work: WorkArgs,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

/// Another side for `--to`.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct TargetArgs {
    /// Profile that writes to the target; what it cannot read passes through this machine.
    #[arg(long, value_name = "NAME", requires = "to")]
    to_profile: Option<String>,
    /// Region of the target.
    #[arg(long, value_name = "NAME", requires = "to")]
    to_region: Option<String>,
    /// Endpoint of the target; objects pass through this machine.
    #[arg(long, value_name = "URL", requires = "to")]
    to_endpoint: Option<String>,
    /// Maximum bytes per second through this machine, such as 10M.
    #[arg(long, value_name = "BYTES", requires = "to", value_parser = byte_count)]
    bwlimit: Option<u64>,
}

impl TargetArgs {
    /// The bucket, as the other side sees it.
    async fn open(&self, name: &str, bucket: &ObjectBucket, global: &GlobalArgs) -> Result<ObjectBucket, CliError> {
        if self.to_profile.is_none() && self.to_region.is_none() && self.to_endpoint.is_none() {
            return Ok(bucket.beside(name));
        }
        let mut there = global.clone();
        there.profile = self.to_profile.clone().or(there.profile);
        there.region = self.to_region.clone().or(there.region);
        there.endpoint_url = self.to_endpoint.clone().or(there.endpoint_url);
        Ok(ObjectBucket::new(Aws::connect(&there).await?.s3(), name))
    }

    /// Whether neither side can be told to read the other.
    fn passes_through(&self) -> bool {
        self.to_profile.is_some() || self.to_endpoint.is_some()
    }

    fn words(&self) -> Vec<String> {
        let options = [
            ("--to-profile", &self.to_profile),
            ("--to-region", &self.to_region),
            ("--to-endpoint", &self.to_endpoint),
        ];
        let given = options.into_iter().filter_map(|(option, value)| Some((option, value.as_ref()?)));
        given.map(|(option, value)| format!("{option} {}", quoted(value))).collect()
    }
}

/// A number of bytes such as `500`, `10M`, `1GiB`.
pub(super) fn byte_count(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match text.get(digits.len()..).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1024,
        "m" | "mb" | "mib" => 1024 * 1024,
        "g" | "gb" | "gib" => 1024 * 1024 * 1024,
        _ => return Err("give bytes, such as 500K or 10M".to_owned()),
    };
    let count = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit)).filter(|count| *count > 0);
    count.ok_or_else(|| "give bytes, such as 500K or 10M".to_owned())
}

/// What is copied beside bytes, metadata, tags, storage class, encryption and headers, and what is replaced.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct CopyArgs {
    /// Copy the access control list too.
    #[arg(long)]
    acl: bool,
    /// Copy the Object Lock too: retention that has not ended, and legal hold.
    #[arg(long)]
    object_lock: bool,
    /// Storage class of the copies [default: the version's own; out of an archive the present version's, else STANDARD].
    #[arg(long, value_name = "CLASS")]
    storage_class: Option<String>,
    /// Encryption of the copies [default: the version's own].
    #[arg(long, value_name = "ALGORITHM", value_parser = ["AES256", "aws:kms", "aws:kms:dsse"])]
    sse: Option<String>,
    /// KMS key of the copies.
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// Copy without reading each version's head: loses website redirects and encryption other than the bucket's.
    #[arg(long)]
    fast: bool,
    /// Note in each copy's metadata (s3bak-source) what it is a copy of, so that a later run knows it again.
    #[arg(long)]
    mark: bool,
}

/// What is done about versions in an archive.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct RehydrateArgs {
    /// Request readable copies of archived versions, and say when to try again.
    #[arg(long)]
    rehydrate: bool,
    /// Speed and price of the retrieval.
    #[arg(long, value_enum, default_value_t, value_name = "TIER", requires = "rehydrate")]
    tier: TierArg,
    /// Days that the readable copies are kept.
    #[arg(long, default_value_t = 7, value_name = "N", requires = "rehydrate", value_parser = clap::value_parser!(i32).range(1..=365))]
    days: i32,
    /// Wait until they are readable, then continue.
    #[arg(long, requires = "rehydrate")]
    wait: bool,
    /// Seconds between two checks.
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
    pub(super) fn options(&self) -> CopyOptions {
        let algorithm = self.sse.clone().or_else(|| self.kms_key.as_ref().map(|_| "aws:kms".to_owned()));
        CopyOptions {
            acl: self.acl,
            object_lock_at: self.object_lock.then(ssmbak::clock::now),
            storage_class: self.storage_class.clone(),
            encryption: algorithm.map(|algorithm| Encryption { algorithm, kms_key: self.kms_key.clone() }),
            fast: self.fast,
            mark: self.mark,
            ..CopyOptions::default()
        }
    }

    /// The options, to be typed again.
    pub(super) fn words(&self) -> Vec<String> {
        let flags =
            [("--acl", self.acl), ("--object-lock", self.object_lock), ("--fast", self.fast), ("--mark", self.mark)];
        let mut words: Vec<String> =
            flags.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag.to_owned()).collect();
        let options = [("--storage-class", &self.storage_class), ("--sse", &self.sse), ("--kms-key", &self.kms_key)];
        let given = options.into_iter().filter_map(|(option, value)| Some((option, value.as_ref()?)));
        words.extend(given.map(|(option, value)| format!("{option} {}", quoted(value))));
        words
    }
}

impl RehydrateArgs {
    pub(super) fn options(self) -> Option<RehydrateOptions> {
        let tier = match self.tier {
            TierArg::Standard => Tier::Standard,
            TierArg::Bulk => Tier::Bulk,
            TierArg::Expedited => Tier::Expedited,
        };
        self.rehydrate.then_some(RehydrateOptions { tier, days: self.days })
    }

    pub(super) fn waits(self) -> bool {
        self.wait
    }

    pub(super) async fn pause(self, ui: &Ui) -> Result<(), CliError> {
        ui.remark(&format!("waiting for what is in an archive; looking again in {} s", self.poll));
        tokio::time::sleep(Duration::from_secs(self.poll)).await;
        Ok(())
    }
}

pub(super) async fn run(args: &RestoreArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    if args.recursive { whole(args, ctx).await } else { ctx.until_interrupted(one(args, ctx.global, ctx.ui)).await }
}

async fn one(args: &RestoreArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    refuse_for_one_key(&[args.globs.given(), args.work.given(), args.journal.given()])?;
    let (located, time) = Located::with_time(&args.words)?;
    let key = located.one()?;
    check_key(key)?;
    let at = moment(time, ui)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let path = S3Path::of(bucket.clone(), key, at);
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
        Restored::Unchanged => "no changes: it is what it was".to_owned(),
        Restored::Copied(id) => format!("restored{}", now(id)),
        Restored::Deleted(id) => format!("deleted again{}", now(id)),
    });
    Ok(Exit::Done)
}

/// Requests an archived version, then waits for it, or fails with the time to try again.
pub(super) async fn rehydrate(
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

async fn whole(args: &RestoreArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let (located, time) = Located::with_time(&args.words)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    let to = args.to.as_deref().map(target).transpose()?;
    if to.is_some() && located.keys.len() > 1 {
        return Err(CliError::usage("--to takes the place of one prefix", "restore one prefix after the other"));
    }
    if args.there.bwlimit.is_some() && !args.there.passes_through() {
        let message = "--bwlimit is for objects that pass through this machine, and s3 copies these by itself";
        return Err(CliError::usage(message, "leave --bwlimit out, or give --to-profile or --to-endpoint"));
    }
    let at = moment(time, ui)?;
    let (aws, bucket) = ctx.until_interrupted(args.bucket.open(&located, ctx.global)).await?;
    let tree = args.work.tree(&bucket, &located.keys, globs);
    let to = match to {
        Some(to) => {
            let there = ctx.until_interrupted(args.there.open(&to.bucket, &bucket, ctx.global)).await?;
            Some(Target { bucket: there, prefix: to.key })
        }
        None => None,
    };
    let mut more = args.copy.words();
    more.extend(args.delete_new.then(|| "--delete-new".to_owned()));
    more.extend(args.to.iter().map(|to| format!("--to {}", quoted(to))));
    more.extend(args.there.words());
    more.extend(args.globs.words());
    let journal = args.journal.open(&asked("restore", &aws, &tree, bucket.name(), &at, &more))?;
    let mut copy = args.copy.options();
    copy.through_here = args.there.passes_through();
    copy.limit = args.there.bwlimit.map(|limit| Arc::new(ByteRate::new(limit)));
    let planned = async {
        let progress = ui.counter("listing versions");
        let seen = |more| progress.advance(more);
        let options = ObjectPlanOptions { delete_new: args.delete_new };
        let plan = match &to {
            Some(to) => tree.contents_at(at, to, seen).await?,
            None => tree.plan(at, options, seen).await?,
        };
        check_found(plan.totals.versions, &bucket, &tree)?;
        Ok::<_, CliError>(tree.compared(plan, Some(&journal), to.as_ref(), &copy).await?)
    };
    let mut plan = ctx.until_interrupted(planned).await?;
    say_proved(&plan, ui);
    let head = Head::new(&located.keys, Some(&at), bucket.name(), aws.region()).to(args.to.as_deref());
    if args.dry_run {
        tree_report::plan(ui, &head, &mut plan, true)?;
        return Ok(Exit::Done);
    }
    if !ui.is_json() {
        ui.result(&sum(&plan.totals))?;
    }
    let below = located.keys.iter().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
    let ask = !plan.changes.is_empty() && !args.yes && ui.can_ask();
    if ask && !ui.confirm(&format!("In bucket {}, below {below}: do it?", bucket.name()))? {
        return Err(CliError::failure("Declined", "cancelled, nothing changed", "answer y to go on, or give --yes"));
    }
    let mut run = TreeRun::new(plan, Some(journal));
    let options = TreeRestoreOptions { copy, to, rehydrate: args.rehydrate.options() };
    let applied = loop {
        let work = async |watch: &_, run: &mut _| tree.restore(run, &options, watch).await;
        let applied = run_tree(&mut run, ui, "restoring", ctx, work).await?;
        if applied.archived == 0 || applied.skipped > 0 || !args.rehydrate.wait {
            break applied;
        }
        ctx.until_interrupted(args.rehydrate.pause(ui)).await?;
    };
    tree_report::outcome(ui, &head, &mut run, &applied, &tree_report::NoMore {})?;
    let mut again = vec!["s3bak restore".to_owned()];
    again.extend(located.keys.iter().map(|key| quoted(key)));
    again.extend([at.to_argument(), "-R".to_owned()]);
    again.extend(more);
    again.extend(args.bucket.words(&bucket));
    conclude(run, applied, "restored", &again.join(" "), ui)
}

/// Reads `s3://bucket/prefix/`.
pub(super) fn target(text: &str) -> Result<S3Location, CliError> {
    let wrong = || {
        let message = format!("{text:?} is no place for a tree");
        CliError::usage(message, "give it like s3://bucket/prefix/, with a slash at its end")
    };
    let read = S3Location::parse(text).ok().flatten().ok_or_else(wrong)?;
    if read.key.is_empty() || read.key.ends_with('/') { Ok(read) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::{byte_count, target};

    #[test]
    fn a_target_is_a_bucket_and_a_prefix() {
        for (text, expected) in [
            ("s3://b", ("b", "")),
            ("s3://b/", ("b", "")),
            ("s3://b/was/it/", ("b", "was/it/")),
            ("s3://b//", ("b", "/")),
        ] {
            let read = target(text).unwrap();
            assert_eq!((read.bucket.as_str(), read.key.as_str()), expected, "{text}");
        }
        for wrong in ["b/was/", "s3:///x/", "s3://b/was", ""] {
            assert!(target(wrong).is_err(), "{wrong}");
        }
        for (text, expected) in
            [("500", Some(500)), ("10M", Some(10 << 20)), ("1KiB", Some(1024)), ("0", None), ("x", None)]
        {
            assert_eq!(byte_count(text).ok(), expected, "{text}");
        }
    }
}
