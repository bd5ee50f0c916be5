//! Looks all parameters over: what the bucket lacks, and what it believes alive that is gone (`ssmbak-all`).

use std::collections::BTreeSet;

use futures_util::stream::{self, Stream, StreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::Selection;

use crate::bucket::BackupBucket;
use crate::capture::{Capture, Survey};
use crate::read::{listed, name_of};
use crate::store::ParameterStore;
use crate::{Error, STORE_CONCURRENCY};

/// The names to look over: all that Parameter Store or the bucket knows within the selection.
///
/// # Errors
/// The first request that failed.
pub async fn names<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    selection: &Selection,
) -> Result<BTreeSet<ParameterName>, Error> {
    let (described, listed) =
        futures_util::future::try_join(crate::read::described(capture.store(), selection), keys(capture, selection))
            .await?;
    Ok(described.into_keys().chain(listed).collect())
}

async fn keys<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    selection: &Selection,
) -> Result<BTreeSet<ParameterName>, Error> {
    let mut names = BTreeSet::new();
    for listing in selection.listings() {
        for version in listed(capture.bucket(), &listing).await? {
            // A name whose current version is a marker is believed deleted: if it lives, Parameter Store lists it.
            if version.is_latest && !version.is_marker {
                names.extend(name_of(&version.key).filter(|name| selection.contains(name)));
            }
        }
    }
    Ok(names)
}

/// Looks each name over, several at a time; the results come as they are ready. Nothing is written.
pub fn survey<'a, S: ParameterStore, B: BackupBucket>(
    capture: &'a Capture<S, B>,
    names: impl IntoIterator<Item = ParameterName> + 'a,
    now: Timestamp,
) -> impl Stream<Item = (ParameterName, Result<Survey, Error>)> + 'a {
    stream::iter(names)
        .map(move |name| async move {
            let survey = capture.survey(&name, now).await;
            (name, survey)
        })
        .buffer_unordered(STORE_CONCURRENCY)
}
