//! Why a stack's command failed.

use ssmbak_stack::{Error, StackError};

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum StackCommandError {
    /// The stack, its bucket or the function's code.
    #[error(transparent)]
    Stack(#[from] Error),
    /// Where this command lies, and so where the function's executable is to be found, is unknown.
    #[error("cannot find the function's executable: {0}; say where it is with --lambda")]
    NoLambda(std::io::Error),
    /// The question on the terminal was answered with no.
    #[error("cancelled, nothing changed: answer y to go on, or give --yes")]
    Declined,
    /// Another stack records the region.
    #[error(
        "the stack {other} already records {region}, and a region can have one: update it with `ssmbak-stack {other} update`, or delete it first with `ssmbak-stack {other} delete`, which keeps its bucket"
    )]
    AnotherPipeline {
        /// Its name.
        other: String,
        /// The region.
        region: String,
    },
    /// Ctrl-C while CloudFormation was at work.
    #[error("no longer watching, CloudFormation goes on: `ssmbak-stack {name} status` says how far it is")]
    Interrupted {
        /// The stack.
        name: String,
    },
    /// Ctrl-C while CloudFormation was deleting the stack.
    #[error(
        "no longer watching, CloudFormation goes on deleting: `ssmbak-stack {name} delete` watches again, and says so once the stack is gone"
    )]
    InterruptedDeletion {
        /// The stack.
        name: String,
    },
}

impl From<StackError> for StackCommandError {
    fn from(error: StackError) -> Self {
        Self::Stack(error.into())
    }
}

impl StackCommandError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Stack(error) => error.code(),
            Self::NoLambda(_) => "LambdaUnreadable",
            Self::Declined => "Declined",
            Self::AnotherPipeline { .. } => "StackExists",
            Self::Interrupted { .. } | Self::InterruptedDeletion { .. } => "Interrupted",
        }
    }

    /// Whether it was Ctrl-C.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Interrupted { .. } | Self::InterruptedDeletion { .. })
    }
}
