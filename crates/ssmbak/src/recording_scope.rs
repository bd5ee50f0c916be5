//! Which names the pipeline records, as the bucket keeps it.

use jiff::Timestamp;
use ssmbak_core::recording_scope::{RecordingScope, SCOPE_KEY, ScopeRecord, ScopeRecordError};

use crate::bucket::{BackupBucket, Keys};
use crate::{Error, ErrorKind, sweep};

/// The scopes that the pipeline has had. A listing is asked first: of a key that is not there, S3 tells those who may not
/// list keys that they may not read it.
///
/// # Errors
/// The request that failed; [`ErrorKind::Unreadable`] for a record that cannot be used, since what it excludes would be
/// taken for unchanged.
pub async fn scope_record<B: BackupBucket>(bucket: &B) -> Result<ScopeRecord, Error> {
    let listed = bucket.versions(Keys::One(SCOPE_KEY)).await?;
    let unreadable = |error: ScopeRecordError| {
        // Written anew, it would not say since when names are left out.
        let hint = format!(
            "install the latest ssmbak, or bring the object's last good version back: see `s3bak log {SCOPE_KEY}`"
        );
        Error::new(ErrorKind::Unreadable, error.to_string()).with_hint(hint)
    };
    match listed.iter().find(|version| version.is_latest) {
        None => Ok(ScopeRecord::default()),
        // Nothing of ssmbak deletes it.
        Some(current) if current.is_marker => Err(unreadable(ScopeRecordError)),
        Some(current) => {
            let body = bucket.body(SCOPE_KEY, Some(&current.version_id)).await?;
            ScopeRecord::decode(&body).map_err(unreadable)
        }
    }
}

/// Notes in the bucket that `scope` is in force at `now`, before the function leaves anything out by it. What it leaves out is
/// unknown from the last sweep on, which is older than the deployment that brought it.
///
/// # Errors
/// As [`scope_record`], or the request that failed.
pub async fn note_scope<B: BackupBucket>(
    bucket: &B,
    scope: &RecordingScope,
    now: Timestamp,
) -> Result<ScopeRecord, Error> {
    let record = scope_record(bucket).await?;
    if record.is_current(scope) {
        return Ok(record);
    }
    let since = sweep::last(bucket).await?.map_or(Timestamp::UNIX_EPOCH, |last| last.started);
    let record = record.with(scope, since, now);
    bucket.put_document(SCOPE_KEY, record.encode().as_bytes()).await?;
    Ok(record)
}

/// Notes that a sweep that began at `started` has finished, if it has looked at everything that `record`'s scope contains.
///
/// # Errors
/// The request that failed.
pub async fn note_swept<B: BackupBucket>(bucket: &B, record: &ScopeRecord, started: Timestamp) -> Result<(), Error> {
    match record.swept(started) {
        Some(swept) => bucket.put_document(SCOPE_KEY, swept.encode().as_bytes()).await,
        None => Ok(()),
    }
}
