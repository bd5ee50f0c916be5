//! What to list in order to find the names of a scope.

use super::Folder;
use crate::name::ParameterName;

/// How deep a listing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// The key that equals the prefix, and no other. It comes first in an S3 listing, which may stop after it.
    Exact,
    /// Keys directly under the prefix: an S3 listing with `/` as the delimiter, `GetParametersByPath` not recursive.
    Children,
    /// All keys under the prefix.
    Subtree,
}

/// One listing of keys (S3) or names (Parameter Store).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Listing {
    prefix: String,
    depth: Depth,
}

impl Listing {
    pub(super) fn exact(name: &ParameterName) -> Self {
        Self { prefix: name.key().to_owned(), depth: Depth::Exact }
    }

    pub(super) fn children(folder: &Folder) -> Self {
        Self { prefix: folder.as_str().to_owned(), depth: Depth::Children }
    }

    pub(super) fn subtree(folder: &Folder) -> Self {
        Self { prefix: folder.as_str().to_owned(), depth: Depth::Subtree }
    }

    /// The S3 prefix: a parameter's key for [`Depth::Exact`], else a path with a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How deep it goes.
    pub fn depth(&self) -> Depth {
        self.depth
    }

    /// Whether `name` is found by it.
    pub fn contains(&self, name: &ParameterName) -> bool {
        let rest = name.as_str().strip_prefix(self.prefix.as_str());
        rest.is_some_and(|rest| match self.depth {
            Depth::Exact => rest.is_empty(),
            Depth::Children => !rest.contains('/'),
            Depth::Subtree => true,
        })
    }

    /// Whether everything that `other` finds is found by this one too.
    fn covers(&self, other: &Self) -> bool {
        let rest = other.prefix.strip_prefix(self.prefix.as_str());
        rest.is_some_and(|rest| match (self.depth, other.depth) {
            (Depth::Subtree, _) => true,
            (Depth::Children, Depth::Exact) => !rest.contains('/'),
            (Depth::Children, Depth::Children) | (Depth::Exact, Depth::Exact) => rest.is_empty(),
            (Depth::Children, Depth::Subtree) | (Depth::Exact, _) => false,
        })
    }
}

/// Sorted, without those that others cover.
pub(super) fn fewest(mut listings: Vec<Listing>) -> Vec<Listing> {
    listings.sort();
    listings.dedup();
    let covered = |listing: &Listing| listings.iter().any(|other| other != listing && other.covers(listing));
    listings.iter().filter(|listing| !covered(listing)).cloned().collect()
}
