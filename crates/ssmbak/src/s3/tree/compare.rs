//! Rows whose key may be what it should be already: looked at before anything is said or written.

use std::path::Path;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use ssmbak_core::object::{ObjectChange, ObjectVersion};

use super::spill::Blocks;
use super::throttle::{SharedConcurrency, retry_throttled};
use super::{Journal, Target, Tree, TreePlan};
use crate::s3::{CopyOptions, Destination};
use crate::{Error, ErrorKind};

/// What was found out about a row.
enum Found {
    /// An earlier run has written the present version; see [`Journal::proves`].
    Proved,
    /// The present version is what a copy would be.
    Same,
    /// It is not.
    Different,
    /// It was not looked at, or could not be.
    Open(Option<Error>),
}

impl Tree {
    /// The plan without the rows that are what they should be: proved by the journal, or compared by ETag or checksum,
    /// metadata, tags, class and encryption.
    ///
    /// # Errors
    /// If the plan cannot be read or written, or no request can succeed. What cannot be compared stays in the plan.
    pub async fn compared(
        &self,
        plan: TreePlan,
        journal: Option<&Journal>,
        to: Option<&Target>,
        options: &CopyOptions,
    ) -> Result<TreePlan, Error> {
        let is_done =
            async |change: &ObjectChange| retry_throttled(async || self.is_done(change, to, options).await).await;
        without_done(plan, &self.scratch, &self.concurrency, journal, is_done).await
    }

    /// Whether the first of two versions of a key is what a copy of the second one would be.
    ///
    /// # Errors
    /// The failed request.
    pub async fn is_copy(&self, copy: &ObjectVersion, of: &ObjectVersion) -> Result<bool, Error> {
        let change = ObjectChange {
            same_bytes_as: copy.may_equal(of).then(|| copy.version_id.clone()),
            ..ObjectChange::create(of)
        };
        if change.same_bytes_as.is_none() {
            return Ok(false);
        }
        retry_throttled(async || self.is_done(&change, None, &CopyOptions::default()).await).await
    }

    async fn is_done(&self, change: &ObjectChange, to: Option<&Target>, options: &CopyOptions) -> Result<bool, Error> {
        let Some(present) = &change.same_bytes_as else { return Ok(false) };
        if options.fast && options.encryption.is_none() && !options.acl && options.object_lock_at.is_none() {
            return Ok(self.bucket.looks_the_same(change, options));
        }
        let key = to.map(|to| to.key(&self.prefix, &change.version.key));
        let place = match (to, &key) {
            (Some(to), Some(key)) => Destination { bucket: &to.bucket, key },
            _ => Destination { bucket: &self.bucket, key: &change.version.key },
        };
        let head = self.bucket.describe(&change.version).await?;
        self.bucket.is_the_same(&change.version, &head, place, present, options).await
    }
}

/// The plan without the rows that the journal proves, or that `is_done` finds to be done.
pub(super) async fn without_done(
    mut plan: TreePlan,
    scratch: &Path,
    concurrency: &SharedConcurrency,
    journal: Option<&Journal>,
    is_done: impl AsyncFn(&ObjectChange) -> Result<bool, Error>,
) -> Result<TreePlan, Error> {
    let has_proofs = journal.is_some_and(|journal| !journal.is_empty());
    if plan.totals.same_bytes == 0 && !has_proofs {
        return Ok(plan);
    }
    let (mut left, mut totals, mut proved) = (Blocks::new(scratch)?, plan.totals, plan.proved);
    let mut rows = plan.changes.rows();
    let (mut busy, mut is_over, mut is_denied) = (FuturesOrdered::new(), false, false);
    loop {
        while !is_over && busy.len() < concurrency.now() {
            let Some(change) = rows.next() else {
                is_over = true;
                break;
            };
            let change = change?;
            let is_denied = is_denied;
            let is_done = &is_done;
            busy.push_back(async move {
                let found = match journal {
                    Some(journal) if is_proved(journal, &change) => Found::Proved,
                    _ if change.same_bytes_as.is_none() || is_denied => Found::Open(None),
                    _ => match is_done(&change).await {
                        Ok(true) => Found::Same,
                        Ok(false) => Found::Different,
                        Err(error) => Found::Open(Some(error)),
                    },
                };
                (change, found)
            });
        }
        let Some((mut change, found)) = busy.next().await else { break };
        match found {
            Found::Proved => {
                totals.settle(&change);
                proved += 1;
                continue;
            }
            Found::Same => {
                totals.settle(&change);
                continue;
            }
            Found::Different => {
                change.same_bytes_as = None;
                totals.same_bytes -= 1;
            }
            Found::Open(Some(error)) => match error.kind {
                ErrorKind::Credentials | ErrorKind::BucketMissing => return Err(error),
                // Whoever may only list is told what may be the same.
                ErrorKind::AccessDenied => is_denied = true,
                _ => {}
            },
            Found::Open(None) => {}
        }
        left.push(change)?;
    }
    Ok(TreePlan { changes: left.end()?, totals, proved })
}

/// Whether the journal proves a row.
pub(super) fn is_proved(journal: &Journal, change: &ObjectChange) -> bool {
    change.present.as_ref().is_some_and(|now| !now.is_marker && journal.proves(&change.version, &now.version_id))
}
