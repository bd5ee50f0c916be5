//! The changes of a plan, made one by one or many at once, and what became of each.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use ssmbak_core::object::{ObjectAction, ObjectChange, ObjectTotals};

use super::throttle::SharedConcurrency;
use super::{Journal, Rows, TreePlan};
use crate::s3::Restored;
use crate::{Error, ErrorKind};

/// Most failures that are kept with their reasons.
const FAILURES: usize = 1_000;

/// Most keys of one DeleteObjects request.
const MOST_DELETES: usize = 1_000;

/// A plan that is carried out: which of its changes are made, and where that is noted.
#[derive(Debug)]
pub struct TreeRun {
    plan: TreePlan,
    journal: Option<Journal>,
    done: Bits,
    unchanged: Bits,
}

/// Learns how a run goes, and may stop it.
pub trait ProgressObserver {
    /// A change is done or has failed.
    fn finished(&self, change: &ObjectChange, outcome: &Result<(), Error>);

    /// Whether nothing more is to be begun.
    fn should_stop(&self) -> bool;
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Applied {
    /// Changes that are made.
    pub done: u64,
    /// Changes that turned out to be made already.
    pub unchanged: u64,
    /// Changes that an interrupted run had made, which the journal proves.
    pub before: u64,
    /// The first thousand failures, by key.
    pub failures: Vec<Failure>,
    /// How many there were.
    pub failed: u64,
    /// How many of them because the bytes are in an archive.
    pub archived: u64,
    /// Changes that were not begun.
    pub skipped: u64,
    /// Why the whole run was given up, if it was.
    pub gave_up: Option<Error>,
}

/// A change that was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its number in the plan, from 0.
    pub row: u64,
    /// Its key.
    pub key: String,
    /// Why.
    pub error: Error,
}

impl Applied {
    /// Whether everything is done.
    pub fn is_complete(&self) -> bool {
        self.failed == 0 && self.skipped == 0
    }

    /// Why a row was not done, if it was tried.
    pub fn failure(&self, row: u64) -> Option<&Failure> {
        self.failures.binary_search_by_key(&row, |failure| failure.row).ok().and_then(|at| self.failures.get(at))
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// It was made.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It was tried and not made.
    Failed,
    /// It was not begun.
    Skipped,
}

impl TreeRun {
    /// A plan of which nothing is done yet. Copies are noted in the journal.
    pub fn new(plan: TreePlan, journal: Option<Journal>) -> Self {
        Self { plan, journal, done: Bits::default(), unchanged: Bits::default() }
    }

    /// How many changes there are, and how large.
    pub fn totals(&self) -> &ObjectTotals {
        &self.plan.totals
    }

    /// How many changes there are.
    pub fn len(&self) -> u64 {
        self.plan.changes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.plan.changes.is_empty()
    }

    /// How many changes are done, or were already so.
    pub fn finished_rows(&self) -> u64 {
        self.done.count + self.unchanged.count
    }

    /// The changes, by key.
    pub fn changes(&mut self) -> Rows<'_, ObjectChange> {
        self.plan.changes.rows()
    }

    /// What became of a row.
    pub fn outcome(&self, row: u64, applied: &Applied) -> RowOutcome {
        if self.done.has(row) {
            RowOutcome::Done
        } else if self.unchanged.has(row) {
            RowOutcome::Unchanged
        } else if applied.failure(row).is_some() {
            RowOutcome::Failed
        } else {
            RowOutcome::Skipped
        }
    }

    /// Forgets the journal: there is nothing to go on with.
    pub fn finish(self) {
        if let Some(journal) = self.journal {
            journal.finish();
        }
    }

    /// Makes the changes that are not settled yet, as many at once as S3 bears. `admit` sees every change first, in order;
    /// deletions come many at a time where `many_deletes` says so. `perform` returns an outcome for each change.
    pub(super) async fn apply<A>(
        &mut self,
        concurrency: &SharedConcurrency,
        observer: &impl ProgressObserver,
        many_deletes: bool,
        mut admit: impl FnMut(&ObjectChange) -> Result<A, Error>,
        perform: impl AsyncFn(Vec<(ObjectChange, A)>) -> Vec<(ObjectChange, Result<Restored, Error>)>,
    ) -> Result<Applied, Error> {
        let Self { plan, journal, done, unchanged } = self;
        let mut applied = Applied { before: plan.proved, ..Applied::default() };
        let all = plan.changes.len();
        let mut rows = (0_u64..).zip(plan.changes.rows());
        let (mut busy, mut is_over) = (FuturesUnordered::new(), false);
        let (mut deletes, mut delete_rows) = (Vec::new(), Vec::new());
        let begin = |numbers: Vec<u64>, changes: Vec<(ObjectChange, A)>| {
            let perform = &perform;
            async move {
                let outcomes = perform(changes).await;
                numbers.into_iter().zip(outcomes).collect::<Vec<_>>()
            }
        };
        loop {
            while !is_over && !observer.should_stop() && applied.gave_up.is_none() && busy.len() < concurrency.now() {
                let Some((row, change)) = rows.next() else {
                    is_over = true;
                    break;
                };
                let change = change?;
                let admitted = admit(&change);
                if done.has(row) || unchanged.has(row) {
                    continue;
                }
                match admitted {
                    Err(error) => {
                        let outcome = Err(error);
                        observer.finished(&change, &outcome);
                        if let Err(error) = outcome {
                            applied.fail(row, change.version.key, error);
                        }
                    }
                    Ok(more) if many_deletes && change.action == ObjectAction::Delete => {
                        delete_rows.push(row);
                        deletes.push((change, more));
                        if deletes.len() == MOST_DELETES {
                            busy.push(begin(std::mem::take(&mut delete_rows), std::mem::take(&mut deletes)));
                        }
                    }
                    Ok(more) => busy.push(begin(vec![row], vec![(change, more)])),
                }
            }
            if is_over && !deletes.is_empty() && !observer.should_stop() && applied.gave_up.is_none() {
                busy.push(begin(std::mem::take(&mut delete_rows), std::mem::take(&mut deletes)));
            }
            let Some(outcomes) = busy.next().await else { break };
            for (row, (change, outcome)) in outcomes {
                let told = outcome.as_ref().map(drop).map_err(Clone::clone);
                observer.finished(&change, &told);
                match outcome {
                    Ok(Restored::Unchanged) => unchanged.set(row),
                    Ok(Restored::Copied(id)) => {
                        if let (Some(journal), Some(id)) = (journal.as_mut(), id) {
                            journal.note(&change.version, &id)?;
                        }
                        done.set(row);
                    }
                    Ok(Restored::Deleted(_)) => done.set(row),
                    Err(error) => applied.fail(row, change.version.key, error),
                }
            }
        }
        applied.failures.sort_by_key(|failure| failure.row);
        (applied.done, applied.unchanged) = (done.count, unchanged.count);
        applied.skipped = all - done.count - unchanged.count - applied.failed;
        Ok(applied)
    }
}

impl Applied {
    fn fail(&mut self, row: u64, key: String, error: Error) {
        self.failed += 1;
        self.archived += u64::from(error.kind == ErrorKind::Archived);
        // Nothing else will go better.
        if matches!(error.kind, ErrorKind::Credentials | ErrorKind::BucketMissing) {
            self.gave_up.get_or_insert_with(|| error.clone());
        }
        if self.failures.len() < FAILURES {
            self.failures.push(Failure { row, key, error });
        }
    }
}

/// One bit a row.
#[derive(Debug, Default)]
struct Bits {
    words: Vec<u64>,
    count: u64,
}

impl Bits {
    fn place(row: u64) -> (usize, u64) {
        (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row % 64))
    }

    fn has(&self, row: u64) -> bool {
        let (word, bit) = Self::place(row);
        self.words.get(word).is_some_and(|word| word & bit != 0)
    }

    fn set(&mut self, row: u64) {
        let (at, bit) = Self::place(row);
        if self.words.len() <= at {
            self.words.resize(at + 1, 0);
        }
        if let Some(word) = self.words.get_mut(at).filter(|word| **word & bit == 0) {
            *word |= bit;
            self.count += 1;
        }
    }
}
