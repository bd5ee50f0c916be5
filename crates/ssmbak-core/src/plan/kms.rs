//! Which KMS key a restored SecureString is encrypted with, where the recorded one does not exist.

use std::collections::BTreeMap;

use super::Target;
use crate::parameter::ParameterType;

/// Keys in the place of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KmsKeys {
    /// Recorded key → key to use.
    mapped: BTreeMap<String, String>,
    /// For every SecureString whose key is not named above.
    others: Option<String>,
}

/// Why a mapping cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KmsKeysError {
    /// A side of it is empty.
    #[error("{0:?} names no KMS key")]
    Empty(String),
    /// The same key twice.
    #[error("{0} is mapped twice")]
    Twice(String),
    /// Two keys for all others.
    #[error("only one key can be for all others, and two are given: {0} and {1}")]
    TwoForOthers(String, String),
}

impl KmsKeys {
    /// Reads `FROM=TO`, keys as Parameter Store shows them (id, ARN, alias), or `TO` alone for all others.
    ///
    /// # Errors
    /// [`KmsKeysError`] for what names no key, or a key twice.
    pub fn parse<S: AsRef<str>>(words: &[S]) -> Result<Self, KmsKeysError> {
        let mut keys = Self::default();
        for word in words {
            let word = word.as_ref();
            let (from, to) = match word.split_once('=') {
                Some((from, to)) => (Some(from.trim()), to.trim()),
                None => (None, word.trim()),
            };
            if to.is_empty() || from.is_some_and(str::is_empty) {
                return Err(KmsKeysError::Empty(word.to_owned()));
            }
            match from {
                Some(from) if keys.mapped.insert(from.to_owned(), to.to_owned()).is_some() => {
                    return Err(KmsKeysError::Twice(from.to_owned()));
                }
                Some(_) => {}
                None => {
                    if let Some(before) = keys.others.replace(to.to_owned()) {
                        return Err(KmsKeysError::TwoForOthers(before, to.to_owned()));
                    }
                }
            }
        }
        Ok(keys)
    }

    /// The key to use for one recorded with `recorded`; `None`: not told here.
    fn of(&self, recorded: Option<&str>) -> Option<&String> {
        recorded.and_then(|key| self.mapped.get(key)).or(self.others.as_ref())
    }

    /// Exchanges the key of a SecureString.
    pub(super) fn exchange(&self, target: &mut Target) {
        if let Target::Held(held) = target
            && held.parameter_type == ParameterType::SecureString
            && let Some(details) = &mut held.details
            && let Some(key) = self.of(details.key_id.as_deref())
        {
            details.key_id = Some(key.clone());
        }
    }

    /// Keys of AWS's own are everywhere under the same name.
    pub(super) fn is_everywhere(key: &str) -> bool {
        key.starts_with("alias/aws/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_exchanged_for_another() {
        let keys = KmsKeys::parse(&["alias/a=alias/b", "arn:aws:kms:eu-west-1:1:key/x=alias/c"]).unwrap();
        assert_eq!(keys.of(Some("alias/a")).map(String::as_str), Some("alias/b"));
        assert_eq!(keys.of(Some("arn:aws:kms:eu-west-1:1:key/x")).map(String::as_str), Some("alias/c"));
        assert_eq!(keys.of(Some("alias/z")), None);
        assert_eq!(keys.of(None), None);
        let keys = KmsKeys::parse(&["alias/a=alias/b", "alias/d"]).unwrap();
        assert_eq!(keys.of(Some("alias/z")).map(String::as_str), Some("alias/d"));
        assert_eq!(keys.of(None).map(String::as_str), Some("alias/d"));
    }

    #[test]
    fn what_names_no_key_is_refused() {
        let error = |words: &[&str]| KmsKeys::parse(words).unwrap_err().to_string();
        assert_eq!(error(&["=alias/b"]), "\"=alias/b\" names no KMS key");
        assert_eq!(error(&["alias/a="]), "\"alias/a=\" names no KMS key");
        assert_eq!(error(&[""]), "\"\" names no KMS key");
        assert_eq!(error(&["a=b", "a=c"]), "a is mapped twice");
        assert_eq!(error(&["b", "c"]), "only one key can be for all others, and two are given: b and c");
    }
}
