//! Applies a plan: first what would be lost is recorded, then puts, then deletes, each with its own outcome.

mod between;
pub mod journal;
mod options;
mod outcome;
mod present;
mod put;
mod undo;

use std::collections::BTreeMap;

use futures_util::FutureExt as _;
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::plan::{Action, Change, Field, Plan};
use ssmbak_core::restore_record::{RestoreDraft, RestoreRecord, RestoreState, RowState};

pub use options::{Now, RestoreOptions};
pub use outcome::{Applied, Outcome, ProgressObserver, RestoreReport, Unobserved};
use outcome::{OutcomeTracker, Trace};

pub use crate::retry::RetryPolicy;
use crate::retry::retry_throttled;

use self::present::Recorded;
use crate::bucket::BackupBucket;
use crate::capture::Capture;
use crate::rate_limiter::WriteRate;
use crate::store::ParameterStore;
use crate::{Error, ErrorKind, STORE_CONCURRENCY};

/// More writes than this are never under way.
const PUTS_AT_ONCE: u32 = 64;

/// DeleteParameters takes ten names.
const DELETES: usize = 10;

/// How many changes may be under way at once: as many as begin in three seconds, for a change that is not only a put. Where
/// there is no limit they are made one after the other.
fn puts_at_once(per_second: Option<f64>) -> usize {
    let rate = per_second.filter(|rate| *rate > 0.0 && rate.is_finite());
    rate.map_or(1, |rate| (1..PUTS_AT_ONCE).take_while(|at_once| f64::from(*at_once) < rate * 3.0).count() + 1)
}

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
    pub async fn apply(&self, plan: &Plan, options: &RestoreOptions, observer: &impl ProgressObserver) -> Applied {
        let mut tracker = OutcomeTracker::new(plan, observer);
        let seen = options.now.read();
        self.record_present(plan, options, &mut tracker).await;
        self.write(plan, options, seen, &mut tracker).await;
        tracker.close()
    }

    /// Applies a plan as [`Restore::apply`] does, and leaves a record in the bucket by which it can be looked up and
    /// undone: before anything else, once more before the first write to Parameter Store, with what is there, and again at
    /// the end. That it cannot be left stops nothing.
    pub async fn apply_and_record(
        &self,
        plan: &Plan,
        draft: RestoreDraft,
        options: &RestoreOptions,
        observer: &impl ProgressObserver,
    ) -> RestoreReport {
        let mut tracker = OutcomeTracker::new(plan, observer);
        let before = options.now.read();
        let mut record = RestoreRecord::begin(draft, plan, before, options.now.read());
        let leave = async |record: &RestoreRecord| {
            retry_throttled(options.retry, || journal::write(self.capture.bucket(), record)).await
        };
        let endangers = plan.changes.iter().any(|change| !matches!(change.action, Action::Create(_)));
        if !endangers {
            record.arm();
        }
        let mut begun = leave(&record).await;
        if deletes(plan) && !observer.should_stop() {
            options.now.next_second(before).await;
        }
        // After that moment: what is deleted is known to have lived until it was seen.
        let seen = options.now.read();
        self.record_present(plan, options, &mut tracker).await;
        if endangers {
            tracker.record(&mut record);
            record.arm();
            begun = leave(&record).await;
        }
        self.write(plan, options, seen, &mut tracker).await;
        tracker.record(&mut record);
        let mut applied = tracker.close();
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
        RestoreReport { applied, record, recorded }
    }

    /// Applies what a plan creates, and nothing else, where no bucket records what is done.
    pub async fn create_unrecorded(
        &self,
        plan: &Plan,
        draft: RestoreDraft,
        options: &RestoreOptions,
        observer: &impl ProgressObserver,
    ) -> RestoreReport {
        let before = options.now.read();
        let record = RestoreRecord::begin(draft, plan, before, before);
        let mut tracker = OutcomeTracker::new(plan, observer);
        for (row, change) in plan.changes.iter().enumerate() {
            if !matches!(change.action, Action::Create(_)) {
                let error = Error::new(ErrorKind::Refused, "nothing records what it would overwrite or delete");
                tracker.settle(row, Outcome::Failed(error));
            }
        }
        self.put_all(plan, options, &mut tracker).await;
        RestoreReport { applied: tracker.close(), record, recorded: false }
    }

    async fn write(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        seen: Timestamp,
        tracker: &mut OutcomeTracker<'_, impl ProgressObserver>,
    ) {
        self.put_all(plan, options, tracker).await;
        self.delete_all(plan, options, seen, tracker).await;
    }

    /// Records what the plan would overwrite or delete, where the bucket lacks it. A row of which that fails is not
    /// touched. That what it would create is missing is not recorded: with a deletion of unknown time before now, what was
    /// true at the time asked for would be unknown, and a restore that stops half-way could not be finished.
    async fn record_present(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        tracker: &mut OutcomeTracker<'_, impl ProgressObserver>,
    ) {
        let endangered =
            plan.changes.iter().enumerate().filter(|(_, change)| !matches!(change.action, Action::Create(_)));
        let observer = tracker.observer;
        let listed = &self.listed(plan, options).await;
        let recorded: Vec<(usize, Result<Option<Recorded>, Error>)> = stream::iter(endangered)
            .map(|(row, change)| async move {
                let (Action::Update { from, .. } | Action::Delete { from, .. }) = &change.action else {
                    return (row, Ok(None));
                };
                if observer.should_stop() {
                    return (row, Ok(None));
                }
                let listed = listed.get(&change.name);
                (row, present::record(&self.capture, &from.parameter, listed, options).await.map(Some))
            })
            .buffer_unordered(STORE_CONCURRENCY)
            .boxed()
            .collect()
            .await;
        for (row, outcome) in recorded {
            let change = plan.changes.get(row).map(|change| &change.action);
            match (outcome, change) {
                (Err(mut error), _) => {
                    error.message = format!("its present state could not be recorded first: {}", error.message);
                    tracker.settle(row, Outcome::Failed(error));
                }
                (Ok(Some(Recorded::Gone)), Some(Action::Delete { .. })) => tracker.settle(row, Outcome::Done),
                (Ok(Some(Recorded::Gone)), _) => {
                    let error = Error::new(ErrorKind::NotFound, "it was deleted since the preview");
                    tracker.settle(row, Outcome::Failed(error.with_hint("run the restore again to create it")));
                }
                (Ok(Some(Recorded::Is(state))), Some(Action::Update { from, .. } | Action::Delete { from, .. })) => {
                    let warnings = present::change_since(&from.parameter, &state).into_iter().collect();
                    tracker.follow(row, Trace { before: Some(state), warnings, ..Trace::default() });
                }
                (Ok(_), _) => {}
            }
        }
    }

    /// What Parameter Store lists now of the parameters that the plan overwrites or deletes, read in bulk. What is not in it is
    /// looked at by itself. Tags of an index are minutes old: where the restore takes tags away they are left out, so that
    /// the parameter's own are read.
    async fn listed(&self, plan: &Plan, options: &RestoreOptions) -> BTreeMap<ParameterName, CurrentParameter> {
        let endangered = plan.changes.iter().filter(|change| !matches!(change.action, Action::Create(_)));
        let names: Vec<ParameterName> = endangered.map(|change| change.name.clone()).collect();
        let keeps_tags = |change: &&Change| match &change.action {
            Action::Update { fields, .. } => !fields.contains(&Field::Tags) && !fields.contains(&Field::Type),
            Action::Create(_) | Action::Delete { .. } => false,
        };
        let untouched: Vec<ParameterName> =
            plan.changes.iter().filter(keeps_tags).map(|change| change.name.clone()).collect();
        let store = self.capture.store();
        let mut listed = match names.is_empty() {
            true => BTreeMap::new(),
            // A failure concerns each name alike, and is told of there.
            false => retry_throttled(options.retry, || store.find(&names)).await.unwrap_or_default(),
        };
        if !untouched.is_empty()
            && let Ok(Some(mut tags)) = retry_throttled(options.retry, || store.tags_of_many(&untouched)).await
        {
            for name in &untouched {
                if let Some(parameter) = listed.get_mut(name) {
                    parameter.details.tags = Some(tags.remove(name).unwrap_or_default());
                }
            }
        }
        listed
    }

    /// Makes the changes that are no deletions, each at its turn. A change that takes longer than until the next turn does
    /// not hold the others up; an interruption lets those end that have begun.
    async fn put_all(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        tracker: &mut OutcomeTracker<'_, impl ProgressObserver>,
    ) {
        let rate = &WriteRate::new(options.puts_per_second);
        let at_once = puts_at_once(options.puts_per_second);
        let mut under_way = FuturesUnordered::new();
        for (row, change) in plan.changes.iter().enumerate() {
            if matches!(change.action, Action::Delete { .. }) || !tracker.open(row) {
                continue;
            }
            let turn = async {
                if put::puts(&change.action) {
                    rate.turn(1).await;
                }
            };
            tokio::pin!(turn);
            let mut waits = true;
            while waits || under_way.len() >= at_once {
                tokio::select! {
                    biased;
                    Some(done) = under_way.next() => tracker.close_row(done),
                    () = &mut turn, if waits => waits = false,
                }
            }
            if tracker.stop() {
                break;
            }
            let mut trace = tracker.trace(row);
            let put = async move {
                let outcome = put::put(&self.capture, change, options, rate, &mut trace).await;
                (row, trace, outcome.map_or_else(Outcome::Failed, |()| Outcome::Done))
            };
            under_way.push(put.boxed());
        }
        while let Some(done) = under_way.next().await {
            tracker.close_row(done);
        }
    }

    async fn delete_all(
        &self,
        plan: &Plan,
        options: &RestoreOptions,
        seen: Timestamp,
        tracker: &mut OutcomeTracker<'_, impl ProgressObserver>,
    ) {
        let rate = WriteRate::new(options.deletes_per_second);
        let deletes: Vec<(usize, &Change, String)> = plan
            .changes
            .iter()
            .enumerate()
            .filter_map(|(row, change)| match &change.action {
                Action::Delete { from, .. } if tracker.open(row) => {
                    Some((row, change, from.parameter.spelling.clone()))
                }
                _ => None,
            })
            .collect();
        for ten in deletes.chunks(DELETES) {
            if tracker.stop() {
                return;
            }
            rate.turn(ten.len()).await;
            let ten = self.still_recorded(ten, options, tracker).await;
            if ten.is_empty() {
                continue;
            }
            let spellings: Vec<String> = ten.iter().map(|(_, _, spelling)| spelling.clone()).collect();
            let store = self.capture.store();
            let deleted = retry_throttled(options.retry, || store.delete(&spellings)).await;
            for (row, change, spelling) in ten {
                let mut trace = tracker.trace(*row);
                (trace.touched, trace.after) = (true, None);
                let outcome = match &deleted {
                    Err(error) => Outcome::Failed(error.clone()),
                    Ok(left) if left.contains(spelling) => self.why_left(&change.name).await,
                    Ok(_) => Outcome::Done,
                };
                match &outcome {
                    Outcome::Done => trace.after = Some(RowState::absent()),
                    Outcome::Failed(error) => trace.touched = put::is_in_doubt(error),
                    Outcome::Skipped(_) => {}
                }
                tracker.follow(*row, trace);
                // Unlike a version, a deletion leaves no trace in Parameter Store: should its event be lost, this is it.
                if outcome == Outcome::Done
                    && let Err(error) = self.capture.deleted(&change.name, seen, options.now.read()).await
                {
                    tracker.warn(format!("{} was deleted, but that could not be recorded: {error}", change.name));
                }
                tracker.settle(*row, outcome);
            }
        }
    }

    /// Of rows that are about to be deleted those whose parameters are what is recorded of them. One that has changed is
    /// recorded again; of which that fails, it is not deleted.
    async fn still_recorded<'d, 'p>(
        &self,
        ten: &'d [(usize, &'p Change, String)],
        options: &RestoreOptions,
        tracker: &mut OutcomeTracker<'_, impl ProgressObserver>,
    ) -> Vec<&'d (usize, &'p Change, String)> {
        let names: Vec<ParameterName> = ten.iter().map(|(_, change, _)| change.name.clone()).collect();
        let store = self.capture.store();
        let found = retry_throttled(options.retry, || store.find(&names)).await;
        let mut still = Vec::with_capacity(ten.len());
        for deletion in ten {
            let (row, change, _) = deletion;
            let mut trace = tracker.trace(*row);
            let same = match &found {
                // What is not listed may be gone, and if it is not, deleting it is right.
                Ok(found) if !found.contains_key(&change.name) => Ok(()),
                Ok(found) => {
                    let now = (&change.name, found.get(&change.name));
                    present::still_recorded(&self.capture, now, options, &mut trace).await
                }
                Err(error) => Err(error.clone()),
            };
            tracker.follow(*row, trace);
            match same {
                Ok(()) => still.push(deletion),
                Err(error) if found.is_ok() && error.kind == ErrorKind::NotFound => tracker.settle(*row, Outcome::Done),
                Err(mut error) => {
                    error.message =
                        format!("what it is now could not be recorded before its deletion: {}", error.message);
                    tracker.settle(*row, Outcome::Failed(error));
                }
            }
        }
        still
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
