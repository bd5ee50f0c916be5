//! `s3bak restore`: a key as it was.

use clap::Args;
use jiff::Timestamp;
use ssmbak::s3::{CopyOptions, Restored, S3Path};

use super::question::{BucketArgs, check_key, moment};
use super::report::{self, VersionReport};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak restore data/report.csv 2026-06-15T17:56:58 -b BUCKET    one key as it was, with its tags and metadata
  s3bak restore data/report.csv yesterday --acl                  and with its ACL
";

/// Options of `s3bak restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The object's key.
    key: String,
    /// The time.
    time: String,
    #[command(flatten)]
    copy: CopyArgs,
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

impl CopyArgs {
    pub(super) fn options(self) -> CopyOptions {
        let object_lock_at = self.object_lock.then(Timestamp::now);
        CopyOptions { acl: self.acl, object_lock_at, ..CopyOptions::default() }
    }
}

pub(super) async fn run(
    args: &RestoreArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    interrupts.or(one(args, global, ui)).await
}

async fn one(args: &RestoreArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    check_key(&args.key)?;
    let at = moment(&args.time, ui)?;
    let (_, bucket) = args.bucket.open(global).await?;
    let path = S3Path::of(bucket, &args.key, at);
    let restored = path.restore(&args.copy.options()).await?;
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
