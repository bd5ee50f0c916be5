//! The records that restores leave of themselves in the bucket.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::plan::{Plan, PlanOptions, Present, PresentParameter, Target};
use ssmbak_core::restore_record::{RESTORE_PREFIX, RestoreId, RestoreRecord, RestoreRecordError};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::Absence;

use crate::bucket::{BackupBucket, Keys};
use crate::read::described;
use crate::store::ParameterStore;
use crate::{CONCURRENCY, Error, ErrorKind, ParamPath};

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
        error.with_hint("`ssmbak restore PATH TIME` brings back any moment, with the time before that restore")
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

/// What it takes to undo a restore: the names that it changed, as they were at the moment before it.
///
/// What it created did not exist at that moment, whatever the bucket believes: it may not have heard of a deletion before,
/// nor of the creation yet.
///
/// # Errors
/// The first request that failed.
pub async fn undo<S, B>(store: &S, bucket: &B, record: &RestoreRecord) -> Result<Plan, Error>
where
    S: ParameterStore + Clone,
    B: BackupBucket + Clone,
{
    let created = record.created();
    let others: Vec<ParameterName> = record.touched().into_iter().filter(|name| !created.contains(name)).collect();
    let mut plan = Plan::default();
    if !others.is_empty() {
        let (selection, before) = (Selection::of_names(others), Instant::exact(record.before));
        plan = ParamPath::new(store.clone(), bucket.clone(), selection, before).preview().await?;
    }
    for (name, parameter) in described(store, &Selection::of_names(created)).await? {
        // Of what is deleted the value is not needed.
        let present = PresentParameter { parameter, value: ParameterValue::new("") };
        let target = Target::Absent(Absence::NotYetCreated(record.begun));
        plan.add(name, target, Present::Exists(Box::new(present)), PlanOptions::default());
    }
    plan.sort();
    Ok(plan)
}

async fn latest<B: BackupBucket>(bucket: &B) -> Result<RestoreId, Error> {
    let listed = bucket.versions(Keys::Prefix(RESTORE_PREFIX)).await?;
    let current = listed.iter().filter(|version| version.is_latest && !version.is_marker);
    current.filter_map(|version| RestoreId::of_key(&version.key)).max().ok_or_else(|| {
        let error = Error::new(ErrorKind::NotFound, "no restore is recorded in the bucket");
        error.with_hint("`ssmbak restore PATH TIME` brings back any moment")
    })
}
