//! What it takes to undo a restore.

use ssmbak_core::unknown::{ReasonCode, UnknownReason};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterValue};
use ssmbak_core::plan::{Plan, PlanOptions, Present, PresentParameter, RecordedParameter, Target, UnknownName};
use ssmbak_core::record::{Evidence, Record};
use ssmbak_core::restore_record::{RecordedChange, RestoreRecord, RowState};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Absence, Held};
use tokio::time::sleep;

use super::Now;
use super::journal::restores;
use crate::bucket::{BackupBucket, StoredVersion, record_and_body_of};
use crate::read::{body_of, described, presents_exactly, recorded_timelines};
use crate::store::ParameterStore;
use crate::{CONCURRENCY, ConcurrencyLimiter, Error, ParamPath};

/// How old the oldest read of Parameter Store may be: what looks untouched later than this was changed back by somebody.
const OLDEST_READ: SignedDuration = SignedDuration::from_mins(15);

/// How many of the latest restores are looked at: those of the last minutes.
const LATER_RESTORES: usize = 20;

/// How to look at what a restore has changed.
#[derive(Clone, Debug)]
pub struct UndoOptions {
    /// How often a row that the restore has changed and that looks untouched is looked at.
    pub looks: u32,
    /// How long to wait between two looks.
    pub pause: Duration,
    /// The clock.
    pub now: Now,
}

impl Default for UndoOptions {
    fn default() -> Self {
        Self { looks: 10, pause: Duration::from_secs(1), now: Now::default() }
    }
}

/// What it takes to undo a restore: the parameters that it touched, each as it was right before its row was written, which
/// the restore's record tells. What a record of an older format does not tell is what the bucket says of the moment before
/// the restore.
///
/// # Errors
/// The first request that failed.
pub async fn undo<S, B>(store: &S, bucket: &B, record: &RestoreRecord) -> Result<Plan, Error>
where
    S: ParameterStore + Clone,
    B: BackupBucket + Clone,
{
    undo_with(store, bucket, record, &UndoOptions::default()).await
}

/// As [`undo`], with another clock or other pauses.
///
/// # Errors
/// The first request that failed.
pub async fn undo_with<S, B>(
    store: &S,
    bucket: &B,
    record: &RestoreRecord,
    options: &UndoOptions,
) -> Result<Plan, Error>
where
    S: ParameterStore + Clone,
    B: BackupBucket + Clone,
{
    let touched = record.changes.iter().filter(|change| change.is_touched());
    let (rows, old): (Vec<&RecordedChange>, Vec<_>) = touched.partition(|change| change.before.is_some());
    let mut plan = of_rows(store, bucket, record, &rows, options).await?;
    if !old.is_empty() {
        let names = old.into_iter().map(|change| change.name.clone()).collect();
        let other = of_moment(store, bucket, record, names).await?;
        plan.changes.extend(other.changes);
        plan.unchanged += other.unchanged;
        plan.unknown.extend(other.unknown);
        plan.warnings.extend(other.warnings);
    }
    plan.sort();
    Ok(plan)
}

async fn of_rows<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    record: &RestoreRecord,
    rows: &[&RecordedChange],
    options: &UndoOptions,
) -> Result<Plan, Error> {
    let limiter = &ConcurrencyLimiter::of_bucket();
    let mut targets: BTreeMap<ParameterName, Target> = stream::iter(rows)
        .map(|row| async move {
            let target = limiter.run(|| target(bucket, row, record.begun)).await?;
            Ok::<_, Error>((row.name.clone(), target))
        })
        .buffer_unordered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await?;
    let recent = options.now.read().duration_since(record.finished.unwrap_or(record.begun)) < OLDEST_READ;
    let mut plan = Plan::default();
    let mut shown: BTreeMap<ParameterName, Present> = BTreeMap::new();
    let mut unsure: Vec<&RecordedChange> = rows.to_vec();
    for look in 0..options.looks.max(1) {
        if unsure.is_empty() {
            break;
        }
        if look > 0 {
            sleep(options.pause).await;
        }
        let names: Vec<ParameterName> = unsure.iter().map(|row| row.name.clone()).collect();
        let limiter = &ConcurrencyLimiter::of_store();
        let found = limiter.run(|| store.find(&names)).await?;
        let mut some = presents_exactly(store, found, &targets, limiter).await?;
        unsure.retain(|row| recent && row.looks_untouched(some.get(&row.name).and_then(parameter_of)));
        if look == 0 && !unsure.is_empty() {
            // What a later restore has changed may well be what it was.
            let later = touched_since(bucket, record).await?;
            unsure.retain(|row| !later.contains(&row.name));
        }
        for name in names {
            shown.remove(&name);
        }
        shown.append(&mut some);
    }
    for row in rows {
        let name = row.name.clone();
        let present = shown.remove(&name).unwrap_or(Present::Missing);
        let Some(target) = targets.remove(&name) else { continue };
        if unsure.iter().any(|row| row.name == name) {
            let message = "Parameter Store still shows what was there before the restore, which changed it";
            plan.unknown.push(UnknownName { name, reason: UnknownReason::new(ReasonCode::Contradiction, message) });
            continue;
        }
        let since = row.changed_since(parameter_of(&present));
        let before = plan.changes.len();
        plan.add(name.clone(), target, present, PlanOptions::default());
        if let Some(since) = since.filter(|_| plan.changes.len() > before) {
            plan.warnings
                .push(format!("{name} was changed after that restore ({since}): undoing it reverts that as well"));
        }
    }
    Ok(plan)
}

/// The names that later restores have touched.
async fn touched_since<B: BackupBucket>(bucket: &B, record: &RestoreRecord) -> Result<BTreeSet<ParameterName>, Error> {
    let later = restores(bucket, LATER_RESTORES).await?.restores;
    Ok(later.iter().filter(|other| other.id > record.id).flat_map(RestoreRecord::touched).collect())
}

fn parameter_of(present: &Present) -> Option<&CurrentParameter> {
    match present {
        Present::Exists(present) => Some(&present.parameter),
        Present::Missing | Present::Unreadable(_) => None,
    }
}

/// What a parameter was right before its row was written.
async fn target<B: BackupBucket>(bucket: &B, row: &RecordedChange, begun: Timestamp) -> Result<Target, Error> {
    let Some(before) = row.before.as_ref().filter(|before| !before.absent) else {
        return Ok(Target::Absent(Absence::NotYetCreated(begun)));
    };
    let found = match stored(bucket, &row.name, before).await? {
        Some(found) => Some(found),
        None => searched(bucket, &row.name, before).await?,
    };
    let recorded = found.and_then(|(record, body)| {
        let value = String::from_utf8(body).ok().filter(|value| !value.is_empty())?;
        let since = before.last_modified_date?;
        let mut recorded = RecordedParameter::of(Held { record: &record, since }, ParameterValue::new(value))?;
        if let (Some(details), Some(tags)) = (&mut recorded.details, &before.tags) {
            details.tags = Some(tags.clone());
        }
        Some(recorded)
    });
    Ok(match recorded {
        Some(recorded) => Target::Held(Box::new(recorded)),
        None => {
            let number = before.version.unwrap_or_default();
            let message =
                format!("version {number}, which was there before the restore, is not in the bucket any more");
            Target::Unknown(UnknownReason::new(ReasonCode::Expired, message))
        }
    })
}

/// The S3 version that the restore's record names.
async fn stored<B: BackupBucket>(
    bucket: &B,
    name: &ParameterName,
    before: &RowState,
) -> Result<Option<(Record, Vec<u8>)>, Error> {
    let (Some(version_id), Some(last_modified)) = (&before.version_id, before.last_modified_date) else {
        return Ok(None);
    };
    let version = StoredVersion {
        key: name.key().to_owned(),
        version_id: version_id.clone(),
        last_modified,
        is_latest: false,
        is_marker: false,
        size: 0,
    };
    let found = record_and_body_of(bucket, &version).await?;
    Ok(found.filter(|(record, _)| is_version(record, before)))
}

/// The same version wherever the bucket has it.
async fn searched<B: BackupBucket>(
    bucket: &B,
    name: &ParameterName,
    before: &RowState,
) -> Result<Option<(Record, Vec<u8>)>, Error> {
    let mut recorded = recorded_timelines(bucket, &Selection::of_names([name.clone()])).await?;
    let Some(timeline) = recorded.timelines.remove(name) else { return Ok(None) };
    let Some(record) = timeline.records().iter().rfind(|record| is_version(record, before)) else { return Ok(None) };
    let body = body_of(bucket, name, &record.version_id).await?;
    Ok(Some((record.clone(), body)))
}

fn is_version(record: &Record, before: &RowState) -> bool {
    match &record.evidence {
        Evidence::Value(value) => {
            before.version == Some(value.details.version) && before.last_modified_date == Some(value.details.modified)
        }
        _ => false,
    }
}

/// As the bucket says of the moment before the restore. What the restore created did not exist then, whatever the bucket
/// believes.
async fn of_moment<S, B>(
    store: &S,
    bucket: &B,
    record: &RestoreRecord,
    names: Vec<ParameterName>,
) -> Result<Plan, Error>
where
    S: ParameterStore + Clone,
    B: BackupBucket + Clone,
{
    let created: Vec<ParameterName> = record.created().into_iter().filter(|name| names.contains(name)).collect();
    let others: Vec<ParameterName> = names.into_iter().filter(|name| !created.contains(name)).collect();
    let mut plan = Plan::default();
    if !others.is_empty() {
        let (selection, before) = (Selection::of_names(others), Instant::exact(record.before));
        plan = ParamPath::new(store.clone(), bucket.clone(), selection, before).preview().await?;
    }
    for (name, parameter) in described(store, &Selection::of_names(created)).await? {
        // Of what is deleted the value is not needed.
        let present = PresentParameter { parameter, value: ParameterValue::new("") };
        let target = Target::Absent(Absence::NotYetCreated(record.begun));
        plan.add(name, target, Present::Exists(Box::new(present)), PlanOptions::default());
    }
    Ok(plan)
}
