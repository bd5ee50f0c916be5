//! The records that restores leave of themselves in the bucket.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::restore_record::{RESTORE_PREFIX, RestoreId, RestoreRecord, RestoreRecordError};

pub use super::undo::{UndoOptions, undo, undo_with};
use crate::bucket::{BackupBucket, Keys};
use crate::{CONCURRENCY, Error, ErrorKind};

/// The restores of a bucket, latest first, and what could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restores {
    /// Their records.
    pub restores: Vec<RestoreRecord>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Writes a record, or the next state of it.
///
/// # Errors
/// The failed request.
pub async fn write<B: BackupBucket>(bucket: &B, record: &RestoreRecord) -> Result<(), Error> {
    bucket.put_document(&record.id.key(), record.encode().as_bytes()).await
}

/// The latest restores, as many as `most` says, latest first.
///
/// # Errors
/// The first request that failed. An object that is no record is no error but a warning.
pub async fn restores<B: BackupBucket>(bucket: &B, most: usize) -> Result<Restores, Error> {
    let mut restores = Restores::default();
    let mut named = Vec::new();
    for version in bucket.versions(Keys::Prefix(RESTORE_PREFIX)).await? {
        if version.is_latest && !version.is_marker {
            match RestoreId::of_key(&version.key) {
                Some(id) => named.push((id, version)),
                None => restores.warnings.push(left_out(&version.key, &RestoreRecordError::Damaged)),
            }
        }
    }
    named.sort_by(|(a, _), (b, _)| b.cmp(a));
    named.truncate(most);
    let read: Vec<(String, Result<RestoreRecord, RestoreRecordError>)> = stream::iter(named)
        .map(|(_, version)| async move {
            let body = bucket.body(&version.key, Some(&version.version_id)).await?;
            let record = RestoreRecord::decode(&version.key, &body);
            Ok::<_, Error>((version.key, record))
        })
        .buffered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await?;
    for (key, record) in read {
        match record {
            Ok(record) => restores.restores.push(record),
            Err(error) => restores.warnings.push(left_out(&key, &error)),
        }
    }
    Ok(restores)
}

fn left_out(key: &str, error: &RestoreRecordError) -> String {
    format!("an object is left out, {key}: {error}")
}

/// One restore; the latest one if none is named.
///
/// # Errors
/// [`ErrorKind::NotFound`] if there is none, [`ErrorKind::Unreadable`], or the request that failed.
pub async fn restore_record<B: BackupBucket>(bucket: &B, id: Option<&RestoreId>) -> Result<RestoreRecord, Error> {
    let unreadable = |id: &RestoreId, error: RestoreRecordError| {
        let error = Error::new(ErrorKind::Unreadable, format!("the record of restore {id} cannot be used: {error}"));
        error.with_hint("`ssmbak restores` lists the others: `ssmbak undo ID` undoes one of them")
    };
    let id = match id {
        Some(id) => id.clone(),
        None => latest(bucket).await?,
    };
    let key = id.key();
    match bucket.body(&key, None).await {
        Ok(body) => RestoreRecord::decode(&key, &body).map_err(|error| unreadable(&id, error)),
        Err(error) if error.kind == ErrorKind::NotFound => {
            let error = Error::new(ErrorKind::NotFound, format!("there is no record of a restore {id}"));
            Err(error.with_hint("`ssmbak restores` lists them"))
        }
        Err(error) => Err(error),
    }
}

async fn latest<B: BackupBucket>(bucket: &B) -> Result<RestoreId, Error> {
    let listed = bucket.versions(Keys::Prefix(RESTORE_PREFIX)).await?;
    let current = listed.iter().filter(|version| version.is_latest && !version.is_marker);
    current.filter_map(|version| RestoreId::of_key(&version.key)).max().ok_or_else(|| {
        let error = Error::new(ErrorKind::NotFound, "no restore is recorded in the bucket");
        error.with_hint("`ssmbak restore PATH TIME` brings back any moment")
    })
}
