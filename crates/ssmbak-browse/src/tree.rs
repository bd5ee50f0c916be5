//! The rows of the tree: folders that open and close, and parameters.

use std::collections::BTreeSet;
use std::ops::Range;

use ssmbak_core::name::ParameterName;

/// A row of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The name, or the path with its slash at the end.
    pub(crate) path: String,
    /// How deep it stands, the root being 0.
    pub(crate) depth: usize,
    pub(crate) kind: Kind,
}

/// What a row is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A path: the positions of the names below it, and whether they are shown.
    Folder { below: Range<usize>, open: bool },
    /// A parameter: its position among the names.
    Parameter(usize),
}

impl Row {
    /// The last level of its path, of a folder with its slash.
    pub(crate) fn label(&self) -> &str {
        if self.depth == 0 {
            return &self.path;
        }
        let path = self.path.strip_suffix('/').unwrap_or(&self.path);
        let start = path.rfind('/').map_or(0, |slash| slash + 1);
        self.path.get(start..).unwrap_or(&self.path)
    }

    /// The positions of the names that it stands for.
    pub(crate) fn names(&self) -> Range<usize> {
        match &self.kind {
            Kind::Folder { below, .. } => below.clone(),
            Kind::Parameter(name) => *name..*name + 1,
        }
    }
}

/// Whether a name matches what was typed, whatever the case. Nothing typed matches all.
pub(crate) fn matches(name: &ParameterName, filter: &str) -> bool {
    filter.is_empty() || name.as_str().to_ascii_lowercase().contains(&filter.to_ascii_lowercase())
}

/// The rows that are to be seen. While a filter is set all folders that hold a match are open.
pub(crate) fn rows(names: &[ParameterName], root: &str, open: &BTreeSet<String>, matched: Option<&[bool]>) -> Vec<Row> {
    let top = Kind::Folder { below: 0..names.len(), open: true };
    let mut rows = vec![Row { path: root.to_owned(), depth: 0, kind: top }];
    let mut chain: Vec<String> = Vec::new();
    let mut next = 0;
    while let Some(name) = names.get(next) {
        if matched.is_some_and(|matched| !matched.get(next).copied().unwrap_or(false)) {
            next += 1;
            continue;
        }
        let text = name.as_str();
        let folders: Vec<&str> = folders_of(text, root).collect();
        let kept = chain.iter().zip(&folders).take_while(|(known, folder)| known == *folder).count();
        chain.truncate(kept);
        let mut closed = None;
        for (level, folder) in folders.iter().enumerate().skip(kept) {
            let below = below(names, folder);
            let (end, is_open) = (below.end, matched.is_some() || open.contains(*folder));
            let kind = Kind::Folder { below, open: is_open };
            rows.push(Row { path: (*folder).to_owned(), depth: level + 1, kind });
            chain.push((*folder).to_owned());
            if !is_open {
                closed = Some(end);
                break;
            }
        }
        if let Some(end) = closed {
            next = end.max(next + 1);
            continue;
        }
        rows.push(Row { path: text.to_owned(), depth: folders.len() + 1, kind: Kind::Parameter(next) });
        next += 1;
    }
    rows
}

/// The positions of the names below a path that ends in a slash.
pub(crate) fn below(names: &[ParameterName], folder: &str) -> Range<usize> {
    // In order of their bytes, names with one beginning stand together.
    let first = names.partition_point(|name| name.as_str() < folder);
    let rest = names.get(first..).unwrap_or_default();
    first..first + rest.partition_point(|name| name.as_str().starts_with(folder))
}

/// Every folder below the root.
pub(crate) fn folders(names: &[ParameterName], root: &str) -> BTreeSet<String> {
    names.iter().flat_map(|name| folders_of(name.as_str(), root)).map(str::to_owned).collect()
}

/// The folders below the root that a name lies in, from the top down.
fn folders_of<'a>(name: &'a str, root: &str) -> impl Iterator<Item = &'a str> {
    // What lies elsewhere is shown from the top.
    let start = if name.starts_with(root) { root.len() } else { 1 };
    name.match_indices('/').filter(move |(at, _)| *at >= start).filter_map(|(at, _)| name.get(..=at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::named;

    fn shown(names: &[&str], root: &str, open: &[&str], filter: &str) -> String {
        let names: Vec<ParameterName> = names.iter().map(|name| named(name)).collect();
        let open = open.iter().map(|path| (*path).to_owned()).collect();
        let matched: Vec<bool> = names.iter().map(|name| matches(name, filter)).collect();
        let rows = rows(&names, root, &open, Some(matched.as_slice()).filter(|_| !filter.is_empty()));
        let line = |row: &Row| {
            let count = row.names().len();
            let sign = match row.kind {
                Kind::Folder { open: true, .. } => "v",
                Kind::Folder { open: false, .. } => ">",
                Kind::Parameter(_) => "-",
            };
            format!("{}{sign} {} {count}", "  ".repeat(row.depth), row.label())
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    const NAMES: [&str; 6] = ["/a/b", "/a/b-c", "/a/b/x", "/a/b/y/z", "/a/b0", "/a/d/e/f"];

    #[test]
    fn folders_open_and_close() {
        insta::assert_snapshot!(shown(&NAMES, "/a/", &[], ""), @r"
        v /a/ 6
          - b 1
          - b-c 1
          > b/ 2
          - b0 1
          > d/ 1
        ");
        insta::assert_snapshot!(shown(&NAMES, "/a/", &["/a/b/", "/a/d/", "/a/d/e/"], ""), @r"
        v /a/ 6
          - b 1
          - b-c 1
          v b/ 2
            - x 1
            > y/ 1
          - b0 1
          v d/ 1
            v e/ 1
              - f 1
        ");
    }

    #[test]
    fn a_filter_opens_what_it_finds() {
        insta::assert_snapshot!(shown(&NAMES, "/a/", &[], "Y/"), @r"
        v /a/ 6
          v b/ 2
            v y/ 1
              - z 1
        ");
        insta::assert_snapshot!(shown(&NAMES, "/a/", &[], "nothing"), @"v /a/ 6");
    }

    #[test]
    fn nothing_and_roots_are_trees_too() {
        insta::assert_snapshot!(shown(&[], "/", &[], ""), @"v / 0");
        insta::assert_snapshot!(shown(&["/foo", "/x/y"], "/", &[], ""), @r"
        v / 2
          - foo 1
          > x/ 1
        ");
        let names: Vec<ParameterName> = NAMES.iter().map(|name| named(name)).collect();
        assert_eq!(folders(&names, "/a/").into_iter().collect::<Vec<_>>(), ["/a/b/", "/a/b/y/", "/a/d/", "/a/d/e/"]);
    }
}
