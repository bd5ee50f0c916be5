//! PutObject and DeleteObject.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use ssmbak_core::record::metadata::{Encoded, FIELD, Sidecar};
use ssmbak_core::record::tags;
use ssmbak_core::sweep::{RECORD_KEY, SweepRecord};

use super::S3BackupBucket;
use super::conditional::create;
use crate::Error;

pub(super) async fn put(bucket: &S3BackupBucket, key: &str, body: &[u8], encoded: &Encoded) -> Result<(), Error> {
    let put = |tags: &[(String, String)]| {
        let tagging = Some(tags::header(tags)).filter(|header| !header.is_empty());
        bucket
            .client
            .put_object()
            .bucket(&bucket.name)
            .key(key)
            .body(ByteStream::from(body.to_vec()))
            .metadata(FIELD, &encoded.metadata)
            .set_tagging(tagging)
            .send()
    };
    let mut answered = put(&encoded.tags).await;
    // Which characters a tag takes is told differently by different sources. The description is whole in the metadata;
    // its tag is there for ssmbak 0.5.2 and must not keep a version from being recorded.
    if matches!(&answered, Err(error) if error.code() == Some("InvalidTag")) {
        let described = |(name, _): &(String, String)| name == tags::DESCRIPTION;
        if encoded.tags.iter().any(described) {
            let without: Vec<_> = encoded.tags.iter().filter(|tag| !described(tag)).cloned().collect();
            tracing::warn!(key, "s3 refuses the tag with the description, which is left out");
            answered = put(&without).await;
        }
    }
    answered.map(drop).map_err(|error| bucket.bucket_error(&format!("write {key}"), &error))
}

pub(super) async fn put_sidecar(bucket: &S3BackupBucket, sidecar: &Sidecar) -> Result<(), Error> {
    let put = || {
        let put = bucket.client.put_object().bucket(&bucket.name).key(&sidecar.key);
        put.body(ByteStream::from(sidecar.body.clone().into_bytes())).content_type("application/json")
    };
    // Its name is the hash of its content: if it is there, it is the same.
    create(bucket, "write a sidecar", put).await.map(drop)
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
