//! Which keys of a tree are meant.

use crate::glob::{Glob, GlobError};

/// Globs that narrow a tree. `*` and `?` stay within one level and `**` crosses levels; a glob without a slash matches
/// the last level of a key, one with a slash the whole key.
#[derive(Clone, Debug, Default)]
pub struct KeyGlobs {
    include: Vec<Glob>,
    exclude: Vec<Glob>,
}

/// Why a glob cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the glob {glob:?}: {reason}")]
pub struct KeyGlobsError {
    glob: String,
    reason: GlobError,
}

impl KeyGlobs {
    /// Reads globs of keys to include (all, if there is none) and to exclude.
    ///
    /// # Errors
    /// [`KeyGlobsError`] for the first that cannot be read.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, KeyGlobsError> {
        let read = |glob: &String| Glob::parse(glob).map_err(|reason| KeyGlobsError { glob: glob.clone(), reason });
        let all = |globs: &[String]| globs.iter().map(read).collect::<Result<Vec<_>, _>>();
        Ok(Self { include: all(include)?, exclude: all(exclude)? })
    }

    /// Whether a key is meant.
    pub fn matches(&self, key: &str) -> bool {
        let last = key.strip_suffix('/').unwrap_or(key).rsplit('/').next().unwrap_or(key);
        let any =
            |globs: &[Glob]| globs.iter().any(|glob| glob.matches(if glob.is_about_the_whole() { key } else { last }));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }

    /// Whether every key is meant.
    pub fn is_everything(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
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
