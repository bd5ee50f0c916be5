//! What Parameter Store says of a parameter: its attributes, one version of it, its present state.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::name::ParameterName;

/// A parameter's value: any UTF-8, never empty in Parameter Store, possibly a secret whatever its type.
///
/// `Debug` shows the length alone and the memory is wiped when it is dropped, so that no value reaches a log, an error or
/// a panic by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct ParameterValue(Zeroizing<String>);

impl ParameterValue {
    /// Wraps a value, byte for byte.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value itself. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes of UTF-8.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it, which Parameter Store does not allow.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for ParameterValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParameterValue({} bytes)", self.len())
    }
}

/// The three types of Parameter Store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParameterType {
    /// Plain text.
    String,
    /// Comma-separated plain text.
    StringList,
    /// Encrypted with a KMS key.
    SecureString,
}

impl ParameterType {
    /// The name AWS uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::StringList => "StringList",
            Self::SecureString => "SecureString",
        }
    }

    /// Whether values of this type are masked wherever they are printed.
    pub fn is_secret(self) -> bool {
        self == Self::SecureString
    }
}

impl fmt::Display for ParameterType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A type that is none of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a parameter type: expected String, StringList or SecureString")]
pub struct UnknownParameterType;

impl FromStr for ParameterType {
    type Err = UnknownParameterType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "String" => Ok(Self::String),
            "StringList" => Ok(Self::StringList),
            "SecureString" => Ok(Self::SecureString),
            _ => Err(UnknownParameterType),
        }
    }
}

/// Everything about a parameter that is neither its value, its type nor its description.
///
/// Known for versions that ssmbak recorded itself; a record of ssmbak 0.5.2 has none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Parameter Store's version number, from 1, starting again at 1 when a parameter is re-created.
    pub version: u64,
    /// When Parameter Store made this version (`LastModifiedDate`, sub-second).
    pub modified: Timestamp,
    /// Who made it (`LastModifiedUser`, an ARN).
    pub author: Option<String>,
    /// `Standard`, `Advanced` (or, on some endpoints, `Intelligent-Tiering`).
    pub tier: Option<String>,
    /// `text`, `aws:ec2:image`, …
    pub data_type: Option<String>,
    /// The KMS key of a SecureString, as Parameter Store names it.
    pub key_id: Option<String>,
    /// The regular expression that values must match.
    pub allowed_pattern: Option<String>,
    /// The policies' JSON texts, in Parameter Store's order; empty: none.
    pub policies: Vec<String>,
    /// The parameter's tags when it was recorded; `None`: not looked at (tags have no history, so a version recorded
    /// after it was superseded has none). Tags of AWS's own (`aws:…`) are left out.
    pub tags: Option<BTreeMap<String, String>>,
}

impl Details {
    /// A version of which no more is said than its number and its time.
    pub fn new(version: u64, modified: Timestamp) -> Self {
        Self {
            version,
            modified,
            author: None,
            tier: None,
            data_type: None,
            key_id: None,
            allowed_pattern: None,
            policies: Vec::new(),
            tags: None,
        }
    }
}

/// A description, and whether it is the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Description {
    /// The text; `None`: the parameter has no description.
    pub text: Option<String>,
    /// True if the text comes from an S3 tag, which ssmbak 0.5.2 stripped of most punctuation and cut at 256 characters.
    pub sanitised: bool,
}

impl Description {
    /// The full description as Parameter Store has it. An empty one is none.
    pub fn exact(text: Option<String>) -> Self {
        Self { text: text.filter(|t| !t.is_empty()), sanitised: false }
    }

    /// Whether the parameter's present `description` is what this record says, as far as the record can say.
    pub fn agrees_with(&self, current: Option<&str>) -> bool {
        let current = current.filter(|text| !text.is_empty());
        if self.sanitised {
            let current = current.map(crate::record::tags::sanitise);
            current.as_deref().unwrap_or_default() == self.text.as_deref().unwrap_or_default()
        } else {
            current == self.text.as_deref()
        }
    }
}

/// One version of a parameter as `GetParameterHistory` returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterVersion {
    /// The decrypted value; `None`: it could not be decrypted (its KMS key is disabled or out of reach).
    pub value: Option<ParameterValue>,
    /// The type.
    pub parameter_type: ParameterType,
    /// The description, `None` if there is none.
    pub description: Option<String>,
    /// Version number, times, author and the remaining attributes.
    pub details: Details,
}

impl ParameterVersion {
    /// Version number and Parameter Store's time: together they name one version for all time.
    pub fn identity(&self) -> (u64, Timestamp) {
        (self.details.version, self.details.modified)
    }
}

/// A parameter as it is now: `DescribeParameters` and `ListTagsForResource`, without the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentParameter {
    /// The canonical name.
    pub name: ParameterName,
    /// The spelling under which Parameter Store listed it (a root-level name comes without its slash).
    pub spelling: String,
    /// The type.
    pub parameter_type: ParameterType,
    /// The description, `None` if there is none.
    pub description: Option<String>,
    /// Version number, times, author and the remaining attributes.
    pub details: Details,
}
