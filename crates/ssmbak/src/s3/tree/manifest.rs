//! A plan as files for S3 Batch Operations.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ssmbak_core::object::batch::{CopyClass, Route, cost, manifest_row, route};

use super::TreePlan;
use crate::Error;
use crate::s3::download::local;

/// The name of the file that describes the others.
pub const PLAN_FILE: &str = "plan.json";

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
    /// The time, as it is typed again.
    pub at: String,
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
}

struct Writer {
    name: String,
    class: CopyClass,
    file: BufWriter<File>,
    hash: Sha256,
    rows: u64,
}

impl ManifestPlan {
    /// Writes the changes of a plan into a directory, one file for each job, and what describes them.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`].
    pub fn write(mut self, plan: &mut TreePlan, dir: &Path, storage_class: Option<&str>) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(|error| local("make", dir, &error))?;
        let mut writers: BTreeMap<(u8, CopyClass), Writer> = BTreeMap::new();
        for change in plan.changes.rows() {
            let change = change?;
            let (kind, class, name) = match route(&change, storage_class) {
                Route::Job(class) => (0, class, None),
                Route::Large => (1, CopyClass::default(), Some("large")),
                Route::Archived => (2, CopyClass::default(), Some("archived")),
                Route::Delete => (3, CopyClass::default(), Some("delete")),
            };
            let jobs = writers.keys().filter(|(kind, _)| *kind == 0).count();
            let writer = match writers.entry((kind, class.clone())) {
                std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => {
                    let name = name.map_or_else(|| format!("copy-{:03}.csv", jobs + 1), |name| format!("{name}.csv"));
                    let path = dir.join(&name);
                    let file = File::create(&path).map_err(|error| local("write", &path, &error))?;
                    let file = BufWriter::new(file);
                    free.insert(Writer { name, class, file, hash: Sha256::new(), rows: 0 })
                }
            };
            let row = manifest_row(&self.bucket, &change);
            writer.file.write_all(row.as_bytes()).map_err(|error| local("write", dir, &error))?;
            writer.hash.update(&row);
            writer.rows += 1;
        }
        for ((kind, _), mut writer) in writers {
            writer.file.flush().map_err(|error| local("write", dir, &error))?;
            let sha256 = writer.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            let file = ManifestFile { file: writer.name, class: writer.class, rows: writer.rows, sha256, job: None };
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
