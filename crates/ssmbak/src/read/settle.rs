//! Reads of Parameter Store that are older than the bucket.
//!
//! What was deleted or changed a moment ago may still be shown as it was before, and a plan by it would leave alone what is to
//! be restored. The bucket knows better: where it has stored something about a name within the longest time that a read lags,
//! and nothing would be done, the two are compared.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::plan::Target;
use ssmbak_core::plan::present::{behind, rests};
use ssmbak_core::record::READ_LAG;
use ssmbak_core::scope::Selection;
use ssmbak_core::unknown::UnknownReason;
use tokio::time::sleep;

use super::states_at::{BucketStates, ListingProgress, read_recorded_states_at};
use crate::bucket::BackupBucket;
use crate::store::ParameterStore;
use crate::{ConcurrencyLimiter, Error};

/// How often a parameter is looked at that is older than the bucket: for ten seconds, with pauses that grow by this, since the
/// quota of DescribeParameters is low.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// Whether what was stored then may not be shown by all reads yet.
pub(crate) fn is_recent(stored: Timestamp, now: Timestamp) -> bool {
    now.duration_since(stored) < READ_LAG
}

/// Looks again at what is older than the bucket, and corrects `described`. What stays so and exists is taken out of the answers
/// and unknown.
///
/// # Errors
/// The first request that failed.
pub(super) async fn settle<S: ParameterStore, B: BackupBucket>(
    (store, bucket): (&S, &B),
    limiter: &ConcurrencyLimiter,
    answers: &mut BucketStates,
    described: &mut BTreeMap<ParameterName, CurrentParameter>,
) -> Result<BTreeMap<ParameterName, Target>, Error> {
    let now = crate::clock::now();
    let suspects = answers.by_name.iter().filter(|(name, answer)| {
        let is_recent = answer.last_stored.is_some_and(|stored| is_recent(stored, now));
        is_recent && !answer.is_last && rests(answer.as_bucket_answer(), described.get(*name).map(|now| &now.details))
    });
    let suspects: Vec<ParameterName> = suspects.map(|(name, _)| name.clone()).collect();
    if suspects.is_empty() {
        return Ok(BTreeMap::new());
    }
    // The last that the bucket has, whatever its clock says.
    let end = Instant::exact(now + SignedDuration::from_hours(24));
    let (selection, finding) = (Selection::of_names(suspects.clone()), ListingProgress::default());
    let last = read_recorded_states_at(bucket, &selection, &end, limiter, &finding).await?.by_name;
    let reason = |name: &ParameterName, now: Option<&CurrentParameter>| -> Option<UnknownReason> {
        behind(last.get(name)?.as_bucket_answer(), now.map(|now| &now.details))
    };
    let mut suspects = suspects;
    suspects.retain(|name| reason(name, described.get(name)).is_some());
    for (name, found) in look_again(store, &mut suspects, |name, now| reason(name, now).is_some()).await? {
        match found {
            Some(parameter) => drop(described.insert(name, parameter)),
            None => drop(described.remove(&name)),
        }
    }
    let mut unsettled = BTreeMap::new();
    for name in suspects {
        // What stays missing was deleted, and the bucket is behind: by a restore that was killed, for one.
        let Some(now) = described.get(&name) else { continue };
        if let Some(reason) = reason(&name, Some(now)) {
            answers.by_name.remove(&name);
            unsettled.insert(name, Target::Unknown(reason));
        }
    }
    Ok(unsettled)
}

/// Looks again at parameters, less and less often, and returns what was found last of each. `suspects` keeps those of which
/// `is_behind` says so to the end.
///
/// # Errors
/// The first request that failed.
pub(crate) async fn look_again<S: ParameterStore>(
    store: &S,
    suspects: &mut Vec<ParameterName>,
    is_behind: impl Fn(&ParameterName, Option<&CurrentParameter>) -> bool + Send + Sync,
) -> Result<BTreeMap<ParameterName, Option<CurrentParameter>>, Error> {
    let mut last = BTreeMap::new();
    for look in 0..LOOKS {
        if suspects.is_empty() {
            break;
        }
        sleep(PAUSE * look).await;
        let mut found = store.find(suspects).await?;
        suspects.retain(|name| {
            let now = found.remove(name);
            let stays = is_behind(name, now.as_ref());
            last.insert(name.clone(), now);
            stays
        });
    }
    Ok(last)
}
