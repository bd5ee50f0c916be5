//! Key space in pieces that can be listed at the same time.

/// Where the next page of a listing begins: behind this version, or behind this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The key.
    pub key: String,
    /// S3's version id; without one the listing goes on behind all versions of the key.
    pub version_id: Option<String>,
}

/// Where a key lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the range: it is another's.
    Before,
    /// Within the range.
    Within,
    /// Behind the range: there is nothing more to read of it.
    Behind,
}

/// A piece of the key space, and how far its listing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    /// Where the next page begins; `None`: at the beginning.
    pub marker: Option<Marker>,
    /// Keys up to this one belong to another range. Some servers list the key of the marker again.
    low: Option<String>,
    /// The last key that belongs to it; `None`: up to the end.
    end: Option<String>,
    /// The first key of the last page.
    first: Option<String>,
    pages: u32,
}

impl KeyRange {
    /// Where a listed key lies.
    pub fn place(&self, key: &str) -> Place {
        if self.low.as_deref().is_some_and(|low| key <= low) {
            Place::Before
        } else if self.end.as_deref().is_some_and(|end| key > end) {
            Place::Behind
        } else {
            Place::Within
        }
    }

    /// A page was read that began with `first` and says where the `next` one begins. Whether there is more to read.
    pub fn turn(&mut self, first: Option<&str>, next: Option<Marker>) -> bool {
        // A page that ends with the range's last key may go on with it; one whose marker is behind it cannot.
        let goes_on = next.as_ref().is_some_and(|next| self.place(&next.key) != Place::Behind);
        (self.marker, self.first) = (next, first.map(str::to_owned));
        self.pages += 1;
        goes_on
    }

    /// How many pages were read of it.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// Splits the rest of the range into up to `pieces` ranges for others. They begin with `pages` counted as read.
    pub fn split(&mut self, prefix: &str, pieces: usize, pages: u32) -> Vec<Self> {
        let Some(at) = self.marker.as_ref().map(|marker| marker.key.clone()) else { return Vec::new() };
        let first = self.first.as_deref().unwrap_or(&at);
        let cuts = cuts(prefix, first, &at, self.end.as_deref(), pieces);
        let ends = cuts.iter().skip(1).cloned().map(Some).chain([self.end.clone()]);
        let pieces: Vec<Self> = cuts
            .iter()
            .zip(ends)
            .map(|(cut, end)| Self {
                marker: Some(Marker { key: cut.clone(), version_id: None }),
                low: Some(cut.clone()),
                end,
                first: None,
                pages,
            })
            .collect();
        if let Some(first) = cuts.into_iter().next() {
            self.end = Some(first);
        }
        pieces
    }
}

/// Up to `most` keys strictly between `low` and `high` in the order of UTF-8 bytes, ascending. `high` is `None` where there
/// is no end but that of `prefix`, which all have in common.
///
/// A page that began with `first` ended with `low`: where these two differ, keys are being counted through, and the next
/// ones will differ there or further to the front. Nothing more is known about the keys between, so a cut may leave a
/// piece empty; that costs one request.
fn cuts(prefix: &str, first: &str, low: &str, high: Option<&str>, most: usize) -> Vec<String> {
    let rest = |key: &str| -> Vec<char> { key.strip_prefix(prefix).unwrap_or("").chars().collect() };
    let (first, low, high) = (rest(first), rest(low), high.map(rest));
    let front = high.as_ref().map_or(0, |high| alike(&low, high));
    let counting = alike(&first, &low).min(low.len().saturating_sub(1)).max(front);
    let at = |level: usize, most: usize| -> Vec<String> {
        let from = low.get(level).copied();
        let below = high.as_ref().filter(|_| level == front).map(|high| high.get(level).copied().unwrap_or(LOW));
        let head: String = low.iter().take(level).collect();
        // Where keys are counted the next few are the range's own; further to the front the next one is the nearest.
        characters(from, below, most, level < counting).into_iter().map(|c| format!("{prefix}{head}{c}")).collect()
    };
    let mut cuts: Vec<String> = Vec::new();
    for level in (front..=counting).rev() {
        // Half of the remaining cuts for each level, so that those further to the front have some too.
        let left = most - cuts.len();
        cuts.extend(at(level, if level == front { left } else { left.div_ceil(2) }));
    }
    if cuts.is_empty() {
        let deeper = (counting + 1..=low.len()).map(|level| at(level, most));
        cuts = deeper.into_iter().find(|cuts| !cuts.is_empty()).unwrap_or_default();
    }
    cuts
}

/// How many characters two keys begin with in common.
fn alike(a: &[char], b: &[char]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Keys lie mostly between these; a cut avoids what cannot be in a text or would be no key.
const LOW: char = ' ';
const HIGH: char = '~';

/// Up to `most` characters after `from` and before `below`, evenly spread, the very next one among them or not: of the
/// same kind, or of the characters common in keys, or of all there are.
fn characters(from: Option<char>, below: Option<char>, most: usize, next: bool) -> Vec<char> {
    let first = from.map_or(u32::from(LOW), |c| u32::from(c) + 1).max(u32::from(LOW));
    let end = below.map_or(u32::from(HIGH) + 1, u32::from);
    // Beyond ASCII there is far too much room to guess in, unless both ends are there.
    if end <= first || end - first > 0x1_0000 {
        return Vec::new();
    }
    let room = |is: &dyn Fn(char) -> bool| -> Vec<char> {
        (first..end).filter_map(char::from_u32).filter(|c| !c.is_control() && is(*c)).collect()
    };
    let alike = |c: char| from.is_some_and(|from| kind(from).is_some() && kind(from) == kind(c));
    let rooms = [room(&alike), room(&|c| kind(c).is_some()), room(&|_| true)];
    let room = rooms.into_iter().find(|room| !room.is_empty()).unwrap_or_default();
    let wanted = most.min(room.len());
    let index = |nth: usize| if next { nth * room.len() / wanted } else { (nth + 1) * room.len() / (wanted + 1) };
    (0..wanted).filter_map(|nth| room.get(index(nth)).copied()).collect()
}

/// Digits, capital letters, small letters; `None` for everything else.
fn kind(c: char) -> Option<u8> {
    match c {
        '0'..='9' => Some(0),
        'A'..='Z' => Some(1),
        'a'..='z' => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn key_space_is_cut_between_its_ends() {
        assert_eq!(cuts("p/", "p/a", "p/a", Some("p/e"), 1), ["p/c"]);
        assert_eq!(cuts("p/", "p/a1", "p/a1", Some("p/b"), 3).len(), 2);
        // Nothing but a longer key fits between these.
        assert!(cuts("", "a", "a", Some("b"), 1)[0].starts_with('a'));
        assert!(cuts("", "a0", "a1", Some("b"), 1)[0].starts_with('a'));
        assert_eq!(cuts("p/", "p/a", "p/a", Some("p/a "), 7), Vec::<String>::new());
        assert_eq!(cuts("p/", "p/a", "p/a", Some("p/e"), 0), Vec::<String>::new());
    }

    #[test]
    fn numbered_keys_are_cut_where_they_are_counted() {
        // A page showed nineteen of two hundred.
        let cuts = cuts("/app/", "/app/p000000", "/app/p000018", None, 8);
        assert_eq!(cuts[..4], ["/app/p00003", "/app/p00005", "/app/p00006", "/app/p00008"]);
        assert_eq!(cuts[4..], ["/app/p0001", "/app/p0005", "/app/p001", "/app/p01"]);
    }

    #[test]
    fn names_are_cut_where_pages_differ() {
        let cuts = cuts("/", "/prod/api/db", "/prod/cache/host", None, 4);
        assert_eq!(cuts, ["/prod/k", "/prod/s", "/prod0", "/proe"]);
    }

    #[test]
    fn a_range_and_its_pieces_take_every_key_once() {
        let keys: Vec<String> = (0..500).map(|number| format!("/a/p{number:04}")).collect();
        let mut range = KeyRange::default();
        let marker = Marker { key: keys[20].clone(), version_id: Some("v".to_owned()) };
        assert!(range.turn(Some(&keys[0]), Some(marker)));
        let pieces = range.split("/a/", 7, 0);
        assert_eq!(pieces.len(), 7);
        for key in &keys {
            let within = |range: &&KeyRange| range.place(key) == Place::Within;
            assert_eq!([&range].into_iter().chain(&pieces).filter(within).count(), 1, "{key}");
        }
    }

    #[test]
    fn a_range_ends_with_its_last_key() {
        let mut range = KeyRange { end: Some("m".to_owned()), ..KeyRange::default() };
        let marker = |key: &str| Some(Marker { key: key.to_owned(), version_id: None });
        assert!(range.turn(None, marker("m")), "the page may have ended amid the versions of m");
        assert!(!range.turn(None, marker("ma")));
        assert!(!range.turn(None, None));
    }

    proptest! {
        #[test]
        fn cuts_lie_strictly_between_and_ascend(
            first in "[ -~äé鍵]{0,6}", low in "[ -~äé鍵]{0,6}", high in proptest::option::of("[ -~äé鍵]{0,6}"),
            most in 0_usize..12, prefix in "[a-z/]{0,3}",
        ) {
            let (first, low) = (format!("{prefix}{first}"), format!("{prefix}{low}"));
            let high = high.map(|high| format!("{prefix}{high}"));
            prop_assume!(high.as_ref().is_none_or(|high| low < *high));
            let cut = cuts(&prefix, &first, &low, high.as_deref(), most);
            prop_assert!(cut.len() <= most);
            let mut before = low.clone();
            for key in cut {
                prop_assert!(key > before && key.starts_with(&prefix), "{key:?} after {before:?}");
                prop_assert!(high.as_ref().is_none_or(|high| key < *high), "{key:?} before {high:?}");
                before = key;
            }
        }
    }
}
