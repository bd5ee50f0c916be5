//! A change that somebody made between a look at a parameter and the write that overwrote it: Parameter Store's history
//! still has it.

use ssmbak_core::name::ParameterName;
use ssmbak_core::record::{Evidence, Record};
use ssmbak_core::restore_record::RowState;
use ssmbak_core::scope::Selection;
use tokio::time::sleep;

use super::outcome::Trace;
use super::present::{VERIFY_ATTEMPTS, pause};
use super::{Error, RestoreOptions};
use crate::bucket::BackupBucket;
use crate::capture::Capture;
use crate::read::{body_of, recorded_timelines};
use crate::retry::retry_throttled;
use crate::store::{ParameterStore, PutParameter};

/// Records what `wrote`, which became version `version`, overwrote beside what was recorded before it, and remembers it as
/// what an undo brings back. Versions that are like `wrote` are its own: a request whose answer was lost is sent again.
pub(super) async fn keep<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    name: &ParameterName,
    (wrote, version): (&PutParameter, u64),
    options: &RestoreOptions,
    trace: &mut Trace,
) {
    let before = trace.before.clone().unwrap_or_default();
    let planned = before.version.unwrap_or_default();
    // Lower than planned: it was deleted, and counts from 1 again.
    let first = if version > planned { planned + 1 } else { 1 };
    let mut outcome = Ok(None);
    for look in 0..VERIFY_ATTEMPTS {
        if look > 0 {
            sleep(pause(options.retry)).await;
        }
        outcome = overwritten(capture, name, wrote, first..version, options).await;
        if !matches!(outcome, Ok(None)) {
            break;
        }
    }
    match outcome {
        Ok(Some(Overwritten::Own)) if version > planned => {}
        Ok(Some(Overwritten::Own)) => {
            trace.warnings.push(format!("{name} was deleted while the restore ran, and is created again"));
            trace.before = Some(RowState::absent());
        }
        Ok(Some(Overwritten::Version(state))) => {
            let number = state.version.unwrap_or_default();
            trace.warnings.push(format!(
                "{name} was changed while the restore ran: its version {number} is recorded, and undo brings it back"
            ));
            trace.before = Some(RowState { tags: before.tags, ..*state });
        }
        Ok(None) | Err(_) => {
            let why = outcome.err().map(|error| format!(": {error}")).unwrap_or_default();
            trace.warnings.push(format!(
                "{name} was changed while the restore ran, and its version {} could not be recorded{why}",
                version.saturating_sub(1)
            ));
        }
    }
}

enum Overwritten {
    /// Nothing but the write itself.
    Own,
    /// Somebody's version.
    Version(Box<RowState>),
}

/// The latest of these versions that is none of `wrote`'s; `None`: Parameter Store does not show all of them yet.
async fn overwritten<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    name: &ParameterName,
    wrote: &PutParameter,
    numbers: std::ops::Range<u64>,
    options: &RestoreOptions,
) -> Result<Option<Overwritten>, Error> {
    if numbers.is_empty() {
        return Ok(Some(Overwritten::Own));
    }
    retry_throttled(options.retry, || async {
        let drift = capture.find_drift(name, options.now.read()).await?;
        capture.record_drift(drift).await.map(drop)
    })
    .await?;
    let one = Selection::of_names([name.clone()]);
    let recorded = retry_throttled(options.retry, || recorded_timelines(capture.bucket(), &one)).await?;
    let records = recorded.timelines.get(name).map(|timeline| timeline.records()).unwrap_or_default();
    for number in numbers.rev() {
        let is_it = |record: &&Record| matches!(&record.evidence, Evidence::Value(v) if v.details.version == number);
        let Some(record) = records.iter().rfind(is_it) else { return Ok(None) };
        let Evidence::Value(value) = &record.evidence else { return Ok(None) };
        let body = retry_throttled(options.retry, || body_of(capture.bucket(), name, &record.version_id)).await?;
        let same = body == wrote.value.expose().as_bytes()
            && value.parameter_type == wrote.parameter_type
            && value.description.text.as_deref().unwrap_or_default() == wrote.description;
        if !same {
            let state = RowState::of_details(&value.details);
            let version_id = Some(record.version_id.clone());
            return Ok(Some(Overwritten::Version(Box::new(RowState { version_id, ..state }))));
        }
    }
    Ok(Some(Overwritten::Own))
}
