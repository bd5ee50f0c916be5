//! What changed between two moments, or between a moment and now.

use ssmbak_core::unknown::UnknownReason;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use ssmbak_core::compare::present_state;
use ssmbak_core::diff::{Diff, Side};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Present, PresentParameter, Target};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::Absence;

use crate::bucket::BackupBucket;
use crate::read::{
    AnswerState, ListingProgress, described, presents, read_recorded_states_at, states, states_and_present,
};
use crate::store::ParameterStore;
use crate::{CONCURRENCY, ConcurrencyLimiter, Error, ErrorKind};

/// What changed between two moments, by what the bucket knows.
///
/// # Errors
/// The first request that failed.
pub async fn between<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    from: &Instant,
    to: &Instant,
) -> Result<Diff, Error> {
    let ((before, warnings), (mut after, more)) =
        futures_util::future::try_join(states(bucket, selection, from), states(bucket, selection, to)).await?;
    let warnings = warnings.into_iter().chain(more).collect::<BTreeSet<_>>();
    let mut diff = Diff { warnings: warnings.into_iter().collect(), ..Diff::default() };
    for (name, before) in before {
        let after = after.remove(&name).map_or_else(nothing_recorded, Side::from);
        diff.add(name, before.into(), after);
    }
    diff.sort();
    Ok(diff)
}

/// What changed between a moment and now, by what Parameter Store says now.
///
/// # Errors
/// The first request that failed.
pub async fn until_now<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    selection: &Selection,
    from: &Instant,
) -> Result<Diff, Error> {
    let described = described(store, selection);
    let (mut targets, warnings, described) =
        states_and_present((store, bucket), selection, from, described, true).await?;
    let names: BTreeSet<ParameterName> = targets.keys().chain(described.keys()).cloned().collect();
    // What a restore would only delete is not read for a plan; here it is what has come into being.
    let new: BTreeMap<&ParameterName, &str> = described
        .values()
        .filter(|parameter| matches!(targets.get(&parameter.name), Some(Target::Absent(_))))
        .map(|parameter| (&parameter.name, parameter.spelling.as_str()))
        .collect();
    let spellings: Vec<String> = new.values().map(|spelling| (*spelling).to_owned()).collect();
    let mut values = store.values(&spellings).await?;
    let spelling_of: BTreeMap<ParameterName, String> =
        new.into_iter().map(|(name, spelling)| (name.clone(), spelling.to_owned())).collect();
    let mut presents = presents(store, described, &targets, &ConcurrencyLimiter::of_store()).await?;
    let mut diff = Diff { warnings, ..Diff::default() };
    let is_there =
        |name: &ParameterName| matches!(presents.get(name), Some(Present::Exists(_) | Present::Unreadable(_)));
    let deleted = names.iter().filter(|name| matches!(targets.get(*name), Some(Target::Held(_))) && !is_there(name));
    let mut deletions = deletions(bucket, deleted.cloned().collect()).await?;
    for name in names {
        let before = targets.remove(&name).map_or_else(nothing_recorded, Side::from);
        let after = match presents.remove(&name) {
            Some(Present::Exists(mut present)) => {
                match spelling_of.get(&name).map(|spelling| values.remove(spelling)) {
                    Some(Some(Ok(value))) => {
                        present.value = value;
                        Side::Held(Box::new(present_state(*present)))
                    }
                    Some(Some(Err(error))) => Side::Unknown(error.into()),
                    // It went while it was being read.
                    Some(None) => Side::Absent(None),
                    None => Side::Held(Box::new(present_state(*present))),
                }
            }
            Some(Present::Unreadable(reason)) => Side::Unknown(reason),
            Some(Present::Missing) | None => Side::Absent(deletions.remove(&name).flatten()),
        };
        diff.add(name, before, after);
    }
    diff.sort();
    Ok(diff)
}

/// What Parameter Store has of one name now, with everything that can be read of it.
///
/// # Errors
/// The first request that failed; a value that cannot be decrypted is no error but [`Side::Unknown`].
pub async fn present<S: ParameterStore>(store: &S, name: &ParameterName) -> Result<Side, Error> {
    let found = store.find(std::slice::from_ref(name)).await?.remove(name);
    let Some(mut parameter) = found else { return Ok(Side::Absent(None)) };
    let spellings = [parameter.spelling.clone()];
    let (mut values, tags) = futures_util::future::try_join(store.values(&spellings), store.tags(name)).await?;
    parameter.details.tags = Some(tags);
    Ok(match values.remove(&parameter.spelling) {
        Some(Ok(value)) => Side::Held(Box::new(present_state(PresentParameter { parameter, value }))),
        Some(Err(error)) => Side::Unknown(error.into()),
        // It went while it was being read.
        None => Side::Absent(None),
    })
}

fn nothing_recorded() -> Side {
    Side::Unknown(UnknownReason::nothing_recorded())
}

/// When names that do not exist now were deleted, as far as that is recorded.
async fn deletions<B: BackupBucket>(
    bucket: &B,
    names: Vec<ParameterName>,
) -> Result<BTreeMap<ParameterName, Option<Timestamp>>, Error> {
    let limiter = &ConcurrencyLimiter::of_bucket();
    let read = names.into_iter().map(async move |name| Ok((deleted_at(bucket, limiter, &name).await?, name)));
    let read = futures_util::stream::iter(read).buffer_unordered(CONCURRENCY).boxed();
    read.map_ok(|(at, name)| (name, at)).try_collect().await
}

/// When a name that does not exist now was deleted, if that is recorded.
async fn deleted_at<B: BackupBucket>(
    bucket: &B,
    limiter: &ConcurrencyLimiter,
    name: &ParameterName,
) -> Result<Option<Timestamp>, Error> {
    let one = Selection::new(&[name.as_str()], false, &[], &[])
        .map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?;
    let end = Instant::exact(Timestamp::MAX);
    let found = ListingProgress::default();
    let answers = Box::pin(read_recorded_states_at(bucket, &one, &end, limiter, &found)).await?;
    Ok(match answers.by_name.get(name).map(|answer| &answer.state) {
        Some(AnswerState::Absent(Absence::Deleted(at))) => Some(*at),
        _ => None,
    })
}
