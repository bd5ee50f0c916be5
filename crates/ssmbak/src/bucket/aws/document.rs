//! PutObject of one of ssmbak's own documents.

use aws_sdk_s3::primitives::ByteStream;

use super::S3BackupBucket;
use crate::Error;

pub(super) async fn put(bucket: &S3BackupBucket, key: &str, body: &[u8]) -> Result<(), Error> {
    bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(key)
        .body(ByteStream::from(body.to_vec()))
        .content_type("application/json")
        .send()
        .await
        .map(drop)
        .map_err(|error| bucket.bucket_error(&format!("write {key}"), &error))
}
