//! A bucket that is there already, in the place of one of the stack's own.

use aws_sdk_s3::Client as S3;
use aws_sdk_s3::types::BucketVersioningStatus;

use crate::call::{CallError, Task};
use crate::template::EXISTING_BUCKET;

const LOOK: Task = Task::new("see whether the existing bucket keeps versions", "s3:GetBucketVersioning");

/// The existing bucket cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExistingBucketError {
    /// It keeps no versions: what is recorded would overwrite what was.
    #[error(
        "the bucket {bucket} keeps no versions, and without them there is no history: enable its versioning, or leave ExistingBucket out"
    )]
    NotVersioned {
        /// The bucket.
        bucket: String,
    },
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl ExistingBucketError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::NotVersioned { .. } => "BucketNotVersioned",
            Self::Call(error) => error.code(),
        }
    }
}

/// The existing bucket that the settings ask for.
pub fn asked(settings: &[(String, String)]) -> Option<&str> {
    let asked = settings.iter().rfind(|(name, _)| name == EXISTING_BUCKET);
    asked.map(|(_, bucket)| bucket.as_str()).filter(|bucket| !bucket.is_empty())
}

/// Makes sure that a bucket keeps versions.
///
/// # Errors
/// [`ExistingBucketError::NotVersioned`] if it does not (any more), else what S3 refuses.
pub async fn check(s3: &S3, bucket: &str) -> Result<(), ExistingBucketError> {
    let found = s3.get_bucket_versioning().bucket(bucket).send().await.map_err(|error| LOOK.failed(error))?;
    match found.status() {
        Some(BucketVersioningStatus::Enabled) => Ok(()),
        _ => Err(ExistingBucketError::NotVersioned { bucket: bucket.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_that_is_asked_for_counts() {
        let settings = |values: &[&str]| -> Vec<(String, String)> {
            values.iter().map(|value| (EXISTING_BUCKET.to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(asked(&settings(&[])), None);
        assert_eq!(asked(&settings(&["a", "b"])), Some("b"));
        assert_eq!(asked(&settings(&["a", ""])), None);
        assert_eq!(asked(&[("LogLevel".to_owned(), "INFO".to_owned())]), None);
    }
}
