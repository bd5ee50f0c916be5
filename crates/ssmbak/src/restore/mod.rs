//! Applies a plan: first what would be lost is recorded, then puts, then deletes, each with its own outcome.

pub mod journal;
mod options;
mod outcome;
mod pace;
mod put;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Action, Change, Field, Plan};
use ssmbak_core::restore_record::{RestoreDraft, RestoreRecord, RestoreState};

pub use options::{Now, RestoreOptions};
use outcome::Ledger;
pub use outcome::{Applied, Journaled, Outcome, Unwatched, Watcher};
pub use pace::Pace;

pub use crate::patience::Patience;
use crate::patience::patiently;

use crate::bucket::BackupBucket;
use crate::capture::Capture;
use crate::store::ParameterStore;
use crate::{Error, ErrorKind, STORE_CONCURRENCY};

/// DeleteParameters takes ten names.
const DELETES: usize = 10;

/// Whether a plan deletes, be it only to create again with another type.
///
/// Events give the time of a deletion to the second, cut off: what is deleted now would seem to have been deleted before
/// this moment, if both were in one second. So such a restore begins with the next second.
fn deletes(plan: &Plan) -> bool {
    plan.changes.iter().any(|change| match &change.action {
        Action::Delete { .. } => true,
        Action::Update { fields, .. } => fields.contains(&Field::Type),
        Action::Create(_) => false,
    })
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
        self.write(plan, options, seen, &mut ledger).await;
        ledger.close()
    }

    /// Applies a plan as [`Restore::apply`] does, and leaves a record in the bucket by which it can be looked up and
    /// undone: once before the first write to Parameter Store, and again at the end. That it cannot be left stops nothing.
    pub async fn apply_and_record(
        &self,
        plan: &Plan,
        draft: RestoreDraft,
        options: &RestoreOptions,
        watcher: &impl Watcher,
    ) -> Journaled {
        let mut ledger = Ledger::new(plan, watcher);
        let before = options.now.read();
        if deletes(plan) && !watcher.stopped() {
            options.now.next_second(before).await;
        }
        // After that moment: what is deleted is known to have lived until it was seen.
        let seen = options.now.read();
        self.record_present(plan, options, &mut ledger).await;
        let mut record = RestoreRecord::begin(draft, plan, before, options.now.read());
        let leave = async |record: &RestoreRecord| {
            patiently(options.patience, || journal::write(self.capture.bucket(), record)).await
        };
        let begun = leave(&record).await;
        self.write(plan, options, seen, &mut ledger).await;
        let mut applied = ledger.close();
        record.state = if applied.stopped { RestoreState::Stopped } else { RestoreState::Finished };
        record.finished = Some(options.now.read());
        for (change, outcome) in record.changes.iter_mut().zip(&applied.outcomes) {
            (change.outcome, change.error) = outcome.recorded();
        }
        let finished = leave(&record).await;
        // A record that only says that the restore began is enough to undo it.
        let recorded = begun.is_ok() || finished.is_ok();
        if let Some(error) = begun.err().or(finished.err()) {
            applied.warnings.push(format!("the restore's own record is not complete: {error}"));
        }
        Journaled { applied, record, recorded }
    }

    /// Applies what a plan creates, and nothing else, where no bucket records what is done.
    pub async fn create_unrecorded(
        &self,
        plan: &Plan,
        draft: RestoreDraft,
        options: &RestoreOptions,
        watcher: &impl Watcher,
    ) -> Journaled {
        let before = options.now.read();
        let record = RestoreRecord::begin(draft, plan, before, before);
        let mut ledger = Ledger::new(plan, watcher);
        for (row, change) in plan.changes.iter().enumerate() {
            if !matches!(change.action, Action::Create(_)) {
                let error = Error::new(ErrorKind::Refused, "nothing records what it would overwrite or delete");
                ledger.settle(row, Outcome::Failed(error));
            }
        }
        self.put_all(plan, options, before, &mut ledger).await;
        Journaled { applied: ledger.close(), record, recorded: false }
    }

    async fn write(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        seen: Timestamp,
        ledger: &mut Ledger<'_, impl Watcher>,
    ) {
        self.put_all(plan, options, seen, ledger).await;
        self.delete_all(plan, options, seen, ledger).await;
    }

    /// Records what the plan would overwrite or delete, where the bucket lacks it. A row of which that fails is not
    /// touched. That what it would create is missing is not recorded: with a deletion of unknown time before now, what was
    /// true at the time asked for would be unknown, and a restore that stops half-way could not be finished.
    async fn record_present(&self, plan: &Plan, options: &RestoreOptions, ledger: &mut Ledger<'_, impl Watcher>) {
        let endangered =
            plan.changes.iter().enumerate().filter(|(_, change)| !matches!(change.action, Action::Create(_)));
        let watcher = ledger.watcher;
        let recorded: Vec<(usize, Result<(), Error>)> = stream::iter(endangered)
            .map(|(row, change)| async move {
                if watcher.stopped() {
                    return (row, Ok(()));
                }
                let recorded = patiently(options.patience, || async {
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
            let deleted = patiently(options.patience, || store.delete(&spellings)).await;
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
