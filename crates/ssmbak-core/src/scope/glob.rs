//! Globs over parameter names.

use globset::{GlobBuilder, GlobMatcher};

use super::ScopeError;
use crate::name::ParameterName;

/// Longest glob in bytes. Compiling one panics where its automaton outgrows the limit of `globset`; at this length
/// it stays far below.
const MAX: usize = 1024;

/// Most opening braces in a glob, for the same reason: alternatives may be nested less than 250 deep.
const MOST_BRACES: usize = 50;

/// One glob. Matchers are used one by one rather than as a `GlobSet`, whose shortcuts treat `..` as no file name,
/// while it is a legal level here.
#[derive(Clone, Debug)]
pub(super) struct NameGlob {
    matcher: GlobMatcher,
    whole_name: bool,
}

impl NameGlob {
    /// Reads one glob.
    pub(super) fn parse(glob: &str) -> Result<Self, ScopeError> {
        if glob.is_empty() {
            return Err(ScopeError::EmptyGlob);
        }
        if glob.len() > MAX {
            return Err(ScopeError::GlobTooLong { length: glob.len(), most: MAX });
        }
        let refuse = |reason: String| ScopeError::Glob { glob: glob.to_owned(), reason };
        if glob.matches('{').count() > MOST_BRACES {
            return Err(refuse(format!("more than {MOST_BRACES} lists of alternatives")));
        }
        let whole_name = glob.contains('/');
        if whole_name && glob.starts_with(|c: char| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
            return Err(ScopeError::NeverMatches { glob: glob.to_owned() });
        }
        // Said explicitly, since the defaults of the library depend on the platform.
        let compiled = GlobBuilder::new(glob)
            .literal_separator(true)
            .case_insensitive(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| refuse(error.kind().to_string()))?;
        Ok(Self { matcher: compiled.compile_matcher(), whole_name })
    }

    /// Reads all of them, or says which is the first that cannot be read.
    pub(super) fn parse_all(globs: &[String]) -> Result<Vec<Self>, ScopeError> {
        globs.iter().map(|glob| Self::parse(glob)).collect()
    }

    /// Whether it matches `name`, or its last level if the glob has no slash.
    pub(super) fn matches(&self, name: &ParameterName) -> bool {
        self.matcher.is_match(if self.whole_name { name.as_str() } else { name.last_level() })
    }
}
