//! A plan carried out in the bucket.

use ssmbak_core::object::ObjectChange;

use super::pace::patiently;
use super::{Applied, Journal, Tree, Watcher};
use crate::s3::{CopyOptions, Destination, RehydrateOptions, Versioning};
use crate::{Error, ErrorKind};

/// Another place for a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The bucket.
    pub bucket: String,
    /// What stands there in the place of the tree's prefix.
    pub prefix: String,
}

/// How a tree is restored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeRestoreOptions {
    /// How objects are copied.
    pub copy: CopyOptions,
    /// Where to, if not in their place.
    pub to: Option<Target>,
    /// Ask for what is in an archive.
    pub rehydrate: Option<RehydrateOptions>,
}

impl Tree {
    /// Makes the changes of a journal that are not done yet.
    ///
    /// # Errors
    /// If the bucket cannot be looked at, or the journal not be read or written. What fails about single keys is in the
    /// outcome.
    pub async fn restore(
        &self,
        journal: &mut Journal,
        options: &TreeRestoreOptions,
        watcher: &impl Watcher,
    ) -> Result<Applied, Error> {
        let versioning = match &options.to {
            None => self.bucket.versioning().await?,
            Some(_) => Versioning::NotVisible,
        };
        let perform = async |change: &ObjectChange| {
            let made = patiently(async || self.make(change, versioning, options).await).await;
            match (&made, options.rehydrate) {
                (Err(error), Some(rehydrate)) if error.kind == ErrorKind::Archived => {
                    patiently(async || self.bucket.rehydrate(&change.version, rehydrate).await).await?;
                    let takes = rehydrate.tier.takes(change.version.storage_class.as_deref());
                    Err(error.clone().with_hint(format!("it was asked for; run this again in {takes}")))
                }
                _ => made,
            }
        };
        journal.run(&self.pace, watcher, |_| Ok(()), perform).await
    }

    async fn make(
        &self,
        change: &ObjectChange,
        versioning: Versioning,
        options: &TreeRestoreOptions,
    ) -> Result<(), Error> {
        let elsewhere = options.to.as_ref().map(|to| {
            let rest = change.version.key.strip_prefix(&self.prefix).unwrap_or(&change.version.key);
            (&to.bucket, format!("{}{rest}", to.prefix))
        });
        let to = elsewhere.as_ref().map(|(bucket, key)| Destination { bucket, key });
        self.bucket.apply(change, to, versioning, &options.copy).await.map(drop)
    }
}
