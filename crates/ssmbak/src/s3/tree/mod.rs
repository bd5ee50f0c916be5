//! Trees of keys at an instant: planned, previewed, restored, downloaded, compared.
//!
//! A tree may have tens of millions of versions. So the listing is split by key space and read in parallel, what is decided
//! goes to a file ([`Spill`]) and is read from there in the order of keys, and what was copied is noted in a [`Journal`]: in
//! memory there are only the pages under way, an entry for each thousand rows, two bits for each row, and 16 bytes for each
//! copy that an interrupted run had made.

mod compare;
mod get;
mod inventory;
mod journal;
mod manifest;
mod manifest_rows;
mod parallel_listing;
mod plan;
mod restore;
mod run;
mod sorted;
mod spill;
mod throttle;

#[cfg(test)]
mod random_runs;

use std::path::PathBuf;
use std::sync::Arc;

pub use get::{GetOptions, LocalState};
pub use journal::Journal;
pub use manifest::{ManifestFile, ManifestPlan, ManifestRow, ManifestRows};
pub use manifest_rows::ManifestVerified;
pub use plan::TreePlan;
pub use restore::{MarkersRemoved, Target, TreeRestoreOptions};
pub use run::{Applied, Failure, ProgressObserver, RowOutcome, TreeRun};
pub use spill::{Rows, Spill};

use ssmbak_core::object::KeyGlobs;
use throttle::SharedConcurrency;

use super::ObjectBucket;

/// The keys of a bucket that begin alike.
#[derive(Clone, Debug)]
pub struct Tree {
    bucket: ObjectBucket,
    concurrency: Arc<SharedConcurrency>,
    /// What stands before the relative path of every key.
    prefix: String,
    /// What is listed: the prefix, or several that begin with it.
    prefixes: Vec<String>,
    globs: KeyGlobs,
    scratch: PathBuf,
}

impl Tree {
    /// The keys that begin with `prefix`. Plans are kept in files in `scratch` that nobody else sees; at most `most`
    /// requests are under way at once, and fewer when S3 asks to slow down.
    pub fn new(bucket: &ObjectBucket, prefix: impl Into<String>, scratch: impl Into<PathBuf>, most: usize) -> Self {
        let concurrency = Arc::new(SharedConcurrency::new(most));
        let config = bucket.client.config().to_builder().interceptor(Arc::clone(&concurrency).watch()).build();
        let client = aws_sdk_s3::Client::from_conf(config);
        let (prefix, scratch) = (prefix.into(), scratch.into());
        let prefixes = vec![prefix.clone()];
        let bucket = ObjectBucket::new(client, bucket.name());
        Self { bucket, concurrency, prefix, prefixes, globs: KeyGlobs::default(), scratch }
    }

    /// The keys that begin with one of several prefixes; what is within another one counts once. Their relative paths are
    /// those from the beginning of the bucket, unless there is one prefix alone.
    #[must_use]
    pub fn with_prefixes(mut self, prefixes: &[String]) -> Self {
        let mut sorted = prefixes.to_vec();
        sorted.sort();
        sorted.dedup_by(|next, before| next.starts_with(before.as_str()));
        self.prefix = if sorted.len() == 1 { sorted.concat() } else { String::new() };
        self.prefixes = sorted;
        self
    }

    /// Only the keys that globs match.
    #[must_use]
    pub fn with_globs(self, globs: KeyGlobs) -> Self {
        Self { globs, ..self }
    }

    /// How many requests are under way at once, at most, as things are.
    pub fn pace(&self) -> usize {
        self.concurrency.now()
    }

    /// What is listed.
    pub fn prefixes(&self) -> &[String] {
        &self.prefixes
    }

    /// What the keys of the tree begin with.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}
