//! A deleted key brought back, without a date.

use ssmbak_core::object::{ObjectChange, ObjectVersion};

use super::object_bucket::{ObjectBucket, Versioning};
use super::{CopyOptions, Restored};
use crate::Error;

/// What can be brought back of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undeletable {
    /// Its last version before it was deleted.
    Version(ObjectVersion),
    /// It is not deleted.
    Exists,
    /// The bucket has no version of it.
    Nothing,
}

impl ObjectBucket {
    /// What can be brought back of a key.
    ///
    /// # Errors
    /// The failed request.
    pub async fn undeletable(&self, key: &str) -> Result<Undeletable, Error> {
        let (mut found, mut is_first) = (Undeletable::Nothing, true);
        self.versions_of(key, |version| {
            if !version.is_marker {
                found = if is_first { Undeletable::Exists } else { Undeletable::Version(version.clone()) };
            }
            is_first = false;
            !version.is_marker
        })
        .await?;
        Ok(found)
    }

    /// Makes a version of a deleted key the current one again. The marker stays below it: nothing is lost.
    ///
    /// # Errors
    /// As [`super::S3Path::restore`].
    pub async fn undelete(&self, version: &ObjectVersion, options: &CopyOptions) -> Result<Restored, Error> {
        let versioning = self.versioning().await?;
        let has_null = versioning == Versioning::Suspended && self.history(&version.key, &[], true).await?.has_null();
        let change = ObjectChange { has_null, ..ObjectChange::create(version) };
        // Somebody may have stored another one since it was looked at.
        let options = CopyOptions { only_if_absent: true, ..options.clone() };
        self.apply(&change, None, versioning, &options).await
    }
}
