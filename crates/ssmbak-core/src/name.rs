//! Parameter names: one canonical spelling per parameter, which is also its key in the bucket.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most levels a name can have (AWS: Parameter Store quotas, "maximum levels in a parameter name hierarchy").
pub const MAX_LEVELS: usize = 15;

/// Longest name that is accepted, in characters.
///
/// AWS allows 1011 including the prefix of the parameter's ARN, whose length depends on partition, region and account.
/// That line is Parameter Store's to draw; this one only keeps nonsense out.
pub const MAX_LENGTH: usize = 2048;

/// What the pipeline of an account and region keeps of itself: where the commands find its bucket and its stack.
const PIPELINE: &str = "/newvoll/ssmbak/";

/// What a drill writes below that path: copies, which are restored as any parameter.
const DRILL: &str = "drill-";

/// The name of a parameter in its canonical spelling, with a leading slash.
///
/// Parameter Store treats `foo` and `/foo` as one parameter and speaks of it without the slash in its events; a name of
/// several levels always has it. Prepending the slash is therefore free of collisions, and the result is the name that
/// is shown, compared and sorted, and the key of the parameter's object in the bucket. Names are case-sensitive.
///
/// ```
/// use ssmbak_core::name::ParameterName;
///
/// let name = ParameterName::parse("foo")?;
/// assert_eq!(name.as_str(), "/foo");
/// assert_eq!(name, ParameterName::parse("/foo")?);
/// assert_eq!(name.unslashed_name(), Some("foo"));
/// # Ok::<(), ssmbak_core::name::NameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ParameterName(String);

/// Why a text is no parameter name.
///
/// The message never repeats the text, which may come from an event and hold anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing was given.
    #[error("a parameter name cannot be empty; give one like /app/db/host")]
    Empty,
    /// A lone slash, which is a path and not a parameter.
    #[error("/ is a path, not a parameter; give a name like /app/db/host")]
    Root,
    /// Several levels, but no slash in front.
    #[error("a name of several levels starts with a slash; write /app/host, not app/host")]
    MissingLeadingSlash,
    /// A bucket key without the leading slash that every recorded parameter has.
    #[error("a key without a leading slash is no recorded parameter; leave this object alone")]
    NotAKey,
    /// A slash at the end, which makes it a path.
    #[error("a parameter name cannot end with a slash; leave it off to name the parameter itself")]
    TrailingSlash,
    /// Two slashes in a row.
    #[error("a parameter name cannot have two slashes in a row; remove one")]
    EmptyLevel,
    /// A version or a label behind the name, as `GetParameter` takes it.
    #[error(
        "a name takes no :version or :label; give the name alone and a time (`ssmbak log NAME` lists its versions)"
    )]
    VersionOrLabel,
    /// An ARN of something else than a parameter, or one that a name was not read from.
    #[error("only an ARN like arn:aws:ssm:REGION:ACCOUNT:parameter/NAME stands for a parameter; give its name")]
    Arn,
    /// A character outside of `[a-zA-Z0-9_.-/]`.
    #[error("a parameter name cannot contain {character:?} (position {position}); use letters, digits and _ . - /")]
    Character {
        /// The first such character.
        character: char,
        /// Where it is, counted in characters from 1, in the text as it was given.
        position: usize,
    },
    /// Deeper than [`MAX_LEVELS`].
    #[error("a parameter name has at most {MAX_LEVELS} levels, not {levels}; shorten the path")]
    TooDeep {
        /// How many levels the text has.
        levels: usize,
    },
    /// Longer than [`MAX_LENGTH`].
    #[error("a parameter name of {length} characters is longer than Parameter Store allows; shorten it")]
    TooLong {
        /// Length in bytes, which for a legal name is its length in characters.
        length: usize,
    },
}

impl ParameterName {
    /// Reads a name as people, AWS and events spell it: `/a/b`, or `foo` for `/foo`.
    ///
    /// # Errors
    ///
    /// [`NameError`] if Parameter Store cannot have a parameter of that name (AWS: `PutParameter`, "Name").
    pub fn parse(text: &str) -> Result<Self, NameError> {
        check(text)?;
        if text.starts_with('/') {
            Ok(Self(text.to_owned()))
        } else if text.contains('/') {
            Err(NameError::MissingLeadingSlash)
        } else {
            Ok(Self(format!("/{text}")))
        }
    }

    /// Whether it belongs to the pipeline itself, so that no restore may touch it.
    pub fn is_of_pipeline(&self) -> bool {
        self.0.strip_prefix(PIPELINE).is_some_and(|rest| !rest.starts_with(DRILL))
    }

    /// Reads a key of the bucket, where every recorded parameter has its leading slash.
    ///
    /// # Errors
    ///
    /// [`NameError::NotAKey`] without a leading slash (the bucket's own objects have none), else as [`Self::parse`].
    pub fn from_key(key: &str) -> Result<Self, NameError> {
        match key.chars().next() {
            None => Err(NameError::Empty),
            Some('/') => Self::parse(key),
            Some(_) => Err(NameError::NotAKey),
        }
    }

    /// The canonical spelling, with a leading slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of this parameter's object in the bucket: the canonical spelling.
    pub fn key(&self) -> &str {
        &self.0
    }

    /// Whether the name has one level only, and so two spellings in Parameter Store.
    pub fn is_root_level(&self) -> bool {
        self.unslashed_name().is_some()
    }

    /// For a root-level name the spelling without the slash (`foo` for `/foo`), which events and listings use; `None`
    /// for all others.
    pub fn unslashed_name(&self) -> Option<&str> {
        self.0.strip_prefix('/').filter(|rest| !rest.contains('/'))
    }

    /// The last level of the name: `host` of `/app/db/host`.
    pub fn last_level(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

/// Everything but the leading slash.
fn check(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > MAX_LENGTH {
        return Err(NameError::TooLong { length: text.len() });
    }
    let strange = text.chars().enumerate().find(|(_, c)| !(c.is_ascii_alphanumeric() || "_.-/".contains(*c)));
    if text.starts_with("arn:") {
        return Err(NameError::Arn);
    }
    if strange.is_some_and(|(index, character)| character == ':' && index > 0 && index + 1 < text.len()) {
        return Err(NameError::VersionOrLabel);
    }
    if let Some((index, character)) = strange {
        return Err(NameError::Character { character, position: index + 1 });
    }
    if text == "/" {
        return Err(NameError::Root);
    }
    if text.contains("//") {
        return Err(NameError::EmptyLevel);
    }
    if text.ends_with('/') {
        return Err(NameError::TrailingSlash);
    }
    let levels = text.trim_start_matches('/').split('/').count();
    if levels > MAX_LEVELS {
        return Err(NameError::TooDeep { levels });
    }
    Ok(())
}

/// A text of the user for an error message: quoted, without control characters, shortened.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 60;
    let mut quoted = String::from("\"");
    quoted.extend(text.chars().take(MAX).flat_map(char::escape_debug));
    if text.chars().nth(MAX).is_some() {
        quoted.push('…');
    }
    quoted.push('"');
    quoted
}

impl fmt::Display for ParameterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for ParameterName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for ParameterName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ParameterName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ParameterName> for String {
    fn from(name: ParameterName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests;
