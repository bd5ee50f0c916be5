//! PutObject on condition that the key holds nothing.

use std::time::Duration;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use tokio::time::sleep;

use super::S3BackupBucket;
use crate::Error;

/// How often a put is tried again that met another write of the key.
const ATTEMPTS: u32 = 6;
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// What became of a put on condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Created {
    /// It is stored.
    New,
    /// The key holds something already.
    Exists,
}

/// Stores an object where there is none. Only 412 says that there is one: 409 means that another write of the key was
/// under way, which may have failed, and S3 asks to try again.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
pub(super) async fn create(
    bucket: &S3BackupBucket,
    action: &str,
    put: impl Fn() -> PutObjectFluentBuilder,
) -> Result<Created, Error> {
    let mut attempt = 0;
    loop {
        let error = match put().if_none_match("*").send().await {
            Ok(_) => return Ok(Created::New),
            Err(error) => error,
        };
        match &error {
            SdkError::ServiceError(context) if context.raw().status().as_u16() == 412 => return Ok(Created::Exists),
            SdkError::ServiceError(context) if context.raw().status().as_u16() == 409 && attempt < ATTEMPTS => {
                sleep(FIRST_PAUSE.saturating_mul(1 << attempt)).await;
                attempt += 1;
            }
            _ => return Err(bucket.bucket_error(action, &error)),
        }
    }
}
