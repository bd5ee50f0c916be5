//! Looks all parameters over: what the bucket lacks, and what it believes alive that is gone: all at once for `ssmbak-all`,
//! page by page for the function.

use std::collections::BTreeMap;

use futures_util::stream::{self, Stream, StreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::CurrentParameter;
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{OnTop, Place, RECORD_KEY, Reading, SweepRecord, key_after};

use crate::bucket::{BackupBucket, CurrentKey, KeyPage};
use crate::capture::{Capture, CaptureReport, Drift};
use crate::read::{listed, name_of};
use crate::store::ParameterStore;
use crate::{Error, ErrorKind, STORE_CONCURRENCY};

/// How a name is looked over.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What Parameter Store lists of it, tags included where there is an index of them.
    pub listed: Option<CurrentParameter>,
    /// What the bucket is asked of it.
    pub reading: Reading,
}

/// The names to look over: all that Parameter Store or the bucket knows within the selection, and what is listed of them.
/// What was deleted is left out if `last`, the last finished sweep, has looked at it since.
///
/// # Errors
/// The first request that failed.
pub async fn names<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    selection: &Selection,
    last: Option<&SweepRecord>,
) -> Result<BTreeMap<ParameterName, Look>, Error> {
    let (mut described, keys) =
        futures_util::future::try_join(crate::read::described(capture.store(), selection), keys(capture, selection))
            .await?;
    add_tags(capture.store(), described.values_mut()).await?;
    let look = |(name, listed)| (name, Look { listed: Some(listed), ..Look::default() });
    let mut names: BTreeMap<ParameterName, Look> = described.into_iter().map(look).collect();
    for (name, on_top) in keys {
        if let Some(reading) = Reading::of(&name, on_top, names.contains_key(&name), last) {
            names.entry(name).or_default().reading = reading;
        }
    }
    Ok(names)
}

async fn keys<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    selection: &Selection,
) -> Result<BTreeMap<ParameterName, OnTop>, Error> {
    let mut names = BTreeMap::new();
    for listing in selection.listings() {
        for versions in crate::bucket::by_key(listed(capture.bucket(), &listing).await?) {
            let Some(current) = CurrentKey::of(&versions) else { continue };
            let name = name_of(&current.key).filter(|name| selection.contains(name));
            names.extend(name.map(|name| (name, current.on_top)));
        }
    }
    Ok(names)
}

/// Looks each name over, several at a time; the results come as they are ready. Nothing is written. `last` is the record of
/// the last finished sweep. `clock` is asked right before each name is looked at.
pub fn find_drift<'a, S: ParameterStore, B: BackupBucket>(
    capture: &'a Capture<S, B>,
    names: impl IntoIterator<Item = (ParameterName, Look), IntoIter: Send> + 'a,
    last: Option<&'a SweepRecord>,
    clock: impl Fn() -> Timestamp + Copy + Send + 'a,
) -> impl Stream<Item = (ParameterName, Result<Drift, Error>)> + Send + 'a {
    stream::iter(names)
        .map(move |(name, look)| async move {
            let drift = match look.reading {
                Reading::Top => capture.find_drift_listed(&name, look.listed.as_ref(), last, clock()).await,
                Reading::All => capture.find_drift_by_all_versions(&name, last, clock()).await,
                Reading::Deleted => capture.find_drift_deleted(&name, last, clock()).await,
            };
            (name, drift)
        })
        .buffer_unordered(STORE_CONCURRENCY)
        .boxed()
}

/// The record of the last finished sweep; `None`: there is none that says anything.
///
/// # Errors
/// The request that failed.
pub async fn last<B: BackupBucket>(bucket: &B) -> Result<Option<SweepRecord>, Error> {
    match bucket.body(RECORD_KEY, None).await {
        Ok(body) => Ok(SweepRecord::decode(&body)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Some names that come one after the other, and where the sweep is after them.
#[derive(Clone, Debug)]
pub struct Page {
    /// The names, in order.
    pub names: Vec<SweepItem>,
    /// Where the next page begins; `None`: this is the last one.
    pub next: Option<Place>,
}

/// A name whose turn it is.
#[derive(Clone, Debug)]
pub struct SweepItem {
    /// The name.
    pub name: ParameterName,
    /// What Parameter Store lists of it.
    pub listed: Option<CurrentParameter>,
    /// Whether it does not count: it had its turn among the parameters already, or the bucket believes that it was deleted.
    pub again: bool,
    /// What the bucket is asked of it.
    pub reading: Reading,
    /// Where the sweep is when it is done.
    pub then: Place,
}

/// The page at a place: first those of Parameter Store, then the keys of the bucket. What was deleted is left out if `last`,
/// the last finished sweep, has looked at it since.
///
/// # Errors
/// The first request that failed; [`ErrorKind::Refused`] for a token that Parameter Store does not accept any more.
pub async fn page<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    place: &Place,
    last: Option<&SweepRecord>,
) -> Result<Page, Error> {
    match place {
        Place::Parameters { token, after } => {
            let mut listed = capture.store().page(token.as_deref()).await?;
            add_tags(capture.store(), listed.parameters.values_mut().flatten()).await?;
            let turn = |(name, listed): (ParameterName, Option<CurrentParameter>)| {
                let then = Place::Parameters { token: token.clone(), after: Some(name.clone()) };
                SweepItem { name, listed, again: false, reading: Reading::Top, then }
            };
            let left =
                listed.parameters.into_iter().filter(|(name, _)| after.as_ref().is_none_or(|after| name > after));
            let next = match listed.next {
                Some(token) => Place::Parameters { token: Some(token), after: None },
                None => Place::Keys { after: None },
            };
            Ok(Page { names: left.map(turn).collect(), next: Some(next) })
        }
        Place::Keys { after } => {
            let KeyPage { keys, next } = capture.bucket().current_keys(after.as_deref()).await?;
            let next = next.map(|next| Place::Keys { after: Some(key_after(&next)) });
            let named = |key: CurrentKey| {
                let name = name_of(&key.key)?;
                Reading::of(&name, key.on_top, false, last).map(|_| (name, key))
            };
            let named: Vec<(ParameterName, CurrentKey)> = keys.into_iter().filter_map(named).collect();
            let names: Vec<ParameterName> = named.iter().map(|(name, _)| name.clone()).collect();
            let mut found = if names.is_empty() { BTreeMap::new() } else { capture.store().find(&names).await? };
            let turn = |(name, key): (ParameterName, CurrentKey)| {
                let listed = found.remove(&name);
                let reading = Reading::of(&name, key.on_top, listed.is_some(), last)?;
                let again = listed.is_some() || reading == Reading::Deleted;
                Some(SweepItem { again, reading, then: Place::Keys { after: Some(key.key) }, name, listed })
            };
            Ok(Page { names: named.into_iter().filter_map(turn).collect(), next })
        }
    }
}

/// Adds the tags to what is listed, where there is an index of them.
async fn add_tags<'a, S: ParameterStore>(
    store: &S,
    listed: impl Iterator<Item = &'a mut CurrentParameter>,
) -> Result<(), Error> {
    let mut listed: Vec<&mut CurrentParameter> = listed.collect();
    let names: Vec<ParameterName> = listed.iter().map(|parameter| parameter.name.clone()).collect();
    if names.is_empty() {
        return Ok(());
    }
    if let Some(mut tags) = store.tags_of_many(&names).await? {
        for parameter in &mut listed {
            parameter.details.tags = Some(tags.remove(&parameter.name).unwrap_or_default());
        }
    }
    Ok(())
}

/// Brings the name whose turn it is up to date. Nothing written means that the bucket had it all.
///
/// # Errors
/// As [`Capture::event`].
pub async fn process<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    turn: &SweepItem,
    last: Option<&SweepRecord>,
    now: Timestamp,
) -> Result<CaptureReport, Error> {
    let drift = match turn.reading {
        Reading::Top => None,
        Reading::All => Some(capture.find_drift_by_all_versions(&turn.name, last, now).await?),
        Reading::Deleted => Some(capture.find_drift_deleted(&turn.name, last, now).await?),
    };
    if let Some(drift) = drift {
        return capture.record_drift(drift).await;
    }
    // Its tags were compared at its first turn.
    if let Some(listed) = turn.listed.as_ref().filter(|_| turn.again)
        && capture.is_on_top(&turn.name, listed).await?
    {
        return Ok(CaptureReport::default());
    }
    let drift = capture.find_drift_listed(&turn.name, turn.listed.as_ref(), last, now).await?;
    capture.record_drift(drift).await
}
