//! Reads what a plan needs: the timelines of the bucket and the present state of Parameter Store.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterValue};
use ssmbak_core::plan::{Present, PresentParameter, RecordedParameter, Target};
use ssmbak_core::record::Evidence;
use ssmbak_core::scope::{Depth, Listing, Selection};
use ssmbak_core::timeline::{Held, State, Timeline};

use crate::bucket::{BackupBucket, Keys, describe_versions};
use crate::store::ParameterStore;
use crate::{CONCURRENCY, Error, ErrorKind, STORE_CONCURRENCY};

/// What the bucket holds about a selection of names.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The timeline of every selected name that the bucket has anything about.
    pub timelines: BTreeMap<ParameterName, Timeline>,
    /// Keys within the selection's reach that are no parameter names.
    pub strangers: Vec<String>,
}

/// Reads the timelines of a selection.
///
/// # Errors
/// The first request that failed.
pub async fn timelines<B: BackupBucket>(bucket: &B, selection: &Selection) -> Result<Recorded, Error> {
    let mut recorded = Recorded::default();
    let mut wanted = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for listing in selection.listings() {
        for version in bucket.versions(keys_of(&listing)).await? {
            match ParameterName::from_key(&version.key) {
                Ok(name) if selection.contains(&name) => {
                    if seen.insert((version.key.clone(), version.version_id.clone())) {
                        wanted.push(version);
                    }
                }
                Ok(_) => {}
                Err(_) if recorded.strangers.last() != Some(&version.key) => recorded.strangers.push(version.key),
                Err(_) => {}
            }
        }
    }
    let mut by_name: BTreeMap<ParameterName, Vec<_>> = BTreeMap::new();
    for (key, record) in describe_versions(bucket, wanted).await? {
        if let Ok(name) = ParameterName::from_key(&key) {
            by_name.entry(name).or_default().push(record);
        }
    }
    recorded.timelines = by_name.into_iter().map(|(name, records)| (name, Timeline::new(records))).collect();
    Ok(recorded)
}

/// How a listing is asked of the bucket.
pub(crate) fn keys_of(listing: &Listing) -> Keys<'_> {
    match listing.depth() {
        Depth::Exact => Keys::One(listing.prefix()),
        Depth::Children | Depth::Subtree => Keys::Prefix(listing.prefix()),
    }
}

/// What was true of each recorded name at an instant, values read.
///
/// # Errors
/// The first request that failed.
pub async fn targets<B: BackupBucket>(
    bucket: &B,
    timelines: &BTreeMap<ParameterName, Timeline>,
    at: &Instant,
) -> Result<BTreeMap<ParameterName, Target>, Error> {
    stream::iter(timelines)
        .map(|(name, timeline)| async move {
            let target = match timeline.state_at(at) {
                State::Held(held) => read_held(bucket, name, held).await?,
                State::Absent(absence) => Target::Absent(absence),
                State::Unknown(reason) => Target::Unknown(reason.to_string()),
            };
            Ok((name.clone(), target))
        })
        .buffer_unordered(CONCURRENCY)
        .try_collect()
        .await
}

async fn read_held<B: BackupBucket>(bucket: &B, name: &ParameterName, held: Held<'_>) -> Result<Target, Error> {
    let record = held.record;
    let body = match bucket.body(name.key(), Some(&record.version_id)).await {
        Ok(body) => body,
        Err(error) if error.kind == ErrorKind::NotFound => {
            return Ok(Target::Unknown("the version of that time has expired from the bucket".to_owned()));
        }
        Err(error) => return Err(error),
    };
    let value = match String::from_utf8(body) {
        Ok(value) if value.is_empty() => return Ok(Target::Unknown("what is stored of that time is empty".to_owned())),
        Ok(value) => ParameterValue::new(value),
        Err(_) => return Ok(Target::Unknown("what is stored of that time is not UTF-8 text".to_owned())),
    };
    let (parameter_type, description, details) = match &record.evidence {
        Evidence::Value(value) => (value.parameter_type, value.description.clone(), Some(value.details.clone())),
        Evidence::Legacy(legacy) => (legacy.parameter_type, legacy.description.clone(), None),
        // Only versions are ever held.
        _ => return Ok(Target::Unknown("what is stored of that time is no version".to_owned())),
    };
    Ok(Target::Held(Box::new(RecordedParameter {
        modified: held.since,
        version_id: record.version_id.clone(),
        value,
        parameter_type,
        description,
        details,
    })))
}

/// What Parameter Store holds now of a selection.
///
/// # Errors
/// The first request that failed.
pub async fn described<S: ParameterStore>(
    store: &S,
    selection: &Selection,
) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
    let mut all = BTreeMap::new();
    for scope in selection.scopes() {
        for parameter in store.describe(scope).await? {
            if selection.contains(&parameter.name) {
                all.insert(parameter.name.clone(), parameter);
            }
        }
    }
    Ok(all)
}

/// The present state of the described parameters, as far as comparing them with `targets` needs it.
///
/// A parameter whose version number and date are those of its target has that target's value, which is not read again.
///
/// # Errors
/// The first request that failed; a value that cannot be decrypted is no error but [`Present::Unreadable`].
pub async fn presents<S: ParameterStore>(
    store: &S,
    described: BTreeMap<ParameterName, CurrentParameter>,
    targets: &BTreeMap<ParameterName, Target>,
) -> Result<BTreeMap<ParameterName, Present>, Error> {
    let mut known: BTreeMap<String, Result<ParameterValue, Error>> = BTreeMap::new();
    let mut unread = Vec::new();
    for (name, parameter) in &described {
        match targets.get(name) {
            Some(Target::Held(target)) if same_version(target, parameter) => {
                known.insert(parameter.spelling.clone(), Ok(target.value.clone()));
            }
            Some(Target::Held(_)) => unread.push(parameter.spelling.clone()),
            // Of what is deleted or left alone the value is not needed.
            _ => {
                known.insert(parameter.spelling.clone(), Ok(ParameterValue::new("")));
            }
        }
    }
    known.extend(store.values(&unread).await?);
    let with_tags: BTreeMap<ParameterName, CurrentParameter> = stream::iter(described)
        .map(|(name, mut parameter)| async move {
            let compared = matches!(targets.get(&name), Some(Target::Held(target))
                if target.details.as_ref().is_some_and(|details| details.tags.is_some()));
            if compared {
                parameter.details.tags = Some(store.tags(&name).await?);
            }
            Ok::<_, Error>((name, parameter))
        })
        .buffer_unordered(STORE_CONCURRENCY)
        .try_collect()
        .await?;
    Ok(with_tags
        .into_iter()
        .map(|(name, parameter)| {
            let present = match known.remove(&parameter.spelling) {
                Some(Ok(value)) => Present::Exists(Box::new(PresentParameter { parameter, value })),
                Some(Err(error)) => Present::Unreadable(error.to_string()),
                None => Present::Missing,
            };
            (name, present)
        })
        .collect())
}

fn same_version(target: &RecordedParameter, parameter: &CurrentParameter) -> bool {
    target.details.as_ref().is_some_and(|details| {
        details.version == parameter.details.version && details.modified == parameter.details.modified
    })
}
