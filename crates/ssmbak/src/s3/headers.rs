//! What an object is beside its bytes, and how every request that stores a copy says it.

use std::collections::HashMap;

use aws_sdk_s3::operation::copy_object::builders::CopyObjectFluentBuilder;
use aws_sdk_s3::operation::create_multipart_upload::builders::CreateMultipartUploadFluentBuilder;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ObjectLockLegalHoldStatus, ObjectLockMode, ServerSideEncryption, StorageClass,
};
use ssmbak_core::object::{ObjectVersion, storage_class_of_copy};

use super::copy::CopyOptions;
use super::head::checksum_algorithm;

/// The name of the metadata entry that says which version an object is a copy of.
pub(super) const MARK: &str = "s3bak-source";

/// Metadata and content headers, which a CopyObject keeps by itself.
#[derive(Debug)]
pub(super) struct Content {
    metadata: HashMap<String, String>,
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    content_type: Option<String>,
    expires: Option<DateTime>,
}

impl Content {
    /// Those of a version, and with [`CopyOptions::mark`] the note of which version it is a copy.
    #[allow(deprecated, reason = "the copy wants the time, and what cannot be read as one could not be sent either")]
    pub(super) fn of(version: &ObjectVersion, head: &HeadObjectOutput, options: &CopyOptions) -> Self {
        let mut metadata = head.metadata().cloned().unwrap_or_default();
        if options.mark {
            metadata.insert(MARK.to_owned(), version.version_id.clone());
        }
        let text = |value: Option<&str>| value.map(str::to_owned);
        Self {
            metadata,
            cache_control: text(head.cache_control()),
            content_disposition: text(head.content_disposition()),
            content_encoding: text(head.content_encoding()),
            content_language: text(head.content_language()),
            content_type: text(head.content_type()),
            expires: head.expires().copied(),
        }
    }
}

/// What a copy is given that S3 does not copy by itself.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) storage_class: Option<StorageClass>,
    pub(super) encryption: Option<ServerSideEncryption>,
    pub(super) kms_key: Option<String>,
    pub(super) bucket_key: Option<bool>,
    pub(super) checksum: Option<ChecksumAlgorithm>,
    pub(super) website_redirect: Option<String>,
    pub(super) lock: Lock,
}

/// The Object Lock to put on a copy.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) mode: Option<ObjectLockMode>,
    pub(super) until: Option<DateTime>,
    pub(super) hold: Option<ObjectLockLegalHoldStatus>,
}

impl Given {
    /// By what the version is and what is asked for. `present` is the storage class of what the copy replaces.
    pub(super) fn of(
        version: &ObjectVersion,
        head: Option<&HeadObjectOutput>,
        present: Option<&str>,
        options: &CopyOptions,
    ) -> Self {
        let own = match head {
            Some(head) => head.storage_class().map(StorageClass::as_str),
            None => version.storage_class.as_deref(),
        };
        let class = storage_class_of_copy(options.storage_class.as_deref(), own, present);
        let (encryption, kms_key, bucket_key) = match (&options.encryption, head) {
            (Some(asked), _) => {
                (Some(ServerSideEncryption::from(asked.algorithm.as_str())), asked.kms_key.clone(), None)
            }
            (None, Some(head)) => (
                head.server_side_encryption().cloned(),
                head.ssekms_key_id().map(str::to_owned),
                head.bucket_key_enabled().filter(|enabled| *enabled),
            ),
            (None, None) => (None, None, None),
        };
        let checksum = match head {
            Some(head) => checksum_algorithm(head),
            None => version.checksum.as_deref().map(ChecksumAlgorithm::from),
        };
        Self {
            storage_class: class.map(|class| StorageClass::from(class.as_str())),
            encryption,
            kms_key,
            bucket_key,
            checksum,
            website_redirect: head.and_then(HeadObjectOutput::website_redirect_location).map(str::to_owned),
            lock: head.map(|head| Lock::of(head, options)).unwrap_or_default(),
        }
    }
}

impl Lock {
    /// The lock of a version: retention that has not ended, and legal hold, if they are asked for.
    fn of(head: &HeadObjectOutput, options: &CopyOptions) -> Self {
        let Some(now) = options.object_lock_at else { return Self::default() };
        let until = head.object_lock_retain_until_date();
        // S3 refuses a retention that has ended.
        let lasts = until.is_some_and(|until| until.secs() > now.as_second());
        Self {
            mode: head.object_lock_mode().filter(|_| lasts).cloned(),
            until: until.filter(|_| lasts).copied(),
            hold: head.object_lock_legal_hold_status().cloned(),
        }
    }
}

/// A request that stores a copy.
pub(super) trait Described: Sized {
    /// Says metadata and content headers.
    fn with_content(self, content: Content) -> Self;

    /// Says what S3 does not copy by itself.
    fn with_given(self, given: &Given) -> Self;
}

/// The requests share the names of their setters, and no trait.
macro_rules! described {
    ($($request:ty),+) => {$(
        impl Described for $request {
            fn with_content(self, content: Content) -> Self {
                self.set_metadata(Some(content.metadata))
                    .set_cache_control(content.cache_control)
                    .set_content_disposition(content.content_disposition)
                    .set_content_encoding(content.content_encoding)
                    .set_content_language(content.content_language)
                    .set_content_type(content.content_type)
                    .set_expires(content.expires)
            }

            fn with_given(self, given: &Given) -> Self {
                self.set_storage_class(given.storage_class.clone())
                    .set_server_side_encryption(given.encryption.clone())
                    .set_ssekms_key_id(given.kms_key.clone())
                    .set_bucket_key_enabled(given.bucket_key)
                    .set_checksum_algorithm(given.checksum.clone())
                    .set_website_redirect_location(given.website_redirect.clone())
                    .set_object_lock_mode(given.lock.mode.clone())
                    .set_object_lock_retain_until_date(given.lock.until)
                    .set_object_lock_legal_hold_status(given.lock.hold.clone())
            }
        }
    )+};
}

described!(CopyObjectFluentBuilder, CreateMultipartUploadFluentBuilder, PutObjectFluentBuilder);
