//! The outcome of each change of a plan, and who observes them.

use std::collections::BTreeSet;

use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::Plan;
use ssmbak_core::restore_record::{RestoreRecord, RowOutcome, RowState};

use crate::Error;

/// Follows the progress of a restore, and may stop it.
pub trait ProgressObserver: Sync {
    /// A change has its outcome.
    fn finished(&self, _name: &ParameterName, _outcome: &Outcome) {}

    /// Whether to stop before the next write.
    fn should_stop(&self) -> bool {
        false
    }
}

/// Observes nothing and stops nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl ProgressObserver for Unobserved {}

/// What became of one row of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as the plan wants it.
    Done,
    /// It is not, for this reason.
    Failed(Error),
    /// It was not tried, for this reason.
    Skipped(String),
}

impl Outcome {
    /// As it is recorded, and why, if it is not done.
    pub(super) fn recorded(&self) -> (Option<RowOutcome>, Option<String>) {
        match self {
            Self::Done => (Some(RowOutcome::Done), None),
            Self::Failed(error) => (Some(RowOutcome::Failed), Some(error.to_string())),
            Self::Skipped(reason) => (Some(RowOutcome::Skipped), Some(reason.clone())),
        }
    }
}

/// What became of a plan: an outcome for each of its changes, in the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// By row.
    pub outcomes: Vec<Outcome>,
    /// Whether it was stopped before its end.
    pub stopped: bool,
    /// What went wrong beside the rows.
    pub warnings: Vec<String>,
}

impl Applied {
    /// Whether every row is done.
    pub fn is_complete(&self) -> bool {
        self.outcomes.iter().all(|outcome| *outcome == Outcome::Done)
    }
}

/// What became of a plan, and the record that it left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// What became of it.
    pub applied: Applied,
    /// The record.
    pub record: RestoreRecord,
    /// Whether the record is in the bucket, so that the restore can be undone by its name.
    pub recorded: bool,
}

/// What is known of a row beside its outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    /// What the parameter was right before the row was written; `None`: as the plan saw it.
    pub(super) before: Option<RowState>,
    /// What the row made of it; `None`: nothing, or it is not known.
    pub(super) after: Option<RowState>,
    /// Whether the parameter was written to, or may have been.
    pub(super) touched: bool,
    /// What happened to the parameter beside the restore.
    pub(super) warnings: Vec<String>,
}

/// The outcomes so far.
pub(super) struct OutcomeTracker<'a, W> {
    plan: &'a Plan,
    outcomes: Vec<Option<Outcome>>,
    traces: Vec<Trace>,
    pub(super) observer: &'a W,
    stopped: bool,
    warnings: Vec<String>,
}

impl<'a, W: ProgressObserver> OutcomeTracker<'a, W> {
    pub(super) fn new(plan: &'a Plan, observer: &'a W) -> Self {
        let rows = plan.changes.len();
        let traces = vec![Trace::default(); rows];
        Self { plan, outcomes: vec![None; rows], traces, observer, stopped: false, warnings: Vec::new() }
    }

    pub(super) fn open(&self, row: usize) -> bool {
        self.outcomes.get(row).is_some_and(Option::is_none)
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    pub(super) fn stop(&mut self) -> bool {
        self.stopped |= self.observer.should_stop();
        self.stopped
    }

    pub(super) fn settle(&mut self, row: usize, outcome: Outcome) {
        if let (Some(slot), Some(change)) = (self.outcomes.get_mut(row), self.plan.changes.get(row)) {
            self.observer.finished(&change.name, &outcome);
            *slot = Some(outcome);
        }
    }

    /// What is known of a row so far.
    pub(super) fn trace(&self, row: usize) -> Trace {
        self.traces.get(row).cloned().unwrap_or_default()
    }

    /// What is known of a row now. What happened beside the restore is told.
    pub(super) fn follow(&mut self, row: usize, mut trace: Trace) {
        self.warnings.append(&mut trace.warnings);
        if let Some(slot) = self.traces.get_mut(row) {
            *slot = trace;
        }
    }

    /// What became of a row, and what is known of it.
    pub(super) fn close_row(&mut self, (row, trace, outcome): (usize, Trace, Outcome)) {
        self.follow(row, trace);
        self.settle(row, outcome);
    }

    /// Puts into a restore's record what is known of its rows.
    pub(super) fn record(&self, record: &mut RestoreRecord) {
        for ((change, outcome), trace) in record.changes.iter_mut().zip(&self.outcomes).zip(&self.traces) {
            if let Some(outcome) = outcome {
                (change.outcome, change.error) = outcome.recorded();
            }
            if trace.before.is_some() {
                change.before.clone_from(&trace.before);
            }
            change.after.clone_from(&trace.after);
            change.touched = Some(trace.touched);
        }
    }

    pub(super) fn close(self) -> Applied {
        let left = || Outcome::Skipped("stopped before its turn".to_owned());
        let names: BTreeSet<usize> =
            self.outcomes.iter().enumerate().filter(|(_, o)| o.is_none()).map(|(row, _)| row).collect();
        Applied {
            stopped: self.stopped && !names.is_empty(),
            warnings: self.warnings,
            outcomes: self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(left)).collect(),
        }
    }
}
