//! Which parameters a command is about: one, the children of a path, a tree, narrowed by globs.

mod error;
mod glob;
mod listing;
mod names;

use std::collections::BTreeSet;
use std::fmt;

pub use self::error::ScopeError;
use self::glob::NameGlob;
pub use self::listing::{Depth, Listing};
use crate::name::{NameError, ParameterName};

/// A path that parameters lie under; starts and ends with a slash, `/` being the root.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folder(String);

impl Folder {
    /// The root, `/`.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The path that parameters below `name` lie under: `/a/b/` for `/a/b`.
    pub fn under(name: &ParameterName) -> Self {
        Self(format!("{name}/"))
    }

    /// The path with its slash at the end, as people write it and as an S3 prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path as Parameter Store documents it for `GetParametersByPath`: without a slash at the end, save the root.
    pub fn ssm_path(&self) -> &str {
        if self.0 == "/" { &self.0 } else { self.0.trim_end_matches('/') }
    }

    /// What follows this path in `name`; `None` if `name` is elsewhere.
    fn rest<'a>(&self, name: &'a ParameterName) -> Option<&'a str> {
        name.as_str().strip_prefix(self.0.as_str())
    }

    /// Whether `name` lies under this path, at any depth.
    pub fn contains(&self, name: &ParameterName) -> bool {
        self.rest(name).is_some()
    }

    /// Whether `name` lies directly under this path.
    pub fn has_child(&self, name: &ParameterName) -> bool {
        self.rest(name).is_some_and(|rest| !rest.contains('/'))
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What one path on the command line stands for.
///
/// Never a sibling that merely shares a prefix: `/x` is not `/x2`, and `/x/` has nothing of `/x-prod`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// `/a/b`: that one parameter.
    One(ParameterName),
    /// `/a/b/`: the parameters directly under it.
    Children(Folder),
    /// `/a/b/` recursively: everything under it.
    Subtree(Folder),
    /// `/a/b` recursively: that parameter and everything under `/a/b/`.
    NameAndSubtree(ParameterName),
}

impl Scope {
    /// Reads a path: `/a/b`, `/a/b/`, `/`, or `foo` for the root-level parameter `/foo`.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if it is empty, holds a wildcard (those belong into the globs of [`Selection::new`]), or cannot
    /// be a name or path of Parameter Store.
    pub fn parse(path: &str, recursive: bool) -> Result<Self, ScopeError> {
        let refuse = |reason| ScopeError::of_path(path, reason);
        if path == "/" {
            return Ok(Self::of_folder(Folder::root(), recursive));
        }
        let Some(parent) = path.strip_suffix('/') else {
            let name = ParameterName::parse(path).map_err(refuse)?;
            return Ok(if recursive { Self::NameAndSubtree(name) } else { Self::One(name) });
        };
        // A path is the name its parent level would have, so the same rules hold; but `foo/` has no second spelling.
        let name = ParameterName::parse(parent).map_err(|reason| match reason {
            NameError::TrailingSlash | NameError::Root => refuse(NameError::EmptyLevel),
            reason => refuse(reason),
        })?;
        if parent.starts_with('/') {
            Ok(Self::of_folder(Folder::under(&name), recursive))
        } else {
            Err(refuse(NameError::MissingLeadingSlash))
        }
    }

    fn of_folder(folder: Folder, recursive: bool) -> Self {
        if recursive { Self::Subtree(folder) } else { Self::Children(folder) }
    }

    /// Whether `name` is meant.
    pub fn contains(&self, name: &ParameterName) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Children(folder) => folder.has_child(name),
            Self::Subtree(folder) => folder.contains(name),
            Self::NameAndSubtree(top) => {
                let rest = name.as_str().strip_prefix(top.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    /// A prefix that every key in the scope has: the parameter's own key, or the path with its slash at the end.
    ///
    /// Other keys may have it too (`/a/b2` for `/a/b`): a listing is to be filtered by [`Self::contains`], and
    /// [`Self::listings`] are the narrower way to list.
    pub fn prefix(&self) -> String {
        self.path().to_owned()
    }

    /// The listings that together find every name in the scope.
    pub fn listings(&self) -> Vec<Listing> {
        match self {
            Self::One(name) => vec![Listing::exact(name)],
            Self::Children(folder) => vec![Listing::children(folder)],
            Self::Subtree(folder) => vec![Listing::subtree(folder)],
            Self::NameAndSubtree(name) => vec![Listing::exact(name), Listing::subtree(&Folder::under(name))],
        }
    }

    /// Whether it names one parameter and nothing else.
    pub fn is_single(&self) -> bool {
        matches!(self, Self::One(_))
    }

    /// Whether it reaches deeper than one level.
    pub fn is_recursive(&self) -> bool {
        matches!(self, Self::Subtree(_) | Self::NameAndSubtree(_))
    }

    /// The path in its canonical spelling, without the sign for recursion.
    pub fn path(&self) -> &str {
        match self {
            Self::One(name) | Self::NameAndSubtree(name) => name.as_str(),
            Self::Children(folder) | Self::Subtree(folder) => folder.as_str(),
        }
    }
}

/// As one would type it: `/a/b/`, `/a/b/ -R`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recursion = if self.is_recursive() { " -R" } else { "" };
        write!(f, "{}{recursion}", self.path())
    }
}

/// Several scopes, narrowed by globs: everything that one run of a command is about.
///
/// A name is selected if a scope contains it, an include glob matches it (or there is none), and no exclude glob does.
///
/// In a glob `*` and `?` stay within one level and `**` crosses levels; `[a-c]` and `{a,b}` work as usual. A glob
/// without a slash is matched against the last level of a name (`*_token`), one with a slash against the whole name
/// (`/app/*/token`, `**/db/*`).
#[derive(Clone, Debug)]
pub struct Selection {
    scopes: Vec<Scope>,
    include: Vec<NameGlob>,
    exclude: Vec<NameGlob>,
    /// Nothing but these, if they are known one by one.
    only: Option<BTreeSet<ParameterName>>,
}

impl Selection {
    /// Reads paths (see [`Scope::parse`]; `recursive` holds for all of them) and globs.
    ///
    /// # Errors
    ///
    /// [`ScopeError`] if there is no path, or for the first path or glob that cannot be read.
    pub fn new(paths: &[&str], recursive: bool, include: &[String], exclude: &[String]) -> Result<Self, ScopeError> {
        if paths.is_empty() {
            return Err(ScopeError::NoPath);
        }
        Ok(Self {
            scopes: paths.iter().map(|path| Scope::parse(path, recursive)).collect::<Result<_, _>>()?,
            include: NameGlob::parse_all(include)?,
            exclude: NameGlob::parse_all(exclude)?,
            only: None,
        })
    }

    /// Every name.
    pub fn everything() -> Self {
        Self { scopes: vec![Scope::Subtree(Folder::root())], include: Vec::new(), exclude: Vec::new(), only: None }
    }

    /// Whether `name` is selected.
    pub fn contains(&self, name: &ParameterName) -> bool {
        let any = |globs: &[NameGlob]| globs.iter().any(|glob| glob.matches(name));
        self.scopes.iter().any(|scope| scope.contains(name))
            && (self.include.is_empty() || any(&self.include))
            && !any(&self.exclude)
            && self.only.as_ref().is_none_or(|only| only.contains(name))
    }

    /// The scopes, in the order they were given.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// Which of several scopes contain none of these names, as one would type them: probably a typo each. None if globs
    /// narrow them.
    pub fn scopes_without<'a>(&self, names: impl Iterator<Item = &'a ParameterName>) -> Vec<String> {
        let mut without: Vec<&Scope> = self.scopes.iter().filter(|_| !self.is_filtered()).collect();
        if without.len() < 2 {
            return Vec::new();
        }
        for name in names {
            without.retain(|scope| !scope.contains(name));
        }
        without.into_iter().map(Scope::to_string).collect()
    }

    /// Whether globs narrow the scopes.
    pub fn is_filtered(&self) -> bool {
        !(self.include.is_empty() && self.exclude.is_empty())
    }

    /// The fewest listings that find every selected name, by prefix; none lies within another.
    ///
    /// What they list is to be filtered by [`Self::contains`].
    pub fn listings(&self) -> Vec<Listing> {
        listing::fewest(self.scopes.iter().flat_map(Scope::listings).collect())
    }

    /// The fewest S3 prefixes that together cover the selection, sorted; none is a prefix of another.
    ///
    /// Plain prefixes list more than [`Self::listings`] do: `/x` also finds `/x2`, `/a/` all that lies under it.
    pub fn listing_prefixes(&self) -> Vec<String> {
        let mut prefixes: Vec<String> = Vec::new();
        for listing in self.listings() {
            // Sorted by prefix, so that whatever covers this one has come before it.
            if !prefixes.last().is_some_and(|last| listing.prefix().starts_with(last.as_str())) {
                prefixes.push(listing.prefix().to_owned());
            }
        }
        prefixes
    }
}

#[cfg(test)]
mod tests;
