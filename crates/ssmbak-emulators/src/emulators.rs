//! The two emulators.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::time::Duration;

use crate::process::{Kind, Process};
use crate::{Result, clean, environment};

const MOTO: Kind =
    Kind { name: "moto", script: "start_moto.py", health: "/moto-api/data.json", reset: "/moto-api/reset" };

const MINISTACK: Kind = Kind {
    name: "ministack",
    script: "ministack_with_events.py",
    health: "/_ministack/health",
    reset: "/_ministack/reset",
};

/// What both emulators offer, written once.
macro_rules! emulator {
    ($name:ident, $kind:ident) => {
        impl $name {
            /// Starts it on a free port and waits until it answers; it ends when the value is dropped, or with this process.
            ///
            /// # Errors
            /// If the Python environment cannot be prepared, or the emulator does not come up in time.
            pub fn start() -> Result<Self> {
                Process::start(&$kind, &[]).map(|process| Self { process })
            }

            /// One that all tests of a program share; it ends with the program. Its users keep to buckets and
            /// parameter prefixes of their own.
            ///
            /// # Errors
            /// As [`Self::start`]; a later call tries again.
            pub fn shared() -> Result<&'static Self> {
                static SHARED: Mutex<Option<&'static $name>> = Mutex::new(None);
                let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                if let Some(emulator) = *shared {
                    return Ok(emulator);
                }
                // Never dropped: the process notices that its parent is gone.
                let emulator = &*Box::leak(Box::new(Self::start()?));
                *shared = Some(emulator);
                Ok(emulator)
            }

            /// Its URL.
            #[must_use]
            pub fn endpoint(&self) -> String {
                self.process.endpoint()
            }

            /// Its port on 127.0.0.1.
            #[must_use]
            pub fn port(&self) -> u16 {
                self.process.port()
            }

            /// Where its output goes.
            #[must_use]
            pub fn log(&self) -> &Path {
                self.process.log()
            }

            /// Forgets everything: parameters, buckets, stacks.
            ///
            /// # Errors
            /// If it does not answer.
            pub fn reset(&self) -> Result<()> {
                self.process.reset(&$kind)
            }

            /// The variables with which a command uses it.
            #[must_use]
            pub fn env(&self) -> Vec<(&'static str, String)> {
                environment(&self.endpoint())
            }

            /// A command that uses it, and nothing of the caller's own AWS settings.
            #[must_use]
            pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
                let mut command = Command::new(program);
                clean(&mut command).envs(self.env());
                command
            }
        }
    };
}

/// moto's server: S3 and Parameter Store, without events or functions.
#[derive(Debug)]
pub struct Moto {
    process: Process,
}

emulator!(Moto, MOTO);

/// ministack with Parameter Store's events: the whole pipeline on one machine.
#[derive(Debug)]
pub struct Ministack {
    process: Process,
}

emulator!(Ministack, MINISTACK);

/// How much later than its writes Parameter Store's reads and events are, as on AWS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delays {
    /// For how long a read shows the state before a write.
    pub reads: Duration,
    /// How long an event takes.
    pub events: Duration,
}

impl Ministack {
    /// Starts it on the port given.
    ///
    /// # Errors
    /// As [`Ministack::start`], and if the port is taken.
    pub fn start_on(port: u16) -> Result<Self> {
        Process::start_on(&MINISTACK, port, &[]).map(|process| Self { process })
    }

    /// Starts it with reads and events that take their time, on the port given or a free one.
    ///
    /// # Errors
    /// As [`Ministack::start_on`].
    pub fn start_delayed(port: Option<u16>, delays: Delays) -> Result<Self> {
        let seconds = |delay: Duration| delay.as_secs_f64().to_string();
        let settings = [("STALE_SECONDS", seconds(delays.reads)), ("EVENT_DELAY_SECONDS", seconds(delays.events))];
        let process = match port {
            Some(port) => Process::start_on(&MINISTACK, port, &settings)?,
            None => Process::start(&MINISTACK, &settings)?,
        };
        Ok(Self { process })
    }

    /// Waits until it ends, which it does not by itself.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        self.process.wait()
    }
}
