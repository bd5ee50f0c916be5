use std::fmt;
use std::io;
use std::path::PathBuf;

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an emulator, the Python environment or the original could not be used.
#[derive(Debug)]
pub enum Error {
    /// The operating system refused something.
    Io {
        /// What was tried, completing "cannot …".
        what: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The Python environment could not be prepared.
    Venv {
        /// What failed, and what to do about it.
        reason: String,
    },
    /// An emulator did not come up.
    Start {
        /// Which one.
        name: &'static str,
        /// What was seen.
        reason: String,
        /// Where its own output is.
        log: PathBuf,
    },
    /// The port asked for is taken.
    PortInUse(u16),
    /// An emulator answered a request with something unexpected.
    Http {
        /// The path asked for.
        path: String,
        /// What came back.
        reason: String,
    },
    /// The original tool failed.
    Original {
        /// What it was asked to do.
        action: String,
        /// Its standard error.
        stderr: String,
    },
    /// A command of this project has not been built.
    NotBuilt {
        /// Where it was looked for.
        path: PathBuf,
    },
}

impl Error {
    /// Wraps an error of the operating system; `what` completes "cannot …".
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { what, source } => write!(f, "cannot {what}: {source}"),
            Self::Venv { reason } => write!(f, "cannot prepare the Python environment: {reason}"),
            Self::Start { name, reason, log } => {
                write!(f, "{name} did not start: {reason} (its output is in {})", log.display())
            }
            Self::PortInUse(port) => write!(f, "port {port} is in use: choose another one, or stop what listens there"),
            Self::Http { path, reason } => write!(f, "the emulator answered {path} with {reason}"),
            Self::Original { action, stderr } => write!(f, "ssmbak 0.5.2 failed to {action}:\n{stderr}"),
            Self::NotBuilt { path } => write!(
                f,
                "{} is missing: run `cargo xtask test`, or `cargo build --workspace --bins` before the tests",
                path.display()
            ),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
