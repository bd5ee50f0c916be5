//! The file that is written until all of a version is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// What the names of part files end with.
const SUFFIX: &str = ".s3bak-part";

/// The file that is written until all of a version is there.
pub fn part_file(path: &Path, version_id: &str) -> PathBuf {
    let name = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
    let hash = Sha256::digest([name.as_slice(), b"\0", version_id.as_bytes()].concat());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    // As long for every name, so that there is room for it beside the longest one.
    path.with_file_name(format!(".{hex}{SUFFIX}"))
}

/// Opens a part file, readable by its owner only. What is not a plain file of its own, such as a link that leads
/// elsewhere, is removed first, never written through.
pub(super) fn open(part: &Path) -> io::Result<File> {
    if let Some(file) = reopened(part)? {
        return Ok(file);
    }
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut open = OpenOptions::new();
    // Follows no link: there must be nothing of this name.
    open.create_new(true).read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        open.mode(0o600);
    }
    open.open(part)
}

/// The part file of an earlier run, if it is that.
#[cfg(unix)]
fn reopened(part: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::MetadataExt;
    if !fs::symlink_metadata(part).is_ok_and(|there| there.is_file()) {
        return Ok(None);
    }
    let file = OpenOptions::new().read(true).append(true).open(part)?;
    // Between the two looks the name may have become a link.
    let (opened, named) = (file.metadata()?, fs::symlink_metadata(part)?);
    let is_same = (opened.dev(), opened.ino()) == (named.dev(), named.ino());
    Ok((named.is_file() && is_same && opened.nlink() == 1).then_some(file))
}

#[cfg(not(unix))]
fn reopened(_part: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

/// Writes a whole file: beside its place first, then renamed.
pub(super) fn write(part: &Path, path: &Path, bytes: &[u8], modified: SystemTime, sync: bool) -> io::Result<()> {
    let mut file = open(part)?;
    // It may be that of an earlier run.
    let written = file.set_len(0).and_then(|()| file.write_all(bytes));
    removed_if_failed(part, written)?;
    finish(&file, part, path, modified, sync)
}

/// Puts a part file in its place, with its time and permissions. Where that fails the part file is removed.
pub(super) fn finish(file: &File, part: &Path, path: &Path, modified: SystemTime, sync: bool) -> io::Result<()> {
    if sync {
        removed_if_failed(part, file.sync_all())?;
    }
    publish(file, path);
    // A file system without times is no reason to fail.
    drop(file.set_modified(modified));
    removed_if_failed(part, fs::rename(part, path))
}

fn removed_if_failed(part: &Path, done: io::Result<()>) -> io::Result<()> {
    if done.is_err() {
        drop(fs::remove_file(part));
    }
    done
}

/// Waits until everything in a directory's file system is on its disk.
pub(super) fn sync(dir: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::fs::syncfs(File::open(dir)?)?;
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    {
        let _ = dir;
        rustix::fs::sync();
    }
    #[cfg(not(unix))]
    let _ = dir;
    Ok(())
}

/// Gives a part file the permissions of the file that it replaces, else those of any new file.
fn publish(file: &File, path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let there = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
        let mode = there.map(|there| there.permissions().mode()).or_else(|| usual_mode(path)).unwrap_or(0o644);
        // A file system without permissions is no reason to fail.
        drop(file.set_permissions(fs::Permissions::from_mode(mode & 0o7777)));
    }
    #[cfg(not(unix))]
    let _ = (file, path);
}

/// The permissions that the process gives to new files.
#[cfg(unix)]
fn usual_mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    static MODE: OnceLock<u32> = OnceLock::new();
    if let Some(mode) = MODE.get() {
        return Some(*mode);
    }
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    let probe =
        builder.prefix(".").suffix(SUFFIX).permissions(fs::Permissions::from_mode(0o666)).tempfile_in(dir).ok()?;
    let mode = probe.as_file().metadata().ok()?.permissions().mode() & 0o777;
    Some(*MODE.get_or_init(|| mode))
}

/// Removes part files in a directory that nobody has written to since `begun`.
pub(super) fn sweep(dir: &Path, begun: SystemTime) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_part = name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(SUFFIX));
        let is_old = || entry.metadata().and_then(|there| there.modified()).is_ok_and(|time| time < begun);
        if is_part && is_old() {
            // Another run may have been faster.
            drop(fs::remove_file(entry.path()));
        }
    }
}

/// Whether a directory's file system tells upper from lower case.
pub(super) fn is_case_sensitive(dir: &Path) -> bool {
    let mut builder = tempfile::Builder::new();
    let Ok(probe) = builder.prefix(".probe-").suffix(SUFFIX).tempfile_in(dir) else { return true };
    let upper = probe.path().file_name().map(|name| name.to_string_lossy().to_uppercase());
    upper.is_none_or(|name| fs::symlink_metadata(dir.join(name)).is_err())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn part_file_is_never_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (part, outside) = (dir.path().join("part"), dir.path().join("outside"));
        for link in [true, false] {
            fs::write(&outside, "precious").unwrap();
            drop(fs::remove_file(&part));
            if link {
                std::os::unix::fs::symlink(&outside, &part).unwrap();
            } else {
                fs::hard_link(&outside, &part).unwrap();
            }
            let mut file = open(&part).unwrap();
            file.write_all(b"new").unwrap();
            assert_eq!(fs::read_to_string(&outside).unwrap(), "precious");
            assert_eq!(fs::read_to_string(&part).unwrap(), "new");
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        // That of an earlier run is appended to.
        open(&part).unwrap().write_all(b"er").unwrap();
        assert_eq!(fs::read_to_string(&part).unwrap(), "newer");
    }
}
