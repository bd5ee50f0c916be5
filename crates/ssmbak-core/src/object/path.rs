//! Where a key is stored on a disk.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Component, Path, PathBuf};

use percent_encoding::percent_decode_str;

/// Where a key of a tree belongs, below the directory that it is downloaded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalPath {
    /// A file.
    File(PathBuf),
    /// A directory: the key ends in a slash and has no bytes, as consoles leave it for a folder.
    Directory(PathBuf),
}

/// Why a key cannot become a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
    /// It ends in a slash, as a directory, and has bytes.
    #[error("its key ends in a slash, and a directory has no bytes")]
    BytesOfDirectory,
    /// A level of it is the name of another key's file.
    #[error("another key is a file where it needs a directory")]
    FileAndDirectory,
}

/// What becomes of keys that cannot be names of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// They are refused one by one.
    #[default]
    Refuse,
    /// They are escaped, so that [`key_of`] finds the key again.
    Escape,
}

/// Longest name of a file, in bytes, on the usual file systems.
const LONGEST: usize = 255;

/// Longest piece of an escaped level, which leaves room for what is appended to it.
const LONGEST_PIECE: usize = 240;

/// Finds a path for each key of a tree. It has to see all keys, in ascending order.
#[derive(Debug)]
pub struct Namer {
    names: Names,
    is_case_sensitive: bool,
    /// A hash for each file, in place of its key.
    files: HashSet<u64>,
    /// Where upper and lower case are the same: the spelling that was first, by what it is taken for.
    spellings: HashMap<u64, u64>,
}

impl Namer {
    /// For a file system that does or does not tell upper from lower case.
    pub fn new(names: Names, is_case_sensitive: bool) -> Self {
        Self { names, is_case_sensitive, files: HashSet::new(), spellings: HashMap::new() }
    }

    /// The path of a key with so many bytes, below the target directory; `None` for the tree's own placeholder.
    ///
    /// # Errors
    /// [`PathRefused`] for a key that would leave the directory, lose its bytes, or cannot be a file's name.
    pub fn place(&mut self, prefix: &str, key: &str, size: u64) -> Result<Option<LocalPath>, PathRefused> {
        let rest = key.strip_prefix(prefix).unwrap_or(key);
        let is_placeholder = rest.is_empty() || rest.ends_with('/');
        if is_placeholder && size > 0 && self.names == Names::Refuse {
            return Err(PathRefused::BytesOfDirectory);
        }
        if rest.is_empty() && size == 0 {
            return Ok(None);
        }
        let is_directory = is_placeholder && size == 0;
        let rest = if is_directory { rest.strip_suffix('/').unwrap_or(rest) } else { rest };
        let mut path = PathBuf::new();
        let mut end = 0;
        for level in rest.split('/') {
            let until = end + level.len();
            let whole = rest.get(..until).unwrap_or(rest);
            let is_dir_here = until < rest.len() || is_directory;
            end = until + 1;
            match self.names {
                Names::Refuse => {
                    check(level)?;
                    if is_dir_here && self.files.contains(&self.folded(whole)) {
                        return Err(PathRefused::FileAndDirectory);
                    }
                    path.push(level);
                }
                Names::Escape => path.push(self.escaped(level, whole, is_dir_here)),
            }
        }
        if is_directory {
            return Ok(Some(LocalPath::Directory(path)));
        }
        let folded = self.folded(rest);
        if !self.files.insert(folded) && self.names == Names::Refuse && !self.is_case_sensitive {
            return Err(PathRefused::CaseCollision);
        }
        Ok(Some(LocalPath::File(path)))
    }

    /// One or more levels of a path that stand for a level of a key.
    fn escaped(&mut self, level: &str, whole: &str, is_dir: bool) -> PathBuf {
        let raw = hash(whole);
        let is_other_case =
            !self.is_case_sensitive && *self.spellings.entry(hash(&whole.to_lowercase())).or_insert(raw) != raw;
        // A file of this name is there already if there is a key of this name: it came before.
        let is_beside_file = is_dir && self.files.contains(&self.folded(whole));
        let mut path = PathBuf::new();
        let mut piece = String::new();
        for token in tokens(level, is_other_case) {
            if piece.len() + token.len() > LONGEST_PIECE {
                path.push(format!("{piece}%+"));
                piece.clear();
            }
            piece.push_str(&token);
        }
        if is_beside_file {
            piece.push_str("%-");
        }
        path.push(piece);
        path
    }

    fn folded(&self, key: &str) -> u64 {
        if self.is_case_sensitive { hash(key) } else { hash(&key.to_lowercase()) }
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Whether a level of a key can be a file's name as it is.
fn check(level: &str) -> Result<(), PathRefused> {
    match level {
        "" => Err(PathRefused::EmptyLevel),
        "." | ".." => Err(PathRefused::Traversal),
        _ if level.chars().any(is_forbidden) => Err(PathRefused::Character),
        _ if level.len() > LONGEST => Err(PathRefused::TooLong),
        _ => Ok(()),
    }
}

/// Characters that mean something else in a name: its end, another separator, a drive, a stream.
fn is_forbidden(c: char) -> bool {
    c == '\0' || (cfg!(windows) && (c.is_control() || r#"\:<>"|?*"#.contains(c)))
}

/// A level character by character, escaped where it has to be, or all of it.
fn tokens(level: &str, all: bool) -> Vec<String> {
    let encoded = |text: &str| {
        text.bytes().fold(String::new(), |mut out, byte| {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
            out
        })
    };
    match level {
        "" => vec!["%".to_owned()],
        "." | ".." => level.chars().map(|_| "%2E".to_owned()).collect(),
        _ => level
            .chars()
            .map(|c| {
                let text = c.to_string();
                if all || c == '%' || is_forbidden(c) { encoded(&text) } else { text }
            })
            .collect(),
    }
}

/// The key, without the tree's prefix, of a path below the target directory that [`Names::Escape`] made. `None` for a path
/// that it cannot have made.
pub fn key_of(path: &Path) -> Option<String> {
    let (mut levels, mut open) = (Vec::new(), String::new());
    for component in path.components() {
        let Component::Normal(name) = component else { return None };
        let name = name.to_str()?;
        if let Some(piece) = name.strip_suffix("%+") {
            open.push_str(piece);
            continue;
        }
        open.push_str(name.strip_suffix("%-").unwrap_or(name));
        let level =
            if open == "%" { String::new() } else { percent_decode_str(&open).decode_utf8().ok()?.into_owned() };
        levels.push(level);
        open.clear();
    }
    Some(levels.join("/"))
}
