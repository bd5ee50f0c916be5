//! The timelines of names, each read back from its newest version as far as what is asked about it needs.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::record::Unreadable;
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::{Reach, Timeline};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::by_name::by_name;
use crate::bucket::{BackupBucket, Described, StoredVersion, described_of};
use crate::{ConcurrencyLimiter, Error};

/// How many versions are in memory at once of the names that are worked on: some megabytes.
const VERSIONS: usize = 1_024;

/// One name, as far as it was read.
pub(crate) struct ReadBack {
    /// Of the versions that were read.
    pub(crate) timeline: Timeline,
    /// Versions whose metadata cannot be read though their tags can.
    pub(crate) damaged: Vec<(String, Unreadable)>,
}

/// Reads names back, many at once, in bounded memory.
pub(crate) struct Reader<'a, B> {
    bucket: &'a B,
    limiter: ConcurrencyLimiter,
    room: Semaphore,
    reach: Reach,
}

impl<'a, B: BackupBucket> Reader<'a, B> {
    /// Each name as far as `reach` says.
    pub(crate) fn new(bucket: &'a B, reach: Reach) -> Self {
        Self { bucket, limiter: ConcurrencyLimiter::of_bucket(), room: Semaphore::new(VERSIONS), reach }
    }

    /// What requests to the bucket pass.
    pub(crate) fn limiter(&self) -> &ConcurrencyLimiter {
        &self.limiter
    }

    /// Reads each selected name that `wanted` says by its versions, in order of storage, and makes of it what is kept; what is made of the names is in no order,
    /// and the keys that are no names are beside it. Names of which everything is gone are left out.
    ///
    /// # Errors
    /// The first request that failed.
    pub(crate) async fn each<U: Send, F: Future<Output = Result<U, Error>> + Send>(
        &self,
        selection: &Selection,
        wanted: impl Fn(&ParameterName, &[StoredVersion]) -> bool + Send + Sync,
        make: impl Fn(ParameterName, ReadBack) -> F + Send + Sync,
    ) -> Result<(Vec<U>, Vec<String>), Error> {
        let (wanted, make) = (&wanted, &make);
        let work = |name: ParameterName, versions: Vec<StoredVersion>| async move {
            if !wanted(&name, &versions) {
                return Ok(None);
            }
            let (read, room) = self.read(versions).await?;
            let made = match read {
                Some(read) => Some(make(name, read).await?),
                None => None,
            };
            drop(room);
            Ok(made)
        };
        by_name(self.bucket, selection, work).await
    }

    async fn read(
        &self,
        versions: Vec<StoredVersion>,
    ) -> Result<(Option<ReadBack>, Option<SemaphorePermit<'_>>), Error> {
        let stored: Vec<Timestamp> = versions.iter().map(|version| version.last_modified).collect();
        let mut begin = self.reach.first(&stored);
        let first = u32::try_from((stored.len() - begin).clamp(1, VERSIONS)).unwrap_or(1);
        // It is never closed.
        let room = self.room.acquire_many(first).await.ok();
        let (mut records, mut damaged) = (Vec::new(), Vec::new());
        let mut look = begin..stored.len();
        loop {
            let read = self.described(versions.get(look.clone()).unwrap_or_default()).await?;
            let mut found = Vec::with_capacity(read.len());
            for Described { record, damage } in read {
                damaged.extend(damage.map(|damage| (record.version_id.clone(), damage)));
                found.push(record);
            }
            records.splice(0..0, found);
            begin = look.start;
            match self.reach.next(&stored, begin, &records) {
                Some(next) => look = next,
                None => break,
            }
        }
        let read = (!records.is_empty()).then(|| ReadBack { timeline: Timeline::new(records), damaged });
        Ok((read, room))
    }

    async fn described(&self, versions: &[StoredVersion]) -> Result<Vec<Described>, Error> {
        let described: Vec<Option<Described>> = stream::iter(versions)
            .map(|version| self.limiter.run(move || described_of(self.bucket, version)))
            .buffered(VERSIONS)
            .boxed()
            .try_collect()
            .await?;
        Ok(described.into_iter().flatten().collect())
    }
}

/// The timelines of a selection, each from no more versions than `reach` takes.
///
/// # Errors
/// The first request that failed.
pub async fn timelines_back<B: BackupBucket>(
    bucket: &B,
    selection: &Selection,
    reach: Reach,
) -> Result<BTreeMap<ParameterName, Timeline>, Error> {
    let reader = Reader::new(bucket, reach);
    let made = |name, read: ReadBack| std::future::ready(Ok((name, read.timeline)));
    Ok(reader.each(selection, |_, _| true, made).await?.0.into_iter().collect())
}

/// What a reader should know of a name: the versions that were read and say nothing.
pub(crate) fn left_out(name: &ParameterName, timeline: &Timeline) -> Vec<String> {
    let unreadable = timeline.unreadable();
    let warning = |version: &str, reason: &Unreadable| format!("a version of {name} ({version}) is left out: {reason}");
    unreadable.map(|(record, reason)| warning(&record.version_id, reason)).collect()
}

/// That a key is no parameter name.
pub(crate) fn foreign_key(key: &str) -> String {
    format!("an object is left out, its key is no parameter name: {key}")
}
