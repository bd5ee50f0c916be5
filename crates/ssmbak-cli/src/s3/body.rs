//! `s3bak body`: the bytes as they were.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use ssmbak::ErrorKind;
use ssmbak::s3::{ByteRate, DownloadOptions, ObjectBucket, S3Path};
use ssmbak_core::object::ObjectVersion;

use super::question::{BucketArgs, Located, check_key, moment};
use super::report::bytes;
use super::restore::{RehydrateArgs, byte_count, rehydrate};
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
    /// Maximum bytes per second, such as 10M.
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    bwlimit: Option<u64>,
    #[command(flatten)]
    rehydrate: RehydrateArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &BodyArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let located = Located::read(std::slice::from_ref(&args.key))?;
    let key = located.one()?;
    check_key(key)?;
    if args.outfile.is_empty() {
        return Err(CliError::usage("no file was named", "give one with -o, or - for stdout"));
    }
    let at = moment(&args.time, ui)?;
    let (_, bucket) = args.bucket.open(&located, global).await?;
    let path = S3Path::of(bucket.clone(), key, at);
    let version = path.held().await?;
    let id = text::line(&version.version_id);
    ui.remark(&format!("version {id} of {} ({})", version.last_modified, bytes(version.size)));
    let limit = args.bwlimit.map(|limit| Arc::new(ByteRate::new(limit)));
    let options = DownloadOptions { limit, ..DownloadOptions::default() };
    loop {
        match write(&bucket, version, &args.outfile, &options).await {
            Err(error) if error.kind == ErrorKind::Archived => {
                rehydrate(args.rehydrate, &bucket, version, error, ui).await?;
            }
            outcome => break outcome?,
        }
    }
    Ok(Exit::Done)
}

async fn write(
    bucket: &ObjectBucket,
    version: &ObjectVersion,
    outfile: &str,
    options: &DownloadOptions,
) -> Result<(), ssmbak::Error> {
    let failed = |error: std::io::Error| {
        ssmbak::Error::new(ErrorKind::LocalFile, format!("cannot write {outfile:?}: {error}")).with_hint("name a file")
    };
    match Sink::of(Path::new(outfile)).map_err(failed)? {
        Sink::Stdout => bucket.download_with(version, &mut tokio::io::stdout(), options).await,
        Sink::Stderr => bucket.download_with(version, &mut tokio::io::stderr(), options).await,
        Sink::Into(path) => {
            let mut sink = tokio::fs::OpenOptions::new().append(true).open(path).await.map_err(failed)?;
            bucket.download_with(version, &mut sink, options).await
        }
        Sink::File(path) => bucket.download_file_with(version, &path, options).await,
    }
}
