//! What it takes to restore a path to another one.

use std::collections::BTreeMap;

use ssmbak_core::instant::Instant;
use ssmbak_core::name::{NameError, ParameterName};
use ssmbak_core::plan::{Destination, Plan, PlanOptions, Present, Target};
use ssmbak_core::scope::Selection;

use crate::bucket::BackupBucket;
use crate::read::{described, presents, states};
use crate::store::ParameterStore;
use crate::{ConcurrencyLimiter, Error, ErrorKind};

/// What was true of a selection at an instant, against what is at the destination now. It holds no deletion.
///
/// # Errors
/// [`ErrorKind::Refused`] if a name cannot be at the destination, or the first request that failed.
pub async fn preview<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    selection: &Selection,
    at: &Instant,
    destination: &Destination,
) -> Result<Plan, Error> {
    let (targets, warnings) = states(bucket, selection, at).await?;
    let nothing_at = selection.scopes_without(targets.keys());
    let absent = targets.values().filter(|target| matches!(target, Target::Absent(_))).count();
    let targets = destination.relocate(targets).map_err(|illegal| refused(&illegal))?;
    Ok(Plan { warnings, absent, nothing_at, ..against(store, targets).await? })
}

/// States recorded of other parameters, against what is under these names now.
///
/// # Errors
/// The first request that failed.
pub(crate) async fn against<S: ParameterStore>(
    store: &S,
    mut targets: BTreeMap<ParameterName, Target>,
) -> Result<Plan, Error> {
    let described = described(store, &Selection::of_names(targets.keys().cloned())).await?;
    let mut presents = presents(store, described, &never_the_same(&targets), &ConcurrencyLimiter::of_store()).await?;
    let mut plan = Plan::default();
    let now = crate::clock::now();
    while let Some((name, target)) = targets.pop_first() {
        let present = presents.remove(&name).unwrap_or(Present::Missing);
        plan.add(name, target, present, PlanOptions::default().as_of(now));
    }
    plan.sort();
    Ok(plan)
}

/// Version number and date name a value only within one parameter: another one that has the same is read all the same.
fn never_the_same(targets: &BTreeMap<ParameterName, Target>) -> BTreeMap<ParameterName, Target> {
    let mut targets = targets.clone();
    for target in targets.values_mut() {
        if let Target::Held(held) = target
            && let Some(details) = &mut held.details
        {
            // Parameter Store counts from 1.
            details.version = 0;
        }
    }
    targets
}

fn refused(illegal: &[(ParameterName, NameError)]) -> Error {
    let first = illegal.first().map(|(name, error)| format!("{name} cannot be there: {error}")).unwrap_or_default();
    let more = match illegal.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Error::new(ErrorKind::Refused, format!("{first}{more}")).with_hint("nothing was changed: choose a shorter --to")
}
