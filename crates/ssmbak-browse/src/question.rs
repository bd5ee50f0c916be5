//! How marked parameters are put as the paths of a restore.

use std::collections::BTreeSet;

use ssmbak_core::name::ParameterName;

use crate::data::Data;

/// Paths that mean these names, as a restore's record has them, and whether everything below them is meant.
///
/// The names of a whole folder are that folder, if it is below one of those that are shown whole. Else each name stands for itself.
pub(crate) fn paths(data: &Data, marked: &BTreeSet<ParameterName>, whole: &[String]) -> (Vec<String>, bool) {
    let is_whole = |folder: &&str| whole.iter().any(|shown| folder.starts_with(shown.as_str()));
    let folder = in_common(marked).filter(is_whole).filter(|_| marked.len() > 1);
    match folder {
        Some(folder) if data.below(folder).len() == marked.len() => (vec![folder.to_owned()], true),
        _ => (marked.iter().map(ToString::to_string).collect(), false),
    }
}

/// The deepest path that all names lie below.
fn in_common(names: &BTreeSet<ParameterName>) -> Option<&str> {
    // Sorted: what the first and the last one have in common, all have.
    let (first, last) = (names.first()?.as_str(), names.last()?.as_str());
    let alike = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    let end = first.get(..alike)?.rfind('/')?;
    first.get(..=end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::{named, time, timeline, version};

    #[test]
    fn a_whole_folder_is_one_path() {
        let names = ["/a/b", "/a/b/x", "/a/b/y/z", "/a/c", "/d"];
        let of = |name: &&str| (named(name), timeline(vec![version(1, "10:00:00", "x")]));
        let data = Data::new(names.iter().map(of).collect(), BTreeMap::new(), time("12:00:00"));
        let whole = ["/".to_owned()];
        let cases: [(&[&str], &str); 6] = [
            (&["/a/b/x", "/a/b/y/z"], "/a/b/ -R"),
            (&["/a/b", "/a/b/x", "/a/b/y/z", "/a/c"], "/a/ -R"),
            (&names, "/ -R"),
            (&["/a/b", "/a/b/x"], "/a/b /a/b/x"),
            (&["/a/b/y/z"], "/a/b/y/z"),
            (&["/a/c", "/d"], "/a/c /d"),
        ];
        for (marked, expected) in cases {
            let marked = marked.iter().map(|name| named(name)).collect();
            let (shown, recursive) = paths(&data, &marked, &whole);
            assert_eq!(format!("{}{}", shown.join(" "), if recursive { " -R" } else { "" }), expected);
            // What the globs of the question left out is not to be taken in.
            assert_eq!(paths(&data, &marked, &[]).0.len(), marked.len());
        }
        // Nor what is above the path that was asked about.
        let all: BTreeSet<ParameterName> = names.iter().map(|name| named(name)).collect();
        assert_eq!(paths(&data, &all, &["/a/".to_owned()]).0.len(), all.len());
    }
}
