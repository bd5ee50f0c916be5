//! The names under a path cut into pieces by how they begin, so that several can be listed at the same time.
//!
//! Parameter Store lists 50 parameters a page, one page after another. A name holds no other characters than these 66, so
//! "begins with one of them" for all of them is every name there can be, known or not.

/// The characters of a name. <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>
const CHARACTERS: &str = "-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// A filter of `DescribeParameters` takes 50 values.
const VALUES: usize = 50;

/// A piece of the names under a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// All names that begin with one of these.
    BeginningWith(Vec<String>),
    /// These very names, if they exist.
    Exactly(Vec<String>),
}

/// Cuts all names that begin with one of `beginnings` into pieces of about the same number of `known` names, at most
/// `most` of them each where they can be told apart. Every name there can be is in just one piece, except that what begins
/// with several of the beginnings is in several.
///
/// `known` are names in order.
pub fn pieces(beginnings: &[String], known: &[&str], most: usize) -> Vec<Piece> {
    let mut cut = Cut { most: most.max(1), beginnings: Vec::new(), exactly: Vec::new() };
    for beginning in beginnings {
        let within = within(known, beginning);
        if beginnings.len() > 1 && within.len() <= most {
            cut.beginnings.push((beginning.clone(), within.len()));
            continue;
        }
        // A path is no name, nor is nothing.
        if !beginning.is_empty() && !beginning.ends_with('/') {
            cut.exactly.push(beginning.clone());
        }
        cut.level(beginning, within);
    }
    cut.packed()
}

/// Those that begin so, of names in order.
fn within<'a, 'n>(known: &'a [&'n str], beginning: &str) -> &'a [&'n str] {
    let from = known.partition_point(|name| *name < beginning);
    let rest = known.get(from..).unwrap_or_default();
    let count = rest.iter().take_while(|name| name.starts_with(beginning)).count();
    rest.get(..count).unwrap_or_default()
}

struct Cut {
    most: usize,
    /// With how many known names begin so.
    beginnings: Vec<(String, usize)>,
    exactly: Vec<String>,
}

impl Cut {
    fn level(&mut self, prefix: &str, known: &[&str]) {
        for character in CHARACTERS.chars() {
            let beginning = format!("{prefix}{character}");
            let within = within(known, &beginning);
            let count = within.len();
            let longer = within.iter().any(|name| name.len() > beginning.len());
            if count > self.most && longer {
                if character != '/' {
                    self.exactly.push(beginning.clone());
                }
                self.level(&beginning, within);
            } else {
                self.beginnings.push((beginning, count));
            }
        }
    }

    fn packed(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let (mut piece, mut names) = (Vec::new(), 0);
        for (beginning, count) in self.beginnings {
            if !piece.is_empty() && (piece.len() == VALUES || names + count > self.most) {
                pieces.push(Piece::BeginningWith(std::mem::take(&mut piece)));
                names = 0;
            }
            piece.push(beginning);
            names += count;
        }
        if !piece.is_empty() {
            pieces.push(Piece::BeginningWith(piece));
        }
        pieces.extend(self.exactly.chunks(VALUES).map(|names| Piece::Exactly(names.to_vec())));
        pieces
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places_of(name: &str, pieces: &[Piece]) -> usize {
        let within = |piece: &&Piece| match piece {
            Piece::BeginningWith(beginnings) => beginnings.iter().any(|beginning| name.starts_with(beginning)),
            Piece::Exactly(names) => names.iter().any(|exact| exact == name),
        };
        pieces.iter().filter(within).count()
    }

    #[test]
    fn many_names_with_one_beginning_are_cut_where_they_differ() {
        let names: Vec<String> = (0..1_000).map(|number| format!("/app/parameter-{number:04}")).collect();
        let known: Vec<&str> = names.iter().map(String::as_str).collect();
        let pieces = pieces(&["/app/".to_owned()], &known, 125);
        let most = pieces
            .iter()
            .map(|piece| known.iter().filter(|name| places_of(name, std::slice::from_ref(piece)) > 0).count());
        assert_eq!(most.max(), Some(100));
        assert!(pieces.len() < 60, "{}", pieces.len());
    }

    #[test]
    fn few_names_are_not_cut_further() {
        let all = pieces(&["/".to_owned()], &["/a", "/b"], 100);
        assert_eq!(all.len(), 2, "66 beginnings, 50 a filter: {all:?}");
    }

    #[test]
    fn a_beginning_that_is_a_name_is_in_a_piece_itself() {
        for most in [1, 100] {
            let all = pieces(&["/a/p1".to_owned(), "/a/p2".to_owned()], &["/a/p1", "/a/p15", "/a/p2"], most);
            assert_eq!(places_of("/a/p1", &all), 1);
            assert_eq!(places_of("/a/p19", &all), 1);
            assert_eq!(places_of("/a/p2", &all), 1);
            assert_eq!(places_of("/a/p3", &all), 0);
        }
    }

    proptest! {
        #[test]
        fn every_name_is_in_one_piece(
            mut known in proptest::collection::vec("[a-c/._-]{1,6}", 0..60),
            others in proptest::collection::vec("[a-zA-Z0-9_./-]{1,8}", 1..40),
            most in 1_usize..20,
            prefix in prop_oneof![Just(""), Just("/"), Just("/x/")],
        ) {
            known = known.into_iter().map(|name| format!("{prefix}{name}")).collect();
            known.sort();
            known.dedup();
            let pieces = pieces(&[prefix.to_owned()], &known.iter().map(String::as_str).collect::<Vec<_>>(), most);
            for name in known.iter().cloned().chain(others.into_iter().map(|name| format!("{prefix}{name}"))) {
                // Parameter Store's own rules: no empty level, no slash at the end.
                prop_assert!(name.ends_with('/') || places_of(&name, &pieces) == 1, "{name}: {pieces:?}");
            }
            for piece in pieces {
                let (Piece::BeginningWith(values) | Piece::Exactly(values)) = piece;
                prop_assert!((1..=VALUES).contains(&values.len()));
            }
        }
    }
}
