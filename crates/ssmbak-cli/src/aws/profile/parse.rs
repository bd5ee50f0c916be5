//! The syntax of `~/.aws/config` and `~/.aws/credentials`, as botocore reads it.

/// A section with its settings, as they stand in the file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// What stands between the brackets.
    pub name: String,
    /// Keys in lower case, and values. A value of several lines begins with a line end.
    pub settings: Vec<(String, String)>,
}

/// What is wrong with a file, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// Counted from 1.
    pub line: usize,
    /// It continues "line 3 …", and repeats nothing of the file.
    pub what: &'static str,
}

/// Reads a file. What Windows editors put in front of UTF-8 is skipped; sections of one name are one section, in which
/// the later setting counts.
pub(super) fn parse(content: &[u8]) -> Result<Vec<Section>, SyntaxError> {
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let text = std::str::from_utf8(content).map_err(|error| {
        let before = content.get(..error.valid_up_to()).unwrap_or_default();
        SyntaxError { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, what: "is not UTF-8" }
    })?;
    let mut sections: Vec<Section> = Vec::new();
    let mut current: Option<usize> = None;
    // How far the setting is indented that a further indented line continues.
    let mut indent: Option<usize> = None;
    for (number, line) in text.lines().enumerate() {
        let error = |what| SyntaxError { line: number + 1, what };
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        let section = current.and_then(|index| sections.get_mut(index));
        if let (Some(setting), true) =
            (section.and_then(|section| section.settings.last_mut()), indent.is_some_and(|indent| depth > indent))
        {
            setting.1.push('\n');
            setting.1.push_str(trimmed);
        } else if let Some(rest) = trimmed.strip_prefix('[') {
            let (name, _) = rest.rsplit_once(']').ok_or(error("begins a section, but has no ] at its end"))?;
            let name = name.trim();
            if name.is_empty() {
                return Err(error("begins a section without a name"));
            }
            let known = sections.iter().position(|section| section.name == name);
            current = Some(known.unwrap_or(sections.len()));
            if known.is_none() {
                sections.push(Section { name: name.to_owned(), settings: Vec::new() });
            }
            indent = None;
        } else {
            let at = trimmed.find(['=', ':']).filter(|at| *at > 0);
            let at = at.ok_or(error("is neither [a section] nor key = value"))?;
            let section = current.and_then(|index| sections.get_mut(index));
            let section = section.ok_or(error("stands before the first [section]"))?;
            let (key, value) = (trimmed[..at].trim(), trimmed[at + 1..].trim());
            section.settings.push((key.to_ascii_lowercase(), value.to_owned()));
            indent = Some(depth);
        }
    }
    Ok(sections)
}

/// The words of a section's name, quoted as the AWS CLI quotes names with blanks; `None` if a quote is not closed.
pub(super) fn words(name: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Vec<(String, String)>)> {
        parse(text.as_bytes()).unwrap().into_iter().map(|section| (section.name, section.settings)).collect()
    }

    fn one(name: &str, settings: &[(&str, &str)]) -> (String, Vec<(String, String)>) {
        (name.to_owned(), settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn sections_comments_nesting_and_line_ends_are_read() {
        let text = "\u{feff}# first\r\n[default]\r\nRegion = eu-west-1\r\n; more\r\n[services a]\r\nssm =\r\n  endpoint_url = http://h:1\r\n\r\nx: y = z\r\n";
        assert_eq!(
            read(text),
            [
                one("default", &[("region", "eu-west-1")]),
                one("services a", &[("ssm", "\nendpoint_url = http://h:1"), ("x", "y = z")]),
            ]
        );
        assert_eq!(read("[a]\nx=1\n[b]\n[a]\nx=2\n")[0], one("a", &[("x", "1"), ("x", "2")]));
    }

    #[test]
    fn a_bad_line_is_named() {
        for (text, line) in [
            ("[default]\nregion = x\nnonsense\n", 3),
            ("region = x\n", 1),
            ("[default]\n[profile x\n", 2),
            ("[]\n", 1),
            ("= 1\n", 1),
        ] {
            assert_eq!(parse(text.as_bytes()).map_err(|error| error.line).err(), Some(line), "{text}");
        }
        let error = parse(b"[default]\n\nregion = \xff\n").err().unwrap();
        assert_eq!(error, SyntaxError { line: 3, what: "is not UTF-8" });
    }

    #[test]
    fn a_name_is_quoted_as_shells_quote() {
        for (name, expected) in [
            ("profile a", vec!["profile", "a"]),
            ("profile 'my corp'", vec!["profile", "my corp"]),
            ("profile \"it's \\\"x\\\"\"", vec!["profile", "it's \"x\""]),
            ("profile my\\ corp", vec!["profile", "my corp"]),
            ("  profile   x  ", vec!["profile", "x"]),
            ("profile ''", vec!["profile", ""]),
        ] {
            assert_eq!(words(name).unwrap(), expected, "{name}");
        }
        assert_eq!(words("profile 'x"), None);
    }
}
