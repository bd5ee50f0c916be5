//! A selection of names that are known one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Folder, Scope, Selection};
use crate::name::ParameterName;

/// More paths than this are not listed one by one, but from the path that they have in common.
const MAX_SCOPES: usize = 25;

impl Selection {
    /// Just these names, found with few listings: one for each path that holds them, or one for the path above them all.
    pub fn of_names(names: impl IntoIterator<Item = ParameterName>) -> Self {
        let only: BTreeSet<ParameterName> = names.into_iter().collect();
        let scopes = scopes_of(&only);
        Self { scopes, include: Vec::new(), exclude: Vec::new(), only: Some(only) }
    }
}

fn scopes_of(names: &BTreeSet<ParameterName>) -> Vec<Scope> {
    let mut by_folder: BTreeMap<Folder, Vec<&ParameterName>> = BTreeMap::new();
    for name in names {
        by_folder.entry(folder_of(name)).or_default().push(name);
    }
    if by_folder.len() > MAX_SCOPES {
        let mut folders = by_folder.into_keys();
        let first = folders.next().unwrap_or_else(Folder::root);
        return vec![Scope::Subtree(folders.fold(first, |common, folder| in_common(&common, &folder)))];
    }
    let of_folder = |(folder, names): (Folder, Vec<&ParameterName>)| match names.as_slice() {
        [one] => Scope::One((*one).clone()),
        _ => Scope::Children(folder),
    };
    by_folder.into_iter().map(of_folder).collect()
}

/// The path that a name lies directly under.
fn folder_of(name: &ParameterName) -> Folder {
    let end = name.as_str().rfind('/').unwrap_or(0);
    Folder(name.as_str()[..=end].to_owned())
}

/// The deepest path that both lie under.
fn in_common(a: &Folder, b: &Folder) -> Folder {
    let alike = a.as_str().bytes().zip(b.as_str().bytes()).take_while(|(a, b)| a == b).count();
    let end = a.as_str()[..alike].rfind('/').unwrap_or(0);
    Folder(a.as_str()[..=end].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[String]) -> Vec<ParameterName> {
        texts.iter().map(|text| ParameterName::parse(text).unwrap()).collect()
    }

    fn scopes(texts: &[String]) -> String {
        let selection = Selection::of_names(names(texts));
        for name in names(texts) {
            assert!(selection.contains(&name), "{name}");
            assert!(selection.scopes().iter().any(|scope| scope.contains(&name)), "{name}");
        }
        selection.scopes().iter().map(Scope::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn few_listings_find_the_names() {
        let of = |texts: &[&str]| scopes(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), "");
        assert_eq!(of(&["/a/b"]), "/a/b");
        assert_eq!(of(&["/a/b", "/a/c", "/a/c/d", "/x"]), "/x /a/ /a/c/d");
        assert_eq!(of(&["/x", "/y"]), "/");
        let many = |prefix: &str| (0..30).map(|number| format!("{prefix}{number}/x")).collect::<Vec<_>>();
        assert_eq!(scopes(&many("/a/b/c")), "/a/b/ -R");
        assert_eq!(scopes(&many("/c")), "/ -R");
        assert_eq!(scopes(&[many("/a/b1"), many("/a/b2")].concat()), "/a/ -R");
        assert_eq!(scopes(&many("/größe").iter().map(|name| name.replace("größe", "g")).collect::<Vec<_>>()), "/ -R");
    }

    #[test]
    fn neighbours_are_not_selected() {
        let selection = Selection::of_names(names(&["/a/b".to_owned(), "/a/c".to_owned()]));
        for other in ["/a/d", "/a", "/a/b/c", "/a/b2"] {
            assert!(!selection.contains(&ParameterName::parse(other).unwrap()), "{other}");
        }
    }
}
