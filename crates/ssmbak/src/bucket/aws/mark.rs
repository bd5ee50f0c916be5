//! PutObject of a mark.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use ssmbak_core::mark::Mark;

use super::S3BackupBucket;
use crate::{Error, ErrorKind};

impl S3BackupBucket {
    /// Sets a mark. One of this name that is there already is moved only if `replace` says so.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], or the failed request.
    pub async fn put_mark(&self, mark: &Mark, replace: bool) -> Result<(), Error> {
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(mark.name.key())
            .body(ByteStream::from(mark.encode().into_bytes()))
            .content_type("application/json")
            .set_if_none_match((!replace).then(|| "*".to_owned()))
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(context)) if matches!(context.raw().status().as_u16(), 409 | 412) => {
                let error = Error::new(ErrorKind::AlreadyExists, format!("there is a mark {} already", mark.name));
                Err(error.with_hint("choose another name, or move it with --force"))
            }
            Err(error) => Err(self.bucket_error(&format!("set the mark {}", mark.name), &error)),
        }
    }
}
