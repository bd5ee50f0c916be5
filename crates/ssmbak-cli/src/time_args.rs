//! Marks in the place of times.

use ssmbak::bucket::S3BackupBucket;
use ssmbak::mark::mark;
use ssmbak_core::mark::MarkName;

use crate::aws::Aws;
use crate::bucket::BucketArgs;
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::query_args::QueryArgs;

/// These words, with the time of the mark in the place of each `mark:NAME`. Without one AWS is not asked.
///
/// # Errors
/// [`CliError`] if there is no such mark, or it cannot be read.
pub async fn words(words: &[String], bucket: &BucketArgs, global: &GlobalArgs) -> Result<Vec<String>, CliError> {
    let mut at: Option<S3BackupBucket> = None;
    let mut told = Vec::with_capacity(words.len());
    for word in words {
        let Some(name) = MarkName::in_time(word) else {
            told.push(word.clone());
            continue;
        };
        let name = name.map_err(|error| CliError::usage(error.to_string(), "`ssmbak marks` lists the marks"))?;
        let found = match at.take() {
            Some(bucket) => bucket,
            None => bucket.find(&Aws::connect(global).await?).await?,
        };
        told.push(mark(&found, &name).await?.at.to_argument());
        at = Some(found);
    }
    Ok(told)
}

/// The time of an option, likewise.
///
/// # Errors
/// As [`words`].
pub async fn time(time: Option<&str>, bucket: &BucketArgs, global: &GlobalArgs) -> Result<Option<String>, CliError> {
    let given: Vec<String> = time.map(str::to_owned).into_iter().collect();
    Ok(words(&given, bucket, global).await?.pop())
}

/// A question, likewise.
///
/// # Errors
/// As [`words`].
pub async fn asked(asked: &QueryArgs, global: &GlobalArgs) -> Result<QueryArgs, CliError> {
    Ok(QueryArgs {
        words: words(&asked.words, &asked.narrow.bucket, global).await?,
        at: time(asked.at.as_deref(), &asked.narrow.bucket, global).await?,
        ..asked.clone()
    })
}
