//! Two values, line by line.

use similar::{ChangeTag, TextDiff};

use crate::text;

/// Lines around a difference that are shown.
const CONTEXT: usize = 2;

/// What differs between two texts: lines with `-` and `+`, and some of those around them. Nothing in it steers a terminal.
pub fn lines(old: &str, new: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(old, new);
    let mut shown = Vec::new();
    let groups = diff.grouped_ops(CONTEXT);
    let mut next = 0;
    for group in &groups {
        let first = group.first().map_or(next, |op| op.old_range().start);
        shown.extend(skipped(first.saturating_sub(next)));
        next = group.last().map_or(next, |op| op.old_range().end);
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let whole = change.value();
            let line = whole.strip_suffix('\n').unwrap_or(whole);
            let end = if change.missing_newline() { "  (no line end)" } else { "" };
            shown.push(format!("{sign} {}{end}", text::line(line)));
        }
    }
    if !groups.is_empty() {
        shown.extend(skipped(diff.ops().last().map_or(0, |op| op.old_range().end).saturating_sub(next)));
    }
    // Of texts of one line nobody wants to hear that neither ends in a line end.
    if !old.ends_with('\n') && !new.ends_with('\n') {
        for line in &mut shown {
            if let Some(bare) = line.strip_suffix("  (no line end)") {
                *line = bare.to_owned();
            }
        }
    }
    text::cut(shown)
}

/// What stands for lines that do not differ; nothing for none.
pub(crate) fn skipped(count: usize) -> Option<String> {
    match count {
        0 => None,
        1 => Some("  … 1 line as it is".to_owned()),
        count => Some(format!("  … {count} lines as they are")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_line_by_line() {
        let old = "a\nb\nc\nd\ne\nf\ng\n";
        insta::assert_snapshot!(lines(old, "a\nb\nc\nD\u{1b}[2J\ne\nf\ng\n").join("\n"), @r"
          … 1 line as it is
          b
          c
        - d
        + D\u{1b}[2J
          e
          f
          … 1 line as it is
        ");
        insta::assert_snapshot!(lines("one", "two").join("\n"), @r"
        - one
        + two
        ");
        insta::assert_snapshot!(lines("one", "one\n").join("\n"), @r"
        - one  (no line end)
        + one
        ");
        insta::assert_snapshot!(lines("", "one").join("\n"), @"+ one");
        assert!(lines("same\n", "same\n").is_empty());
    }

    #[test]
    fn a_difference_without_end_is_cut() {
        let many: String = (0..500).map(|number| format!("{number}\n")).collect();
        assert!(lines("", &many).len() <= 25);
    }
}
