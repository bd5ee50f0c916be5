//! `s3bak batch start`: a job for each manifest.

use clap::Args;
use ssmbak::s3::ObjectBucket;
use ssmbak::s3::tree::ManifestPlan;
use ssmbak_core::object::batch::{JobRequest, target_key_prefix};

use super::{DirArgs, control, location, planned_target};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::suggested_command::quoted;
use crate::ui::Ui;

#[derive(Debug, Args)]
pub(super) struct StartArgs {
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

pub(super) async fn start(args: &StartArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
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
