//! `s3bak body`: the bytes as they were.

use std::path::Path;

use clap::Args;
use ssmbak::s3::S3Path;

use super::question::{BucketArgs, check_key, moment};
use super::report::bytes;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::output_file::Sink;
use crate::ui::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  s3bak body data/report.csv yesterday -b BUCKET -o report.csv    into a file, which is there when it is whole
  s3bak body data/dump.gz 90m -b BUCKET -o - | gunzip             to stdout
";

/// Options of `s3bak body`.
#[derive(Debug, Args)]
pub struct BodyArgs {
    /// The object's key.
    key: String,
    /// The time.
    time: String,
    /// Where the bytes go, - for stdout.
    #[arg(short = 'o', long, value_name = "FILE")]
    outfile: String,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &BodyArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    check_key(&args.key)?;
    if args.outfile.is_empty() {
        return Err(CliError::usage("no file was named", "give one with -o, or - for stdout"));
    }
    let at = moment(&args.time, ui)?;
    let (_, bucket) = args.bucket.open(global).await?;
    let path = S3Path::of(bucket.clone(), &args.key, at);
    let version = path.held().await?;
    let id = text::line(&version.version_id);
    ui.remark(&format!("version {id} of {} ({})", version.last_modified, bytes(version.size)));
    let failed = |error: std::io::Error| {
        let message = format!("cannot write {:?}: {error}", args.outfile);
        CliError::failure("LocalFile", message, "name a file")
    };
    match Sink::of(Path::new(&args.outfile)).map_err(failed)? {
        Sink::Stdout => drop(bucket.download(version, &mut tokio::io::stdout()).await?),
        Sink::Stderr => drop(bucket.download(version, &mut tokio::io::stderr()).await?),
        Sink::Into(path) => {
            let mut sink = tokio::fs::OpenOptions::new().append(true).open(path).await.map_err(failed)?;
            bucket.download(version, &mut sink).await?;
        }
        Sink::File(path) => drop(bucket.download_file(version, &path).await?),
    }
    Ok(Exit::Done)
}
