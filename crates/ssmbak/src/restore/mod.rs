//! Applies a plan: first what would be lost is recorded, then puts, then deletes, each with its own outcome.

mod pace;
mod put;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Action, Change, Plan};

pub use pace::{Pace, Patience};

use crate::bucket::BackupBucket;
use crate::capture::Capture;
use crate::store::ParameterStore;
use crate::{Error, ErrorKind, STORE_CONCURRENCY};

/// DeleteParameters takes ten names.
const DELETES: usize = 10;

/// AWS: "wait at least 30 seconds" between deleting a parameter and creating one of the same name.
const REBIRTH: Duration = Duration::from_secs(30);

/// The clock that a restore reads, to say when it deleted what.
#[derive(Clone)]
pub struct Now(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Now {
    /// A clock of one's own.
    pub fn new(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    fn read(&self) -> Timestamp {
        (self.0)()
    }
}

impl Default for Now {
    /// The system's clock.
    fn default() -> Self {
        Self::new(Timestamp::now)
    }
}

impl std::fmt::Debug for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Now")
    }
}

/// How to restore.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// PutParameter calls a second; `None`: as fast as they are answered. AWS allows 3 (10 with the paid setting).
    pub puts_per_second: Option<f64>,
    /// Names deleted a second; `None`: as fast as they are answered. AWS allows 5, which cannot be raised.
    pub deletes_per_second: Option<f64>,
    /// How often a throttled call is tried again after the SDK gave up.
    pub patience: Patience,
    /// How long to wait between deleting a parameter and creating it with another type, where Parameter Store does not
    /// change a type in place.
    pub rebirth: Duration,
    /// The clock.
    pub now: Now,
}

impl Default for RestoreOptions {
    fn default() -> Self {
        Self {
            puts_per_second: Some(3.0),
            deletes_per_second: Some(5.0),
            patience: Patience::default(),
            rebirth: REBIRTH,
            now: Now::default(),
        }
    }
}

/// Who follows a restore, and may stop it.
pub trait Watcher: Sync {
    /// One row is settled.
    fn settled(&self, _name: &ParameterName, _outcome: &Outcome) {}

    /// Whether to stop before the next write.
    fn stopped(&self) -> bool {
        false
    }
}

/// Follows nothing and stops nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watcher for Unwatched {}

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

/// Applies plans.
#[derive(Clone, Debug)]
pub struct Restore<S, B> {
    capture: Capture<S, B>,
}

impl<S: ParameterStore, B: BackupBucket> Restore<S, B> {
    /// Restores into `store` what `bucket` recorded.
    pub fn new(store: S, bucket: B) -> Self {
        Self { capture: Capture::new(store, bucket) }
    }

    /// Applies a plan. Nothing is thrown away: a row that fails leaves the others to be tried, and what is overwritten or
    /// deleted is in the bucket before the first write.
    pub async fn apply(&self, plan: &Plan, options: &RestoreOptions, watcher: &impl Watcher) -> Applied {
        let mut ledger = Ledger::new(plan, watcher);
        let seen = options.now.read();
        self.record_present(plan, options, &mut ledger).await;
        self.put_all(plan, options, seen, &mut ledger).await;
        self.delete_all(plan, options, seen, &mut ledger).await;
        ledger.close()
    }

    /// Records what the plan would overwrite or delete, where the bucket lacks it. A row of which that fails is not
    /// touched.
    async fn record_present(&self, plan: &Plan, options: &RestoreOptions, ledger: &mut Ledger<'_, impl Watcher>) {
        let endangered =
            plan.changes.iter().enumerate().filter(|(_, change)| !matches!(change.action, Action::Create(_)));
        let watcher = ledger.watcher;
        let recorded: Vec<(usize, Result<(), Error>)> = stream::iter(endangered)
            .map(|(row, change)| async move {
                if watcher.stopped() {
                    return (row, Ok(()));
                }
                let recorded = pace::patiently(options.patience, || async {
                    let survey = self.capture.survey(&change.name, options.now.read()).await?;
                    self.capture.settle(survey).await.map(drop)
                });
                (row, recorded.await)
            })
            .buffer_unordered(STORE_CONCURRENCY)
            .collect()
            .await;
        for (row, outcome) in recorded {
            if let Err(mut error) = outcome {
                error.message = format!("its present state could not be recorded first: {}", error.message);
                ledger.settle(row, Outcome::Failed(error));
            }
        }
    }

    async fn put_all(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        seen: Timestamp,
        ledger: &mut Ledger<'_, impl Watcher>,
    ) {
        let mut pace = Pace::new(options.puts_per_second);
        for (row, change) in plan.changes.iter().enumerate() {
            if matches!(change.action, Action::Delete { .. }) || !ledger.open(row) {
                continue;
            }
            if ledger.stop() {
                return;
            }
            let outcome = put::put(&self.capture, change, options, seen, &mut pace).await;
            ledger.settle(row, outcome.map_or_else(Outcome::Failed, |()| Outcome::Done));
        }
    }

    async fn delete_all(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        seen: Timestamp,
        ledger: &mut Ledger<'_, impl Watcher>,
    ) {
        let mut pace = Pace::new(options.deletes_per_second);
        let deletes: Vec<(usize, &Change, String)> = plan
            .changes
            .iter()
            .enumerate()
            .filter_map(|(row, change)| match &change.action {
                Action::Delete { from, .. } if ledger.open(row) => Some((row, change, from.parameter.spelling.clone())),
                _ => None,
            })
            .collect();
        for ten in deletes.chunks(DELETES) {
            if ledger.stop() {
                return;
            }
            pace.take(ten.len()).await;
            let spellings: Vec<String> = ten.iter().map(|(_, _, spelling)| spelling.clone()).collect();
            let store = self.capture.store();
            let deleted = pace::patiently(options.patience, || store.delete(&spellings)).await;
            for (row, change, spelling) in ten {
                let outcome = match &deleted {
                    Err(error) => Outcome::Failed(error.clone()),
                    Ok(left) if left.contains(spelling) => self.why_left(&change.name).await,
                    Ok(_) => Outcome::Done,
                };
                // Unlike a version, a deletion leaves no trace in Parameter Store: should its event be lost, this is it.
                if outcome == Outcome::Done
                    && let Err(error) = self.capture.deleted(&change.name, seen, options.now.read()).await
                {
                    ledger.warn(format!("{} was deleted, but that could not be recorded: {error}", change.name));
                }
                ledger.settle(*row, outcome);
            }
        }
    }

    /// Parameter Store lists a name as not deleted also when it was gone already, which is what the plan wants.
    async fn why_left(&self, name: &ParameterName) -> Outcome {
        match self.capture.store().history(name).await {
            Ok(None) => Outcome::Done,
            Ok(Some(_)) => Outcome::Failed(Error::new(ErrorKind::Refused, "parameter store did not delete it")),
            Err(error) => Outcome::Failed(error),
        }
    }
}

/// The outcomes so far.
struct Ledger<'a, W> {
    plan: &'a Plan,
    outcomes: Vec<Option<Outcome>>,
    watcher: &'a W,
    stopped: bool,
    warnings: Vec<String>,
}

impl<'a, W: Watcher> Ledger<'a, W> {
    fn new(plan: &'a Plan, watcher: &'a W) -> Self {
        Self { plan, outcomes: vec![None; plan.changes.len()], watcher, stopped: false, warnings: Vec::new() }
    }

    fn open(&self, row: usize) -> bool {
        self.outcomes.get(row).is_some_and(Option::is_none)
    }

    fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    fn stop(&mut self) -> bool {
        self.stopped |= self.watcher.stopped();
        self.stopped
    }

    fn settle(&mut self, row: usize, outcome: Outcome) {
        if let (Some(slot), Some(change)) = (self.outcomes.get_mut(row), self.plan.changes.get(row)) {
            self.watcher.settled(&change.name, &outcome);
            *slot = Some(outcome);
        }
    }

    fn close(self) -> Applied {
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
