//! Follows on the terminal what is being written, and stops it.

use std::sync::atomic::{AtomicBool, Ordering};

use ssmbak::restore::{Outcome, Watcher};
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

impl Watcher for Watch {
    fn settled(&self, name: &ParameterName, outcome: &Outcome) {
        if let Outcome::Failed(error) = outcome {
            tracing::info!(%name, %error, "not done");
        }
        self.progress.step();
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
