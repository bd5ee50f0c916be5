//! What a parameter is right before it is written: read, recorded in the bucket, and seen to be there.

use std::time::Duration;

use ssmbak_core::capture::Write;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::record::{Evidence, Record};
use ssmbak_core::restore_record::RowState;
use tokio::time::sleep;

use super::outcome::Trace;
use super::{RestoreOptions, RetryPolicy};
use crate::bucket::{BackupBucket, Head, evidence_of};
use crate::capture::Capture;
use crate::retry::retry_throttled;
use crate::store::ParameterStore;
use crate::{Error, ErrorKind};

/// How often a read that contradicts another one is made again: reads may be older than what is known.
pub(super) const VERIFY_ATTEMPTS: u32 = 5;

/// What recording a parameter found.
pub(super) enum Recorded {
    /// It is in the bucket as this version.
    Is(RowState),
    /// It does not exist any more.
    Gone,
}

/// How long to wait before a read is made again.
pub(super) fn pause(retry: RetryPolicy) -> Duration {
    retry.first_pause
}

/// Records what a parameter is now, and looks whether the bucket has it: as `seen` in a listing, or a later version. Where
/// the bucket has on top what `listed` says of it now, its history is not read.
///
/// # Errors
/// The request that failed, or what the reads said against each other to the end.
pub(super) async fn record<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    seen: &CurrentParameter,
    listed: Option<&CurrentParameter>,
    options: &RestoreOptions,
) -> Result<Recorded, Error> {
    let name = &seen.name;
    let mut contradiction = String::new();
    for look in 0..VERIFY_ATTEMPTS {
        if look > 0 {
            sleep(pause(options.retry)).await;
        }
        // A listing that contradicts what was seen is not believed a second time.
        let listed = listed.filter(|_| look == 0);
        let drift =
            retry_throttled(options.retry, || capture.find_drift_listed(name, listed, None, options.now.read()))
                .await?;
        let takes_away = |write: &Write| matches!(write, Write::Tombstone(_) | Write::DeleteMarker);
        if !drift.writes().iter().any(takes_away) {
            retry_throttled(options.retry, || capture.record_drift(drift.clone())).await?;
            match retry_throttled(options.retry, || on_top(capture.bucket(), name.key())).await? {
                Some((record, state)) if is_as_late_as(&record, seen) => return Ok(Recorded::Is(state)),
                _ => {}
            }
        }
        let found = retry_throttled(options.retry, || capture.store().find(std::slice::from_ref(name))).await?;
        if !found.contains_key(name) {
            let history = retry_throttled(options.retry, || capture.store().history(name)).await?;
            if history.is_none_or(|history| history.is_empty()) {
                retry_throttled(options.retry, || capture.record_drift(drift.clone())).await?;
                return Ok(Recorded::Gone);
            }
        }
        contradiction = match found.get(name) {
            Some(now) => format!("version {} is listed, and its history does not show it", now.details.version),
            None => "its history shows it, and no listing does".to_owned(),
        };
    }
    Err(Error::new(ErrorKind::Other, format!("parameter store contradicts itself: {contradiction}")))
}

/// What the bucket has on top of a key, if that is a version of a parameter with all its attributes.
async fn on_top<B: BackupBucket>(bucket: &B, key: &str) -> Result<Option<(Record, RowState)>, Error> {
    let Head::Object { version_id, last_modified, size, metadata } = bucket.head(key, None).await? else {
        return Ok(None);
    };
    let evidence = evidence_of(bucket, key, &version_id, metadata.as_deref(), size).await?;
    let Evidence::Value(value) = &evidence else { return Ok(None) };
    let state = RowState { version_id: Some(version_id.clone()), ..RowState::of_details(&value.details) };
    Ok(Some((Record { version_id, last_modified, is_latest: true, size, evidence }, state)))
}

fn is_as_late_as(record: &Record, seen: &CurrentParameter) -> bool {
    match &record.evidence {
        Evidence::Value(value) => value.details.modified >= seen.details.modified,
        _ => false,
    }
}

/// Makes sure, right before a parameter is deleted, that what is listed of it now is what is recorded of it; else it is
/// recorded again, and told.
///
/// # Errors
/// It does not exist any more, or what [`record`] fails at.
pub(super) async fn still_recorded<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    (name, now): (&ParameterName, Option<&CurrentParameter>),
    options: &RestoreOptions,
    trace: &mut Trace,
) -> Result<(), Error> {
    let gone = || Error::new(ErrorKind::NotFound, "it was deleted while the restore ran");
    let Some(now) = now else { return Err(gone()) };
    if trace.before.as_ref().is_some_and(|before| before.is_version_of(Some(now))) {
        return Ok(());
    }
    match record(capture, now, None, options).await? {
        Recorded::Gone => Err(gone()),
        Recorded::Is(state) => {
            trace.warnings.push(format!(
                "{name} was changed while the restore ran: its version {} is recorded, and undo brings it back",
                state.version.unwrap_or_default()
            ));
            trace.before = Some(state);
            Ok(())
        }
    }
}

/// What is told of a parameter that is not the version any more that the plan saw.
pub(super) fn change_since(seen: &CurrentParameter, now: &RowState) -> Option<String> {
    let version = now.version.unwrap_or_default();
    (!now.is_version_of(Some(seen))).then(|| {
        format!(
            "{} was changed since the preview: its version {version} is recorded, and undo brings it back",
            seen.name
        )
    })
}
