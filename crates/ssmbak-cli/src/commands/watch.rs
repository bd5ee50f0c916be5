//! Follows on the terminal what is being written, and stops it.

use std::sync::atomic::{AtomicBool, Ordering};

use ssmbak::ErrorKind;
use ssmbak::restore::{Outcome, ProgressObserver};
use ssmbak_core::name::ParameterName;

use crate::ui::Progress;

/// A bar that steps with each parameter, and a wish to stop.
pub(super) struct Watch {
    stop: AtomicBool,
    pub(super) progress: Progress,
}

impl Watch {
    pub(super) fn new(progress: Progress) -> Self {
        Self { stop: AtomicBool::new(false), progress }
    }

    /// Stops before the next write. Whether that was wished before.
    pub(super) fn stop(&self) -> bool {
        self.stop.swap(true, Ordering::Relaxed)
    }
}

/// Whether a write failed because the credentials ended and could not be had again.
pub(super) fn is_without_credentials(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(error) if error.kind == ErrorKind::Credentials)
}

impl ProgressObserver for Watch {
    fn finished(&self, name: &ParameterName, outcome: &Outcome) {
        if let Outcome::Failed(error) = outcome {
            tracing::info!(%name, %error, "not done");
        }
        // Without credentials every other write would fail as well.
        if is_without_credentials(outcome) {
            self.stop();
        }
        self.progress.step();
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
