//! Ctrl-C, and SIGTERM, which is meant the same way.

use crate::error::CliError;

/// Requests to stop, as they come.
#[derive(Debug)]
pub struct Interrupts {
    #[cfg(unix)]
    streams: Option<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)>,
}

impl Interrupts {
    /// Starts to listen: from now on Ctrl-C does not end the process by itself.
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Self { streams: signal(SignalKind::interrupt()).ok().zip(signal(SignalKind::terminate()).ok()) }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        #[cfg(unix)]
        match &mut self.streams {
            Some((interrupt, terminate)) => {
                tokio::select! {
                    Some(()) = interrupt.recv() => {}
                    Some(()) = terminate.recv() => {}
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
    /// [`CliError::Interrupted`], or its own.
    pub async fn or<T, E: Into<CliError>>(&mut self, work: impl Future<Output = Result<T, E>>) -> Result<T, CliError> {
        tokio::select! {
            outcome = work => outcome.map_err(Into::into),
            () = self.next() => Err(CliError::Interrupted),
        }
    }
}
