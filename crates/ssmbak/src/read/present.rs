//! The bucket's answers beside Parameter Store's present: what was in effect although the bucket has not heard of it.

use ssmbak_core::unknown::{ReasonCode, UnknownReason};
use std::collections::BTreeMap;
use std::future::Future;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterVersion};
use ssmbak_core::plan::Target;
use ssmbak_core::plan::present::{
    BucketAnswer, BucketState, HistoryVerdict, Verdict, by_history, by_present, target_of,
};
use ssmbak_core::scope::Selection;

use super::compare::{targets_of, warnings};
use super::settle::settle;
use super::states_at::{Answer, AnswerState, BucketStates, ListingProgress, nothing_known, read_states_at};
use crate::bucket::BackupBucket;
use crate::store::ParameterStore;
use crate::{ConcurrencyLimiter, Error, ErrorKind};

/// How many histories are asked for at once; the limiter bounds the requests.
const HISTORIES: usize = 64;

/// What the present says of the names of which the bucket's answer does not stand.
#[derive(Debug, Default)]
pub(crate) struct Overruled {
    /// The present version was in effect.
    pub(crate) present: Vec<ParameterName>,
    /// Another one was, or it is not known.
    pub(crate) targets: BTreeMap<ParameterName, Target>,
}

impl Answer {
    pub(super) fn as_bucket_answer(&self) -> BucketAnswer<'_> {
        let state = match &self.state {
            AnswerState::Held { record, .. } => BucketState::Held(record),
            AnswerState::Absent(absence) => BucketState::Absent(*absence),
            AnswerState::Unknown(reason) => BucketState::Unknown(reason),
        };
        BucketAnswer { state, is_last: self.is_last, has_tombstone: self.has_tombstone }
    }
}

/// Takes out the answers that do not stand, by what Parameter Store has of the names now. Only where the two do not connect
/// is a history read.
///
/// # Errors
/// The first request that failed.
pub(crate) async fn overrule<S: ParameterStore>(
    store: &S,
    limiter: &ConcurrencyLimiter,
    answers: &mut BucketStates,
    described: &BTreeMap<ParameterName, CurrentParameter>,
    until: Timestamp,
) -> Result<Overruled, Error> {
    let mut overruled = Overruled::default();
    let mut unclear = Vec::new();
    for (name, answer) in &answers.by_name {
        let Some(now) = described.get(name) else { continue };
        match by_present(answer.as_bucket_answer(), &now.details, until) {
            Verdict::Stands => {}
            Verdict::Present => overruled.present.push(name.clone()),
            Verdict::AskHistory => unclear.push(name.clone()),
            Verdict::Contradiction(reason) => drop(overruled.targets.insert(name.clone(), Target::Unknown(reason))),
        }
    }
    let histories: Vec<(ParameterName, Option<Vec<ParameterVersion>>)> = stream::iter(unclear)
        .map(|name| async move {
            match limiter.run(|| store.history(&name)).await {
                Ok(history) => Ok((name, Some(history.unwrap_or_default()))),
                // Who may not read it does not learn what lies between.
                Err(error) if error.kind == ErrorKind::AccessDenied => Ok((name, None)),
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(HISTORIES)
        .boxed()
        .try_collect()
        .await?;
    for (name, history) in histories {
        let Some(answer) = answers.by_name.get(&name) else { continue };
        let Some(history) = history else {
            let message = "versions that are not recorded followed, and ssm:GetParameterHistory is not allowed";
            let reason = UnknownReason::new(ReasonCode::AccessDenied, message);
            overruled.targets.insert(name, Target::Unknown(reason));
            continue;
        };
        let target = match by_history(answer.as_bucket_answer(), &history, until) {
            HistoryVerdict::Stands => continue,
            HistoryVerdict::Version(version) => target_of(version),
            HistoryVerdict::Unknown(reason) => Target::Unknown(reason.into()),
        };
        overruled.targets.insert(name, target);
    }
    answers.by_name.retain(|name, _| !overruled.targets.contains_key(name) && !overruled.present.contains(name));
    Ok(overruled)
}

/// What was true of each name that the bucket knows at an instant, by the bucket and by what Parameter Store has of the
/// names now, values read; and what was left out.
///
/// # Errors
/// The first request that failed.
pub async fn states_beside<S: ParameterStore, B: BackupBucket>(
    (store, bucket): (&S, &B),
    selection: &Selection,
    at: &Instant,
    described: impl Future<Output = Result<BTreeMap<ParameterName, CurrentParameter>, Error>>,
) -> Result<Beside, Error> {
    states_and_present((store, bucket), selection, at, described, false).await
}

/// What was true, what was left out, and what Parameter Store has now.
pub type Beside = (BTreeMap<ParameterName, Target>, Vec<String>, BTreeMap<ParameterName, CurrentParameter>);

/// As [`states_beside`]; `compares` if the present is not only evidence of that time but what it is compared with: a present
/// that is older than the bucket is read again, and is unknown if it stays so.
pub(crate) async fn states_and_present<S: ParameterStore, B: BackupBucket>(
    (store, bucket): (&S, &B),
    selection: &Selection,
    at: &Instant,
    described: impl Future<Output = Result<BTreeMap<ParameterName, CurrentParameter>, Error>>,
    compares: bool,
) -> Result<Beside, Error> {
    let (of_store, of_bucket) = (ConcurrencyLimiter::of_store(), ConcurrencyLimiter::of_bucket());
    let finding = ListingProgress::default();
    let answers = read_states_at(bucket, selection, at, &of_bucket, &finding);
    let (answers, described) = futures_util::future::join(answers, described).await;
    let (mut answers, mut described) = (answers?, described?);
    let behind = match compares {
        true => Box::pin(settle((store, bucket), &of_bucket, &mut answers, &mut described)).await?,
        false => BTreeMap::new(),
    };
    let described = &described;
    let overruled = overrule(store, &of_store, &mut answers, described, at.until()).await?;
    let (warnings, scope) = (warnings(&answers), answers.scope.clone());
    let (mut targets, _) = targets_of(bucket, &of_bucket, answers, false, |_| true).await?;
    targets.extend(overruled.targets.into_iter().chain(behind));
    let present: Vec<(ParameterName, Target)> = stream::iter(overruled.present)
        .map(|name| {
            let of_store = &of_store;
            async move {
                let target = match described.get(&name) {
                    Some(now) => present_target(store, of_store, now).await?,
                    None => Target::Unknown(UnknownReason::nothing_recorded()),
                };
                Ok::<_, Error>((name, target))
            }
        })
        .buffer_unordered(HISTORIES)
        .boxed()
        .try_collect()
        .await?;
    targets.extend(present);
    // What was never recorded because it is left out.
    for name in described.keys().filter(|name| scope.excluded_since(name).is_some()) {
        targets.entry(name.clone()).or_insert_with(|| Target::Unknown(nothing_known(&scope, name)));
    }
    Ok((targets, warnings, described.clone()))
}

/// The present version as what was in effect.
async fn present_target<S: ParameterStore>(
    store: &S,
    limiter: &ConcurrencyLimiter,
    now: &CurrentParameter,
) -> Result<Target, Error> {
    let spellings = [now.spelling.clone()];
    let mut values = limiter.run(|| store.values(&spellings)).await?;
    let value = match values.remove(&now.spelling) {
        Some(Ok(value)) => Some(value),
        Some(Err(error)) => return Ok(Target::Unknown(error.into())),
        None => return Ok(Target::Unknown(UnknownReason::new(ReasonCode::Changed, "it went while it was being read"))),
    };
    Ok(target_of(&ParameterVersion {
        value,
        parameter_type: now.parameter_type,
        description: now.description.clone(),
        details: now.details.clone(),
    }))
}
