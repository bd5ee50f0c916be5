//! Which names the pipeline records, as the bucket keeps it.

use jiff::Timestamp;
use ssmbak_core::recording_scope::{RecordingScope, SCOPE_KEY, ScopeRecord};

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
    let Some(current) = listed.iter().find(|version| version.is_latest && !version.is_marker) else {
        return Ok(ScopeRecord::default());
    };
    let body = bucket.body(SCOPE_KEY, Some(&current.version_id)).await?;
    ScopeRecord::decode(&body).map_err(|error| {
        let hint =
            "install the latest ssmbak; if that does not help, delete the object, and the next sweep writes it anew";
        Error::new(ErrorKind::Unreadable, error.to_string()).with_hint(hint)
    })
}

/// Notes in the bucket that `scope` is in force, before anything is left out by it. What it leaves out is unknown from the
/// last sweep on, which is older than the deployment that brought it.
///
/// # Errors
/// As [`scope_record`], or the request that failed.
pub async fn note_scope<B: BackupBucket>(bucket: &B, scope: &RecordingScope) -> Result<ScopeRecord, Error> {
    let record = scope_record(bucket).await?;
    if record.is_current(scope) {
        return Ok(record);
    }
    let since = sweep::last(bucket).await?.map_or(Timestamp::UNIX_EPOCH, |last| last.started);
    let record = record.with(scope, since);
    bucket.put_document(SCOPE_KEY, record.encode().as_bytes()).await?;
    Ok(record)
}

/// Notes that a sweep has looked at everything that `record`'s scope contains.
///
/// # Errors
/// The request that failed.
pub async fn note_swept<B: BackupBucket>(bucket: &B, record: &ScopeRecord) -> Result<(), Error> {
    match record.swept() {
        Some(swept) => bucket.put_document(SCOPE_KEY, swept.encode().as_bytes()).await,
        None => Ok(()),
    }
}
