//! Why paths and globs are refused.

use crate::name::{NameError, shown};

/// Why a path or a glob does not select parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// No path was given.
    #[error("no path was given; give a parameter like /app/db/host or a path like /app/")]
    NoPath,
    /// An empty path.
    #[error("a path cannot be empty; write / for the root")]
    EmptyPath,
    /// A path with a character that globs use.
    #[error("a path takes no wildcards: {}; give the path above it and select with --include", shown(.path))]
    Wildcard {
        /// The path as it was given.
        path: String,
    },
    /// A path that cannot exist in Parameter Store.
    #[error("{} is not a parameter or path: {reason}", shown(.path))]
    Path {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        reason: NameError,
    },
    /// An empty glob, which could match nothing.
    #[error("a glob cannot be empty; write * for every name")]
    EmptyGlob,
    /// A glob with a syntax error.
    #[error("the glob {} cannot be read: {reason}; correct it or quote the character with a backslash", shown(.glob))]
    Glob {
        /// The glob as it was given.
        glob: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A glob of several levels that starts inside of a name, where every name starts with a slash.
    #[error("the glob {} matches no name, since names start with a slash; write /… or **/…", shown(.glob))]
    NeverMatches {
        /// The glob as it was given.
        glob: String,
    },
    /// A glob longer than any that is meant seriously.
    #[error("a glob of {length} bytes is too long; split it into several of at most {most}")]
    GlobTooLong {
        /// Its length in bytes.
        length: usize,
        /// The most that is accepted, in bytes.
        most: usize,
    },
}

impl ScopeError {
    /// The error for `path`, of which [`NameError`] says what is wrong.
    pub(super) fn of_path(path: &str, reason: NameError) -> Self {
        let path = path.to_owned();
        match reason {
            NameError::Empty => Self::EmptyPath,
            NameError::Character { character, .. } if "*?[]{}".contains(character) => Self::Wildcard { path },
            reason => Self::Path { path, reason },
        }
    }
}
