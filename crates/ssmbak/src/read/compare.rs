//! The bucket's answers against Parameter Store's present: a plan, with no value read that need not be.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterValue};
use ssmbak_core::plan::{Action, Plan, PlanOptions, Present, Target, UnknownName};
use ssmbak_core::record::{Evidence, Record};
use ssmbak_core::timeline::{Absence, Held, Unknown};

use super::present::overrule;
use super::settle::settle;
use super::states_at::{AnswerState, BucketStates, nothing_known};
use super::{held_target, presents, read_held};
use crate::bucket::BackupBucket;
use crate::store::ParameterStore;
use crate::{ConcurrencyLimiter, Error};

/// How many values are asked for at once; the limiter bounds the requests.
const NAMES: usize = 512;

/// What stands for a value that is the same in both places and has not been read.
const UNREAD: &str = "";

/// What a restore would change.
///
/// Version number and `LastModifiedDate` identify a value: where they are the same in the bucket and in Parameter Store,
/// neither is read, unless something else has changed and the row is to show it.
///
/// # Errors
/// The first request that failed.
pub(crate) async fn compare<S: ParameterStore, B: BackupBucket>(
    (store, bucket): (&S, &B),
    (of_store, of_bucket): (&ConcurrencyLimiter, &ConcurrencyLimiter),
    mut answers: BucketStates,
    mut described: BTreeMap<ParameterName, CurrentParameter>,
    (options, until): (PlanOptions, Timestamp),
) -> Result<Plan, Error> {
    let (warnings, scope) = (warnings(&answers), answers.scope.clone());
    let behind = Box::pin(settle((store, bucket), of_bucket, &mut answers, &mut described)).await?;
    let overruled = overrule(store, of_store, &mut answers, &described, until).await?;
    // What is there now was there then.
    let unchanged = overruled.present.iter().filter(|name| described.remove(*name).is_some()).count();
    let unread: BTreeSet<ParameterName> = answers
        .by_name
        .iter()
        .filter(|(name, answer)| match &answer.state {
            AnswerState::Held { record, .. } => described.get(*name).is_some_and(|now| is_same_version(record, now)),
            _ => false,
        })
        .map(|(name, _)| name.clone())
        .collect();
    let (mut targets, records) =
        targets_of(bucket, of_bucket, answers, options.assume_absent, |name| !unread.contains(name)).await?;
    targets.extend(overruled.targets.into_iter().chain(behind));
    let names: BTreeSet<ParameterName> = targets.keys().chain(described.keys()).cloned().collect();
    let mut presents = presents(store, described, &targets, of_store).await?;
    let mut plan = Plan { warnings, unchanged, ..Plan::default() };
    let now = crate::clock::now();
    for name in names {
        let target = targets.remove(&name).unwrap_or_else(|| Target::Unknown(nothing_known(&scope, &name)));
        let present = presents.remove(&name).unwrap_or(Present::Missing);
        plan.add(name, target, present, options.as_of(now));
    }
    fill_in(bucket, of_bucket, &mut plan, &unread, &records).await?;
    plan.sort();
    Ok(plan)
}

/// Reads the values of rows that came up although number and date are the same (other tags, for one).
async fn fill_in<B: BackupBucket>(
    bucket: &B,
    limiter: &ConcurrencyLimiter,
    plan: &mut Plan,
    unread: &BTreeSet<ParameterName>,
    records: &BTreeMap<ParameterName, Record>,
) -> Result<(), Error> {
    let read = plan.changes.iter().filter_map(|change| {
        let record = records.get(&change.name).filter(|_| unread.contains(&change.name))?;
        let Action::Update { to, .. } = &change.action else { return None };
        Some((change.name.clone(), Held { record, since: to.modified }))
    });
    let read = read.collect::<Vec<_>>().into_iter().map(async |(name, held)| {
        let target = limiter.run(|| read_held(bucket, &name, held)).await?;
        Ok::<_, Error>((name, target))
    });
    let mut read: BTreeMap<ParameterName, Target> =
        stream::iter(read).buffer_unordered(NAMES).boxed().try_collect().await?;
    let mut filled = Vec::with_capacity(plan.changes.len());
    for mut change in std::mem::take(&mut plan.changes) {
        match (read.remove(&change.name), &mut change.action) {
            (Some(Target::Held(held)), Action::Update { to, from, .. }) => {
                from.value.clone_from(&held.value);
                to.value = held.value;
            }
            (Some(Target::Unknown(reason)), _) => {
                plan.unknown.push(UnknownName { name: change.name, reason });
                continue;
            }
            // A version is held or cannot be read.
            _ => {}
        }
        filled.push(change);
    }
    plan.changes = filled;
    Ok(())
}

/// What was true of each name, with the values that are wanted; and the records of what was held.
///
/// # Errors
/// The first request that failed.
pub(crate) async fn targets_of<B: BackupBucket>(
    bucket: &B,
    limiter: &ConcurrencyLimiter,
    answers: BucketStates,
    assume_absent: bool,
    wants_value: impl Fn(&ParameterName) -> bool + Sync,
) -> Result<(BTreeMap<ParameterName, Target>, BTreeMap<ParameterName, Record>), Error> {
    let read: Vec<(ParameterName, Target, Option<Record>)> = stream::iter(answers.by_name)
        .map(|(name, answer)| {
            let wanted = wants_value(&name);
            async move {
                let (target, record) = match answer.state {
                    AnswerState::Held { record, since, body } => {
                        let held = Held { record: &record, since };
                        let target = match body {
                            _ if !wanted => held_target(held, ParameterValue::new(UNREAD)),
                            Some(body) => super::value_target(held, body),
                            None => limiter.run(|| read_held(bucket, &name, held)).await?,
                        };
                        (target, Some(*record))
                    }
                    AnswerState::Absent(absence) => (Target::Absent(absence), None),
                    // As the original takes it.
                    AnswerState::Unknown(Unknown::BeforeFirstRecord(first)) if assume_absent => {
                        (Target::Absent(Absence::NotYetCreated(first)), None)
                    }
                    AnswerState::Unknown(reason) => (Target::Unknown(reason.into()), None),
                };
                Ok::<_, Error>((name, target, record))
            }
        })
        .buffer_unordered(NAMES)
        .boxed()
        .try_collect()
        .await?;
    let mut targets = BTreeMap::new();
    let mut records = BTreeMap::new();
    for (name, target, record) in read {
        records.extend(record.map(|record| (name.clone(), record)));
        targets.insert(name, target);
    }
    Ok((targets, records))
}

fn is_same_version(record: &Record, parameter: &CurrentParameter) -> bool {
    match &record.evidence {
        Evidence::Value(value) => value.identity() == (parameter.details.version, parameter.details.modified),
        _ => false,
    }
}

pub(super) fn warnings(answers: &BucketStates) -> Vec<String> {
    let mut warnings = Vec::new();
    for (name, answer) in &answers.by_name {
        for (version_id, reason) in &answer.unreadable {
            warnings.push(format!("a version of {name} ({version_id}) is left out: {reason}"));
        }
    }
    for key in &answers.foreign_keys {
        warnings.push(format!("an object is left out, its key is no parameter name: {key}"));
    }
    warnings
}
