//! A plan carried out in the bucket.

use ssmbak_core::object::{ObjectAction, ObjectChange};

use super::throttle::retry_throttled;
use super::{Applied, ProgressObserver, Tree, TreeRun};
use crate::s3::{CopyOptions, Destination, ObjectBucket, RehydrateOptions, Restored, Versioning};
use crate::{Error, ErrorKind};

/// Another place for a tree.
#[derive(Clone, Debug)]
pub struct Target {
    /// The bucket, with its own client.
    pub bucket: ObjectBucket,
    /// What stands there in the place of the tree's prefix.
    pub prefix: String,
}

impl Target {
    /// The key there of a key of the tree.
    pub(super) fn key(&self, prefix: &str, key: &str) -> String {
        format!("{}{}", self.prefix, key.strip_prefix(prefix).unwrap_or(key))
    }
}

/// How a tree is restored.
#[derive(Clone, Debug, Default)]
pub struct TreeRestoreOptions {
    /// How objects are copied.
    pub copy: CopyOptions,
    /// Where to, if not in their place.
    pub to: Option<Target>,
    /// Ask for what is in an archive.
    pub rehydrate: Option<RehydrateOptions>,
}

/// What removing delete markers came to.
pub type MarkersRemoved = Applied;

impl Tree {
    /// Makes the changes of a plan that are not made yet.
    ///
    /// # Errors
    /// If the bucket cannot be looked at, or the plan not be read. What fails about single keys is in the outcome.
    pub async fn restore(
        &self,
        run: &mut TreeRun,
        options: &TreeRestoreOptions,
        observer: &impl ProgressObserver,
    ) -> Result<Applied, Error> {
        let versioning = match &options.to {
            None => self.bucket.versioning().await?,
            Some(_) => Versioning::NotVisible,
        };
        let perform = async |changes: Vec<(ObjectChange, ())>| {
            let changes: Vec<ObjectChange> = changes.into_iter().map(|(change, ())| change).collect();
            if changes.iter().all(|change| change.action == ObjectAction::Delete) {
                return self.delete(changes, versioning).await;
            }
            let mut outcomes = Vec::with_capacity(changes.len());
            for change in changes {
                let outcome = self.make(&change, versioning, options).await;
                outcomes.push((change, outcome));
            }
            outcomes
        };
        run.apply(&self.concurrency, observer, true, |_| Ok(()), perform).await
    }

    /// Removes the delete markers that hide what a plan of [`Tree::trash`] would bring back, for good. Nothing is copied.
    ///
    /// # Errors
    /// As [`Tree::restore`].
    pub async fn remove_markers(
        &self,
        run: &mut TreeRun,
        observer: &impl ProgressObserver,
    ) -> Result<MarkersRemoved, Error> {
        let perform = async |changes: Vec<(ObjectChange, ())>| {
            let mut outcomes = Vec::with_capacity(changes.len());
            for (change, ()) in changes {
                let mut outcome = Ok(Restored::Unchanged);
                for ids in change.markers.chunks(1_000) {
                    let named =
                        ids.iter().map(|id| (change.version.key.as_str(), Some(id.as_str()))).collect::<Vec<_>>();
                    outcome = match retry_throttled(async || self.bucket.delete_many(&named).await).await {
                        Ok(failed) => {
                            failed.into_iter().next().map_or(Ok(Restored::Copied(None)), |(_, error)| Err(error))
                        }
                        Err(error) => Err(error),
                    };
                    if outcome.is_err() {
                        break;
                    }
                }
                outcomes.push((change, outcome));
            }
            outcomes
        };
        run.apply(&self.concurrency, observer, false, |_| Ok(()), perform).await
    }

    /// Puts delete markers, many with one request.
    async fn delete(
        &self,
        changes: Vec<ObjectChange>,
        versioning: Versioning,
    ) -> Vec<(ObjectChange, Result<Restored, Error>)> {
        let mut outcomes: Vec<(ObjectChange, Result<Restored, Error>)> = changes
            .into_iter()
            .map(|change| {
                let outcome = ObjectBucket::check_loss(&change, None, versioning).map(|()| Restored::Deleted(None));
                (change, outcome)
            })
            .collect();
        let keys: Vec<(&str, Option<&str>)> = outcomes
            .iter()
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(change, _)| (change.version.key.as_str(), None))
            .collect();
        if keys.is_empty() {
            return outcomes;
        }
        let failed = retry_throttled(async || self.bucket.delete_many(&keys).await).await;
        for (change, outcome) in outcomes.iter_mut().filter(|(_, outcome)| outcome.is_ok()) {
            let why = match &failed {
                Ok(failed) => failed.iter().find(|(key, _)| *key == change.version.key).map(|(_, error)| error.clone()),
                Err(error) => Some(error.clone()),
            };
            match why {
                None => {}
                Some(error) if error.kind == ErrorKind::Throttled => {
                    let put = retry_throttled(async || self.bucket.put_delete_marker(&change.version.key).await).await;
                    *outcome = put.map(|put| Restored::Deleted(put.version_id));
                }
                Some(error) => *outcome = Err(error),
            }
        }
        outcomes
    }

    async fn make(
        &self,
        change: &ObjectChange,
        versioning: Versioning,
        options: &TreeRestoreOptions,
    ) -> Result<Restored, Error> {
        let key = options.to.as_ref().map(|to| to.key(&self.prefix, &change.version.key));
        let place = options.to.as_ref().zip(key.as_ref()).map(|(to, key)| Destination { bucket: &to.bucket, key });
        let made = retry_throttled(async || self.bucket.apply(change, place, versioning, &options.copy).await).await;
        match (&made, options.rehydrate) {
            (Err(error), Some(rehydrate)) if error.kind == ErrorKind::Archived => {
                retry_throttled(async || self.bucket.rehydrate(&change.version, rehydrate).await).await?;
                let takes = rehydrate.tier.takes(change.version.storage_class.as_deref());
                Err(error.clone().with_hint(format!("it was asked for; run this again in {takes}")))
            }
            _ => made,
        }
    }
}
