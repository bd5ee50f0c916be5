//! Ctrl-C, and SIGTERM and SIGHUP, which are meant the same way.

use ssmbak::RequestPolicy;

use crate::error::CliError;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Requests to stop, as they come.
#[derive(Debug)]
pub struct Interrupts {
    #[cfg(unix)]
    streams: Option<(Signal, Signal, Option<Signal>)>,
}

impl Interrupts {
    /// Starts to listen: from now on Ctrl-C does not end the process by itself.
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            let both = signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok());
            // Under nohup the end of the terminal is nobody's business.
            let hangup = if ignores_hangup() { None } else { signal(SignalKind::hangup()).ok() };
            Self { streams: both.map(|(interrupt, terminate)| (interrupt, terminate, hangup)) }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for the next one, which ends every wait for AWS.
    pub async fn next(&mut self) {
        self.signalled().await;
        RequestPolicy::current().interrupt();
    }

    async fn signalled(&mut self) {
        #[cfg(unix)]
        match &mut self.streams {
            Some((interrupt, terminate, hangup)) => {
                let hangup = async {
                    match hangup {
                        Some(hangup) => hangup.recv().await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    Some(()) = interrupt.recv() => {}
                    Some(()) = terminate.recv() => {}
                    Some(()) = hangup => {}
                    else => std::future::pending().await,
                }
            }
            // Without listening the process ends by itself.
            None => std::future::pending().await,
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Does something that may be left at any point.
    ///
    /// # Errors
    /// [`CliError::interrupted`], or its own.
    pub async fn or<T, E: Into<CliError>>(&mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, CliError> {
        tokio::select! {
            outcome = work => outcome.map_err(Into::into),
            () = self.next() => Err(CliError::interrupted()),
        }
    }
}

/// Whether SIGHUP is ignored, as nohup has it; on other systems than Linux it is taken not to be.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is signal 1, and so the lowest bit.
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}
