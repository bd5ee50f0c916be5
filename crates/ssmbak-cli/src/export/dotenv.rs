//! Values in `.env` files, whose readers do not agree on quotes.
//!
//! | reader | single quotes | double quotes |
//! | --- | --- | --- |
//! | shells | nothing means anything | `\`, `$`, `` ` `` and `"` do |
//! | npm dotenv, node | nothing means anything | `\n` is a line end, and nothing takes a backslash away |
//! | python-dotenv | `\\` and `\'` do, and `${…}` is replaced | escapes as in Python, and `${…}` is replaced |
//! | dotenvy, Docker Compose | nothing means anything | `\\`, `\"`, `\$` |
//!
//! So a value that every reader can read is written the one way in which every one does.

const NPM: &str = "npm dotenv";
const NODE: &str = "node --env-file";
const PYTHON: &str = "python-dotenv";

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// As it is, which docker run reads as well.
    Bare,
    /// In single quotes.
    Single,
    /// In double quotes, with nothing that means something there.
    Double,
    /// In double quotes, with backslashes.
    Escaped,
    /// As shells put pieces together, so that none of it is ever run.
    Pieces,
}

fn spelling(value: &str) -> Spelling {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:@%+,-".contains(&byte);
    if !value.is_empty() && value.bytes().all(plain) {
        Spelling::Bare
    // A backslash before the closing quote would take some readers on into the next line.
    } else if value.ends_with('\\') || (value.contains('\'') && value.contains('`')) {
        Spelling::Pieces
    } else if !value.contains('\'') {
        Spelling::Single
    } else if !value.contains(['"', '\\', '$']) {
        Spelling::Double
    } else {
        Spelling::Escaped
    }
}

/// The value behind `NAME=`. Line ends are those of the value.
pub(super) fn spelled(value: &str) -> String {
    match spelling(value) {
        Spelling::Bare => value.to_owned(),
        Spelling::Single => format!("'{value}'"),
        Spelling::Double => format!("\"{value}\""),
        Spelling::Escaped => {
            let mut quoted = String::from("\"");
            for c in value.chars() {
                if matches!(c, '"' | '\\' | '$') {
                    quoted.push('\\');
                }
                quoted.push(c);
            }
            quoted.push('"');
            quoted
        }
        Spelling::Pieces => {
            let rest = value.trim_end_matches('\\');
            let backslashes = r"\\".repeat(value.len() - rest.len());
            format!("'{}'{backslashes}", rest.replace('\'', r"'\''"))
        }
    }
}

/// The readers that would read another value.
pub(super) fn misread_by(value: &str) -> Vec<&'static str> {
    let spelling = spelling(value);
    let quoted = spelling != Spelling::Bare;
    let is_odd = matches!(spelling, Spelling::Escaped | Spelling::Pieces);
    let returns = quoted && value.contains('\r');
    let replaced = value.split_once("${").is_some_and(|(_, rest)| rest.contains('}'));
    let python = match spelling {
        Spelling::Bare | Spelling::Double => false,
        Spelling::Single => value.contains(r"\\") || replaced,
        Spelling::Escaped => value.contains('$'),
        Spelling::Pieces => true,
    };
    let told = [(NPM, is_odd || returns), (NODE, is_odd || returns), (PYTHON, python || returns)];
    told.into_iter().filter(|(_, misread)| *misread).map(|(reader, _)| reader).collect()
}
