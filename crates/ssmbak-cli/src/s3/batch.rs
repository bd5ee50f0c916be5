//! `s3bak manifest` and `s3bak batch`: a restore by S3 Batch Operations.

mod finish;
mod manifest;
mod start;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use ssmbak::s3::tree::{ManifestPlan, Target};
use ssmbak::s3::{BatchControl, ObjectBucket};
use ssmbak_core::object::S3Location;
use ssmbak_core::object::batch::{JobState, role_policy, target_key_prefix};

pub(super) use manifest::{MANIFEST_EXAMPLES, ManifestArgs, manifest};

use super::restore::target;
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::Ui;
use finish::{FinishArgs, finish};
use start::{StartArgs, start};

pub(super) const BATCH_EXAMPLES: &str = "\
Examples:
  s3bak batch role -b BUCKET --files s3://FILES/plan/           policies of the role
  s3bak batch start plan --role ARN --files s3://FILES/plan/    upload manifests, create a job for each
  s3bak batch status plan                                       how far they are
  s3bak batch finish plan                                       do what no job does, and verify all
";

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
