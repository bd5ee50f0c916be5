//! HeadObject, GetObjectTagging, GetObject.

use std::collections::BTreeMap;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::primitives::ByteStream;
use ssmbak_core::record::metadata::FIELD;

use super::{S3BackupBucket, size, timestamp};
use crate::bucket::evidence::LARGEST_VALUE;
use crate::bucket::{Head, Object};
use crate::read::name_of;
use crate::{Error, ErrorKind};

/// More than any document of ssmbak's is, the records of restores among them.
const LARGEST_DOCUMENT: u64 = 64 * 1024 * 1024;

const DELETE_MARKER: &str = "x-amz-delete-marker";

pub(super) async fn head(bucket: &S3BackupBucket, key: &str, version_id: Option<&str>) -> Result<Head, Error> {
    let read = bucket
        .client
        .head_object()
        .bucket(&bucket.name)
        .key(key)
        .set_version_id(version_id.map(str::to_owned))
        .send()
        .await;
    match read {
        Ok(output) => Ok(Head::Object {
            version_id: output.version_id().unwrap_or("null").to_owned(),
            last_modified: timestamp(output.last_modified())?,
            size: size(output.content_length()),
            metadata: output.metadata().and_then(|metadata| metadata.get(FIELD)).cloned(),
        }),
        Err(SdkError::ServiceError(context)) if matches!(context.raw().status().as_u16(), 404 | 405) => {
            // A HEAD has no body that could say which: the header does. A missing bucket answers 404 as well, and a
            // listing will say so.
            let marker = context.raw().headers().get(DELETE_MARKER) == Some("true");
            let method = context.raw().status().as_u16() == 405;
            Ok(if marker || method { Head::DeleteMarker } else { Head::Missing })
        }
        Err(SdkError::ServiceError(context)) if context.raw().status().as_u16() == 403 => Err(Error::new(
            ErrorKind::AccessDenied,
            format!("cannot read {key} in bucket {}: access denied (s3:GetObject, s3:GetObjectVersion)", bucket.name),
        )),
        Err(error) => Err(bucket.bucket_error(&format!("read {key}"), &error)),
    }
}

pub(super) async fn tags(
    bucket: &S3BackupBucket,
    key: &str,
    version_id: &str,
) -> Result<BTreeMap<String, String>, Error> {
    let read = bucket.client.get_object_tagging().bucket(&bucket.name).key(key).version_id(version_id).send().await;
    match read {
        Ok(output) => Ok(output.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()),
        Err(error) => {
            let error = bucket.bucket_error(&format!("read the tags of {key}"), &error);
            if error.kind == ErrorKind::NotFound { Ok(BTreeMap::new()) } else { Err(error) }
        }
    }
}

pub(super) async fn object(bucket: &S3BackupBucket, key: &str, version_id: &str) -> Result<Option<Object>, Error> {
    let read = bucket.client.get_object().bucket(&bucket.name).key(key).version_id(version_id).send().await;
    let output = match read {
        Ok(output) => output,
        // A delete marker is answered with 405, by some emulators with 404.
        Err(SdkError::ServiceError(context)) if matches!(context.raw().status().as_u16(), 404 | 405) => {
            let error = bucket.bucket_error(&format!("read {key}"), &SdkError::ServiceError(context));
            return if error.kind == ErrorKind::BucketMissing { Err(error) } else { Ok(None) };
        }
        Err(error) => return Err(bucket.bucket_error(&format!("read {key}"), &error)),
    };
    let metadata = output.metadata().and_then(|metadata| metadata.get(FIELD)).cloned();
    check_size(bucket, key, output.content_length(), LARGEST_VALUE)?;
    Ok(Some(Object { metadata, body: collected(bucket, key, output.body).await? }))
}

pub(super) async fn body(bucket: &S3BackupBucket, key: &str, version_id: Option<&str>) -> Result<Vec<u8>, Error> {
    let output = bucket
        .client
        .get_object()
        .bucket(&bucket.name)
        .key(key)
        .set_version_id(version_id.map(str::to_owned))
        .send()
        .await
        .map_err(|error| bucket.bucket_error(&format!("read {key}"), &error))?;
    let most = if name_of(key).is_some() { LARGEST_VALUE } else { LARGEST_DOCUMENT };
    check_size(bucket, key, output.content_length(), most)?;
    collected(bucket, key, output.body).await
}

/// What is too large to be ours is not read into memory.
fn check_size(bucket: &S3BackupBucket, key: &str, length: Option<i64>, most: u64) -> Result<(), Error> {
    let length = size(length);
    if length <= most {
        return Ok(());
    }
    let why = format!("its {length} bytes are more than ssmbak ever writes there");
    Err(Error::new(ErrorKind::Unreadable, format!("cannot read {key} in bucket {}: {why}", bucket.name)))
}

async fn collected(bucket: &S3BackupBucket, key: &str, body: ByteStream) -> Result<Vec<u8>, Error> {
    let bytes = body.collect().await.map_err(|_| {
        Error::new(ErrorKind::Unreachable, format!("cannot read {key} in bucket {}: the answer broke off", bucket.name))
    })?;
    Ok(bytes.to_vec())
}
