//! Compares the bucket with Parameter Store, and repairs what can be repaired.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use futures_util::stream::StreamExt;
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::Reading;
use ssmbak_core::timeline::Reach;
use ssmbak_core::verify::{Finding, FindingKind, findings};

use crate::bucket::BackupBucket;
use crate::capture::Capture;
use crate::read::{ReadBack, Reader, described};
use crate::recording_scope::scope_record;
use crate::store::ParameterStore;
use crate::sweep::{Look, find_drift, last};
use crate::{Error, ErrorKind};

/// How many names are written at once.
const REPAIR_CONCURRENCY: usize = 8;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// By name, or by key where a key is no name.
    pub findings: Vec<(String, Finding)>,
    /// Number of names in sync: without any finding.
    pub verified: usize,
    /// Number of names that the pipeline leaves out: they are not compared.
    pub excluded: usize,
    /// Paths of several at which there is no name, neither in Parameter Store nor in the bucket.
    pub nothing_at: Vec<String>,
}

impl Verification {
    /// The names that looking over may put right.
    pub fn repairable(&self) -> BTreeSet<ParameterName> {
        let repairable = self.findings.iter().filter(|(_, finding)| finding.kind.may_be_repaired());
        repairable.filter_map(|(name, _)| ParameterName::parse(name).ok()).collect()
    }
}

/// How many names are looked at again at most: where more differ, it is no coincidence.
const AGAIN: usize = 100;

/// Compares what the bucket knows of a selection with what Parameter Store has.
///
/// Names that differ are compared once more, a few at most: what was changed and recorded after Parameter Store was listed and
/// before the bucket was read is no finding.
///
/// # Errors
/// The first request that failed.
pub async fn verify<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    selection: &Selection,
) -> Result<Verification, Error> {
    let scope = scope_record(bucket).await?;
    let (mut compared, foreign_keys) = compared(store, bucket, selection).await?;
    let differs = |found: &Vec<Finding>| found.iter().any(|finding| finding.kind.is_of_two_sides());
    let is_wrong = |(name, found): &(&ParameterName, &Vec<Finding>)| scope.contains(name) && differs(found);
    let again: Vec<ParameterName> = compared.iter().filter(is_wrong).map(|(name, _)| name.clone()).collect();
    if (1..=AGAIN).contains(&again.len()) {
        let names: Vec<&str> = again.iter().map(ParameterName::as_str).collect();
        let selection = Selection::new(&names, false, &[], &[])
            .map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))?;
        compared.retain(|name, _| !again.contains(name));
        compared.extend(self::compared(store, bucket, &selection).await?.0);
    }
    let nothing_at = selection.scopes_without(compared.keys());
    let mut verification = Verification { nothing_at, ..Verification::default() };
    for (name, found) in compared {
        if !scope.contains(&name) {
            verification.excluded += 1;
            continue;
        }
        verification.verified += usize::from(found.is_empty());
        verification.findings.extend(found.into_iter().map(|finding| (name.to_string(), finding)));
    }
    for key in foreign_keys {
        let message = "it is left out: its key is no parameter name".to_owned();
        verification.findings.push((key, Finding { kind: FindingKind::Unreadable, message }));
    }
    verification.findings.sort();
    Ok(verification)
}

/// The findings of each name that either side knows, and the keys that are no names.
async fn compared<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    selection: &Selection,
) -> Result<(BTreeMap<ParameterName, Vec<Finding>>, Vec<String>), Error> {
    let present = described(store, selection).await?;
    let of = |name: &ParameterName, read: Option<&ReadBack>| {
        let mut found = findings(read.map(|read| &read.timeline), present.get(name));
        for (version_id, reason) in read.iter().flat_map(|read| &read.damaged) {
            let message = format!("its stored version {version_id} is known by its tags alone: {reason}");
            found.push(Finding { kind: FindingKind::Unreadable, message });
        }
        found
    };
    let made = |name: ParameterName, read: ReadBack| {
        let found = of(&name, Some(&read));
        std::future::ready(Ok((name, found)))
    };
    let (recorded, foreign_keys) = Reader::new(bucket, Reach::All).each(selection, |_, _| true, made).await?;
    let mut compared: BTreeMap<ParameterName, Vec<Finding>> = recorded.into_iter().collect();
    for name in present.keys() {
        compared.entry(name.clone()).or_insert_with(|| of(name, None));
    }
    Ok((compared, foreign_keys))
}

/// Looks these names over and records what the bucket lacks; tells which of them failed. `clock` tells the present time.
///
/// # Errors
/// If the record of the last sweep cannot be read; a name that fails is no error.
pub async fn repair<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    names: BTreeSet<ParameterName>,
    clock: impl Fn() -> Timestamp + Copy + Send + Sync,
) -> Result<BTreeMap<ParameterName, Error>, Error> {
    let (last, scope) = try_join(last(capture.bucket()), scope_record(capture.bucket())).await?;
    // Of a name that was left out, the last sweep says nothing.
    let last = last.filter(|_| names.iter().all(|name| scope.excluded_since(name).is_none()));
    let outcomes: Vec<(ParameterName, Result<(), Error>)> = find_drift(
        capture,
        names.into_iter().map(|name| (name, Look { reading: Reading::All, ..Look::default() })),
        last.as_ref(),
        clock,
    )
    .map(|(name, drift)| async move {
        let outcome = match drift {
            Ok(drift) => capture.record_drift(drift).await.map(drop),
            Err(error) => Err(error),
        };
        (name, outcome)
    })
    .buffer_unordered(REPAIR_CONCURRENCY)
    .boxed()
    .collect()
    .await;
    Ok(outcomes.into_iter().filter_map(|(name, outcome)| Some((name, outcome.err()?))).collect())
}
