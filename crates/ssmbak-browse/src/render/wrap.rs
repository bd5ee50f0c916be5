//! Text in columns of a terminal, where some characters take two and some none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits, with `…` where something is missing.
pub(super) fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut kept = first(text, room.saturating_sub(1)).to_owned();
    if room > 0 {
        kept.push('…');
    }
    kept
}

/// As much of the end of a text as fits.
pub(super) fn cut_front(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut taken = 0;
    let start = text.char_indices().rev().take_while(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken < room
    });
    let start = start.last().map_or(text.len(), |(at, _)| at);
    let mut end = text.get(start..).unwrap_or_default();
    // Some characters are wider together than each for itself.
    while width(end) >= room && !end.is_empty() {
        let mut chars = end.chars();
        chars.next();
        end = chars.as_str();
    }
    if room == 0 { String::new() } else { format!("…{end}") }
}

/// A text in lines that fit; at least one.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let mut lines = Vec::new();
    let mut rest = text;
    loop {
        let fits = first(rest, room);
        if fits.len() == rest.len() {
            lines.push(rest.to_owned());
            return lines;
        }
        // At a blank, if there is one that is not too far back.
        let end = fits.rfind(' ').map(|at| at + 1).filter(|at| *at * 2 > fits.len()).unwrap_or(fits.len());
        // What fits nowhere goes on, or this would never end.
        let end = if end == 0 { rest.chars().next().map_or(rest.len(), char::len_utf8) } else { end };
        let (line, after) = rest.split_at(end);
        lines.push(line.trim_end().to_owned());
        rest = after;
    }
}

/// The longest beginning that fits.
fn first(text: &str, room: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or(0);
        taken > room
    });
    let mut fits = end.and_then(|(at, _)| text.get(..at)).unwrap_or(text);
    // Some characters are wider together than each for itself.
    while width(fits) > room {
        let mut chars = fits.chars();
        chars.next_back();
        fits = chars.as_str();
    }
    fits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_cut_and_wrapped_by_columns() {
        assert_eq!((cut("abcdef", 6).as_str(), cut("abcdef", 5).as_str()), ("abcdef", "abcd…"));
        assert_eq!((cut("鍵鍵鍵", 5).as_str(), cut("鍵鍵鍵", 4).as_str()), ("鍵鍵…", "鍵…"));
        assert_eq!((cut_front("abcdef", 4).as_str(), cut_front("abc", 3).as_str()), ("…def", "abc"));
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("鍵鍵鍵", 3), ["鍵", "鍵", "鍵"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn character_that_makes_the_one_before_it_wider_counts() {
        // An asterisk that is shown as an emoji takes two columns, though its parts take one and none.
        assert_eq!(width("*\u{fe0f}"), 2);
        assert_eq!(wrap("*\u{fe0f}A®® A0", 4), ["*\u{fe0f}A®", "® A0"]);
        for text in ["*\u{fe0f}A®® A0", "abc*\u{fe0f}", "*\u{fe0f}*\u{fe0f}*\u{fe0f}"] {
            for room in 1..8 {
                assert!(width(&cut(text, room)) <= room && width(&cut_front(text, room)) <= room, "{text} {room}");
                assert!(wrap(text, room).iter().all(|line| width(line) <= room.max(2)), "{text} {room}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_fits_and_nothing_is_lost(text in "\\PC{0,60}", room in 4_usize..20) {
            for line in wrap(&text, room) {
                prop_assert!(width(&line) <= room, "{line:?}");
            }
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&wrap(&text, room).concat()), bare(&text));
            prop_assert!(width(&cut(&text, room)) <= room && width(&cut_front(&text, room)) <= room);
        }
    }
}
