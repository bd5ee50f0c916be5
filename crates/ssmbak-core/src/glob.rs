//! Globs over names and keys, whose levels are separated by slashes.
//!
//! `*` and `?` stay within one level, `**` as a whole level means any number of levels, `[a-z]` and `[!a-z]` are
//! classes, `{a,b}` are alternatives, and a backslash takes the meaning of the character behind it.

use std::iter::Peekable;
use std::str::Chars;

use regex_lite::{Regex, RegexBuilder, escape};

/// Longest glob, in bytes.
pub(crate) const LONGEST: usize = 1024;

/// Most opening braces in a glob.
pub(crate) const MOST_BRACES: usize = 50;

/// One glob. Matching takes time in proportion to glob times text, whatever the glob.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    regex: Regex,
    whole: bool,
}

/// Why a glob cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GlobError {
    #[error("a [ has no ]")]
    OpenClass,
    #[error("a {{ has no }}")]
    OpenBrace,
    #[error("a }} has no {{")]
    NoBrace,
    #[error("nothing follows the backslash at its end")]
    Backslash,
    #[error("the range {0}-{1} is empty")]
    Range(char, char),
    #[error("it has more than {MOST_BRACES} lists of alternatives")]
    Braces,
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    #[error("it is empty")]
    Empty,
    #[error("it is too large")]
    Large,
}

impl Glob {
    /// Reads a glob.
    pub(crate) fn parse(glob: &str) -> Result<Self, GlobError> {
        if glob.is_empty() {
            return Err(GlobError::Empty);
        }
        if glob.len() > LONGEST {
            return Err(GlobError::Long);
        }
        let pattern = Translation::of(glob)?;
        let regex = RegexBuilder::new(&format!("^(?:{pattern})$"))
            .dot_matches_new_line(true)
            // Braces are limited above.
            .nest_limit(4 * MOST_BRACES as u32)
            .build()
            .map_err(|_| GlobError::Large)?;
        Ok(Self { regex, whole: glob.contains('/') })
    }

    /// Whether it is about the whole text, since it has a slash, or else about its last level.
    pub(crate) fn is_about_the_whole(&self) -> bool {
        self.whole
    }

    /// Whether it matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

/// A glob on its way to a regular expression.
struct Translation<'a> {
    rest: Peekable<Chars<'a>>,
    pattern: String,
    /// Opening braces without a closing one so far.
    depth: usize,
    /// Whether a level begins here.
    at_start: bool,
}

impl<'a> Translation<'a> {
    fn of(glob: &'a str) -> Result<String, GlobError> {
        if glob.matches('{').count() > MOST_BRACES {
            return Err(GlobError::Braces);
        }
        let mut all = Self { rest: glob.chars().peekable(), pattern: String::new(), depth: 0, at_start: true };
        let mut first_of_branch = true;
        while let Some(character) = all.rest.next() {
            let begins_level = std::mem::replace(&mut all.at_start, false);
            let begins_branch = std::mem::replace(&mut first_of_branch, false);
            match character {
                '?' => all.pattern.push_str("[^/]"),
                '*' => all.star(begins_level, begins_branch),
                '[' => all.class()?,
                '{' => {
                    all.depth += 1;
                    all.pattern.push_str("(?:");
                    (all.at_start, first_of_branch) = (true, true);
                }
                '}' => {
                    all.depth = all.depth.checked_sub(1).ok_or(GlobError::NoBrace)?;
                    all.pattern.push(')');
                }
                ',' if all.depth > 0 => {
                    all.pattern.push('|');
                    (all.at_start, first_of_branch) = (true, true);
                }
                '\\' => {
                    let escaped = all.rest.next().ok_or(GlobError::Backslash)?;
                    all.literal(escaped);
                }
                other => all.literal(other),
            }
        }
        if all.depth > 0 { Err(GlobError::OpenBrace) } else { Ok(all.pattern) }
    }

    fn literal(&mut self, character: char) {
        self.at_start = character == '/';
        self.pattern.push_str(&escape(character.encode_utf8(&mut [0; 4])));
    }

    fn star(&mut self, begins_level: bool, begins_branch: bool) {
        if self.rest.peek() != Some(&'*') {
            return self.pattern.push_str("[^/]*");
        }
        self.rest.next();
        let ends_branch = match self.rest.peek() {
            None => true,
            Some(',' | '}') => self.depth > 0,
            Some(_) => false,
        };
        match (begins_level, ends_branch, self.rest.peek()) {
            (true, true, _) => self.pattern.push_str(".*"),
            (true, false, Some('/')) => {
                self.rest.next();
                // At the start the slash of a name is one of those levels.
                self.pattern.push_str(if begins_branch { "(?:.*/|/?)" } else { "(?:.*/)?" });
                self.at_start = true;
            }
            _ => self.pattern.push_str("[^/]*"),
        }
    }

    fn class(&mut self) -> Result<(), GlobError> {
        self.pattern.push('[');
        if self.rest.next_if(|next| matches!(next, '!' | '^')).is_some() {
            self.pattern.push('^');
        }
        let mut members = Vec::new();
        loop {
            match self.rest.next().ok_or(GlobError::OpenClass)? {
                ']' if !members.is_empty() => break,
                member => members.push(member),
            }
        }
        let literal = |member: char| escape(member.encode_utf8(&mut [0; 4]));
        let mut members = members.into_iter().peekable();
        while let Some(first) = members.next() {
            self.pattern.push_str(&literal(first));
            let mut ahead = members.clone();
            if let (Some('-'), Some(last)) = (ahead.next(), ahead.next()) {
                if last < first {
                    return Err(GlobError::Range(first, last));
                }
                self.pattern.push('-');
                self.pattern.push_str(&literal(last));
                members = ahead;
            }
        }
        self.pattern.push(']');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use globset::GlobBuilder;
    use proptest::prelude::*;

    use super::*;

    fn matches(glob: &str, text: &str) -> bool {
        Glob::parse(glob).unwrap().matches(text)
    }

    #[test]
    fn globs_know_levels_classes_and_alternatives() {
        for (glob, text, expected) in [
            ("*", "", true),
            ("a*c", "a/c", false),
            ("a?c", "a/c", false),
            ("**", "a/b", true),
            ("**/b", "b", true),
            ("**/b", "/b", true),
            ("**/b", "ab", false),
            ("a/**", "a/", true),
            ("a/**", "a", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**/b", "ab", false),
            ("a**b", "a/b", false),
            ("{a,/x/**}", "/x/y/z", true),
            ("{**/b,c}", "x/b", true),
            ("a{,b}", "a", true),
            ("{a,{b,c}d}", "cd", true),
            ("[!a-c]", "b", false),
            ("[]-]", "-", true),
            ("[a-]", "-", true),
            ("[^&&~]", "&", false),
            ("\\*\\{", "*{", true),
            (".+$", "x", false),
            // One character, however many bytes it has.
            ("?", "é", true),
            ("[é-ü]", "ö", true),
            ("**", "a\nb", true),
        ] {
            assert_eq!(matches(glob, text), expected, "{glob:?} {text:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_glob_is_said() {
        let said = |glob: &str| Glob::parse(glob).unwrap_err().to_string();
        assert_eq!(said("[a"), "a [ has no ]");
        assert_eq!(said("{a"), "a { has no }");
        assert_eq!(said("a}"), "a } has no {");
        assert_eq!(said("a\\"), "nothing follows the backslash at its end");
        assert_eq!(said("[z-a]"), "the range z-a is empty");
        assert_eq!(said(&"{a}".repeat(51)), "it has more than 50 lists of alternatives");
        assert_eq!(said(&"a".repeat(1025)), "it is longer than 1024 bytes");
        assert_eq!(said(""), "it is empty");
    }

    /// The limits keep every glob far below the limits of the regular expressions.
    #[test]
    fn the_longest_globs_compile_and_match_at_once() {
        for unit in ["*", "?", "[!é-\u{10fffd}]", "**/", "é", "[a-z]?*", "*a"] {
            let glob = Glob::parse(&unit.repeat(1024 / unit.len())).unwrap();
            assert!(!glob.matches(&format!("{}/!", "a".repeat(1000))), "{unit}");
        }
        for depth in 1..=MOST_BRACES {
            let glob = format!("{}a,*a{}", "{".repeat(depth), "}".repeat(depth));
            assert!(matches(&glob, "xa"), "{depth}");
        }
        let alternatives = Glob::parse(&"{*a,a*,*}".repeat(MOST_BRACES)).unwrap();
        assert!(!alternatives.matches(&format!("{}/", "a".repeat(1000))));
    }

    /// globset compares bytes, lets `**/` match everything, and keeps `**` in braces to one level.
    fn is_better_here(glob: &str) -> bool {
        let mut short = glob.to_owned();
        while short.contains("**/**") {
            short = short.replace("**/**", "**");
        }
        short == "**/" || ["***", "{**}", "{**,", ",**}", ",**,"].iter().any(|part| short.contains(part))
    }

    proptest! {
        /// globset, which many tools use, reads globs in the same way.
        #[test]
        fn globs_match_as_those_of_globset(
            glob in r"(a|b|/|\*|\*\*|\?|\[ab\]|\[!a\]|\{a,b\}|\{a,b/\*\}|\\\*|\*\*/|/\*\*|\[a-c\]|\{|\}|,|\]|!|\^|-|\.){1,6}",
            text in "[abc/*!^.,-]{0,7}",
        ) {
            let known = GlobBuilder::new(&glob).literal_separator(true).empty_alternates(true).build();
            let ours = Glob::parse(&glob);
            prop_assert_eq!(known.is_ok(), ours.is_ok(), "{}", glob);
            if let (Ok(known), Ok(ours), false) = (known, ours, is_better_here(&glob)) {
                prop_assert_eq!(known.compile_matcher().is_match(&text), ours.matches(&text), "{} {}", glob, text);
            }
        }
    }
}
