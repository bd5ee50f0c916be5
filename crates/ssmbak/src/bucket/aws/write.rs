//! PutObject and DeleteObject.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use ssmbak_core::record::metadata::{Encoded, FIELD, Sidecar};
use ssmbak_core::record::tags;
use ssmbak_core::sweep::{RECORD_KEY, SweepRecord};

use super::S3BackupBucket;
use crate::Error;

pub(super) async fn put(bucket: &S3BackupBucket, key: &str, body: &[u8], encoded: &Encoded) -> Result<(), Error> {
    let tagging = Some(tags::header(&encoded.tags)).filter(|header| !header.is_empty());
    bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(key)
        .body(ByteStream::from(body.to_vec()))
        .metadata(FIELD, &encoded.metadata)
        .set_tagging(tagging)
        .send()
        .await
        .map(drop)
        .map_err(|error| bucket.bucket_error(&format!("write {key}"), &error))
}

pub(super) async fn put_sidecar(bucket: &S3BackupBucket, sidecar: &Sidecar) -> Result<(), Error> {
    let put = bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(&sidecar.key)
        .body(ByteStream::from(sidecar.body.clone().into_bytes()))
        .content_type("application/json")
        // Its name is the hash of its content: if it is there, it is the same.
        .if_none_match("*")
        .send()
        .await;
    match put {
        Ok(_) => Ok(()),
        Err(SdkError::ServiceError(context)) if matches!(context.raw().status().as_u16(), 409 | 412) => Ok(()),
        Err(error) => Err(bucket.bucket_error("write a sidecar", &error)),
    }
}

pub(super) async fn delete_marker(bucket: &S3BackupBucket, key: &str) -> Result<(), Error> {
    bucket
        .client
        .delete_object()
        .bucket(&bucket.name)
        .key(key)
        .send()
        .await
        .map(drop)
        .map_err(|error| bucket.bucket_error(&format!("put a delete marker on {key}"), &error))
}

pub(super) async fn put_sweep(bucket: &S3BackupBucket, record: &SweepRecord) -> Result<(), Error> {
    bucket
        .client
        .put_object()
        .bucket(&bucket.name)
        .key(RECORD_KEY)
        .body(ByteStream::from(record.encode().into_bytes()))
        .content_type("application/json")
        .send()
        .await
        .map(drop)
        .map_err(|error| bucket.bucket_error("write the record of the sweep", &error))
}
