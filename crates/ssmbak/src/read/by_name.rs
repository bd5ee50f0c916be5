//! The versions of one selected name after the other, as the listing brings them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::{Depth, Listing, Selection};

use super::prefetch::prefetch;
use super::{in_order_of_storage, is_stranger, listed, name_of};
use crate::Error;
use crate::bucket::{BackupBucket, Keys, StoredVersion};

/// How many keys are worked on at once; a limiter bounds the requests.
const KEYS: usize = 512;

/// How many listed versions may wait to be worked on: some ten megabytes.
const VERSIONS_AHEAD: u32 = 50_000;

/// Works on the versions of each selected name, in storage order, and passes on what comes of it, in no order; beside it the
/// keys within the selection's reach that are no parameter names, in order.
///
/// # Errors
/// The first request that failed.
pub(super) async fn by_name<B: BackupBucket, U: Send, F>(
    bucket: &B,
    selection: &Selection,
    work: impl Fn(ParameterName, Vec<StoredVersion>) -> F + Send + Sync,
) -> Result<(Vec<U>, Vec<String>), Error>
where
    F: Future<Output = Result<Option<U>, Error>> + Send,
{
    let (mut worked, mut foreign_keys) = (Vec::new(), Vec::new());
    let mut listed_before = BTreeSet::new();
    let listings = selection.listings();
    for listing in &listings {
        // Listings by prefix may find what another one finds.
        let again = (listings.len() > 1).then_some(&mut listed_before);
        let (mut some, mut keys) = of_listing(bucket, listing, selection, again, &work).await?;
        worked.append(&mut some);
        foreign_keys.append(&mut keys);
    }
    foreign_keys.sort();
    foreign_keys.dedup();
    Ok((worked, foreign_keys))
}

async fn of_listing<B: BackupBucket, U: Send, F>(
    bucket: &B,
    listing: &Listing,
    selection: &Selection,
    mut listed_before: Option<&mut BTreeSet<ParameterName>>,
    work: &(impl Fn(ParameterName, Vec<StoredVersion>) -> F + Send + Sync),
) -> Result<(Vec<U>, Vec<String>), Error>
where
    F: Future<Output = Result<Option<U>, Error>> + Send,
{
    let mut is_new =
        |name: &ParameterName| listed_before.as_mut().is_none_or(|listed_before| listed_before.insert(name.clone()));
    let prefix = match (listing.depth(), listing.prefix()) {
        (Depth::Exact, key) => {
            // Listings are patient themselves.
            let versions = listed(bucket, listing).await?;
            let selected = name_of(key).filter(|name| selection.contains(name) && !versions.is_empty());
            let Some(name) = selected.filter(|name| is_new(name)) else { return Ok((Vec::new(), Vec::new())) };
            let worked = work(name, in_order_of_storage(versions)).await?;
            return Ok((worked.into_iter().collect(), Vec::new()));
        }
        // Root-level names may have been stored without their slash.
        (Depth::Children | Depth::Subtree, "/") => "",
        (Depth::Children | Depth::Subtree, prefix) => prefix,
    };
    let mut foreign_keys = Vec::new();
    let mut root: BTreeMap<ParameterName, Vec<StoredVersion>> = BTreeMap::new();
    let keys = bucket.by_key(Keys::Prefix(prefix)).try_filter_map(|versions| {
        let mut named = None;
        match versions.first().map(|version| (name_of(&version.key), &version.key)) {
            Some((Some(name), _)) if !selection.contains(&name) => {}
            // Two keys may be one name's: both must be there before it is read.
            Some((Some(name), _)) if name.unslashed_name().is_some() => root.entry(name).or_default().extend(versions),
            Some((Some(name), _)) => named = is_new(&name).then_some((name, versions)),
            Some((None, key)) if is_stranger(key) => foreign_keys.push(key.clone()),
            _ => {}
        }
        std::future::ready(Ok(named))
    });
    let work = |(name, versions): (ParameterName, Vec<StoredVersion>)| work(name, in_order_of_storage(versions));
    let weight = |(_, versions): &(ParameterName, Vec<StoredVersion>)| versions.len();
    let found = prefetch(keys, weight, (VERSIONS_AHEAD, KEYS), || {}, work).boxed().await?;
    root.retain(|name, _| is_new(name));
    let of_root: Vec<_> = stream::iter(root).map(work).buffer_unordered(KEYS).boxed().try_collect::<Vec<_>>().await?;
    Ok((found.into_iter().chain(of_root).flatten().collect(), foreign_keys))
}
