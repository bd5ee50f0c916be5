//! Downloads an object of a versioned bucket as it was: `cargo run --example s3_path BUCKET KEY TIME FILE`.
#![expect(clippy::print_stdout, reason = "an example prints what it found")]

mod common;

use jiff::{Timestamp, tz::TimeZone};
use ssmbak::S3Path;
use ssmbak::core::instant::Instant;

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Outcome {
    let [bucket, key, time, file] = common::arguments(["BUCKET", "KEY", "TIME", "FILE"])?;
    let at = Instant::parse(&time, Timestamp::now(), &TimeZone::UTC)?;
    let path = S3Path::new(aws_sdk_s3::Client::new(&common::aws().await), bucket, key, at);

    match path.preview().await? {
        None => println!("no version of that time"),
        Some(version) if version.is_marker => println!("deleted at {}", version.last_modified),
        Some(version) => {
            path.download_to(&mut tokio::fs::File::create(&file).await?).await?;
            println!("version {} of {}, {} bytes", version.version_id, version.last_modified, version.size);
        }
    }
    // `path.restore(&CopyOptions::default())` would make that version the current one again.
    Ok(())
}
