//! Reads what a plan needs: the timelines of the bucket and the present state of Parameter Store.

mod back;
mod by_name;
mod compare;
mod prefetch;
mod present;
mod settle;
mod states_at;

use ssmbak_core::unknown::{ReasonCode, UnknownReason};
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::instant::Instant;
use ssmbak_core::mark::MARK_PREFIX;
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::{CurrentParameter, ParameterValue};
use ssmbak_core::plan::{Present, PresentParameter, RecordedParameter, Target};
use ssmbak_core::record::metadata::SIDECAR_PREFIX;
use ssmbak_core::recording_scope::{SCOPE_PREFIX, ScopeRecord};
use ssmbak_core::restore_record::RESTORE_PREFIX;
use ssmbak_core::scope::{Depth, Listing, Scope, Selection};
use ssmbak_core::sweep::SWEEP_PREFIX;
use ssmbak_core::timeline::{Held, State, Timeline};

pub use self::back::timelines_back;
pub(crate) use self::back::{ReadBack, Reader, foreign_key, left_out};
use self::compare::warnings;
pub(crate) use self::compare::{compare, targets_of};
pub(crate) use self::present::states_and_present;
pub use self::present::{Beside, states_beside};
pub(crate) use self::settle::{is_recent, look_again};
pub(crate) use self::states_at::read_recorded_states_at;
pub use self::states_at::{Answer, AnswerState, BucketStates, ListingProgress, read_states_at};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::bucket::{BackupBucket, Keys, StoredVersion, describe_versions};
use crate::recording_scope::scope_record;
use crate::store::{ParameterStore, TagsByName};
use crate::{CONCURRENCY, ConcurrencyLimiter, Error, ErrorKind};

/// How many parameters' tags are asked for at once; the limiter bounds the requests.
const CONCURRENCY_OF_TAGS: usize = 512;

/// How many parameters' tags are asked for in bulk in one request, and how many such requests are made at once.
const TAGS: usize = 100;
const CONCURRENCY_OF_BULK_TAGS: usize = 8;

/// Names that one request reads the values of (GetParameters), and how many such requests wait at the limiter at once.
const VALUES: usize = 10;
const CONCURRENCY_OF_VALUES: usize = 64;

/// What the bucket holds about a selection of names.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The timeline of every selected name that the bucket has anything about.
    pub timelines: BTreeMap<ParameterName, Timeline>,
    /// Keys within the selection's reach that are no parameter names.
    pub foreign_keys: Vec<String>,
    /// Which names the pipeline records.
    pub scope: ScopeRecord,
}

impl Recorded {
    /// What was left out: versions that cannot be read, and keys that are no names.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, timeline) in &self.timelines {
            warnings.append(&mut left_out(name, timeline));
        }
        warnings.extend(self.foreign_keys.iter().map(|key| foreign_key(key)));
        warnings
    }
}

/// Reads the timelines of a selection. Of a name that the pipeline leaves out nothing is known since then.
///
/// # Errors
/// The first request that failed.
pub async fn timelines<B: BackupBucket>(bucket: &B, selection: &Selection) -> Result<Recorded, Error> {
    let (mut recorded, scope) = try_join(recorded_timelines(bucket, selection), scope_record(bucket)).await?;
    let timeline = |(name, timeline): (ParameterName, Timeline)| {
        let excluded = scope.excluded_since(&name);
        (name, timeline.excluded_since(excluded))
    };
    recorded.timelines = recorded.timelines.into_iter().map(timeline).collect();
    Ok(Recorded { scope, ..recorded })
}

/// As [`timelines`], whatever the pipeline leaves out.
pub(crate) async fn recorded_timelines<B: BackupBucket>(bucket: &B, selection: &Selection) -> Result<Recorded, Error> {
    let mut recorded = Recorded::default();
    let mut by_name: BTreeMap<ParameterName, Vec<StoredVersion>> = BTreeMap::new();
    let mut listed_before: BTreeSet<(String, String)> = BTreeSet::new();
    for listing in selection.listings() {
        for version in listed(bucket, &listing).await? {
            match name_of(&version.key) {
                Some(name) => {
                    let new = listed_before.insert((version.key.clone(), version.version_id.clone()));
                    if new && selection.contains(&name) {
                        by_name.entry(name).or_default().push(version);
                    }
                }
                None if is_stranger(&version.key) && recorded.foreign_keys.last() != Some(&version.key) => {
                    recorded.foreign_keys.push(version.key);
                }
                None => {}
            }
        }
    }
    let ordered = by_name.into_values().flat_map(in_order_of_storage).collect();
    let mut records: BTreeMap<ParameterName, Vec<_>> = BTreeMap::new();
    for (key, record) in describe_versions(bucket, ordered).await? {
        if let Some(name) = name_of(&key) {
            records.entry(name).or_default().push(record);
        }
    }
    recorded.timelines = records.into_iter().map(|(name, records)| (name, Timeline::new(records))).collect();
    Ok(recorded)
}

/// The versions of one name, possibly under two keys, each in order of storage, as one list, oldest first; of two keys' current versions only the canonical one
/// is the name's.
pub(crate) fn in_order_of_storage(mut versions: Vec<StoredVersion>) -> Vec<StoredVersion> {
    let canonical = versions.iter().any(|version| version.key.starts_with('/'));
    for version in &mut versions {
        version.is_latest &= !canonical || version.key.starts_with('/');
    }
    // A stable sort: what is stored in one second keeps its order within its key.
    versions.sort_by_key(|version| version.last_modified);
    versions
}

/// The parameter that a key is the history of. Seeding with ssmbak 0.5.2 stored root-level names without their slash,
/// while its function stored them with it: both are the one parameter's.
pub(crate) fn name_of(key: &str) -> Option<ParameterName> {
    if key.starts_with('/') { ParameterName::from_key(key).ok() } else { ParameterName::parse(key).ok() }
}

/// Whether a key that is no parameter's is nobody's of ours either.
fn is_stranger(key: &str) -> bool {
    ![SIDECAR_PREFIX, SWEEP_PREFIX, MARK_PREFIX, RESTORE_PREFIX, SCOPE_PREFIX].iter().any(|own| key.starts_with(own))
}

/// The versions that a listing finds, root-level names under either spelling.
pub(crate) async fn listed<B: BackupBucket>(bucket: &B, listing: &Listing) -> Result<Vec<StoredVersion>, Error> {
    match (listing.depth(), listing.prefix()) {
        (Depth::Children | Depth::Subtree, "/") => bucket.versions(Keys::Prefix("")).await,
        (Depth::Children | Depth::Subtree, prefix) => bucket.versions(Keys::Prefix(prefix)).await,
        (Depth::Exact, key) => {
            let mut versions = bucket.versions(Keys::One(key)).await?;
            let name = name_of(key);
            if let Some(spelling) = name.as_ref().and_then(ParameterName::unslashed_name) {
                versions.extend(bucket.versions(Keys::One(spelling)).await?);
            }
            Ok(versions)
        }
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
                State::Unknown(reason) => Target::Unknown(reason.into()),
            };
            Ok((name.clone(), target))
        })
        .buffer_unordered(CONCURRENCY)
        .boxed()
        .try_collect()
        .await
}

/// What was true of each name that the bucket knows at an instant, values read, and what was left out. No more versions
/// are read than that takes.
///
/// # Errors
/// The first request that failed.
pub async fn states<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    at: &Instant,
) -> Result<(BTreeMap<ParameterName, Target>, Vec<String>), Error> {
    states_assuming(bucket, selection, at, false).await
}

/// As [`states`]; `assume_absent` takes what was first recorded later as not existing then.
pub(crate) async fn states_assuming<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    at: &Instant,
    assume_absent: bool,
) -> Result<(BTreeMap<ParameterName, Target>, Vec<String>), Error> {
    let limiter = ConcurrencyLimiter::of_bucket();
    let answers = read_states_at(bucket, selection, at, &limiter, &ListingProgress::default()).await?;
    let warnings = warnings(&answers);
    Ok((targets_of(bucket, &limiter, answers, assume_absent, |_| true).await?.0, warnings))
}

/// A version's body, under whichever spelling of its name it was stored.
pub(crate) async fn body_of<B: BackupBucket>(
    bucket: &B,
    name: &ParameterName,
    version_id: &str,
) -> Result<Vec<u8>, Error> {
    match (bucket.body(name.key(), Some(version_id)).await, name.unslashed_name()) {
        (Err(error), Some(spelling)) if error.kind == ErrorKind::NotFound => {
            bucket.body(spelling, Some(version_id)).await
        }
        (body, _) => body,
    }
}

pub(crate) async fn read_held<B: BackupBucket>(
    bucket: &B,
    name: &ParameterName,
    held: Held<'_>,
) -> Result<Target, Error> {
    match body_of(bucket, name, &held.record.version_id).await {
        Ok(body) => Ok(value_target(held, body)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(expired()),
        Err(error) if body_is_out_of_reach(&error) => {
            let code = if error.kind == ErrorKind::Archived { ReasonCode::Unreadable } else { ReasonCode::KeyUnusable };
            Ok(Target::Unknown(UnknownReason::new(code, error.to_string())))
        }
        Err(error) => Err(error),
    }
}

/// Whether one object's bytes cannot be had at present, which says nothing about any other: it is in an archive, or the KMS
/// key that S3 encrypted it with cannot be used.
pub(crate) fn body_is_out_of_reach(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Archived | ErrorKind::KeyUnusable)
}

fn expired() -> Target {
    Target::Unknown(UnknownReason::new(ReasonCode::Expired, "the version of that time has expired from the bucket"))
}

fn unreadable(message: &str) -> Target {
    Target::Unknown(UnknownReason::new(ReasonCode::Unreadable, message))
}

/// What a version in effect says, given its body.
fn value_target(held: Held<'_>, body: Vec<u8>) -> Target {
    match String::from_utf8(body) {
        Ok(value) if value.is_empty() => unreadable("what is stored of that time is empty"),
        Ok(value) => held_target(held, ParameterValue::new(value)),
        Err(_) => unreadable("what is stored of that time is not UTF-8 text"),
    }
}

fn held_target(held: Held<'_>, value: ParameterValue) -> Target {
    match RecordedParameter::of(held, value) {
        Some(state) => Target::Held(Box::new(state)),
        // Only versions are ever held.
        None => unreadable("what is stored of that time is no version"),
    }
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
    let mut single = Vec::new();
    for scope in selection.scopes() {
        match scope {
            // Fifty of them are one request.
            Scope::One(name) => single.push(name.clone()),
            scope => all.extend(store.describe(scope).await?.into_iter().map(|found| (found.name.clone(), found))),
        }
    }
    match single.as_slice() {
        [] => {}
        [name] => {
            let found = store.describe(&Scope::One(name.clone())).await?;
            all.extend(found.into_iter().map(|found| (found.name.clone(), found)));
        }
        names => all.extend(store.find(names).await?),
    }
    all.retain(|name, _| selection.contains(name));
    Ok(all)
}

/// As [`described`], with the tags of what `tagged` names where there is an index of them.
///
/// # Errors
/// The first request that failed.
pub(crate) async fn described_with_tags<S: ParameterStore>(
    store: &S,
    selection: &Selection,
    mut tagged: UnboundedReceiver<ParameterName>,
    limiter: &ConcurrencyLimiter,
) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
    // What is asked for before the index can be used is asked for again when it is compared.
    let tags = stream::poll_fn(|context| tagged.poll_recv(context))
        .chunks(TAGS)
        .map(|names| indexed_tags(store, names, limiter))
        .buffer_unordered(CONCURRENCY_OF_BULK_TAGS)
        .boxed()
        .try_collect::<Vec<TagsByName>>();
    let (mut described, tags) = futures_util::future::try_join(described(store, selection), tags).await?;
    for (name, tags) in tags.into_iter().flatten() {
        if let Some(parameter) = described.get_mut(&name) {
            parameter.details.tags = Some(tags);
        }
    }
    Ok(described)
}

/// The tags of each of these names, as far as there is an index of them: else none of them are in the answer.
async fn indexed_tags<S: ParameterStore>(
    store: &S,
    names: Vec<ParameterName>,
    limiter: &ConcurrencyLimiter,
) -> Result<TagsByName, Error> {
    let Some(mut tags) = limiter.run(|| store.tags_of_many(&names)).await? else { return Ok(TagsByName::new()) };
    let own = |name: ParameterName| {
        let tags = tags.remove(&name).unwrap_or_default();
        (name, tags)
    };
    Ok(names.into_iter().map(own).collect())
}

/// The present state of the described parameters, as far as comparing them with `targets` needs it.
///
/// A parameter whose version number and date are those of its target has that target's value, which is not read again.
///
/// # Errors
/// The first request that failed; a value that cannot be decrypted is no error but [`Present::Unreadable`].
pub async fn presents<S: ParameterStore>(
    store: &S,
    mut described: BTreeMap<ParameterName, CurrentParameter>,
    targets: &BTreeMap<ParameterName, Target>,
    limiter: &ConcurrencyLimiter,
) -> Result<BTreeMap<ParameterName, Present>, Error> {
    add_indexed_tags(store, &mut described, targets, limiter).await?;
    presents_exactly(store, described, targets, limiter).await
}

/// As [`presents`], with tags that no index is asked for: what has just been changed may not be in it yet.
///
/// # Errors
/// As [`presents`].
pub(crate) async fn presents_exactly<S: ParameterStore>(
    store: &S,
    described: BTreeMap<ParameterName, CurrentParameter>,
    targets: &BTreeMap<ParameterName, Target>,
    limiter: &ConcurrencyLimiter,
) -> Result<BTreeMap<ParameterName, Present>, Error> {
    let mut known: BTreeMap<String, Result<ParameterValue, Error>> = BTreeMap::new();
    let mut unread = Vec::new();
    for (name, parameter) in &described {
        match targets.get(name) {
            Some(Target::Held(target)) if same_version(target, parameter) => {
                known.insert(parameter.spelling.clone(), Ok(target.value.clone()));
            }
            Some(Target::Held(_)) => unread.push(parameter.spelling.clone()),
            // What is deleted or unchanged needs no value.
            _ => {
                known.insert(parameter.spelling.clone(), Ok(ParameterValue::new("")));
            }
        }
    }
    // Each ten on its own: if one is throttled, the others need not be read again.
    let values: Vec<_> = stream::iter(unread.chunks(VALUES))
        .map(|some| limiter.run(|| store.values(some)))
        .buffer_unordered(CONCURRENCY_OF_VALUES)
        .boxed()
        .try_collect()
        .await?;
    known.extend(values.into_iter().flatten());
    let with_tags = with_tags(store, described, targets, limiter).await?;
    Ok(with_tags
        .into_iter()
        .map(|(name, parameter)| {
            let present = match known.remove(&parameter.spelling) {
                Some(Ok(value)) => Present::Exists(Box::new(PresentParameter { parameter, value })),
                Some(Err(error)) => Present::Unreadable(error.into()),
                None => Present::Missing,
            };
            (name, present)
        })
        .collect())
}

/// The tags that are recorded of a name.
fn recorded_tags<'a>(
    targets: &'a BTreeMap<ParameterName, Target>,
    name: &ParameterName,
) -> Option<&'a BTreeMap<String, String>> {
    match targets.get(name) {
        Some(Target::Held(target)) => target.details.as_ref().and_then(|details| details.tags.as_ref()),
        _ => None,
    }
}

/// Adds the tags of what is compared, where there is an index of them.
async fn add_indexed_tags<S: ParameterStore>(
    store: &S,
    described: &mut BTreeMap<ParameterName, CurrentParameter>,
    targets: &BTreeMap<ParameterName, Target>,
    limiter: &ConcurrencyLimiter,
) -> Result<(), Error> {
    let unread: Vec<ParameterName> = described
        .iter()
        .filter(|(name, parameter)| parameter.details.tags.is_none() && recorded_tags(targets, name).is_some())
        .map(|(name, _)| name.clone())
        .collect();
    let read: Vec<TagsByName> = stream::iter(unread.chunks(TAGS).map(<[ParameterName]>::to_vec))
        .map(|names| indexed_tags(store, names, limiter))
        .buffer_unordered(CONCURRENCY_OF_BULK_TAGS)
        .boxed()
        .try_collect()
        .await?;
    for (name, tags) in read.into_iter().flatten() {
        if let Some(parameter) = described.get_mut(&name) {
            parameter.details.tags = Some(tags);
        }
    }
    Ok(())
}

/// The tags of the parameters themselves, where none are known yet or those of an index differ from the recorded ones.
async fn with_tags<S: ParameterStore>(
    store: &S,
    described: BTreeMap<ParameterName, CurrentParameter>,
    targets: &BTreeMap<ParameterName, Target>,
    limiter: &ConcurrencyLimiter,
) -> Result<BTreeMap<ParameterName, CurrentParameter>, Error> {
    // A type that cannot be changed in place takes the tags with it.
    let changes_type = |name: &ParameterName, parameter: &CurrentParameter| matches!(targets.get(name), Some(Target::Held(target)) if target.parameter_type != parameter.parameter_type);
    stream::iter(described)
        .map(|(name, mut parameter)| async move {
            let recorded = recorded_tags(targets, &name);
            let differs = recorded.is_some_and(|recorded| parameter.details.tags.as_ref() != Some(recorded));
            if differs || changes_type(&name, &parameter) {
                parameter.details.tags = Some(limiter.run(|| store.tags(&name)).await?);
            }
            Ok::<_, Error>((name, parameter))
        })
        .buffer_unordered(CONCURRENCY_OF_TAGS)
        .boxed()
        .try_collect()
        .await
}

fn same_version(target: &RecordedParameter, parameter: &CurrentParameter) -> bool {
    target.details.as_ref().is_some_and(|details| {
        details.version == parameter.details.version && details.modified == parameter.details.modified
    })
}
