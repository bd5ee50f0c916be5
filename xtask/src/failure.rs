use std::fmt;
use std::io;

/// Success, or why a task stopped.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Why a task stopped.
#[derive(Debug)]
pub enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// A step of a task failed; it has said why itself.
    Step {
        /// Its name.
        name: &'static str,
        /// What it was.
        command: String,
    },
    /// The demonstration showed something else than it promises.
    Unexpected {
        /// What was promised.
        expected: String,
        /// What was seen.
        seen: String,
    },
    /// The function would not run on AWS, or is too big.
    Function(String),
    /// An emulator, the Python environment or a command of this project.
    Emulator(ssmbak_emulators::Error),
    /// The operating system refused something.
    Io {
        /// What was tried, completing "cannot …".
        what: String,
        /// The system's answer.
        source: io::Error,
    },
}

impl Failure {
    /// Wraps an error of the operating system; `what` completes "cannot …".
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Function(message) => f.write_str(message),
            Self::Step { name, command } => write!(f, "{name} failed (`{command}`)"),
            Self::Unexpected { expected, seen } => write!(f, "expected {expected}, but saw:\n{seen}"),
            Self::Emulator(error) => error.fmt(f),
            Self::Io { what, source } => write!(f, "cannot {what}: {source}"),
        }
    }
}

impl From<ssmbak_emulators::Error> for Failure {
    fn from(error: ssmbak_emulators::Error) -> Self {
        Self::Emulator(error)
    }
}
