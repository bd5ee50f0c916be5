//! Which keys of a tree are meant.

use globset::{GlobBuilder, GlobMatcher};

/// Longest glob in bytes, which keeps its automaton small.
const LONGEST: usize = 1024;

/// Most opening braces in a glob, for the same reason.
const MOST_BRACES: usize = 50;

/// Globs that narrow a tree. `*` and `?` stay within one level and `**` crosses levels; a glob without a slash matches
/// the last level of a key, one with a slash the whole key.
#[derive(Clone, Debug, Default)]
pub struct KeyGlobs {
    include: Vec<KeyGlob>,
    exclude: Vec<KeyGlob>,
}

#[derive(Clone, Debug)]
struct KeyGlob {
    matcher: GlobMatcher,
    whole_key: bool,
}

/// Why a glob cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the glob {glob:?}: {reason}")]
pub struct KeyGlobsError {
    glob: String,
    reason: String,
}

impl KeyGlobs {
    /// Reads globs of keys to include (all, if there is none) and to exclude.
    ///
    /// # Errors
    /// [`KeyGlobsError`] for the first that cannot be read.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, KeyGlobsError> {
        let all = |globs: &[String]| globs.iter().map(|glob| KeyGlob::parse(glob)).collect::<Result<Vec<_>, _>>();
        Ok(Self { include: all(include)?, exclude: all(exclude)? })
    }

    /// Whether a key is meant.
    pub fn matches(&self, key: &str) -> bool {
        let any = |globs: &[KeyGlob]| globs.iter().any(|glob| glob.matches(key));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Whether every key is meant.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

impl KeyGlob {
    fn parse(glob: &str) -> Result<Self, KeyGlobsError> {
        let refused = |reason: String| KeyGlobsError { glob: glob.to_owned(), reason };
        if glob.is_empty() || glob.len() > LONGEST || glob.matches('{').count() > MOST_BRACES {
            return Err(refused(format!("it is empty, longer than {LONGEST} bytes, or has too many alternatives")));
        }
        let compiled = GlobBuilder::new(glob)
            .literal_separator(true)
            .case_insensitive(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| refused(error.kind().to_string()))?;
        Ok(Self { matcher: compiled.compile_matcher(), whole_key: glob.contains('/') })
    }

    fn matches(&self, key: &str) -> bool {
        let last = key.strip_suffix('/').unwrap_or(key).rsplit('/').next().unwrap_or(key);
        self.matcher.is_match(if self.whole_key { key } else { last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_the_last_level_or_the_whole_key() {
        let globs = |include: &[&str], exclude: &[&str]| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            KeyGlobs::new(&owned(include), &owned(exclude)).unwrap()
        };
        for (include, exclude, key, expected) in [
            (&[][..], &[][..], "t/a", true),
            (&["*.csv"], &[], "t/a.csv", true),
            (&["*.csv"], &[], "t/a.csv/b", false),
            (&["t/**/x"], &[], "t/a/b/x", true),
            (&["t/*"], &[], "t/a/b", false),
            (&[], &["tmp*"], "t/tmp1", false),
            (&["*.csv"], &["t/private/**"], "t/private/a.csv", false),
            (&["dir"], &[], "t/dir/", true),
        ] {
            assert_eq!(globs(include, exclude).matches(key), expected, "{include:?} {exclude:?} {key}");
        }
        assert!(KeyGlobs::new(&["[".to_owned()], &[]).is_err() && KeyGlobs::new(&[String::new()], &[]).is_err());
    }
}
