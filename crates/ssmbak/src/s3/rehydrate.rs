//! RestoreObject: what is in an archive is asked for, and there some hours later.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, StorageClass, Tier as AwsTier};
use ssmbak_core::object::ObjectVersion;

use super::object_bucket::{ObjectBucket, shown};
use crate::{Error, ErrorKind};

/// Whether the bytes of a version can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// They can.
    Ready,
    /// They are in an archive.
    Archived,
    /// They were asked for and are not there yet.
    Underway,
}

/// How quickly S3 brings bytes from an archive, and for what price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tier {
    /// Hours.
    #[default]
    Standard,
    /// Half a day to two days, the cheapest.
    Bulk,
    /// Minutes, not from DEEP_ARCHIVE.
    Expedited,
}

/// How archived bytes are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RehydrateOptions {
    /// How quickly.
    pub tier: Tier,
    /// For how many days they stay readable.
    pub days: i32,
}

impl Default for RehydrateOptions {
    fn default() -> Self {
        Self { tier: Tier::Standard, days: 7 }
    }
}

impl Tier {
    fn aws(self) -> AwsTier {
        match self {
            Self::Standard => AwsTier::Standard,
            Self::Bulk => AwsTier::Bulk,
            Self::Expedited => AwsTier::Expedited,
        }
    }

    /// How long S3 says that it takes, for the storage class.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html>
    pub fn takes(self, storage_class: Option<&str>) -> &'static str {
        match (self, storage_class == Some("DEEP_ARCHIVE")) {
            (Self::Standard, false) => "3 to 5 hours",
            (Self::Bulk, false) => "5 to 12 hours",
            (Self::Expedited, _) => "1 to 5 minutes",
            (Self::Standard, true) => "up to 12 hours",
            (Self::Bulk, true) => "up to 48 hours",
        }
    }
}

/// Whether the bytes can be read, by what HeadObject says of class, archive tier and restoration.
pub fn readiness(head: &HeadObjectOutput) -> Readiness {
    let archived = head.archive_status().is_some()
        || matches!(head.storage_class(), Some(StorageClass::Glacier | StorageClass::DeepArchive));
    match head.restore() {
        _ if !archived => Readiness::Ready,
        Some(state) if state.contains("ongoing-request=\"false\"") => Readiness::Ready,
        Some(_) => Readiness::Underway,
        None => Readiness::Archived,
    }
}

impl ObjectBucket {
    /// Whether a version's bytes can be read.
    ///
    /// # Errors
    /// The failed request.
    pub async fn readiness_of(&self, version: &ObjectVersion) -> Result<Readiness, Error> {
        Ok(readiness(&self.describe(version).await?))
    }

    /// Asks for a version's bytes. Asking again while S3 is at it changes nothing.
    ///
    /// # Errors
    /// The failed request.
    pub async fn rehydrate(&self, version: &ObjectVersion, options: RehydrateOptions) -> Result<(), Error> {
        let job = GlacierJobParameters::builder()
            .tier(options.tier.aws())
            .build()
            .map_err(|error| Error::new(ErrorKind::Other, format!("cannot ask for an archived version: {error}")))?;
        // INTELLIGENT_TIERING takes no days: the object moves back for good.
        let days = Some(options.days).filter(|_| version.is_archived());
        let request = RestoreRequest::builder().set_days(days).glacier_job_parameters(job).build();
        let asked = self
            .client
            .restore_object()
            .bucket(&self.name)
            .key(&version.key)
            .version_id(&version.version_id)
            .restore_request(request)
            .send()
            .await;
        match asked {
            Ok(_) => Ok(()),
            Err(error) => {
                let underway = error.as_service_error().and_then(aws_sdk_s3::error::ProvideErrorMetadata::code)
                    == Some("RestoreAlreadyInProgress");
                if underway {
                    return Ok(());
                }
                Err(self.failed(&format!("ask for the archived {}", shown(&version.key)), &error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::ArchiveStatus;

    #[test]
    fn archives_are_recognised() {
        let head = |class: Option<StorageClass>, archive: Option<ArchiveStatus>, restore: Option<&str>| {
            HeadObjectOutput::builder()
                .set_storage_class(class)
                .set_archive_status(archive)
                .set_restore(restore.map(str::to_owned))
                .build()
        };
        let there = "ongoing-request=\"false\", expiry-date=\"Fri, 23 Dec 2012 00:00:00 GMT\"";
        for (class, archive, restore, expected) in [
            (None, None, None, Readiness::Ready),
            (Some(StorageClass::GlacierIr), None, None, Readiness::Ready),
            (Some(StorageClass::Glacier), None, None, Readiness::Archived),
            (Some(StorageClass::DeepArchive), None, Some("ongoing-request=\"true\""), Readiness::Underway),
            (Some(StorageClass::Glacier), None, Some(there), Readiness::Ready),
            (Some(StorageClass::IntelligentTiering), None, None, Readiness::Ready),
            (Some(StorageClass::IntelligentTiering), Some(ArchiveStatus::ArchiveAccess), None, Readiness::Archived),
        ] {
            assert_eq!(readiness(&head(class.clone(), archive, restore)), expected, "{class:?} {restore:?}");
        }
    }
}
