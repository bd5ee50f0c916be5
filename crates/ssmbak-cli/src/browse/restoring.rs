//! A restore from the screens: the plan, the confirmation and the writes of `ssmbak restore`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::LocalBoxFuture;
use ssmbak::restore::{Outcome, ProgressObserver};
use ssmbak_browse::{Lines, Proposal};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Query;
use ssmbak_core::scope::Selection;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Happened, Session};
use crate::aws::Caller;
use crate::bucket::must_keep_new_versions;
use crate::commands::apply::{ApplyRequest, apply, question, undoing};
use crate::commands::planned_restore::PlannedRestore;
use crate::error::CliError;
use crate::query_args::{ResolvedQuery, not_yet};
use crate::report::table::{self, Look};

/// A plan, and who would carry it out.
pub(super) struct Planned {
    planned: PlannedRestore,
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
    let query = Query { paths: paths.clone(), recursive, at: at.to_argument(), ..Query::default() };
    let warnings = not_yet(&at, ssmbak::clock::now()).into_iter().collect();
    let asked = ResolvedQuery { paths, selection: Selection::of_names(names), at, warnings };
    let place = (session.aws.clone(), session.bucket.clone());
    let planned = PlannedRestore::compared(asked, query, place, session.reveal).await?;
    if let Some(bucket) = planned.recorder().filter(|_| !planned.plan.changes.is_empty()) {
        must_keep_new_versions(bucket).await?;
    }
    let caller = session.aws.caller().await;
    let account = caller.as_ref().map(|caller| caller.account.as_str());
    // The frame and the edges of the dialog take eight.
    let look = Look { width: Some(columns.saturating_sub(8).min(126)), colours: false, reveal: session.reveal };
    let warnings = planned.warnings.iter().chain(&planned.plan.warnings).map(|warning| format!("warning: {warning}"));
    let mut lines: Vec<String> = warnings.collect();
    lines.extend(table::plan(&planned.plan, look).lines().map(str::to_owned));
    let changes = planned.plan.changes.len();
    let question = if changes > 0 { question(&planned, account) } else { String::new() };
    Ok((Box::new(Planned { planned, caller }), Proposal { question, lines: Lines(lines), changes }))
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

impl ProgressObserver for Watch {
    fn finished(&self, _name: &ParameterName, _outcome: &Outcome) {
        // Nobody listens any more if the screens were left.
        let _ = self.settled.send(());
    }

    fn should_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl<'a> Restoring<'a> {
    pub(super) fn begin(session: &'a Session<'a>, planned: Box<Planned>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, settled) = unbounded_channel();
        let watch = Watch { stop: Arc::clone(&stop), settled: sender };
        Self { work: Box::pin(apply_planned(session, *planned, watch)), settled, stop }
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

async fn apply_planned(session: &Session<'_>, Planned { planned, caller }: Planned, watch: Watch) -> Restored {
    let request = ApplyRequest { caller, undoes: None, put_rate: session.put_rate };
    let report = apply(&planned, request, &watch).await;
    let look = Look { width: None, colours: false, reveal: session.reveal };
    let mut told = table::applied(&planned.plan, &report.applied, look);
    for warning in &report.applied.warnings {
        told.push_str(&format!("\nwarning: {}", crate::ui::text::line(warning)));
    }
    let rows = planned.plan.changes.iter().zip(&report.applied.outcomes);
    let done = rows.filter(|(_, outcome)| matches!(outcome, Outcome::Done)).map(|(change, _)| change.name.clone());
    let (names, complete) = (done.collect(), report.applied.is_complete());
    Restored { told, undo: undoing(&planned, &report, session.global), complete, names }
}
