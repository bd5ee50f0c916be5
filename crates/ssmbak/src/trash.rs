//! What was deleted and can come back.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::plan::{Plan, PlanOptions, Present, Target};
use ssmbak_core::record::Record;
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Held, Reach, Timeline};
use ssmbak_core::trash::{Deleted, Gone, GoneBy, Last, gone};

use crate::bucket::{BackupBucket, StoredVersion};
use crate::capture::Capture;
use crate::read::{ReadBack, Reader, described, foreign_key, is_recent, left_out, look_again, read_held};
use crate::store::ParameterStore;
use crate::{Error, ErrorKind};

/// Values that are read at once.
const READS: usize = 64;

/// Parameters that are recorded as missing at once.
const REPAIR_CONCURRENCY: usize = 8;

/// A parameter that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedParameter {
    /// Its name.
    pub name: ParameterName,
    /// How it went, and what is left of it.
    pub gone: Gone,
    /// Since when its last version is not the current one of its key, and so subject to the bucket's lifecycle; `None`:
    /// it is current, and stays.
    pub noncurrent: Option<Timestamp>,
}

/// What is gone of a selection, in order of name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trash {
    /// The parameters.
    pub parameters: Vec<DeletedParameter>,
    /// Whether neither Parameter Store nor the bucket knows any parameter of the selection.
    pub knows_nothing: bool,
    /// At which of several paths they know none.
    pub nothing_at: Vec<String>,
    /// Parameters whose deletion was recorded moments ago, and which Parameter Store still shows.
    pub unsettled: Vec<ParameterName>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Lists what was deleted and does not exist now.
///
/// # Errors
/// The first request that failed.
pub async fn trash<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    selection: &Selection,
) -> Result<Trash, Error> {
    let present = described(store, selection).await?;
    // What exists is not read, and of the others how they ended.
    let reader = Reader::new(bucket, Reach::End);
    let made = |name: ParameterName, read: ReadBack| async move {
        let gone = gone(&read.timeline).map(|gone| {
            let noncurrent = match &gone.last {
                Last::Known { record, .. } => replaced(&read.timeline, record),
                Last::Unknown(_) => None,
            };
            DeletedParameter { name: name.clone(), gone, noncurrent }
        });
        let warnings = left_out(&name, &read.timeline);
        Ok((name, gone, warnings))
    };
    // A deletion of moments ago may not be shown yet.
    let now = crate::clock::now();
    let was_just_deleted = |versions: &[StoredVersion]| {
        let last = versions.last().filter(|last| last.is_marker || last.size == 0);
        last.is_some_and(|last| is_recent(last.last_modified, now))
    };
    let wanted = |name: &_, versions: &[_]| !present.contains_key(name) || was_just_deleted(versions);
    let (mut found, foreign_keys) = reader.each(selection, wanted, made).await?;
    let unsettled = unsettled(store, &mut found, &present).await?;
    found.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let known = || present.keys().chain(found.iter().map(|(name, ..)| name));
    let (knows_nothing, nothing_at) = (known().next().is_none(), selection.scopes_without(known()));
    let is_missing_now =
        |gone: &Option<DeletedParameter>| gone.as_ref().is_some_and(|gone| gone.gone.evidence == GoneBy::MissingNow);
    let missing: Vec<ParameterName> =
        found.iter().filter(|(_, gone, _)| is_missing_now(gone)).map(|(name, ..)| name.clone()).collect();
    if !missing.is_empty() {
        // What was created and recorded after Parameter Store was listed is not gone.
        let created = store.find(&missing).await?;
        found.retain(|(name, ..)| !created.contains_key(name));
    }
    let mut trash = Trash { knows_nothing, nothing_at, ..Trash::default() };
    trash.warnings.extend(unsettled.iter().map(|name| {
        format!("{name}: the bucket has just recorded its deletion, and Parameter Store still shows it; ask again in two minutes")
    }));
    trash.unsettled = unsettled;
    for (_, gone, mut warnings) in found {
        trash.parameters.extend(gone);
        trash.warnings.append(&mut warnings);
    }
    trash.warnings.extend(foreign_keys.iter().map(|key| foreign_key(key)));
    Ok(trash)
}

/// A name, how it went if it did, and warnings.
type Found = (ParameterName, Option<DeletedParameter>, Vec<String>);

/// Takes out those that exist: what lives since its deletion, and what Parameter Store goes on showing although the bucket has
/// it deleted, which is returned.
async fn unsettled<S: ParameterStore>(
    store: &S,
    found: &mut Vec<Found>,
    present: &BTreeMap<ParameterName, CurrentParameter>,
) -> Result<Vec<ParameterName>, Error> {
    let mut deleted: BTreeMap<ParameterName, Deleted> = BTreeMap::new();
    found.retain(|(name, gone, _)| {
        let Some(now) = present.get(name) else { return true };
        let gone = gone.as_ref().map(|gone| gone.gone.deleted).filter(|deleted| deleted.is_after(now.details.modified));
        deleted.extend(gone.map(|gone| (name.clone(), gone)));
        gone.is_some()
    });
    let mut suspects: Vec<ParameterName> = deleted.keys().cloned().collect();
    let is_behind = |name: &ParameterName, now: Option<&CurrentParameter>| {
        now.is_some_and(|now| deleted.get(name).is_some_and(|deleted| deleted.is_after(now.details.modified)))
    };
    let last = look_again(store, &mut suspects, is_behind).await?;
    found.retain(|(name, ..)| last.get(name).is_none_or(Option::is_none));
    Ok(suspects)
}

/// When the stored version after this one was stored.
fn replaced(timeline: &Timeline, of: &Record) -> Option<Timestamp> {
    let records = timeline.records();
    let position = records.iter().position(|record| record.version_id == of.version_id)?;
    records.get(position + 1).filter(|_| !of.is_latest).map(|next| next.last_modified)
}

/// What it takes to bring these parameters back as they were before they went. Of which that is not known, they are left
/// alone.
///
/// # Errors
/// The first request that failed.
pub async fn plan<B: BackupBucket>(bucket: &B, trash: &Trash) -> Result<Plan, Error> {
    let mut plan = Plan { warnings: trash.warnings.clone(), ..Plan::default() };
    let now = crate::clock::now();
    let mut targets = stream::iter(&trash.parameters)
        .map(async |DeletedParameter { name, gone, .. }| {
            let target = match &gone.last {
                Last::Known { record, since } => read_held(bucket, name, Held { record, since: *since }).await?,
                Last::Unknown(reason) => Target::Unknown(reason.clone()),
            };
            Ok::<_, Error>((name, target))
        })
        .buffer_unordered(READS)
        .boxed();
    while let Some((name, target)) = targets.try_next().await? {
        plan.add(name.clone(), target, Present::Missing, PlanOptions::default().as_of(now));
    }
    plan.sort();
    Ok(plan)
}

/// Records that these parameters are missing, where the bucket does not know it: so that the time without them is known,
/// and bringing them back can be undone.
///
/// # Errors
/// The first request that failed.
pub async fn record_missing<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    trash: &Trash,
    now: Timestamp,
) -> Result<(), Error> {
    let missing = trash.parameters.iter().filter(|trashed| trashed.gone.evidence == GoneBy::MissingNow);
    stream::iter(missing)
        .map(async |trashed| {
            let drift = capture.find_drift(&trashed.name, now).await?;
            capture.record_drift(drift).await.map_err(|mut error| {
                error.message = format!("that {} is missing could not be recorded: {}", trashed.name, error.message);
                error
            })
        })
        .buffer_unordered(REPAIR_CONCURRENCY)
        .boxed()
        .try_for_each(async |_| Ok(()))
        .await
}

/// What the bucket's lifecycle says of versions that are not current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// The rules that are enabled and expire such versions.
    pub rules: Vec<LifecycleRule>,
}

/// A rule that expires versions that are not current.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Of the keys that begin so.
    pub prefix: String,
    /// After so many days.
    pub days: i32,
}

impl Lifecycle {
    /// Until when a version of a key stays at least that is not current since then; `None`: it does not expire.
    ///
    /// S3 counts from the moment at which the next version was stored, and rounds up to the next midnight in UTC (S3 User
    /// Guide, "Lifecycle configuration elements").
    pub fn stays_until(&self, key: &str, noncurrent: Timestamp) -> Option<Timestamp> {
        let days = self.rules.iter().filter(|rule| key.starts_with(&rule.prefix)).map(|rule| rule.days).min()?;
        let seconds = noncurrent.as_second().checked_add(i64::from(days).checked_mul(DAY)?)?;
        Timestamp::from_second(seconds.checked_add(DAY - 1)?.div_euclid(DAY).checked_mul(DAY)?).ok()
    }
}

const DAY: i64 = 86_400;

/// Whether an error says that there are no rules, or that they may not be looked at: either way nothing can be told.
pub(crate) fn tells_no_rules(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::NotFound | ErrorKind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stays_until_the_midnight_after_its_days() {
        let rule = |prefix: &str, days| LifecycleRule { prefix: prefix.to_owned(), days };
        let lifecycle = Lifecycle { rules: vec![rule("", 30), rule("/tmp/", 1)] };
        let until = |key: &str, time: &str| {
            lifecycle.stays_until(key, time.parse().unwrap()).map(|time| time.to_string()).unwrap_or_default()
        };
        assert_eq!(until("/a", "2026-01-01T10:00:00Z"), "2026-02-01T00:00:00Z");
        assert_eq!(until("/a", "2026-01-01T00:00:00Z"), "2026-01-31T00:00:00Z");
        assert_eq!(until("/tmp/a", "2026-01-01T23:59:59Z"), "2026-01-03T00:00:00Z");
        assert_eq!(Lifecycle::default().stays_until("/a", Timestamp::UNIX_EPOCH), None);
        assert_eq!(Lifecycle { rules: vec![rule("", i32::MAX)] }.stays_until("/a", Timestamp::MAX), None);
    }
}
