//! S3 Inventory: a listing of all versions that S3 writes once a day or a week, as CSV.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html>

use std::cmp::Ordering;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::batch::csv_fields;
use super::{KeyHistory, NULL_VERSION, ObjectVersion};
use crate::instant::Instant;

/// What an inventory's `manifest.json` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// The bucket that was listed.
    pub bucket: String,
    /// The bucket that the files are in.
    pub files_bucket: String,
    /// When S3 began to list.
    pub created: Timestamp,
    /// Files of rows, in no order.
    pub files: Vec<InventoryFile>,
    columns: Columns,
}

/// A compressed file of rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct InventoryFile {
    /// Its key.
    pub key: String,
    /// MD5 of its bytes, in hexadecimal.
    #[serde(rename = "MD5checksum")]
    pub md5: String,
}

/// Why an inventory cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InventoryError {
    /// It is no `manifest.json` of an inventory.
    #[error("it is not the manifest.json of an inventory")]
    Form,
    /// Its files are of another format.
    #[error("its files are {0}, and only CSV is read")]
    Format(String),
    /// It does not say what a restore has to know.
    #[error("it has no column {0}")]
    Column(&'static str),
}

impl InventoryError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Form => "give the manifest.json that S3 writes beside the date of the inventory",
            Self::Format(_) => "configure an inventory with OutputFormat CSV",
            Self::Column(_) => {
                "configure an inventory of all versions, with Size, LastModifiedDate, ETag and StorageClass"
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestJson {
    source_bucket: String,
    destination_bucket: String,
    creation_timestamp: String,
    file_format: String,
    file_schema: String,
    files: Vec<InventoryFile>,
}

/// Where in a row the fields are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Columns {
    key: usize,
    version_id: usize,
    is_latest: usize,
    is_marker: usize,
    size: usize,
    modified: usize,
    etag: usize,
    storage_class: usize,
    checksum: Option<usize>,
}

impl Columns {
    fn of(schema: &str) -> Result<Self, InventoryError> {
        let names: Vec<&str> = schema.split(',').map(str::trim).collect();
        let at = |name: &'static str| names.iter().position(|known| *known == name);
        let need = |name: &'static str| at(name).ok_or(InventoryError::Column(name));
        Ok(Self {
            key: need("Key")?,
            version_id: need("VersionId")?,
            is_latest: need("IsLatest")?,
            is_marker: need("IsDeleteMarker")?,
            size: need("Size")?,
            modified: need("LastModifiedDate")?,
            etag: need("ETag")?,
            storage_class: need("StorageClass")?,
            checksum: at("ChecksumAlgorithm"),
        })
    }
}

impl Inventory {
    /// Reads a `manifest.json`.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub fn parse(json: &[u8]) -> Result<Self, InventoryError> {
        let read: ManifestJson = serde_json::from_slice(json).map_err(|_| InventoryError::Form)?;
        if read.file_format != "CSV" {
            return Err(InventoryError::Format(read.file_format));
        }
        let files_bucket = read.destination_bucket.rsplit(':').next().unwrap_or_default().to_owned();
        let created = read.creation_timestamp.parse().ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        Ok(Self {
            bucket: read.source_bucket,
            files_bucket,
            created: created.ok_or(InventoryError::Form)?,
            columns: Columns::of(&read.file_schema)?,
            files: read.files,
        })
    }

    /// The version or delete marker of a line; `None` if it has another form.
    pub fn row(&self, line: &str) -> Option<ObjectVersion> {
        let fields = csv_fields(line);
        let field = |at: usize| fields.get(at).map(String::as_str);
        let some = |at: usize| field(at).filter(|text| !text.is_empty()).map(str::to_owned);
        let flag = |at: usize| field(at)?.parse::<bool>().ok();
        let columns = &self.columns;
        let is_marker = flag(columns.is_marker)?;
        Some(ObjectVersion {
            // A space may be a plus, and a plus never is one.
            key: percent_decode_str(&field(columns.key)?.replace('+', " ")).decode_utf8().ok()?.into_owned(),
            version_id: some(columns.version_id).unwrap_or_else(|| NULL_VERSION.to_owned()),
            last_modified: field(columns.modified)?.parse().ok()?,
            is_latest: flag(columns.is_latest)?,
            is_marker,
            size: if is_marker { 0 } else { field(columns.size)?.parse().ok()? },
            etag: some(columns.etag).filter(|_| !is_marker),
            storage_class: some(columns.storage_class).filter(|class| !is_marker && class != "STANDARD"),
            checksum: columns.checksum.and_then(some).filter(|_| !is_marker),
            is_rehydrated: false,
        })
    }
}

/// The order of rows of an inventory: by key, newest first as far as they tell.
pub fn inventory_order(a: &ObjectVersion, b: &ObjectVersion) -> Ordering {
    let rank = |row: &ObjectVersion| (row.is_latest, row.last_modified, row.is_marker);
    a.key.cmp(&b.key).then_with(|| rank(b).cmp(&rank(a)))
}

/// The versions of a key as an inventory has them.
///
/// An inventory tells which version is current, and of the others the second alone (of uploads in parts the second of
/// their beginning). Where that does not decide which one was current at the instant, the key has to be listed.
#[derive(Clone, Debug)]
pub struct InventoryKey {
    /// What they say.
    pub history: KeyHistory,
    at: Instant,
    latest: u64,
    is_latest_included: bool,
    /// The time of the newest that belongs to the instant and is not current.
    newest: Option<Timestamp>,
    is_unclear: bool,
}

impl InventoryKey {
    /// No version yet.
    pub fn new(at: Instant) -> Self {
        let history = KeyHistory::new(&[at]);
        Self { history, at, latest: 0, is_latest_included: false, newest: None, is_unclear: false }
    }

    /// Takes the next version, in [`inventory_order`].
    pub fn push(&mut self, row: &ObjectVersion) {
        self.history.push(row);
        let is_included = self.at.includes(row.last_modified);
        if row.is_latest {
            self.latest += 1;
            self.is_latest_included |= is_included;
        } else if is_included {
            match self.newest {
                None => self.newest = Some(row.last_modified),
                Some(newest) => self.is_unclear |= newest == row.last_modified || row.is_multipart(),
            }
        }
    }

    /// Whether the history is the one that a listing would give.
    pub fn is_certain(&self) -> bool {
        self.latest == 1 && (self.is_latest_included || !self.is_unclear)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::object::ObjectState;

    const MANIFEST: &str = r#"{"sourceBucket":"b","destinationBucket":"arn:aws:s3:::inv","version":"2016-11-30",
        "creationTimestamp":"1700000000000","fileFormat":"CSV",
        "fileSchema":"Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, ETag, StorageClass, ChecksumAlgorithm",
        "files":[{"key":"p/data/1.csv.gz","size":12,"MD5checksum":"f11166069f1990abeb9c97ace9cdfabc"}]}"#;

    fn read() -> Inventory {
        Inventory::parse(MANIFEST.as_bytes()).unwrap()
    }

    #[test]
    fn inventory_manifest_is_read_or_refused() {
        let read = read();
        assert_eq!((read.bucket.as_str(), read.files_bucket.as_str()), ("b", "inv"));
        assert_eq!((read.created.as_second(), read.files.len()), (1_700_000_000, 1));
        assert_eq!(Inventory::parse(b"<html>"), Err(InventoryError::Form));
        let orc = MANIFEST.replace("\"CSV\"", "\"ORC\"");
        assert_eq!(Inventory::parse(orc.as_bytes()), Err(InventoryError::Format("ORC".to_owned())));
        for name in ["VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate", "ETag", "StorageClass"] {
            let without = MANIFEST.replace(&format!(", {name},"), ",");
            assert_eq!(Inventory::parse(without.as_bytes()), Err(InventoryError::Column(name)));
        }
    }

    #[test]
    fn inventory_rows_are_read() {
        let inventory = read();
        let row = inventory.row(
            r#""b","t/%C3%A4+%2B%22.csv","v1","false","false","7","2023-11-14T22:13:20.000Z","abc-2","GLACIER","CRC32""#,
        );
        let row = row.unwrap();
        assert_eq!((row.key.as_str(), row.version_id.as_str(), row.size), ("t/ä +\".csv", "v1", 7));
        assert!(row.is_multipart() && row.is_archived() && !row.is_latest && !row.is_marker);
        assert_eq!((row.last_modified.as_second(), row.checksum.as_deref()), (1_700_000_000, Some("CRC32")));
        let marker = r#""b","k","","true","true","","2023-11-14T22:13:20.000Z","","","""#;
        let marker = inventory.row(marker).unwrap();
        assert!(marker.is_marker && marker.is_latest && marker.version_id == NULL_VERSION);
        assert_eq!((marker.etag, marker.storage_class, marker.checksum), (None, None, None));
        for wrong in ["", "b,k", r#""b","k","v","yes","false","1","2023-11-14T22:13:20.000Z","e","STANDARD","""#] {
            assert_eq!(inventory.row(wrong), None, "{wrong}");
        }
    }

    /// (second, etag, whether it is current)
    fn key(rows: &[(i64, &str, bool)], at: i64) -> InventoryKey {
        let mut rows: Vec<ObjectVersion> = rows
            .iter()
            .map(|(second, etag, is_latest)| ObjectVersion {
                key: "k".to_owned(),
                version_id: format!("{second}{etag}"),
                last_modified: Timestamp::from_second(*second).unwrap(),
                is_latest: *is_latest,
                is_marker: *etag == "marker",
                size: 1,
                etag: Some((*etag).to_owned()),
                storage_class: None,
                checksum: None,
                is_rehydrated: false,
            })
            .collect();
        rows.sort_by(inventory_order);
        let at = Instant::parse(&format!("@{at}"), Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap();
        let mut key = InventoryKey::new(at);
        rows.iter().for_each(|row| key.push(row));
        key
    }

    #[test]
    fn key_is_listed_only_where_the_order_of_its_versions_decides() {
        for (rows, at, is_certain) in [
            (&[(1, "a", false), (5, "b", true)][..], 3, true),
            // The current one is known, however many were stored in its second.
            (&[(5, "a", false), (5, "b", true)], 5, true),
            (&[(1, "a", false), (1, "b", false), (5, "c", true)], 3, false),
            (&[(1, "a", false), (1, "marker", false), (5, "c", true)], 3, false),
            // A tie below the one that was current decides nothing.
            (&[(1, "a", false), (1, "b", false), (2, "c", false), (5, "d", true)], 3, true),
            (&[(1, "a", false), (4, "b", false), (4, "c", false), (5, "d", true)], 3, true),
            // An upload in parts is stored later than it says.
            (&[(1, "a-2", false), (2, "b", false), (5, "c", true)], 3, false),
            (&[(1, "a", false), (2, "b-2", false), (5, "c", true)], 3, true),
            (&[(1, "a-2", false), (5, "c", true)], 3, true),
            (&[(1, "a", false), (5, "c", false)], 3, false),
            (&[(1, "a", true), (5, "c", true)], 3, false),
        ] {
            assert_eq!(key(rows, at).is_certain(), is_certain, "{rows:?}");
        }
        let read = key(&[(5, "c", true), (1, "a", false), (2, "b", false)], 3);
        assert!(matches!(read.history.at(0), ObjectState::Held(then) if then.version_id == "2b"));
        assert!(matches!(read.history.now(), ObjectState::Held(now) if now.version_id == "5c"));
    }
}
