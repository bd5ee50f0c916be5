//! A Python wheel: a zip with the files, where to put them, and a list of their hashes. Equal files make equal wheels.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::failure::{Failure, Outcome};

/// What a wheel is made of.
#[derive(Debug)]
pub struct Wheel {
    /// Its version.
    pub version: String,
    /// The platform, as pip calls it.
    pub platform: String,
    /// Files by their path in the wheel: where they come from, and whether they are executable.
    files: Vec<(String, PathBuf, bool)>,
}

impl Wheel {
    /// An empty wheel.
    pub fn new(version: impl Into<String>, platform: impl Into<String>) -> Self {
        Self { version: version.into(), platform: platform.into(), files: Vec::new() }
    }

    /// A file of the package.
    pub fn file(&mut self, place: impl Into<String>, from: impl Into<PathBuf>) {
        self.files.push((place.into(), from.into(), false));
    }

    /// All files of a directory below `place`, executable where `is_executable`.
    pub fn dir(&mut self, place: &str, from: &Path, is_executable: bool) -> Outcome {
        for entry in fs::read_dir(from).map_err(Failure::io(format!("read {}", from.display())))? {
            let entry = entry.map_err(Failure::io(format!("read {}", from.display())))?;
            let place = format!("{place}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                if entry.file_name() != "__pycache__" {
                    self.dir(&place, &entry.path(), is_executable)?;
                }
            } else {
                self.files.push((place, entry.path(), is_executable));
            }
        }
        Ok(())
    }

    /// What pip puts into `bin`.
    pub fn scripts(&mut self, from: &Path) -> Outcome {
        self.dir(&format!("ssmbak-{}.data/scripts", self.version), from, true)
    }

    /// What pip puts below the environment's root.
    pub fn data(&mut self, place: &str, from: &Path) -> Outcome {
        self.dir(&format!("ssmbak-{}.data/data/{place}", self.version), from, false)
    }

    /// The tag: any Python from 3.11 on, by the limited API.
    fn tag(&self) -> String {
        format!("cp311-abi3-{}", self.platform)
    }

    /// Writes it into a directory; `description` is the package's README.
    pub fn write(mut self, dir: &Path, description: &str) -> Outcome<PathBuf> {
        let path = dir.join(format!("ssmbak-{}-{}.whl", self.version, self.tag()));
        let file = fs::File::create(&path).map_err(Failure::io(format!("create {}", path.display())))?;
        let mut zip = ZipWriter::new(file);
        let mut record = String::new();
        self.files.sort();
        let info = format!("ssmbak-{}.dist-info", self.version);
        for (place, from, is_executable) in &self.files {
            let bytes = fs::read(from).map_err(Failure::io(format!("read {}", from.display())))?;
            add(&mut zip, place, &bytes, *is_executable).map_err(Failure::io(format!("write {}", path.display())))?;
            record += &row(place, &bytes);
        }
        let texts = [("METADATA", metadata(&self.version, description)), ("WHEEL", self.about())];
        for (name, text) in texts {
            let place = format!("{info}/{name}");
            add(&mut zip, &place, text.as_bytes(), false).map_err(Failure::io(format!("write {}", path.display())))?;
            record += &row(&place, text.as_bytes());
        }
        let place = format!("{info}/RECORD");
        record += &format!("{place},,\n");
        add(&mut zip, &place, record.as_bytes(), false).map_err(Failure::io(format!("write {}", path.display())))?;
        zip.finish().map_err(|error| Failure::io(format!("write {}", path.display()))(error.into()))?;
        Ok(path)
    }

    fn about(&self) -> String {
        format!("Wheel-Version: 1.0\nGenerator: ssmbak xtask\nRoot-Is-Purelib: false\nTag: {}\n", self.tag())
    }
}

fn add(zip: &mut ZipWriter<fs::File>, place: &str, bytes: &[u8], is_executable: bool) -> std::io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(if is_executable { 0o755 } else { 0o644 });
    zip.start_file(place, options)?;
    zip.write_all(bytes)
}

/// A row of RECORD: path, hash and size.
fn row(place: &str, bytes: &[u8]) -> String {
    format!("{place},sha256={},{}\n", base64_url(&Sha256::digest(bytes)), bytes.len())
}

fn metadata(version: &str, description: &str) -> String {
    format!(
        "Metadata-Version: 2.4\n\
         Name: ssmbak\n\
         Version: {version}\n\
         Summary: Point-in-time recovery for AWS SSM Parameter Store and versioned S3 buckets.\n\
         License-Expression: MIT OR Apache-2.0\n\
         Requires-Python: >=3.11\n\
         Project-URL: Repository, https://github.com/newvoll/ssmbak\n\
         Description-Content-Type: text/markdown\n\
         \n\
         {description}"
    )
}

/// Base64 with the alphabet of URLs and without padding, as RECORD has it.
fn base64_url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(ALPHABET[bits >> (18 - 6 * place) & 63]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_base64_without_padding() {
        for (bytes, text) in [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg")] {
            assert_eq!(base64_url(bytes.as_bytes()), text);
        }
        assert_eq!(base64_url(&[0xfb, 0xff]), "-_8");
    }
}
