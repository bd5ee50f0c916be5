//! Trees of keys at an instant: planned, previewed, restored, downloaded, compared.
//!
//! A tree may have tens of millions of versions. So the listing is split by key space and read in parallel, what is decided
//! goes to a file ([`Spool`]) and is read from there in the order of keys, and what is done is kept in a [`Journal`]: in
//! memory there are only the pages under way, an entry for each thousand rows, and a bit for each row that is done.

mod get;
mod journal;
mod pace;
mod plan;
mod restore;
mod spool;
mod walk;

use std::path::PathBuf;
use std::sync::Arc;

pub use journal::{Applied, Failure, Journal, Watcher};
pub use plan::TreePlan;
pub use restore::{Target, TreeRestoreOptions};
pub use spool::{Rows, Spool};

use pace::Pace;

use super::ObjectBucket;

/// The keys of a bucket that begin alike.
#[derive(Clone, Debug)]
pub struct Tree {
    bucket: ObjectBucket,
    pace: Arc<Pace>,
    prefix: String,
    scratch: PathBuf,
}

impl Tree {
    /// The keys that begin with `prefix`. Plans are kept in files in `scratch` that nobody else sees; at most `most`
    /// requests are under way at once, and fewer when S3 asks to slow down.
    pub fn new(bucket: &ObjectBucket, prefix: impl Into<String>, scratch: impl Into<PathBuf>, most: usize) -> Self {
        let pace = Arc::new(Pace::new(most));
        let config = bucket.client.config().to_builder().interceptor(Arc::clone(&pace).watch()).build();
        let client = aws_sdk_s3::Client::from_conf(config);
        Self { bucket: ObjectBucket::new(client, bucket.name()), pace, prefix: prefix.into(), scratch: scratch.into() }
    }

    /// What the keys of the tree begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}
