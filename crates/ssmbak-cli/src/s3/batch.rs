//! `s3bak manifest` and `s3bak batch`: a restore by S3 Batch Operations.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use serde::Serialize;
use ssmbak::s3::tree::{Failure, ManifestPlan, ManifestVerified, Target, TreeRestoreOptions, TreeRun};
use ssmbak::s3::{BatchControl, CopyOptions, ObjectBucket};
use ssmbak_core::object::batch::{FailedTask, JobRequest, JobState, role_policy, target_key_prefix};
use ssmbak_core::object::{KeyGlobs, ObjectPlanOptions, S3Location};

use super::question::{BucketArgs, GlobArgs, Located, check_found, moment};
use super::report::bytes;
use super::restore::target;
use super::tree::{WorkArgs, conclude, run as run_tree, sum, tree};
use super::tree_report::{self, Head};
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::query_args::read_time;
use crate::suggested_command::quoted;
use crate::ui::{Ui, text};

/// Most failed tasks and wrong rows that are named.
const NAMED: usize = 1_000;

pub(super) const MANIFEST_EXAMPLES: &str = "\
Examples:
  s3bak manifest data/ yesterday -b BUCKET --out plan    what a restore would do, as manifests for S3 Batch Operations
  s3bak manifest data/ yesterday -b BUCKET --out plan --to s3://OTHER/was/data/    jobs keep the whole key
  s3bak manifest data/ yesterday -b BUCKET --out plan --inventory s3://INV/…/manifest.json    without a listing
";

pub(super) const BATCH_EXAMPLES: &str = "\
Examples:
  s3bak batch role -b BUCKET --files s3://FILES/plan/           policies of the role
  s3bak batch start plan --role ARN --files s3://FILES/plan/    upload manifests, create a job for each
  s3bak batch status plan                                       how far they are
  s3bak batch finish plan                                       do what no job does, and verify all
";

/// Options of `s3bak manifest`.
#[derive(Debug, Args)]
pub struct ManifestArgs {
    /// Prefixes of trees, which end in a slash, "" for the whole bucket; the last one is the time.
    #[arg(required = true, value_name = "PREFIX")]
    words: Vec<String>,
    /// Directory that the manifests go to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Delete what was created after that time too.
    #[arg(long)]
    delete_new: bool,
    /// Store all that the tree held in another bucket or below another prefix, which ends in the tree's own.
    #[arg(long, value_name = "s3://BUCKET/PREFIX/", conflicts_with = "delete_new")]
    to: Option<String>,
    /// Plan from an S3 Inventory of all versions (CSV) instead of a listing: s3://INV/…/manifest.json.
    #[arg(long, value_name = "URL")]
    inventory: Option<String>,
    /// Storage class of the copies [default: the version's own].
    #[arg(long, value_name = "CLASS")]
    storage_class: Option<String>,
    /// Maximum concurrent requests [default: 128].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: Option<u16>,
    #[command(flatten)]
    globs: GlobArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn manifest(args: &ManifestArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let (located, time) = Located::with_time(&args.words)?;
    located.check_prefixes()?;
    let globs = args.globs.read()?;
    if !globs.is_everything() {
        return Err(CliError::usage("a manifest is of whole trees", "leave out --include and --exclude"));
    }
    let to = args.to.as_deref().map(|to| checked_target(to, &located.keys)).transpose()?;
    let inventory = args.inventory.as_deref().map(inventory_location).transpose()?;
    let at = moment(time, ui)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let tree = tree(&bucket, "", args.concurrency).with_prefixes(&located.keys);
    let to = to.map(|to| Target { bucket: bucket.beside(to.bucket), prefix: to.key });
    let inventory = match &inventory {
        Some(location) => Some(tree.inventory(location, at).await?),
        None => None,
    };
    if let Some(inventory) = &inventory {
        ui.remark(&format!("planned from an inventory of {}; later changes: s3bak batch finish", inventory.created));
    }
    let progress = ui.counter(if inventory.is_some() { "reading the inventory" } else { "listing versions" });
    let options = ObjectPlanOptions { delete_new: args.delete_new };
    let seen = |more| progress.advance(more);
    let plan = match (&inventory, &to) {
        (Some(inventory), to) => tree.plan_of_inventory(inventory, at, options, to.as_ref(), seen).await?,
        (None, Some(to)) => tree.contents_at(at, to, seen).await?,
        (None, None) => tree.plan(at, options, seen).await?,
    };
    check_found(plan.totals.versions, &bucket, &tree)?;
    let copy = CopyOptions { fast: true, storage_class: args.storage_class.clone(), ..CopyOptions::default() };
    let mut plan = tree.compared(plan, None, to.as_ref(), &copy).await?;
    drop(progress);
    let described = ManifestPlan {
        schema_version: 1,
        bucket: bucket.name().to_owned(),
        prefixes: located.keys.clone(),
        to: args.to.clone(),
        inventory: args.inventory.clone(),
        at: at.to_argument(),
        created: ssmbak::clock::now().to_string(),
        delete_new: args.delete_new,
        jobs: Vec::new(),
        rest: BTreeMap::new(),
        bytes: 0,
        dollars: String::new(),
    };
    let written = described.write(&mut plan, &args.out, args.storage_class.as_deref())?;
    if ui.is_json() {
        ui.json(&written)?;
        return Ok(Exit::Done);
    }
    ui.result(&sum(&plan.totals))?;
    for job in &written.jobs {
        let class = job.class.storage_class.as_deref().unwrap_or("STANDARD");
        ui.result(&format!("{:<14} {:>12} rows  {class}", job.file, job.rows))?;
    }
    for rest in written.rest.values() {
        ui.result(&format!("{:<14} {:>12} rows  not by a job", rest.file, rest.rows))?;
    }
    ui.result(&format!("{} to copy, about {} $ for requests", bytes(written.bytes), written.dollars))?;
    ui.hint("jobs keep no website redirect, ACL, Object Lock or encryption other than the bucket's");
    Ok(Exit::Done)
}

/// Options of `s3bak batch`.
#[derive(Debug, Args)]
pub struct BatchArgs {
    #[command(subcommand)]
    command: BatchCommand,
}

/// What is done with the jobs of a directory of manifests.
#[derive(Debug, Subcommand)]
enum BatchCommand {
    /// Print the policies that the jobs' role and their caller need.
    Role(RoleArgs),
    /// Upload the manifests of a directory, and create a job for each.
    Start(StartArgs),
    /// Show how far the jobs are.
    Status(DirArgs),
    /// Do what no job does, verify everything, and finish what jobs failed at.
    Finish(FinishArgs),
}

#[derive(Debug, Args)]
struct RoleArgs {
    /// Where manifests and reports go.
    #[arg(long, value_name = "s3://BUCKET/PREFIX/")]
    files: String,
    /// The versioned bucket.
    #[arg(short, long, env = "SSMBAK_BUCKET", hide_env_values = true, value_name = "NAME")]
    bucket: String,
    /// The bucket that is written to [default: the versioned bucket].
    #[arg(long, value_name = "NAME")]
    to_bucket: Option<String>,
}

#[derive(Debug, Args)]
struct DirArgs {
    /// The directory that `s3bak manifest` wrote.
    dir: PathBuf,
    /// The account of the jobs [default: that of the credentials].
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

#[derive(Debug, Args)]
struct StartArgs {
    #[command(flatten)]
    dir: DirArgs,
    /// The role that the jobs take.
    #[arg(long, value_name = "ARN")]
    role: String,
    /// Where manifests and reports go.
    #[arg(long, value_name = "s3://BUCKET/PREFIX/")]
    files: String,
    /// Start the jobs at once, without a confirmation in the console.
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Args)]
struct FinishArgs {
    #[command(flatten)]
    dir: DirArgs,
    #[command(flatten)]
    work: WorkArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobReport<'a> {
    file: &'a str,
    job: &'a str,
    status: &'a str,
    total: u64,
    succeeded: u64,
    failed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

pub(super) async fn batch(args: &BatchArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    match &args.command {
        BatchCommand::Role(args) => {
            let files = location(&args.files)?;
            let to = args.to_bucket.as_ref().unwrap_or(&args.bucket);
            ui.json(&role_policy(&args.bucket, to, &files.bucket))?;
            Ok(Exit::Done)
        }
        BatchCommand::Start(args) => ctx.until_interrupted(start(args, ctx.global, ui)).await,
        BatchCommand::Status(args) => ctx.until_interrupted(status(args, ctx.global, ui)).await,
        BatchCommand::Finish(args) => finish(args, ctx).await,
    }
}

/// Reads `s3://bucket/prefix/`, below which a job can put the tree.
fn checked_target(text: &str, prefixes: &[String]) -> Result<S3Location, CliError> {
    let to = target(text)?;
    let [prefix] = prefixes else {
        return Err(CliError::usage(
            "--to takes the place of one prefix",
            "write the manifest of one prefix at a time",
        ));
    };
    if target_key_prefix(prefix, &to.key).is_none() {
        let message = format!("jobs keep the whole key, so --to has to end in {prefix:?}");
        return Err(CliError::usage(message, format!("give --to s3://{}/{}{prefix}", to.bucket, to.key)));
    }
    Ok(to)
}

fn inventory_location(text: &str) -> Result<S3Location, CliError> {
    let read = S3Location::parse(text).ok().flatten();
    read.filter(|read| read.key.ends_with("manifest.json")).ok_or_else(|| {
        CliError::usage(format!("{text:?} is not an inventory"), "give its manifest.json: s3://BUCKET/…/manifest.json")
    })
}

/// Where the tree of a plan goes, if not in its place.
fn planned_target(plan: &ManifestPlan, bucket: &ObjectBucket) -> Result<Option<Target>, CliError> {
    let to = plan.to.as_deref().map(|to| checked_target(to, &plan.prefixes)).transpose()?;
    Ok(to.map(|to| Target { bucket: bucket.beside(to.bucket), prefix: to.key }))
}

fn location(text: &str) -> Result<S3Location, CliError> {
    let read = S3Location::parse(text).ok().flatten();
    read.filter(|read| read.key.is_empty() || read.key.ends_with('/'))
        .ok_or_else(|| CliError::usage(format!("{text:?} is no place for files"), "give it like s3://bucket/prefix/"))
}

async fn control(args: &DirArgs, plan: &ManifestPlan, global: &GlobalArgs) -> Result<(Aws, BatchControl), CliError> {
    let aws = Aws::connect(global).await?;
    let account = match &args.account {
        Some(account) => account.clone(),
        None => aws.caller().await.map(|caller| caller.account).ok_or_else(|| {
            CliError::failure("Other", "failed to find the account of the credentials", "give it with --account")
        })?,
    };
    let bucket = ObjectBucket::new(aws.s3(), &plan.bucket);
    let endpoint = aws.s3_endpoint();
    let control = BatchControl::new(&bucket, &account, aws.region(), endpoint.as_deref());
    Ok((aws, control))
}

async fn start(args: &StartArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let mut plan = ManifestPlan::read(&args.dir.dir)?;
    let files = location(&args.files)?;
    let (aws, control) = control(&args.dir, &plan, global).await?;
    let bucket = ObjectBucket::new(aws.s3(), &files.bucket);
    let to = planned_target(&plan, &bucket)?;
    let prefix = plan.prefixes.first().map(String::as_str).unwrap_or_default();
    let key_prefix = to.as_ref().and_then(|to| target_key_prefix(prefix, &to.prefix)).unwrap_or_default().to_owned();
    let target = to.as_ref().map_or(plan.bucket.as_str(), |to| to.bucket.name()).to_owned();
    let report = format!("{}report", files.key);
    for number in 0..plan.jobs.len() {
        let Some(file) = plan.jobs.get(number).filter(|file| file.job.is_none()).cloned() else { continue };
        let key = format!("{}{}", files.key, file.file);
        let etag = bucket.upload_file(&args.dir.dir.join(&file.file), &key).await?;
        let token = plan.token(&file);
        let description = format!("s3bak restore of {} to {}", plan.bucket, plan.at);
        let job = JobRequest {
            token: &token,
            bucket: &target,
            key_prefix: &key_prefix,
            class: &file.class,
            manifest: (&files.bucket, &key),
            etag: &etag,
            report: (&files.bucket, &report),
            role: &args.role,
            confirm: !args.yes,
            description: &description,
        };
        let id = control.create(&job).await?;
        if !ui.is_json() {
            ui.result(&format!("{}  job {id}", file.file))?;
        }
        if let Some(file) = plan.jobs.get_mut(number) {
            file.job = Some(id);
            file.report = Some(format!("s3://{}/{report}", files.bucket));
        }
        plan.save(&args.dir.dir)?;
    }
    if ui.is_json() {
        let jobs: Vec<_> =
            plan.jobs.iter().map(|file| serde_json::json!({"File": file.file, "Job": file.job})).collect();
        ui.json(&serde_json::json!({"SchemaVersion": 1, "Bucket": plan.bucket, "Jobs": jobs}))?;
    }
    if !args.yes {
        ui.hint("confirm the jobs in the console, or: aws s3control update-job-status --requested-job-status Ready …");
    }
    ui.note(&format!("look at them with: s3bak batch status {}", quoted(&args.dir.dir.to_string_lossy())));
    Ok(Exit::Done)
}

/// The jobs of a directory, each with its file.
async fn states(
    args: &DirArgs,
    plan: &ManifestPlan,
    global: &GlobalArgs,
) -> Result<Vec<(String, String, JobState)>, CliError> {
    let (_, control) = control(args, plan, global).await?;
    let mut states = Vec::new();
    for file in &plan.jobs {
        let Some(job) = &file.job else {
            let message = format!("no job was created for {}", file.file);
            return Err(CliError::failure("NotFound", message, "create it with: s3bak batch start"));
        };
        states.push((file.file.clone(), job.clone(), control.describe(job).await?));
    }
    Ok(states)
}

async fn status(args: &DirArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let plan = ManifestPlan::read(&args.dir)?;
    let states = states(args, &plan, global).await?;
    let reports: Vec<JobReport<'_>> = states
        .iter()
        .map(|(file, job, state)| JobReport {
            file,
            job,
            status: &state.status,
            total: state.total,
            succeeded: state.succeeded,
            failed: state.failed,
            reason: state.reason.as_deref(),
        })
        .collect();
    if ui.is_json() {
        ui.json(&serde_json::json!({"SchemaVersion": 1, "Bucket": plan.bucket, "Jobs": reports}))?;
        return Ok(Exit::Done);
    }
    for job in reports {
        let reason = job.reason.map(|reason| format!("  {reason}")).unwrap_or_default();
        ui.result(&format!(
            "{:<14} {:<12} {} of {} copied, {} failed{reason}",
            job.file, job.status, job.succeeded, job.total, job.failed
        ))?;
    }
    Ok(Exit::Done)
}

async fn finish(args: &FinishArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let described = ManifestPlan::read(&args.dir.dir)?;
    let states = ctx.until_interrupted(states(&args.dir, &described, ctx.global)).await?;
    if let Some((file, _, state)) = states.iter().find(|(_, _, state)| !state.is_over()) {
        let message = format!("the job of {file} is {}", state.status);
        return Err(CliError::failure("Other", message, "wait until all jobs are over: s3bak batch status"));
    }
    let aws = ctx.connect().await?;
    let bucket = ObjectBucket::new(aws.s3(), &described.bucket);
    let mut found = ctx.until_interrupted(failed_tasks(&described, &states, &bucket, ui)).await?;
    let at = read_time(&described.at, ssmbak::clock::now(), &TimeZone::UTC)?;
    let tree = args.work.tree(&bucket, &described.prefixes, KeyGlobs::default());
    let to = planned_target(&described, &bucket)?;
    // Jobs copied nothing but what a plain copy keeps, so that is what is compared.
    let fast = CopyOptions { fast: true, ..CopyOptions::default() };
    let planned = async {
        let progress = ui.counter("listing versions");
        let seen = |more| progress.advance(more);
        let plan = tree.plan_of_manifest(&described, &args.dir.dir, at, to.as_ref(), seen).await?;
        Ok::<_, CliError>(tree.compared(plan, None, to.as_ref(), &fast).await?)
    };
    let mut run = TreeRun::new(ctx.until_interrupted(planned).await?, None);
    ui.remark(&sum(run.totals()));
    let options = TreeRestoreOptions { to: to.clone(), ..TreeRestoreOptions::default() };
    let work = async |watch: &_, run: &mut _| tree.restore(run, &options, watch).await;
    let applied = run_tree(&mut run, ui, "finishing", ctx, work).await?;
    let head = Head::new(&described.prefixes, Some(&at), bucket.name(), aws.region()).to(described.to.as_deref());
    let verified = async {
        let progress = ui.counter("verifying");
        let seen = |more| progress.advance(more);
        Ok::<_, CliError>(tree.verify_manifest(&described, &args.dir.dir, at, to.as_ref(), seen).await?)
    };
    // Where something failed, the rest can wait until that is made good.
    let verified = if applied.is_complete() { Some(ctx.until_interrupted(verified).await?) } else { None };
    found.verified(verified.as_ref());
    tree_report::outcome(ui, &head, &mut run, &applied, &found)?;
    let again = format!("s3bak batch finish {}", quoted(&args.dir.dir.to_string_lossy()));
    let exit = conclude(run, applied, "finished", &again, ui)?;
    let Some(verified) = verified else { return Ok(exit) };
    for failure in &verified.failures {
        ui.remark(&format!("wrong: {}: {}", text::line(&failure.key), text::line(&failure.error.to_string())));
    }
    more(verified.wrong, verified.failures.len(), "wrong rows", ui);
    ui.remark(&format!("{} of {} rows are as they were", verified.rows - verified.wrong, verified.rows));
    if verified.wrong == 0 {
        return Ok(Exit::Done);
    }
    ui.note(&format!("to look at it again: {again}"));
    Ok(Exit::Partly)
}

/// What `finish` found out beside the outcome of its own changes, for programs.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct FinishReport {
    /// Tasks that failed in jobs.
    jobs_failed: u64,
    /// The first thousand of them.
    failed_tasks: Vec<FailedTask>,
    /// Rows that were looked up at the end; absent if there was no reason to.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong: Option<u64>,
    /// The first thousand of the wrong ones.
    wrong_rows: Vec<WrongRow>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WrongRow {
    key: String,
    error: String,
}

impl FinishReport {
    fn verified(&mut self, verified: Option<&ManifestVerified>) {
        let Some(verified) = verified else { return };
        (self.rows, self.wrong) = (Some(verified.rows), Some(verified.wrong));
        let row = |failure: &Failure| WrongRow { key: failure.key.clone(), error: failure.error.to_string() };
        self.wrong_rows = verified.failures.iter().map(row).collect();
    }
}

/// Names the tasks that failed in jobs, as their reports have them.
async fn failed_tasks(
    plan: &ManifestPlan,
    states: &[(String, String, JobState)],
    bucket: &ObjectBucket,
    ui: &Ui,
) -> Result<FinishReport, CliError> {
    let jobs_failed = states.iter().map(|(_, _, state)| state.failed).sum();
    let mut found = FinishReport { jobs_failed, ..FinishReport::default() };
    for (file, (_, job, state)) in plan.jobs.iter().zip(states) {
        if let Some(reason) = &state.reason {
            ui.warning(&format!("the job of {} failed: {}", file.file, text::line(reason)));
        }
        let report = file.report.as_deref().and_then(|report| S3Location::parse(report).ok().flatten());
        let most = NAMED - found.failed_tasks.len();
        let Some(report) = report.filter(|_| state.failed > 0 && most > 0) else { continue };
        match bucket.beside(&report.bucket).failed_tasks(&report.key, job, most).await {
            Ok(tasks) => {
                for task in &tasks {
                    let (key, error) = (text::line(&task.key), text::line(&task.error));
                    ui.remark(&format!("failed in its job: {key}: {error}"));
                }
                found.failed_tasks.extend(tasks);
            }
            // What is left is listed anyway, so a report that is lost costs its reasons alone.
            Err(error) => {
                ui.warning(&format!("failed to read the report of job {job}: {}", text::line(&error.to_string())))
            }
        }
    }
    more(jobs_failed, found.failed_tasks.len(), "tasks failed in jobs", ui);
    ui.remark(&format!("{jobs_failed} objects failed in jobs; listing again what is left"));
    Ok(found)
}

fn more(all: u64, named: usize, what: &str, ui: &Ui) {
    if all > named as u64 {
        ui.remark(&format!("… and {} more {what}", all - named as u64));
    }
}
