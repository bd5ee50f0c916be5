//! A restore from the screens: the plan, the confirmation and the writes of `ssmbak restore`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::LocalBoxFuture;
use ssmbak::restore::{Outcome, Watcher};
use ssmbak_browse::{Lines, Proposal};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Question;
use ssmbak_core::scope::Selection;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Happened, Session};
use crate::asked::{Asked, not_yet};
use crate::aws::Caller;
use crate::bucket::must_keep_new_versions;
use crate::commands::carry_out::{Deed, apply, question, undoing};
use crate::commands::view::View;
use crate::error::CliError;
use crate::report::table::{self, Look};

/// A plan, and who would carry it out.
pub(super) struct Planned {
    view: View,
    caller: Option<Caller>,
}

/// Has the plan made. Nothing is changed.
pub(super) async fn plan(
    session: &Session<'_>,
    names: Vec<ParameterName>,
    (paths, recursive): (Vec<String>, bool),
    at: Instant,
    columns: u16,
) -> Result<(Box<Planned>, Proposal), CliError> {
    let query = Question { paths: paths.clone(), recursive, at: at.spelling(), ..Question::default() };
    let warnings = not_yet(&at, ssmbak::clock::now()).into_iter().collect();
    let asked = Asked { paths, selection: Selection::of_names(names), at, warnings };
    let place = (session.aws.clone(), session.bucket.clone());
    let view = View::compared(asked, query, place, session.reveal).await?;
    if let Some(bucket) = view.recorder().filter(|_| !view.plan.changes.is_empty()) {
        must_keep_new_versions(bucket).await?;
    }
    let caller = session.aws.caller().await;
    let account = caller.as_ref().map(|caller| caller.account.as_str());
    // The frame and the edges of the dialog take eight.
    let look = Look { width: Some(columns.saturating_sub(8).min(126)), colours: false, reveal: session.reveal };
    let warnings = view.warnings.iter().chain(&view.plan.warnings).map(|warning| format!("warning: {warning}"));
    let mut lines: Vec<String> = warnings.collect();
    lines.extend(table::plan(&view.plan, look).lines().map(str::to_owned));
    let changes = view.plan.changes.len();
    let question = if changes > 0 { question(&view, account) } else { String::new() };
    Ok((Box::new(Planned { view, caller }), Proposal { question, lines: Lines(lines), changes }))
}

/// What became of a restore.
pub(super) struct Restored {
    /// What failed, and the sum of it.
    pub(super) told: String,
    /// The command that undoes it, if anything was done.
    pub(super) undo: Option<String>,
    /// Whether every row is done.
    pub(super) complete: bool,
    /// What is as it was.
    pub(super) names: Vec<ParameterName>,
}

impl Restored {
    /// As the screens show it.
    pub(super) fn lines(&self) -> Lines {
        let mut lines: Vec<String> = self.told.lines().map(str::to_owned).collect();
        if let Some(command) = &self.undo {
            lines.extend([String::new(), format!("undo with: {command}")]);
        }
        if !self.complete {
            lines.push("restore it again to finish: what is done stays done".to_owned());
        }
        Lines(lines)
    }
}

/// A restore that is under way.
pub(super) struct Restoring<'a> {
    work: LocalBoxFuture<'a, Restored>,
    settled: UnboundedReceiver<()>,
    stop: Arc<AtomicBool>,
}

struct Watch {
    stop: Arc<AtomicBool>,
    settled: UnboundedSender<()>,
}

impl Watcher for Watch {
    fn settled(&self, _name: &ParameterName, _outcome: &Outcome) {
        // Nobody listens any more if the screens were left.
        let _ = self.settled.send(());
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl<'a> Restoring<'a> {
    pub(super) fn begin(session: &'a Session<'a>, planned: Box<Planned>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, settled) = unbounded_channel();
        let watch = Watch { stop: Arc::clone(&stop), settled: sender };
        Self { work: Box::pin(carry_out(session, *planned, watch)), settled, stop }
    }

    /// Stops it before its next write.
    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Waits for the next row that is settled, or for the end.
pub(super) async fn next(restore: &mut Option<Restoring<'_>>) -> Happened {
    let Some(running) = restore else { return std::future::pending().await };
    tokio::select! {
        biased;
        Some(()) = running.settled.recv() => Happened::Settled,
        restored = &mut running.work => {
            *restore = None;
            Happened::Restored(restored)
        }
    }
}

async fn carry_out(session: &Session<'_>, Planned { view, caller }: Planned, watch: Watch) -> Restored {
    let deed = Deed { caller, undoes: None, put_rate: session.put_rate };
    let journaled = apply(&view, deed, &watch).await;
    let look = Look { width: None, colours: false, reveal: session.reveal };
    let mut told = table::applied(&view.plan, &journaled.applied, look);
    for warning in &journaled.applied.warnings {
        told.push_str(&format!("\nwarning: {}", crate::ui::text::line(warning)));
    }
    let rows = view.plan.changes.iter().zip(&journaled.applied.outcomes);
    let done = rows.filter(|(_, outcome)| matches!(outcome, Outcome::Done)).map(|(change, _)| change.name.clone());
    let (names, complete) = (done.collect(), journaled.applied.is_complete());
    Restored { told, undo: undoing(&view, &journaled, session.global), complete, names }
}
