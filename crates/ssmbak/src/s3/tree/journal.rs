//! What an interrupted run has written, so that the next one need not write it again.
//!
//! A journal is no plan. Every run lists and decides anew. The journal only proves, for a key whose current version is the
//! very one that an earlier run wrote, that this version is the copy of the wanted one with everything that was asked for.
//! Whatever else has happened since, the key's current version is another, and the proof says nothing.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ssmbak_core::object::{NULL_VERSION, ObjectVersion};

use crate::Error;
use crate::s3::download::local;

/// The version of the file's format.
const FORMAT: u32 = 2;

/// Copies that were made, and a file that more of them are appended to.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    asked: String,
    /// Of each copy a hash of key, source and copy, in place of these.
    proofs: HashSet<u128>,
    /// Opened with the first copy.
    file: Option<File>,
    continues: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    asked: String,
}

/// A copy: its key, the version that it is of, and its own version id.
#[derive(Debug, Serialize, Deserialize)]
struct Copied {
    k: String,
    v: String,
    w: String,
}

impl Journal {
    /// The journal at a path. `asked` is all that was asked for: what another request has noted there proves nothing.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`] if there is one that cannot be read.
    pub fn open(path: &Path, asked: &str) -> Result<Self, Error> {
        let mut journal = Self {
            path: path.to_owned(),
            asked: asked.to_owned(),
            proofs: HashSet::new(),
            file: None,
            continues: false,
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(journal),
            Err(error) => return Err(local("read", path, &error)),
        };
        let mut lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
        let header = lines.next().and_then(|line| serde_json::from_slice::<Header>(&line).ok());
        if !header.is_some_and(|header| header.format == FORMAT && header.asked == asked) {
            return Ok(journal);
        }
        journal.continues = true;
        // A line that was not written to its end is no line.
        let copies = lines.filter_map(|line| serde_json::from_slice::<Copied>(&line).ok());
        journal.proofs.extend(copies.map(|copied| proof(&copied.k, &copied.v, &copied.w)));
        Ok(journal)
    }

    /// How many copies an earlier run has noted.
    pub fn len(&self) -> usize {
        self.proofs.len()
    }

    /// Whether no earlier run has noted anything.
    pub fn is_empty(&self) -> bool {
        self.proofs.is_empty()
    }

    /// Whether the present version of a key was written as the copy of `version`, with all that is asked for.
    pub fn proves(&self, version: &ObjectVersion, present: &str) -> bool {
        // What has no id of its own can be replaced without becoming another.
        present != NULL_VERSION
            && version.version_id != NULL_VERSION
            && !self.proofs.is_empty()
            && self.proofs.contains(&proof(&version.key, &version.version_id, present))
    }

    /// Forgets what is noted.
    pub fn forget(&mut self) {
        self.proofs.clear();
        self.continues = false;
    }

    /// Notes a copy that was made.
    ///
    /// # Errors
    /// [`crate::ErrorKind::LocalFile`].
    pub fn note(&mut self, version: &ObjectVersion, copy: &str) -> Result<(), Error> {
        if self.file.is_none() {
            self.file = Some(self.begin().map_err(|error| local("write", &self.path, &error))?);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let copied = Copied { k: version.key.clone(), v: version.version_id.clone(), w: copy.to_owned() };
        let mut line = serde_json::to_vec(&copied).map_err(|error| local("write", &self.path, &error.into()))?;
        line.push(b'\n');
        // In one piece, so that lines of two runs do not mix.
        file.write_all(&line).map_err(|error| local("write", &self.path, &error))
    }

    fn begin(&self) -> std::io::Result<File> {
        if let Some(dir) = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
            fs::create_dir_all(dir)?;
        }
        let mut open = OpenOptions::new();
        open.create(true).append(true);
        // Keys are nobody else's business.
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            open.mode(0o600);
        }
        let mut file = open.open(&self.path)?;
        let mut text = b"\n".to_vec();
        if !self.continues {
            file.set_len(0)?;
            text = serde_json::to_vec(&Header { format: FORMAT, asked: self.asked.clone() })?;
            text.push(b'\n');
        }
        // Behind a line that was torn, a new one begins.
        file.write_all(&text)?;
        Ok(file)
    }

    /// Removes it: everything is done.
    pub fn finish(self) {
        if self.file.is_some() || self.continues {
            drop(fs::remove_file(&self.path));
        }
    }
}

fn proof(key: &str, version: &str, copy: &str) -> u128 {
    let mut hash = Sha256::new();
    for text in [key, version, copy] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let bytes = hash.finalize();
    bytes.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str) -> ObjectVersion {
        ObjectVersion {
            key: "t/k".to_owned(),
            version_id: id.to_owned(),
            last_modified: jiff::Timestamp::UNIX_EPOCH,
            is_latest: false,
            is_marker: false,
            size: 1,
            etag: None,
            storage_class: None,
            checksum: None,
            is_rehydrated: false,
        }
    }

    #[test]
    fn journal_proves_only_the_copy_that_it_noted_for_the_same_request() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state/j");
        let mut journal = Journal::open(&path, "asked").unwrap();
        journal.note(&version("v1"), "w1").unwrap();
        drop(journal);
        // The power went while a line was written.
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}{{\"k\":\"t/k\",\"v\":\"v1\",\"w\":\"w")).unwrap();
        let mut journal = Journal::open(&path, "asked").unwrap();
        journal.note(&version("v2"), "w2").unwrap();
        journal.note(&version("null"), "w3").unwrap();
        drop(journal);
        let journal = Journal::open(&path, "asked").unwrap();
        assert!(journal.proves(&version("v1"), "w1") && journal.proves(&version("v2"), "w2"));
        for (source, present) in [("v1", "w2"), ("v2", "w1"), ("v1", "null"), ("null", "w3")] {
            assert!(!journal.proves(&version(source), present), "{source} {present}");
        }
        assert!(Journal::open(&path, "asked with --acl").unwrap().is_empty());
        fs::write(&path, "{\"format\":1,\"quest").unwrap();
        assert!(Journal::open(&path, "asked").unwrap().is_empty());
        journal.finish();
        assert!(!path.exists());
    }
}
