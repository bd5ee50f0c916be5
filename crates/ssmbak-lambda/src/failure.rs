//! Why a message or a whole invocation fails.

use lambda_runtime::Diagnostic;
use ssmbak_core::event::EventError;

/// What went wrong. No message repeats a value or a message's body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// What was delivered cannot be read; retries will not help, and the dead letters keep it.
    #[error(transparent)]
    Unreadable(#[from] EventError),
    /// A request failed.
    #[error(transparent)]
    NotRecorded(#[from] ssmbak::Error),
    /// A sweep that has to go on in another invocation, and no way to ask for one.
    #[error("the sweep cannot go on: SSMBAK_QUEUE_URL is not set; bring the stack up to date")]
    NoQueue,
    /// The event came before its change can be read.
    #[error("parameter store does not show the change yet; the queue delivers the message again")]
    Early,
    /// A restore would not work today, or not in time.
    #[error("the rehearsal failed: {0}")]
    Rehearsal(String),
    /// Lambda is about to end the sandbox.
    #[error("the function's time was up before the change was recorded; give it a longer timeout or smaller batches")]
    OutOfTime,
}

impl Failure {
    /// A fixed name, for logs and Lambda.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "Unreadable",
            Self::NotRecorded(error) => error.kind.code(),
            Self::NoQueue => "NoQueue",
            Self::Early => "Early",
            Self::Rehearsal(_) => "Rehearsal",
            Self::OutOfTime => "OutOfTime",
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.code().to_owned(), error_message: failure.to_string() }
    }
}
