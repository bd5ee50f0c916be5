//! GetObject: a version's bytes, streamed, gone on with where a connection broke, and verified.

use std::cmp::Ordering;
use std::io::SeekFrom;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::types::ChecksumMode;
use futures_util::{StreamExt, TryStreamExt, stream};
use ssmbak_core::object::{ObjectVersion, Part, parts};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};

use super::byte_rate::ByteRate;
use super::object_bucket::{ObjectBucket, shown};
use super::part_files::{self, part_file};
use super::verify::{Promised, Verifier};
use crate::{Error, ErrorKind};

/// How often a broken answer is gone on with, without a single byte in between.
const PATIENCE: u32 = 5;

/// Bytes that are read at once from what is on disk already; files of no more are written at once.
const BUFFER: usize = 256 * 1024;

/// How bytes are downloaded.
#[derive(Clone, Debug)]
pub struct DownloadOptions {
    /// Files of at least so many bytes are read in ranges at the same time.
    pub ranges_from: u64,
    /// Bytes of a range.
    pub range_size: u64,
    /// How many ranges are read at once; each is in memory until it is whole.
    pub ranges_at_once: usize,
    /// Most bytes per second, of all downloads that share the limit.
    pub limit: Option<Arc<ByteRate>>,
    /// Wait until each file is on its disk. Without it whoever downloads many files sees to that at the end.
    pub sync: bool,
}

impl Default for DownloadOptions {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { ranges_from: 64 * MIB, range_size: 8 * MIB, ranges_at_once: 8, limit: None, sync: true }
    }
}

impl ObjectBucket {
    /// Writes a version's bytes to `sink` as they come, and makes sure that they are what is stored.
    ///
    /// Where S3 tells a checksum over the whole object, or an MD5 in the ETag, it is verified; of an upload in parts the
    /// number of bytes is. An answer of another size or ETag than the listing's, or without any, is refused.
    ///
    /// # Errors
    /// [`ErrorKind::ChecksumMismatch`], [`ErrorKind::Archived`], [`ErrorKind::LocalFile`] if `sink` fails, or the failed
    /// request.
    pub async fn download<W: AsyncWrite + Unpin>(&self, version: &ObjectVersion, sink: &mut W) -> Result<(), Error> {
        self.download_with(version, sink, &DownloadOptions::default()).await
    }

    /// As [`ObjectBucket::download`], with options; `sink` gets the bytes in their order.
    ///
    /// # Errors
    /// As [`ObjectBucket::download`].
    pub async fn download_with<W: AsyncWrite + Unpin>(
        &self,
        version: &ObjectVersion,
        sink: &mut W,
        options: &DownloadOptions,
    ) -> Result<(), Error> {
        self.stream(version, 0, None, sink, options).await
    }

    /// Stores a version's bytes as a file: beside it first, renamed when they are whole. What an interrupted download
    /// left is gone on with. The file gets the version's time.
    ///
    /// # Errors
    /// As [`ObjectBucket::download`].
    pub async fn download_file(&self, version: &ObjectVersion, path: &Path) -> Result<(), Error> {
        self.download_file_with(version, path, &DownloadOptions::default()).await
    }

    /// As [`ObjectBucket::download_file`], with options. A large file is read in ranges at the same time; a small one is
    /// read whole before anything is written.
    ///
    /// # Errors
    /// As [`ObjectBucket::download`].
    pub async fn download_file_with(
        &self,
        version: &ObjectVersion,
        path: &Path,
        options: &DownloadOptions,
    ) -> Result<(), Error> {
        let part = part_file(path, &version.version_id);
        let modified = SystemTime::UNIX_EPOCH + since_epoch(version);
        if version.size <= BUFFER as u64 {
            let mut bytes = Vec::with_capacity(usize::try_from(version.size).unwrap_or(BUFFER));
            self.stream(version, 0, None, &mut bytes, options).await?;
            let (part, path, sync) = (part.clone(), path.to_owned(), options.sync);
            return blocking(move || {
                part_files::write(&part, &path, &bytes, modified, sync).map_err(|error| local("write", &path, &error))
            })
            .await;
        }
        let failed = |what: &str, error: &std::io::Error| local(what, &part, error);
        let mut file = File::from_std(part_files::open(&part).map_err(|error| failed("write", &error))?);
        let mut there = file.metadata().await.map_err(|error| failed("look at", &error))?.len();
        let in_ranges = there == 0 && version.size >= options.ranges_from && options.ranges_at_once > 1;
        let written = if in_ranges {
            self.fetch_ranges(version, &mut file, &part, options).await
        } else {
            if there > version.size {
                file.set_len(0).await.map_err(|error| failed("write", &error))?;
                there = 0;
            }
            let verifier = if there > 0 { Some(self.verified_so_far(version, &mut file, &part).await?) } else { None };
            self.stream(version, there, verifier, &mut file, options).await
        };
        if written.as_ref().is_err_and(|error| error.kind != ErrorKind::Unreachable) || (in_ranges && written.is_err())
        {
            // It would only fail again, or has holes.
            drop(fs::remove_file(&part).await);
        }
        written?;
        let (file, path, sync) = (file.into_std().await, path.to_owned(), options.sync);
        blocking(move || {
            part_files::finish(&file, &part, &path, modified, sync).map_err(|error| local("write", &path, &error))
        })
        .await
    }

    /// Reads ranges at the same time, each into its place, and then verifies the whole.
    async fn fetch_ranges(
        &self,
        version: &ObjectVersion,
        file: &mut File,
        part: &Path,
        options: &DownloadOptions,
    ) -> Result<(), Error> {
        // Positions only count in a file that is not appended to; the name is ours by now.
        let open = std::fs::OpenOptions::new().write(true).open(part);
        let target = Arc::new(open.map_err(|error| local("write", part, &error))?);
        let fetched = parts(version.size, options.range_size).map(|range| {
            let target = Arc::clone(&target);
            async move {
                let bytes = self.range(version, range, options).await?;
                let part = part.to_owned();
                blocking(move || write_at(&target, &bytes, range.first).map_err(|error| local("write", &part, &error)))
                    .await
            }
        });
        stream::iter(fetched).buffer_unordered(options.ranges_at_once).boxed().try_collect::<()>().await?;
        file.seek(SeekFrom::Start(0)).await.map_err(|error| local("read", part, &error))?;
        if self.verified_so_far(version, file, part).await?.finish() { Ok(()) } else { Err(damaged(version)) }
    }

    /// The bytes of a range, which are as many as asked for.
    pub(super) async fn range(
        &self,
        version: &ObjectVersion,
        range: Part,
        options: &DownloadOptions,
    ) -> Result<Vec<u8>, Error> {
        let length = range.last - range.first + 1;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        let mut broken = 0;
        loop {
            let mut answer = self.get_part(version, Some((range.first + bytes.len() as u64, range.last))).await?;
            let before = bytes.len();
            while let Some(Ok(more)) = answer.body.next().await {
                if let Some(limit) = &options.limit {
                    limit.take(more.len() as u64).await;
                }
                bytes.extend_from_slice(&more);
            }
            match (bytes.len() as u64).cmp(&length) {
                Ordering::Equal => return Ok(bytes),
                Ordering::Greater => return Err(damaged(version)),
                Ordering::Less => {}
            }
            broken = if bytes.len() > before { 0 } else { broken + 1 };
            if broken >= PATIENCE {
                return Err(self.broke_off(version));
            }
        }
    }

    fn broke_off(&self, version: &ObjectVersion) -> Error {
        self.unread(ErrorKind::Unreachable, &version.key, "the answer broke off").with_hint("run it again")
    }

    /// Whether a file has a version's bytes, by what S3 keeps of them. `None`: it keeps nothing that tells.
    ///
    /// # Errors
    /// [`ErrorKind::LocalFile`], or the failed request.
    pub async fn is_file_of(&self, version: &ObjectVersion, path: &Path) -> Result<Option<bool>, Error> {
        let mut file = File::open(path).await.map_err(|error| local("read", path, &error))?;
        let length = file.metadata().await.map_err(|error| local("read", path, &error))?.len();
        if length != version.size {
            return Ok(Some(false));
        }
        let verifier = self.verified_so_far(version, &mut file, path).await?;
        Ok((!matches!(verifier, Verifier::Nothing)).then(|| verifier.finish()))
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
        options: &DownloadOptions,
    ) -> Result<(), Error> {
        let (mut at, mut verifier) = (from, verifier);
        let mut broken = 0;
        while at < version.size || verifier.is_none() {
            let mut answer = self.get_part(version, (at > 0).then_some((at, version.size.saturating_sub(1)))).await?;
            verifier = verifier.or_else(|| Some(Promised::by_get(&answer).verifier()));
            let before = at;
            while let Some(Ok(bytes)) = answer.body.next().await {
                at += bytes.len() as u64;
                if at > version.size {
                    return Err(damaged(version));
                }
                if let Some(limit) = &options.limit {
                    limit.take(bytes.len() as u64).await;
                }
                sink.write_all(&bytes).await.map_err(|error| sink_failed(&error))?;
                if let Some(verifier) = &mut verifier {
                    verifier.update(&bytes);
                }
            }
            broken = if at > before { 0 } else { broken + 1 };
            if at < version.size && broken >= PATIENCE {
                return Err(self.broke_off(version));
            }
        }
        sink.flush().await.map_err(|error| sink_failed(&error))?;
        if at == version.size && verifier.is_none_or(Verifier::finish) { Ok(()) } else { Err(damaged(version)) }
    }

    /// An answer about the version, as large as the listing says, all of it or from byte to byte.
    async fn get_part(&self, version: &ObjectVersion, range: Option<(u64, u64)>) -> Result<GetObjectOutput, Error> {
        let get = self.get_request(&version.key, Some(&version.version_id));
        let get = match range {
            // A version without an id can be replaced between two requests.
            Some((first, last)) => {
                let etag = version.etag.as_ref().map(|etag| format!("\"{etag}\""));
                get.range(format!("bytes={first}-{last}")).set_if_match(etag)
            }
            None => get.checksum_mode(ChecksumMode::Enabled),
        };
        let answer = self.get(&version.key, get).await?;
        let expected = range.map_or(version.size, |(first, last)| last - first + 1);
        let etag = answer.e_tag().map(|etag| etag.trim_matches('"'));
        let is_known = version.etag.is_none() || etag == version.etag.as_deref();
        let is_vouched_for = etag.is_some() || Promised::by_get(&answer).checksum().is_some();
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        if length.is_some_and(|length| length != expected) || !is_known || !is_vouched_for {
            return Err(damaged(version));
        }
        Ok(answer)
    }
}

/// Does what waits for a disk where nothing else waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let ended = |error| Error::new(ErrorKind::Other, format!("cannot work with files: {error}"));
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(ended(error)))
}

fn damaged(version: &ObjectVersion) -> Error {
    Error::new(ErrorKind::ChecksumMismatch, format!("what arrived of {} is not what is stored", shown(&version.key)))
}

/// Writes all of `bytes` at a position.
fn write_at(file: &std::fs::File, bytes: &[u8], position: u64) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        std::os::unix::fs::FileExt::write_all_at(file, bytes, position)
    }
    #[cfg(not(unix))]
    {
        let (mut rest, mut at) = (bytes, position);
        while !rest.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(file, rest, at)?;
            rest = rest.get(written..).unwrap_or_default();
            at += written as u64;
        }
        Ok(())
    }
}

fn since_epoch(version: &ObjectVersion) -> Duration {
    Duration::from_secs(u64::try_from(version.last_modified.as_second()).unwrap_or(0))
}

pub(super) fn local(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let message = format!("cannot {what} {:?}: {error}", path.display().to_string());
    // The process has no file left: fewer at once will do.
    if matches!(error.raw_os_error(), Some(23 | 24)) && cfg!(unix) {
        return Error::new(ErrorKind::Throttled, message).with_hint("raise the limit of open files (ulimit -n)");
    }
    Error::new(ErrorKind::LocalFile, message).with_hint("check the path, its permissions and the space on its disk")
}

fn sink_failed(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::LocalFile, format!("cannot write what was read: {error}"))
        .with_hint("check where it goes and whether there is room")
}
