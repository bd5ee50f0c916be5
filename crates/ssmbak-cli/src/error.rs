//! What can go wrong in a command: its sentence, its hint, its code and its exit code, in one place.

use std::borrow::Cow;
use std::error::Error;

use serde::Serialize;
use ssmbak_core::plan::saved::Difference;

use crate::exit::Exit;

/// Why a command ended without doing what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// A stable name, for programs.
    code: Cow<'static, str>,
    /// One sentence.
    message: String,
    /// What to do next, where the message does not say it already.
    hint: Option<String>,
    /// How the process ends.
    exit: Exit,
    /// What has changed since a plan was saved, row by row.
    differences: Vec<Difference>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl CliError {
    fn new(code: impl Into<Cow<'static, str>>, exit: Exit, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        Self { code, message, hint: None, exit, differences: Vec::new(), source: None }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()).filter(|hint| !hint.is_empty()), ..self }
    }

    fn with_source(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..self }
    }

    /// A wrong call.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new("Usage", Exit::Usage, message).with_hint(hint)
    }

    /// A failure with a code of its own.
    pub fn failure(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(code, Exit::Failed, message).with_hint(hint)
    }

    /// A saved plan that does not fit any more.
    pub fn stale(message: impl Into<String>, differences: Vec<Difference>) -> Self {
        let error = Self::new("StalePlan", Exit::Stale, message);
        Self { differences, ..error.with_hint("nothing was changed: make the plan anew, and look at it") }
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self::interrupted_with("interrupted")
    }

    /// Ctrl-C, and what goes on all the same.
    pub fn interrupted_with(message: impl Into<String>) -> Self {
        Self::new("Interrupted", Exit::Interrupted, message)
    }

    /// The output cannot be written.
    pub fn output(error: std::io::Error) -> Self {
        let message = format!("cannot write the output: {error}");
        Self::failure("Output", message, "check where it goes").with_source(error)
    }

    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What to do next, where the message does not say it already.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The error for programs.
    pub fn report(&self) -> ErrorReport<'_> {
        let differences = self
            .differences()
            .iter()
            .map(|difference| DifferenceReport { name: difference.name.as_str(), reason: &difference.reason });
        let differences = differences.collect();
        ErrorReport {
            error: ErrorBody { code: self.code(), message: self.to_string(), hint: self.hint(), differences },
        }
    }

    /// What has changed since a plan was saved.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }
}

impl From<ssmbak::Error> for CliError {
    fn from(error: ssmbak::Error) -> Self {
        let hint = error.hint.clone().unwrap_or_default();
        Self::new(error.kind.code(), Exit::Failed, error.message.clone()).with_hint(hint).with_source(error)
    }
}

impl From<ssmbak_stack::Error> for CliError {
    fn from(error: ssmbak_stack::Error) -> Self {
        Self::new(error.code().to_owned(), Exit::Failed, error.to_string()).with_source(error)
    }
}

impl From<ssmbak_stack::StackError> for CliError {
    fn from(error: ssmbak_stack::StackError) -> Self {
        ssmbak_stack::Error::from(error).into()
    }
}

impl From<ssmbak_stack::StackSetError> for CliError {
    fn from(error: ssmbak_stack::StackSetError) -> Self {
        ssmbak_stack::Error::from(error).into()
    }
}

/// An error for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ErrorReport<'a> {
    error: ErrorBody<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ErrorBody<'a> {
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<DifferenceReport<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DifferenceReport<'a> {
    name: &'a str,
    reason: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak::{Error, ErrorKind};

    #[test]
    fn an_error_has_one_shape_for_programs() {
        let error = CliError::from(Error::new(ErrorKind::BucketMissing, "cannot list"));
        insta::assert_json_snapshot!(error.report(), @r#"
        {
          "Error": {
            "Code": "BucketMissing",
            "Message": "cannot list",
            "Hint": "check --bucket, SSMBAK_BUCKET and --region"
          }
        }
        "#);
        let error = serde_json::to_string(&CliError::interrupted().report()).unwrap();
        assert_eq!(error, r#"{"Error":{"Code":"Interrupted","Message":"interrupted"}}"#);
    }

    #[test]
    fn an_error_decides_the_exit_code() {
        let of = |error: CliError| error.exit().code();
        assert_eq!(of(CliError::usage("a", "b")), 2);
        assert_eq!(of(CliError::failure("NoRegion", "a", "b")), 1);
        assert_eq!(of(Error::new(ErrorKind::Throttled, "slow").into()), 1);
        assert_eq!(of(CliError::interrupted()), 130);
        assert_eq!(of(CliError::stale("a", Vec::new())), 5);
    }
}
