//! S3 Inventory: all versions of a bucket as compressed CSV, and what describes it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::answer::dates;
use super::list::{checksum, form_encoded};
use super::store::{Store, StoredObject, Version, md5_hex};

/// Where an inventory is to be written.
#[derive(Clone, Debug)]
pub struct InventoryPlace<'a> {
    /// The bucket of its files.
    pub bucket: &'a str,
    /// What their keys begin with, with a slash at its end.
    pub prefix: &'a str,
    /// Most rows of a file.
    pub rows: usize,
}

const SCHEMA: &str =
    "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, ChecksumAlgorithm";

/// Writes the inventory of a bucket in an order that says nothing, and returns the key of its manifest.
pub(super) fn write(store: &mut Store, bucket: &str, place: &InventoryPlace<'_>, now: u64) -> String {
    let mut rows = Vec::new();
    for (key, versions) in store.buckets.get(bucket).into_iter().flat_map(|bucket| &bucket.keys) {
        for (index, version) in versions.iter().enumerate() {
            rows.push(row(bucket, key, version, index + 1 == versions.len()));
        }
    }
    // As good as any order, and the same every time.
    rows.sort_by_cached_key(|row| md5_hex(row.as_bytes()));
    let mut files = Vec::new();
    for (number, rows) in rows.chunks(place.rows.max(1)).enumerate() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        // Nothing fails in memory.
        let written = rows.iter().try_for_each(|row| gzip.write_all(row.as_bytes()));
        let bytes = written.and_then(|()| gzip.finish()).unwrap_or_default();
        let (key, size, md5) = (format!("{}data/{number}.csv.gz", place.prefix), bytes.len(), md5_hex(&bytes));
        files.push(format!("{{\"key\":\"{key}\",\"size\":{size},\"MD5checksum\":\"{md5}\"}}"));
        store.put(place.bucket, &key, StoredObject::new(bytes.into(), Default::default()), now);
    }
    let manifest = format!(
        "{{\"sourceBucket\":\"{bucket}\",\"destinationBucket\":\"arn:aws:s3:::{}\",\"version\":\"2016-11-30\",\
         \"creationTimestamp\":\"{now}000\",\"fileFormat\":\"CSV\",\"fileSchema\":\"{SCHEMA}\",\"files\":[{}]}}",
        place.bucket,
        files.join(",")
    );
    let key = format!("{}manifest.json", place.prefix);
    store.put(place.bucket, &key, StoredObject::new(manifest.into_bytes().into(), Default::default()), now);
    key
}

fn row(bucket: &str, key: &str, version: &Version, is_latest: bool) -> String {
    // A version without an id has an empty field.
    let id = if version.id == "null" { "" } else { &version.id };
    let [size, etag, class, checksum] = match &version.object {
        Some(object) => [
            object.body.len().to_string(),
            object.etag.clone(),
            object.headers.get("x-amz-storage-class").map_or("STANDARD", String::as_str).to_owned(),
            checksum(object).unwrap_or_default(),
        ],
        None => Default::default(),
    };
    let fields = [
        bucket,
        &form_encoded(key),
        id,
        if is_latest { "true" } else { "false" },
        if version.object.is_none() { "true" } else { "false" },
        &size,
        &dates(version.modified).0,
        &etag,
        &class,
        &checksum,
    ];
    let mut line = fields.map(|field| format!("\"{field}\"")).join(",");
    line.push('\n');
    line
}
