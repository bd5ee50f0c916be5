//! Restores a path without asking: `cargo run --example restore BUCKET PATH TIME`.
#![expect(clippy::print_stdout, reason = "an example prints what it did")]

mod common;

use jiff::{Timestamp, tz::TimeZone};
use ssmbak::bucket::S3BackupBucket;
use ssmbak::core::{instant::Instant, scope::Selection};
use ssmbak::restore::{Outcome, RestoreOptions, Unobserved};
use ssmbak::{ParamPath, store::SsmParameterStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Outcome {
    let [bucket, path, time] = common::arguments(["BUCKET", "PATH", "TIME"])?;
    let aws = common::aws().await;
    let store = SsmParameterStore::new(aws_sdk_ssm::Client::new(&aws));
    let bucket = S3BackupBucket::new(aws_sdk_s3::Client::new(&aws), bucket);
    let selection = Selection::new(&[&path], true, &[], &[])?;
    let at = Instant::parse(&time, Timestamp::now(), &TimeZone::UTC)?;

    // What would be overwritten or deleted is recorded in the bucket before the first write.
    let path = ParamPath::new(store, bucket, selection, at);
    let (plan, applied) = path.restore(&RestoreOptions::default(), &Unobserved).await?;

    for (change, outcome) in plan.changes.iter().zip(&applied.outcomes) {
        let outcome = match outcome {
            Outcome::Done => "done".to_owned(),
            Outcome::Failed(error) => format!("failed: {error}"),
            Outcome::Skipped(reason) => format!("skipped: {reason}"),
        };
        println!("{} {}: {outcome}", change.action_name(), change.name);
    }
    // A failed row is no error of the call: running it again finishes the restore.
    if applied.is_complete() { Ok(()) } else { Err("the restore is incomplete, run it again".into()) }
}
