//! Marks: names for moments, kept in the bucket beside the history.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::instant::Instant;
use crate::name::shown;

/// The prefix of marks' keys. No parameter's key begins so: a key with a slash that does not begin with one is no name.
pub const MARK_PREFIX: &str = "ssmbak-mark/";

/// The version of the format that is written.
const FORMAT: u64 = 1;

/// Most characters of a mark's name.
const MAX: usize = 100;

/// The name of a mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkName(String);

impl MarkName {
    /// Reads a name: letters, digits, `_`, `.` and `-`, at most 100.
    ///
    /// # Errors
    /// [`MarkError::Name`] for any other text.
    pub fn parse(text: &str) -> Result<Self, MarkError> {
        let valid = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        if text.is_empty() || text.len() > MAX || !text.chars().all(valid) {
            return Err(MarkError::Name(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name in what is given for a time: `mark:NAME`; `None` if it is another time.
    ///
    /// # Errors
    /// [`MarkError::Name`] if what follows is no name.
    pub fn in_time(text: &str) -> Option<Result<Self, MarkError>> {
        text.trim().strip_prefix("mark:").map(Self::parse)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of the mark's object.
    pub fn key(&self) -> String {
        format!("{MARK_PREFIX}{}", self.0)
    }
}

impl fmt::Display for MarkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A named moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its name.
    pub name: MarkName,
    /// The moment, with the resolution that it was given in.
    pub at: Instant,
    /// What is said of it.
    pub text: Option<String>,
    /// Who set it, where that is known.
    pub author: Option<String>,
}

/// What is wrong with a mark.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// It cannot be called so.
    #[error("{} is no name of a mark: it may have letters, digits, _, . and -, at most {MAX}", shown(.0))]
    Name(String),
    /// What is stored is no mark.
    #[error("what is stored cannot be read as a mark")]
    Unreadable,
    /// It was written by a later version.
    #[error("it was written by a newer ssmbak (format {0}): update this command")]
    NewerFormat(u64),
}

impl Mark {
    /// The body of the mark's object: JSON.
    pub fn encode(&self) -> String {
        let mut object = Map::new();
        object.insert("format".to_owned(), FORMAT.into());
        object.insert("name".to_owned(), self.name.as_str().into());
        object.insert("at".to_owned(), self.at.to_argument().into());
        for (key, text) in [("text", &self.text), ("author", &self.author)] {
            if let Some(text) = text {
                object.insert(key.to_owned(), text.as_str().into());
            }
        }
        Value::Object(object).to_string()
    }

    /// Reads the object of a key.
    ///
    /// # Errors
    /// [`MarkError`] if it is no mark of that key.
    pub fn decode(key: &str, body: &[u8]) -> Result<Self, MarkError> {
        let name = MarkName::parse(key.strip_prefix(MARK_PREFIX).ok_or(MarkError::Unreadable)?)?;
        let object: Map<String, Value> = serde_json::from_slice(body).map_err(|_| MarkError::Unreadable)?;
        match object.get("format").and_then(Value::as_u64) {
            Some(FORMAT) => {}
            Some(newer) if newer > FORMAT => return Err(MarkError::NewerFormat(newer)),
            _ => return Err(MarkError::Unreadable),
        }
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        let at = text("at").ok_or(MarkError::Unreadable)?;
        // A moment, not a time relative to when it is read.
        at.parse::<Timestamp>().map_err(|_| MarkError::Unreadable)?;
        let at = Instant::parse(&at, Timestamp::UNIX_EPOCH, &TimeZone::UTC).map_err(|_| MarkError::Unreadable)?;
        Ok(Self { name, at, text: text("text"), author: text("author") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ParameterName;
    use proptest::prelude::*;

    fn mark(at: &str, text: Option<&str>) -> Mark {
        Mark {
            name: MarkName::parse("before-deploy_1.2").unwrap(),
            at: Instant::parse(at, Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap(),
            text: text.map(str::to_owned),
            author: None,
        }
    }

    #[test]
    fn a_mark_survives_its_object_with_its_resolution() {
        for at in ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.25Z", "2026-03-01T12:00:00.000000001Z", "2026-03-01"] {
            for text in [None, Some("before größe 鍵 \" \n")] {
                let mark = mark(at, text);
                assert_eq!(Mark::decode(&mark.name.key(), mark.encode().as_bytes()), Ok(mark));
            }
        }
        insta::assert_snapshot!(mark("2026-03-01T12:00:00Z", Some("x")).encode(), @r#"{"at":"2026-03-01T12:00:00Z","format":1,"name":"before-deploy_1.2","text":"x"}"#);
    }

    #[test]
    fn no_parameter_can_have_the_key_of_a_mark() {
        assert!(ParameterName::parse(&mark("2026-03-01", None).name.key()).is_err());
        assert!(ParameterName::from_key(&mark("2026-03-01", None).name.key()).is_err());
    }

    #[test]
    fn a_name_is_safe_wherever_it_is_written() {
        let long = "x".repeat(101);
        for wrong in ["", "a b", "a/b", "größe", "a\u{1b}", "a:b", long.as_str()] {
            assert!(MarkName::parse(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(MarkName::in_time("mark:a"), Some(MarkName::parse("a")));
        assert_eq!(MarkName::in_time("2026-03-01"), None);
        assert!(matches!(MarkName::in_time("mark:a b"), Some(Err(MarkError::Name(_)))));
    }

    #[test]
    fn what_is_no_mark_is_told() {
        let read = |body: &str| Mark::decode("ssmbak-mark/a", body.as_bytes());
        for wrong in [
            "",
            "{",
            "[]",
            r#"{"format":1}"#,
            r#"{"format":1,"at":"now"}"#,
            r#"{"format":1,"at":"1h"}"#,
            r#"{"at":"x"}"#,
        ] {
            assert_eq!(read(wrong), Err(MarkError::Unreadable), "{wrong}");
        }
        assert_eq!(read(r#"{"format":2,"at":"2026-03-01T12:00:00Z"}"#), Err(MarkError::NewerFormat(2)));
        assert!(Mark::decode("elsewhere/a", b"{}").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Mark::decode("ssmbak-mark/a", &body);
        }
    }
}
