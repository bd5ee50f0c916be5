//! GetObject: a version's bytes, streamed, gone on with where a connection broke, and verified.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use sha2::{Digest, Sha256};
use ssmbak_core::object::ObjectVersion;
use tokio::fs::{self, File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::object_bucket::{ObjectBucket, shown};
use super::verify::{Promised, Verifier};
use crate::{Error, ErrorKind};

/// How often a broken answer is gone on with, without a single byte in between.
const PATIENCE: u32 = 5;

/// Bytes that are read at once from what is on disk already.
const BUFFER: usize = 256 * 1024;

impl ObjectBucket {
    /// Writes a version's bytes to `sink` as they come, and makes sure that they are what is stored.
    ///
    /// Where S3 tells a checksum over the whole object, or an MD5 in the ETag, it is verified; of an upload in parts the
    /// number of bytes is.
    ///
    /// # Errors
    /// [`ErrorKind::ChecksumMismatch`], [`ErrorKind::Archived`], [`ErrorKind::LocalFile`] if `sink` fails, or the failed
    /// request.
    pub async fn download<W: AsyncWrite + Unpin>(&self, version: &ObjectVersion, sink: &mut W) -> Result<(), Error> {
        self.stream(version, 0, None, sink).await
    }

    /// Stores a version's bytes as a file: beside it first, renamed when they are whole. What an interrupted download
    /// left is gone on with. The file gets the version's time.
    ///
    /// # Errors
    /// As [`ObjectBucket::download`].
    pub async fn download_file(&self, version: &ObjectVersion, path: &Path) -> Result<(), Error> {
        let part = part_file(path, &version.version_id);
        let failed = |what: &str, error: &std::io::Error| local(what, &part, error);
        let mut open = OpenOptions::new();
        let mut file = open.create(true).read(true).append(true).open(&part).await;
        if let Err(error) = &file {
            return Err(failed("write", error));
        }
        let Ok(file) = file.as_mut() else { return Ok(()) };
        let mut there = file.metadata().await.map_err(|error| failed("look at", &error))?.len();
        if there > version.size {
            file.set_len(0).await.map_err(|error| failed("write", &error))?;
            there = 0;
        }
        let verifier = if there > 0 { Some(self.verified_so_far(version, file, &part).await?) } else { None };
        let streamed = self.stream(version, there, verifier, file).await;
        if streamed.as_ref().is_err_and(|error| error.kind == ErrorKind::ChecksumMismatch) {
            // It would only fail again.
            drop(fs::remove_file(&part).await);
        }
        streamed?;
        file.sync_all().await.map_err(|error| failed("write", &error))?;
        let modified = SystemTime::UNIX_EPOCH + since_epoch(version);
        let std_file = file.try_clone().await.map_err(|error| failed("write", &error))?.into_std().await;
        // A file system without times is no reason to fail.
        drop(std_file.set_modified(modified));
        fs::rename(&part, path).await.map_err(|error| local("write", path, &error))
    }

    /// Counts the bytes that are on disk already.
    async fn verified_so_far(&self, version: &ObjectVersion, file: &mut File, part: &Path) -> Result<Verifier, Error> {
        let mut verifier = Promised::by_head(&self.describe(version).await?).verifier();
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = file.read(&mut buffer).await.map_err(|error| local("read", part, &error))?;
            match buffer.get(..read).filter(|bytes| !bytes.is_empty()) {
                Some(bytes) => verifier.update(bytes),
                None => return Ok(verifier),
            }
        }
    }

    async fn stream<W: AsyncWrite + Unpin>(
        &self,
        version: &ObjectVersion,
        from: u64,
        verifier: Option<Verifier>,
        sink: &mut W,
    ) -> Result<(), Error> {
        let (mut at, mut verifier) = (from, verifier);
        let mut broken = 0;
        while at < version.size || verifier.is_none() {
            let mut answer = self.get(version, at).await?;
            verifier = verifier.or_else(|| Some(Promised::by_get(&answer).verifier()));
            let before = at;
            while let Some(Ok(bytes)) = answer.body.next().await {
                sink.write_all(&bytes).await.map_err(|error| sink_failed(&error))?;
                if let Some(verifier) = &mut verifier {
                    verifier.update(&bytes);
                }
                at += bytes.len() as u64;
            }
            broken = if at > before { 0 } else { broken + 1 };
            if at < version.size && broken >= PATIENCE {
                let message =
                    format!("cannot read {} in bucket {}: the answer broke off", shown(&version.key), self.name);
                return Err(Error::new(ErrorKind::Unreachable, message).with_hint("run it again"));
            }
        }
        sink.flush().await.map_err(|error| sink_failed(&error))?;
        if at == version.size && verifier.is_none_or(Verifier::finish) {
            return Ok(());
        }
        let message = format!("what arrived of {} is not what is stored", shown(&version.key));
        Err(Error::new(ErrorKind::ChecksumMismatch, message))
    }

    async fn get(&self, version: &ObjectVersion, from: u64) -> Result<GetObjectOutput, Error> {
        let get = self.client.get_object().bucket(&self.name).key(&version.key).version_id(&version.version_id);
        let get = if from > 0 {
            // A version without an id can be replaced between two requests.
            let etag = version.etag.as_ref().map(|etag| format!("\"{etag}\""));
            get.range(format!("bytes={from}-")).set_if_match(etag)
        } else {
            get.checksum_mode(ChecksumMode::Enabled)
        };
        get.send().await.map_err(|error| self.failed(&format!("read {}", shown(&version.key)), &error))
    }
}

/// The file that is written until all of a version is there.
pub fn part_file(path: &Path, version_id: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
    let hash = Sha256::digest([name.as_slice(), b"\0", version_id.as_bytes()].concat());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // As long for every name, so that there is room for it beside the longest one.
    path.with_file_name(format!(".{hex}.s3bak-part"))
}

fn since_epoch(version: &ObjectVersion) -> Duration {
    Duration::from_secs(u64::try_from(version.last_modified.as_second()).unwrap_or(0))
}

pub(super) fn local(what: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::LocalFile, format!("cannot {what} {:?}: {error}", path.display().to_string()))
        .with_hint("check the path, its permissions and the space on its disk")
}

fn sink_failed(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::LocalFile, format!("cannot write what was read: {error}"))
        .with_hint("check where it goes and whether there is room")
}
