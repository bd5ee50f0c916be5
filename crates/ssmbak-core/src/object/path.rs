//! Where a key is stored on a disk.

use std::path::PathBuf;

/// Where a key of a tree belongs, below the directory that it is downloaded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalPath {
    /// A file.
    File(PathBuf),
    /// A directory: the key ends in a slash, as consoles leave it for a folder.
    Directory(PathBuf),
}

/// Why a key cannot become a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathRefused {
    /// It has `..` or `.` as a level.
    #[error("its key has . or .. as a level, which would leave the directory")]
    Traversal,
    /// It has an empty level: it begins with a slash or has two in a row.
    #[error("its key has a level without a name")]
    EmptyLevel,
    /// It has a character that file names cannot have.
    #[error("its key has a character that no file name can have")]
    Character,
    /// A level is longer than file names can be.
    #[error("its key has a level of more than 255 bytes")]
    TooLong,
    /// Another key differs from it in case alone.
    #[error("another key differs from it in upper and lower case alone")]
    CaseCollision,
}

/// Longest name of a file, in bytes, on the usual file systems.
const LONGEST: usize = 255;

/// The path of a key below the target directory, `None` for the tree's own placeholder.
///
/// # Errors
/// [`PathRefused`] for a key that would leave the directory or cannot be a file's name.
pub fn local_path(prefix: &str, key: &str) -> Result<Option<LocalPath>, PathRefused> {
    let rest = key.strip_prefix(prefix).unwrap_or(key);
    if rest.is_empty() {
        return Ok(None);
    }
    let (rest, is_directory) = match rest.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let mut path = PathBuf::new();
    for level in rest.split('/') {
        match level {
            "" => return Err(PathRefused::EmptyLevel),
            "." | ".." => return Err(PathRefused::Traversal),
            _ if level.contains('\0') => return Err(PathRefused::Character),
            // These mean something else there: another separator, a drive, a stream.
            _ if cfg!(windows) && level.contains(['\\', ':', '<', '>', '"', '|', '?', '*']) => {
                return Err(PathRefused::Character);
            }
            _ if level.len() > LONGEST => return Err(PathRefused::TooLong),
            _ => path.push(level),
        }
    }
    Ok(Some(if is_directory { LocalPath::Directory(path) } else { LocalPath::File(path) }))
}

/// What two keys have in common if a file system that does not tell upper from lower case would mix them up.
pub fn collision_key(key: &str) -> String {
    key.to_lowercase()
}
