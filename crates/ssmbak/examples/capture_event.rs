//! Records the change that an EventBridge event on stdin tells of: `cargo run --example capture_event BUCKET < event.json`.
#![expect(clippy::print_stdout, reason = "an example prints what it wrote")]

mod common;

use jiff::Timestamp;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::core::event::{Notice, parse_body};
use ssmbak::{Capture, store::SsmParameterStore};

#[tokio::main(flavor = "current_thread")]
async fn main() -> common::Outcome {
    let [bucket] = common::arguments(["BUCKET"])?;
    let Notice::Change(change) = parse_body(&std::io::read_to_string(std::io::stdin())?)? else {
        println!("nothing to record");
        return Ok(());
    };

    let aws = common::aws().await;
    let store = SsmParameterStore::new(aws_sdk_ssm::Client::new(&aws));
    let bucket = S3BackupBucket::new(aws_sdk_s3::Client::new(&aws), bucket);
    // The event is a hint: the name is brought up to date with Parameter Store, lost versions included.
    let captured = Capture::new(store, bucket).event(&change, None, Timestamp::now()).await?;

    for write in &captured.writes {
        println!("{} of {}, {} bytes", write.kind, change.name, write.size);
    }
    // Parameter Store's reads may lag behind its events.
    if captured.early { Err("the change cannot be read yet, deliver the event again".into()) } else { Ok(()) }
}
