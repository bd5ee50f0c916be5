//! A plan as files for S3 Batch Operations.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::iter::Peekable;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ssmbak_core::object::batch::{CopyClass, Route, cost, manifest_row, read_manifest_row, route};

use super::TreePlan;
use crate::Error;
use crate::s3::download::local;

/// The name of the file that describes the others.
pub const PLAN_FILE: &str = "plan.json";

/// Larger manifests are split: one is uploaded with a single request, which takes 5 GiB at most.
const LARGEST_FILE: u64 = 4 * 1024 * 1024 * 1024;

/// What a directory of manifests is about.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManifestPlan {
    /// The version of the format.
    pub schema_version: u32,
    /// The bucket.
    pub bucket: String,
    /// What was listed.
    pub prefixes: Vec<String>,
    /// Where the tree goes, as `s3://BUCKET/PREFIX/`, if not in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The inventory that it was made of, as `s3://BUCKET/…/manifest.json`, if not of a listing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<String>,
    /// The time, as it is typed again.
    pub at: String,
    /// When it was written: the same manifest of another day is another job.
    #[serde(default)]
    pub created: String,
    /// Whether what came later is deleted.
    pub delete_new: bool,
    /// Manifests of jobs.
    pub jobs: Vec<ManifestFile>,
    /// What no job does, by the reason: `large`, `archived`, `delete`.
    pub rest: BTreeMap<String, ManifestFile>,
    /// Bytes that are copied.
    pub bytes: u64,
    /// What the jobs cost, in dollars; an estimate.
    pub dollars: String,
}

/// A file of rows.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManifestFile {
    /// Its name.
    pub file: String,
    /// What the job sets for all of its rows.
    #[serde(default)]
    pub class: CopyClass,
    /// Rows.
    pub rows: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// The job that was created for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Where that job reports, as `s3://BUCKET/PREFIX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

/// A row of a manifest: a version to be copied, or with [`ManifestRow::is_delete`] a key to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestRow {
    /// The key.
    pub key: String,
    /// The version.
    pub version_id: String,
    /// Whether the key is to be deleted.
    pub is_delete: bool,
}

/// The rows of one manifest.
type Rows = Box<dyn Iterator<Item = Result<ManifestRow, Error>>>;

/// All rows of all manifests of a directory, by key. After an error it ends.
pub struct ManifestRows {
    files: Vec<Peekable<Rows>>,
}

impl Iterator for ManifestRows {
    type Item = Result<ManifestRow, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // The files are few, and each is sorted.
        let mut first: Option<(usize, String)> = None;
        for (index, file) in self.files.iter_mut().enumerate() {
            match file.peek() {
                Some(Ok(row)) if first.as_ref().is_none_or(|(_, key)| row.key < *key) => {
                    first = Some((index, row.key.clone()));
                }
                Some(Ok(_)) | None => {}
                Some(Err(_)) => {
                    let error = file.next();
                    self.files.clear();
                    return error;
                }
            }
        }
        self.files.get_mut(first?.0)?.next()
    }
}

struct Writer {
    name: String,
    class: CopyClass,
    file: BufWriter<File>,
    hash: Sha256,
    rows: u64,
    bytes: u64,
}

impl Writer {
    fn new(dir: &Path, name: String, class: CopyClass) -> Result<Self, Error> {
        let path = dir.join(&name);
        let file = File::create(&path).map_err(|error| local("write", &path, &error))?;
        Ok(Self { name, class, file: BufWriter::new(file), hash: Sha256::new(), rows: 0, bytes: 0 })
    }

    fn finish(mut self, dir: &Path) -> Result<ManifestFile, Error> {
        self.file.flush().map_err(|error| local("write", dir, &error))?;
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(ManifestFile { file: self.name, class: self.class, rows: self.rows, sha256, job: None, report: None })
    }
}

impl ManifestPlan {
    /// Writes the changes of a plan into a directory, one file for each job, and what describes them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`].
    pub fn write(self, plan: &mut TreePlan, dir: &Path, storage_class: Option<&str>) -> Result<Self, Error> {
        self.write_split(plan, dir, storage_class, LARGEST_FILE)
    }

    fn write_split(
        mut self,
        plan: &mut TreePlan,
        dir: &Path,
        storage_class: Option<&str>,
        largest: u64,
    ) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|error| local("make", dir, &error))?;
        let mut writers: BTreeMap<(u8, CopyClass), Writer> = BTreeMap::new();
        let mut jobs = 0;
        let mut copy = |class: &CopyClass| {
            jobs += 1;
            Writer::new(dir, format!("copy-{jobs:03}.csv"), class.clone())
        };
        for change in plan.changes.rows() {
            let change = change?;
            let (kind, class, name) = match route(&change, storage_class) {
                Route::Job(class) => (0, class, None),
                Route::Large => (1, CopyClass::default(), Some("large")),
                Route::Archived => (2, CopyClass::default(), Some("archived")),
                Route::Delete => (3, CopyClass::default(), Some("delete")),
            };
            let row = manifest_row(&self.bucket, &change);
            let writer = match writers.entry((kind, class.clone())) {
                std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => free.insert(match name {
                    None => copy(&class)?,
                    Some(name) => Writer::new(dir, format!("{name}.csv"), class)?,
                }),
            };
            if kind == 0 && writer.bytes + row.len() as u64 > largest && writer.rows > 0 {
                let next = copy(&writer.class)?;
                self.jobs.push(std::mem::replace(writer, next).finish(dir)?);
            }
            writer.file.write_all(row.as_bytes()).map_err(|error| local("write", dir, &error))?;
            writer.hash.update(&row);
            writer.rows += 1;
            writer.bytes += row.len() as u64;
        }
        for ((kind, _), writer) in writers {
            let file = writer.finish(dir)?;
            match kind {
                0 => self.jobs.push(file),
                _ => drop(self.rest.insert(file.file.trim_end_matches(".csv").to_owned(), file)),
            }
        }
        self.bytes = plan.totals.bytes();
        let thousandths = cost(self.jobs.len() as u64, self.jobs.iter().map(|job| job.rows).sum());
        self.dollars = format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000);
        self.save(dir)?;
        Ok(self)
    }

    /// Reads what describes the manifests in a directory.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`].
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join(PLAN_FILE);
        let text = fs::read(&path).map_err(|error| local("read", &path, &error))?;
        serde_json::from_slice(&text).map_err(|error| local("read", &path, &error.into()))
    }

    /// The rows of all manifests in its directory.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`].
    pub fn rows(&self, dir: &Path) -> Result<ManifestRows, Error> {
        let mut files = Vec::new();
        let jobs = self.jobs.iter().map(|file| (file, false));
        let rest = self.rest.iter().map(|(why, file)| (file, why == "delete"));
        for (file, is_delete) in jobs.chain(rest) {
            let path = dir.join(&file.file);
            let lines = BufReader::new(File::open(&path).map_err(|error| local("read", &path, &error))?).lines();
            let rows = lines.map(move |line| {
                let line = line.map_err(|error| local("read", &path, &error))?;
                let row = read_manifest_row(&line);
                let (key, version_id) =
                    row.ok_or_else(|| local("read", &path, &std::io::Error::other("a line is no row of a manifest")))?;
                Ok(ManifestRow { key, version_id: version_id.to_owned(), is_delete })
            });
            let rows: Box<dyn Iterator<Item = Result<ManifestRow, Error>>> = Box::new(rows);
            files.push(rows.peekable());
        }
        Ok(ManifestRows { files })
    }

    /// What makes the job of a file the same one however often it is asked for, and no other.
    pub fn token(&self, file: &ManifestFile) -> String {
        let mut hash = Sha256::new();
        for text in [&self.created, &self.bucket, self.to.as_ref().unwrap_or(&self.bucket), &file.file, &file.sha256] {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Writes it again, as one piece.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`].
    pub fn save(&self, dir: &Path) -> Result<(), Error> {
        let (path, new) = (dir.join(PLAN_FILE), dir.join("plan.json.new"));
        let text = serde_json::to_vec_pretty(self).map_err(|error| local("write", &path, &error.into()))?;
        fs::write(&new, text).and_then(|()| fs::rename(&new, &path)).map_err(|error| local("write", &path, &error))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use ssmbak_core::object::{ObjectChange, ObjectTotals, ObjectVersion};

    use super::*;
    use crate::s3::tree::Spill;

    #[test]
    fn large_manifests_are_split_and_all_rows_come_back_by_key() {
        let dir = tempfile::tempdir().unwrap();
        let mut changes = Spill::new(dir.path()).unwrap();
        let rows: Vec<ObjectChange> = (0..500)
            .map(|n| {
                ObjectChange::create(&ObjectVersion {
                    key: format!("t/ä {n:04}"),
                    version_id: format!("v{n}"),
                    last_modified: Timestamp::UNIX_EPOCH,
                    is_latest: false,
                    is_marker: false,
                    size: 1,
                    etag: None,
                    storage_class: (n % 3 == 0).then(|| "STANDARD_IA".to_owned()),
                    checksum: None,
                    is_rehydrated: false,
                })
            })
            .collect();
        changes.push("t/ä 0000", &rows).unwrap();
        let mut plan = TreePlan { changes, totals: ObjectTotals::default(), proved: 0 };
        let described: ManifestPlan = serde_json::from_str(
            r#"{"SchemaVersion":1,"Bucket":"b","Prefixes":["t/"],"At":"now","DeleteNew":false,"Jobs":[],"Rest":{},
                "Bytes":0,"Dollars":""}"#,
        )
        .unwrap();
        let written = described.write_split(&mut plan, dir.path(), None, 3_000).unwrap();
        assert!(written.jobs.len() > 4, "{}", written.jobs.len());
        for file in &written.jobs {
            assert!(fs::metadata(dir.path().join(&file.file)).unwrap().len() <= 3_000);
        }
        let read: Vec<ManifestRow> = written.rows(dir.path()).unwrap().map(Result::unwrap).collect();
        let expected: Vec<(&str, &str)> =
            rows.iter().map(|row| (row.version.key.as_str(), row.version.version_id.as_str())).collect();
        assert!(read.iter().map(|row| (row.key.as_str(), row.version_id.as_str())).eq(expected));
        let tokens: std::collections::BTreeSet<String> = written.jobs.iter().map(|file| written.token(file)).collect();
        assert_eq!(tokens.len(), written.jobs.len());
        let later = ManifestPlan { created: "2026-01-01T00:00:00Z".to_owned(), ..written.clone() };
        assert!(written.jobs.iter().all(|file| !tokens.contains(&later.token(file))));
    }
}
