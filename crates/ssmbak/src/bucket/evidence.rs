//! From stored versions to what they say: metadata first, its sidecar where it has one, tags where it has none.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::record::metadata::{Decoded, decode, decode_with_sidecar};
use ssmbak_core::record::{Evidence, Record, Unreadable, tags};

use super::{BackupBucket, Head, StoredVersion};
use crate::{CONCURRENCY, Error, ErrorKind};

/// More than a value can be, which is 8 KB at most: room for emulators, and for a Parameter Store that allows more one day.
pub(crate) const LARGEST_VALUE: u64 = 64 * 1024;

/// The records of listed versions, in the same order, read concurrently.
///
/// # Errors
/// The first request that fails. A version that says nothing is no error but an unreadable record; one that has expired
/// since it was listed is left out.
pub async fn describe_versions<B: BackupBucket>(
    bucket: &B,
    listed: Vec<StoredVersion>,
) -> Result<Vec<(String, Record)>, Error> {
    let described: Vec<Option<(String, Record)>> = stream::iter(listed)
        .map(|version| async move {
            let record = record_of(bucket, &version).await?;
            Ok::<_, Error>(record.map(|record| (version.key, record)))
        })
        .buffered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await?;
    Ok(described.into_iter().flatten().collect())
}

/// A record, and what of the version's metadata could not be read though its tags could: a sidecar is missing, for one.
pub(crate) struct Described {
    pub(crate) record: Record,
    pub(crate) damage: Option<Unreadable>,
}

/// The record of one listed version; `None` if it is gone.
///
/// # Errors
/// Any request that fails.
pub async fn record_of<B: BackupBucket>(bucket: &B, version: &StoredVersion) -> Result<Option<Record>, Error> {
    Ok(described_of(bucket, version).await?.map(|described| described.record))
}

/// The same, with what is damaged.
pub(crate) async fn described_of<B: BackupBucket>(
    bucket: &B,
    version: &StoredVersion,
) -> Result<Option<Described>, Error> {
    let (evidence, damage) = if version.is_marker {
        (Evidence::DeleteMarker, None)
    } else {
        match bucket.head(&version.key, Some(&version.version_id)).await? {
            Head::Missing => return Ok(None),
            Head::DeleteMarker => (Evidence::DeleteMarker, None),
            Head::Object { metadata, size, .. } => {
                evidence_and_damage(bucket, &version.key, &version.version_id, metadata.as_deref(), size).await?
            }
        }
    };
    Ok(Some(Described { record: record(version, evidence), damage }))
}

/// The record of one listed version, and its body; `None` if it is gone.
///
/// # Errors
/// Any request that fails.
pub async fn record_and_body_of<B: BackupBucket>(
    bucket: &B,
    version: &StoredVersion,
) -> Result<Option<(Record, Vec<u8>)>, Error> {
    if version.size > LARGEST_VALUE {
        return Ok(Some((record(version, too_large(version.size)), Vec::new())));
    }
    let Some(object) = bucket.object(&version.key, &version.version_id).await? else { return Ok(None) };
    let (metadata, size) = (object.metadata.as_deref(), object.body.len() as u64);
    let evidence = evidence_of(bucket, &version.key, &version.version_id, metadata, size).await?;
    Ok(Some((record(version, evidence), object.body)))
}

fn record(version: &StoredVersion, evidence: Evidence) -> Record {
    Record {
        version_id: version.version_id.clone(),
        last_modified: version.last_modified,
        is_latest: version.is_latest,
        size: version.size,
        evidence,
    }
}

/// What an object says, given its metadata field.
pub(crate) async fn evidence_of<B: BackupBucket>(
    bucket: &B,
    key: &str,
    version_id: &str,
    metadata: Option<&str>,
    size: u64,
) -> Result<Evidence, Error> {
    Ok(evidence_and_damage(bucket, key, version_id, metadata, size).await?.0)
}

/// The same, and why the metadata could not be read where the tags stand in for it.
async fn evidence_and_damage<B: BackupBucket>(
    bucket: &B,
    key: &str,
    version_id: &str,
    metadata: Option<&str>,
    size: u64,
) -> Result<(Evidence, Option<Unreadable>), Error> {
    if size > LARGEST_VALUE {
        return Ok((too_large(size), None));
    }
    let described = match (decode(metadata, size), metadata) {
        (Decoded::Complete(evidence), _) => evidence,
        (Decoded::NeedsSidecar(sidecar), Some(field)) => {
            let body = sidecar_body(bucket, &sidecar).await?;
            decode_with_sidecar(field, body.as_deref(), size)
        }
        _ => Evidence::Unreadable(Unreadable::Foreign),
    };
    let Evidence::Unreadable(reason) = described else { return Ok((described, None)) };
    // The tags say less, but they say it in the original's words.
    let said = tags::read(&bucket.tags(key, version_id).await?);
    Ok(match (said, reason) {
        (Ok(_), _) if size == 0 => (Evidence::Unreadable(Unreadable::Empty), None),
        (Ok(legacy), Unreadable::Foreign) => (Evidence::Legacy(legacy), None),
        (Ok(legacy), damage) => (Evidence::Legacy(legacy), Some(damage)),
        (Err(reason), Unreadable::Foreign) => (Evidence::Unreadable(reason), None),
        (Err(_), reason) => (Evidence::Unreadable(reason), None),
    })
}

fn too_large(size: u64) -> Evidence {
    Evidence::Unreadable(Unreadable::TooLarge(size))
}

async fn sidecar_body<B: BackupBucket>(bucket: &B, key: &str) -> Result<Option<String>, Error> {
    match bucket.body(key, None).await {
        Ok(body) => Ok(String::from_utf8(body).ok()),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
