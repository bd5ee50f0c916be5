//! PutObject of a mark.

use aws_sdk_s3::primitives::ByteStream;
use ssmbak_core::mark::Mark;

use super::S3BackupBucket;
use super::conditional::{Created, create};
use crate::{Error, ErrorKind};

impl S3BackupBucket {
    /// Sets a mark. One of this name that is there already is moved only if `replace` says so.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`], or the failed request.
    pub async fn put_mark(&self, mark: &Mark, replace: bool) -> Result<(), Error> {
        let put = || {
            let put = self.client.put_object().bucket(&self.name).key(mark.name.key());
            put.body(ByteStream::from(mark.encode().into_bytes())).content_type("application/json")
        };
        let action = format!("set the mark {}", mark.name);
        if replace {
            return put().send().await.map(drop).map_err(|error| self.bucket_error(&action, &error));
        }
        match create(self, &action, put).await? {
            Created::New => Ok(()),
            Created::Exists => {
                let error = Error::new(ErrorKind::AlreadyExists, format!("there is a mark {} already", mark.name));
                Err(error.with_hint("choose another name, or move it with --force"))
            }
        }
    }
}
