//! Compares the bucket with Parameter Store, and repairs what can be repaired.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::StreamExt;
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::Reach;
use ssmbak_core::verify::{Finding, FindingKind, findings};

use crate::Error;
use crate::bucket::BackupBucket;
use crate::capture::Capture;
use crate::read::{ReadBack, Reader, described};
use crate::store::ParameterStore;
use crate::sweep::{Look, Reading, last, survey};

/// How many names are written at once.
const REPAIRS: usize = 8;

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// By name, or by key where a key is no name.
    pub findings: Vec<(String, Finding)>,
    /// How many names are in step: without any finding.
    pub verified: usize,
}

impl Verification {
    /// The names that looking over may put right.
    pub fn repairable(&self) -> BTreeSet<ParameterName> {
        let repairable = self.findings.iter().filter(|(_, finding)| finding.kind.may_be_repaired());
        repairable.filter_map(|(name, _)| ParameterName::parse(name).ok()).collect()
    }
}

/// Compares what the bucket knows of a selection with what Parameter Store has.
///
/// # Errors
/// The first request that failed.
pub async fn verify<S: ParameterStore, B: BackupBucket>(
    store: &S,
    bucket: &B,
    selection: &Selection,
) -> Result<Verification, Error> {
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
    let (recorded, strangers) = Reader::new(bucket, Reach::All).each(selection, |_| true, made).await?;
    let recorded: BTreeMap<ParameterName, Vec<Finding>> = recorded.into_iter().collect();
    let unrecorded = present.keys().filter(|name| !recorded.contains_key(*name)).map(|name| (name, of(name, None)));
    let mut verification = Verification::default();
    for (name, found) in recorded.iter().map(|(name, found)| (name, found.clone())).chain(unrecorded) {
        verification.verified += usize::from(found.is_empty());
        verification.findings.extend(found.into_iter().map(|finding| (name.to_string(), finding)));
    }
    for key in strangers {
        let message = "it is left out: its key is no parameter name".to_owned();
        verification.findings.push((key, Finding { kind: FindingKind::Unreadable, message }));
    }
    verification.findings.sort();
    Ok(verification)
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
    let last = last(capture.bucket()).await?;
    let outcomes: Vec<(ParameterName, Result<(), Error>)> = survey(
        capture,
        names.into_iter().map(|name| (name, Look { reading: Reading::All, ..Look::default() })),
        last.as_ref(),
        clock,
    )
    .map(|(name, survey)| async move {
        let outcome = match survey {
            Ok(survey) => capture.settle(survey).await.map(drop),
            Err(error) => Err(error),
        };
        (name, outcome)
    })
    .buffer_unordered(REPAIRS)
    .boxed()
    .collect()
    .await;
    Ok(outcomes.into_iter().filter_map(|(name, outcome)| Some((name, outcome.err()?))).collect())
}
