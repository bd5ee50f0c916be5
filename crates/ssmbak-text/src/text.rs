//! Data made fit to be seen. Values are hostile text: nothing in them may steer a terminal.

use std::fmt::Write as _;

/// Most characters of a line that are shown in a cell.
const MAX: usize = 600;

/// Characters before a difference that are shown.
const CONTEXT: usize = 40;

/// Most lines of a text that are shown in a cell.
const MOST_LINES: usize = 24;

/// Text on one line, with whatever would steer a terminal written as an escape sequence.
pub fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut shown, c);
    }
    shown
}

/// Text with its own lines, each as [`line()`] shows it. A line end at its end, which nobody would see, is written out, as
/// are blanks around a text of one line.
pub fn lines(text: &str) -> Vec<String> {
    let (body, end) = match text.strip_suffix('\n') {
        Some(body) => (body, "\\n"),
        None => (text, ""),
    };
    let mut shown: Vec<String> = body.split('\n').map(line).collect();
    if shown.len() == 1 {
        shown = vec![whole(body)];
    }
    if let Some(last) = shown.last_mut() {
        last.push_str(end);
    }
    shown
}

/// As much of a text as fits a cell.
pub fn cut(mut lines: Vec<String>) -> Vec<String> {
    if let Some(rest) = lines.len().checked_sub(MOST_LINES).filter(|rest| *rest > 0) {
        lines.truncate(MOST_LINES);
        lines.push(format!("… {rest} more lines"));
    }
    for line in &mut lines {
        if let Some((end, _)) = line.char_indices().nth(MAX) {
            let rest = line.chars().count() - MAX;
            line.truncate(end);
            line.push_str(&format!("… {rest} more characters"));
        }
    }
    lines
}

/// Two texts of one line without most of what they begin with alike, so that the difference is within what is shown.
pub fn from_the_difference(old: &str, new: &str) -> (String, String) {
    let alike = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let Some(skipped) = alike.checked_sub(CONTEXT).filter(|skipped| *skipped > CONTEXT) else {
        return (old.to_owned(), new.to_owned());
    };
    let rest = |text: &str| format!("…{}", text.chars().skip(skipped).collect::<String>());
    (rest(old), rest(new))
}

/// A text of one line; quoted where its blanks would not be seen.
fn whole(text: &str) -> String {
    let shown = line(text);
    if text.is_empty() || text.trim_matches(' ') != text { format!("\"{shown}\"") } else { shown }
}

fn push(shown: &mut String, c: char) {
    match c {
        '\t' => shown.push_str("\\t"),
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        c if steers(c) => {
            // Writing to a string does not fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
        c => shown.push(c),
    }
}

/// Control characters, and those that reorder or hide what is around them.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_steers_the_terminal() {
        assert_eq!(line("a\u{1b}[31mred\u{7}"), "a\\u{1b}[31mred\\u{7}");
        assert_eq!(line("a\tb\r\nc"), "a\\tb\\r\\nc");
        assert_eq!(line("evil\u{202e}txt"), "evil\\u{202e}txt");
        assert_eq!(line("größe 鍵"), "größe 鍵");
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(lines("a\nb"), ["a", "b"]);
        assert_eq!(lines("-----END-----\n"), ["-----END-----\\n"]);
        assert_eq!(lines("a\n\nb\n"), ["a", "", "b\\n"]);
    }

    #[test]
    fn what_cannot_be_seen_is_quoted() {
        assert_eq!(lines(" "), ["\" \""]);
        assert_eq!(lines("x "), ["\"x \""]);
        assert_eq!(lines("x"), ["x"]);
        assert_eq!(lines(""), ["\"\""]);
    }

    #[test]
    fn a_long_value_is_cut() {
        let shown = cut(lines(&"x".repeat(5_000)));
        assert_eq!(shown.len(), 1);
        assert!(shown[0].ends_with("x… 4400 more characters"), "{shown:?}");
        let shown = cut(lines(&"y\n".repeat(100)));
        assert_eq!((shown.len(), shown[24].as_str()), (25, "… 76 more lines"));
    }

    #[test]
    fn a_difference_far_to_the_right_is_seen() {
        let (old, new) = (format!("{}one", "x".repeat(900)), format!("{}two", "x".repeat(900)));
        let (old, new) = from_the_difference(&old, &new);
        assert_eq!(old, format!("…{}one", "x".repeat(40)));
        assert_eq!(new, format!("…{}two", "x".repeat(40)));
        assert_eq!(from_the_difference("one", "two"), ("one".to_owned(), "two".to_owned()));
    }
}
