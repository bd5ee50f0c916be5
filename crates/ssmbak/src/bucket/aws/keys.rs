//! ListObjectsV2.

use super::S3BackupBucket;
use crate::{Error, ErrorKind};

/// How many keys are listed at a time: as many as Parameter Store can be asked about at once.
const KEYS: i32 = 50;

pub(super) async fn current_keys(bucket: &S3BackupBucket, after: Option<&str>) -> Result<Vec<String>, Error> {
    let page = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .set_start_after(after.map(str::to_owned))
        .max_keys(KEYS)
        .send()
        .await
        .map_err(|error| bucket.bucket_error("list the keys", &error))?;
    let keys: Vec<String> = page.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect();
    if keys.last().zip(after).is_some_and(|(last, after)| last.as_str() <= after) {
        return Err(Error::new(ErrorKind::Other, "s3 returned a listing that does not end"));
    }
    Ok(keys)
}

/// What a key goes on with after `beginning`, up to the next slash: keys, and beginnings that end in a slash. Deleted ones
/// count. One page, for who types.
pub(super) async fn continuations(bucket: &S3BackupBucket, beginning: &str) -> Result<Vec<String>, Error> {
    let page = bucket
        .client
        .list_object_versions()
        .bucket(&bucket.name)
        .prefix(beginning)
        .delimiter("/")
        .send()
        .await
        .map_err(|error| bucket.bucket_error("list the keys", &error))?;
    let keys = page.versions().iter().filter_map(|version| version.key());
    let deleted = page.delete_markers().iter().filter_map(|marker| marker.key());
    let paths = page.common_prefixes().iter().filter_map(|prefix| prefix.prefix());
    let mut found: Vec<String> = keys.chain(deleted).chain(paths).map(str::to_owned).collect();
    found.sort();
    found.dedup();
    Ok(found)
}
