//! A bar on stderr that shows how far a long job is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar on the terminal, of which there is one at a time.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

fn shown_bar() -> MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a line above the bar; `false`: there is none.
pub(super) fn aside(line: &str) -> bool {
    let bar = shown_bar().clone();
    if let Some(bar) = &bar {
        bar.println(line);
    }
    bar.is_some()
}

/// How far a job is. Off a terminal nothing is shown.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(length: usize, doing: &'static str, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length).filter(|length| *length > 0), target);
        let template = if length > 0 {
            "{spinner} {msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}"
        } else {
            "{spinner} {msg} {elapsed}"
        };
        Self::started(bar, template, doing, shown)
    }

    /// Counts what comes, however much that will be.
    pub(super) fn counter(doing: &'static str, shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        Self::started(bar, "{spinner} {msg} {human_pos} {per_sec} {elapsed}", doing, shown)
    }

    fn started(bar: ProgressBar, template: &str, doing: &'static str, shown: bool) -> Self {
        // A template that cannot be read leaves the usual bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(doing);
        if shown {
            bar.enable_steady_tick(Duration::from_millis(120));
            *shown_bar() = Some(bar.clone());
        }
        Self { bar }
    }

    /// One more is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// So many more are done.
    pub fn advance(&self, more: u64) {
        self.bar.inc(more);
    }

    /// Has something written where the bar does not get in its way.
    pub fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        *shown_bar() = None;
        self.bar.finish_and_clear();
    }
}
