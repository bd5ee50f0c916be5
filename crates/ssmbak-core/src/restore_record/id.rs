//! The name of a restore: its moment, so that names sort by time, and a little chance.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RESTORE_PREFIX;
use crate::name::shown;

/// Most characters of a restore's name.
const MAX: usize = 64;

/// The name of a restore, such as `20260615T175658123Z-4f3a9c`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RestoreId(String);

/// A text that names no restore.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} names no restore; give one like 20260615T175658123Z-4f3a9c", shown(.0))]
pub struct RestoreIdError(String);

impl RestoreId {
    /// The name of a restore of this moment; `chance` tells those of one millisecond apart.
    pub fn new(at: Timestamp, chance: u32) -> Self {
        let millisecond = at.subsec_millisecond();
        Self(format!("{}{millisecond:03}Z-{:06x}", at.strftime("%Y%m%dT%H%M%S"), chance & 0xff_ffff))
    }

    /// Reads a name: letters, digits and `-`, at most 64.
    ///
    /// # Errors
    /// [`RestoreIdError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, RestoreIdError> {
        let valid =
            !text.is_empty() && text.len() <= MAX && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if valid { Ok(Self(text.to_owned())) } else { Err(RestoreIdError(text.to_owned())) }
    }

    /// The name in a key of the bucket.
    pub fn of_key(key: &str) -> Option<Self> {
        Self::parse(key.strip_prefix(RESTORE_PREFIX)?).ok()
    }

    /// The key of its record in the bucket.
    pub fn key(&self) -> String {
        format!("{RESTORE_PREFIX}{}", self.0)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RestoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<RestoreId> for String {
    fn from(id: RestoreId) -> Self {
        id.0
    }
}

impl TryFrom<String> for RestoreId {
    type Error = RestoreIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}
