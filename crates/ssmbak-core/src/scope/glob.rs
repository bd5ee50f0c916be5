//! Globs over parameter names.

use super::ScopeError;
use crate::glob::{Glob, GlobError, LONGEST};
use crate::name::ParameterName;

/// One glob.
#[derive(Clone, Debug)]
pub(super) struct NameGlob(Glob);

impl NameGlob {
    /// Reads one glob.
    pub(super) fn parse(glob: &str) -> Result<Self, ScopeError> {
        let read = Glob::parse(glob).map_err(|reason| match reason {
            GlobError::Empty => ScopeError::EmptyGlob,
            GlobError::Long => ScopeError::GlobTooLong { length: glob.len(), most: LONGEST },
            reason => ScopeError::Glob { glob: glob.to_owned(), reason: reason.to_string() },
        })?;
        let starts_inside = glob.starts_with(|c: char| c.is_ascii_alphanumeric() || "_.-".contains(c));
        if read.is_about_the_whole() && starts_inside {
            return Err(ScopeError::NeverMatches { glob: glob.to_owned() });
        }
        Ok(Self(read))
    }

    /// Reads all of them, or says which is the first that cannot be read.
    pub(super) fn parse_all(globs: &[String]) -> Result<Vec<Self>, ScopeError> {
        globs.iter().map(|glob| Self::parse(glob)).collect()
    }

    /// Whether it matches `name`, or its last level if the glob has no slash.
    pub(super) fn matches(&self, name: &ParameterName) -> bool {
        self.0.matches(if self.0.is_about_the_whole() { name.as_str() } else { name.last_level() })
    }
}
