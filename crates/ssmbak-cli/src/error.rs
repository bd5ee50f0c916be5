//! What can go wrong in a command: its sentence, its hint, its code and its exit code, in one place.

use serde::Serialize;
use ssmbak_core::plan::saved::Difference;

use crate::exit::Exit;
use crate::stack::StackCommandError;

/// Why a command ended without doing what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// It was called wrongly.
    #[error("{message}")]
    Usage {
        /// One sentence.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// It cannot be done.
    #[error("{message}")]
    Failure {
        /// A stable name, for programs.
        code: &'static str,
        /// One sentence.
        message: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// A saved plan does not fit any more.
    #[error("{message}")]
    Stale {
        /// One sentence.
        message: String,
        /// What has changed since, row by row.
        differences: Vec<Difference>,
    },
    /// The library failed.
    #[error(transparent)]
    Library(#[from] ssmbak::Error),
    /// The stack's command failed.
    #[error(transparent)]
    Stack(#[from] StackCommandError),
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl CliError {
    /// A wrong call.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()).filter(|hint| !hint.is_empty()) }
    }

    /// A failure with a code of its own.
    pub fn failure(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Failure { code, message: message.into(), hint: Some(hint.into()).filter(|hint| !hint.is_empty()) }
    }

    /// The output cannot be written.
    pub fn output(error: &std::io::Error) -> Self {
        Self::failure("Output", format!("cannot write the output: {error}"), "check where it goes")
    }

    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Usage { .. } => "Usage",
            Self::Failure { code, .. } => code,
            Self::Stale { .. } => "StalePlan",
            Self::Library(error) => error.kind.code(),
            Self::Stack(error) => error.code(),
            Self::Interrupted => "Interrupted",
        }
    }

    /// What to do next, where the message does not say it already.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Usage { hint, .. } | Self::Failure { hint, .. } => hint.as_deref(),
            Self::Stale { .. } => Some("nothing was changed: make the plan anew, and look at it"),
            Self::Library(error) => error.hint.as_deref(),
            Self::Stack(_) | Self::Interrupted => None,
        }
    }

    /// How the process ends.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } => Exit::Usage,
            Self::Stale { .. } => Exit::Stale,
            Self::Interrupted => Exit::Interrupted,
            Self::Stack(error) if error.is_interruption() => Exit::Interrupted,
            Self::Failure { .. } | Self::Library(_) | Self::Stack(_) => Exit::Failed,
        }
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
        match self {
            Self::Stale { differences, .. } => differences,
            _ => &[],
        }
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
        let error = serde_json::to_string(&CliError::Interrupted.report()).unwrap();
        assert_eq!(error, r#"{"Error":{"Code":"Interrupted","Message":"interrupted"}}"#);
    }

    #[test]
    fn an_error_decides_the_exit_code() {
        let of = |error: CliError| error.exit().code();
        assert_eq!(of(CliError::usage("a", "b")), 2);
        assert_eq!(of(CliError::failure("NoRegion", "a", "b")), 1);
        assert_eq!(of(Error::new(ErrorKind::Throttled, "slow").into()), 1);
        assert_eq!(of(CliError::Interrupted), 130);
        assert_eq!(of(CliError::Stale { message: "a".to_owned(), differences: Vec::new() }), 5);
        assert_eq!(of(StackCommandError::Interrupted { name: "s".to_owned() }.into()), 130);
        assert_eq!(of(StackCommandError::InterruptedDeletion { name: "s".to_owned() }.into()), 130);
        assert_eq!(of(StackCommandError::Declined.into()), 1);
    }
}
