//! Shows what a restore of a path would change: `cargo run --example preview BUCKET PATH TIME`.
#![expect(clippy::print_stdout, reason = "an example prints what it found")]

mod common;

use jiff::{Timestamp, tz::TimeZone};
use ssmbak::bucket::S3BackupBucket;
use ssmbak::core::{instant::Instant, scope::Selection};
use ssmbak::{ParamPath, store::SsmParameterStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Outcome {
    let [bucket, path, time] = common::arguments(["BUCKET", "PATH", "TIME"])?;
    let aws = common::aws().await;
    let store = SsmParameterStore::new(aws_sdk_ssm::Client::new(&aws));
    let bucket = S3BackupBucket::new(aws_sdk_s3::Client::new(&aws), bucket);

    // The whole tree below the path, without globs.
    let selection = Selection::new(&[&path], true, &[], &[])?;
    let at = Instant::parse(&time, Timestamp::now(), &TimeZone::UTC)?;
    let plan = ParamPath::new(store, bucket, selection, at).preview().await?;

    for change in &plan.changes {
        println!("{} {}", change.action_name(), change.name);
    }
    for unknown in &plan.unknown {
        println!("unknown {}: {}", unknown.name, unknown.reason);
    }
    Ok(())
}
