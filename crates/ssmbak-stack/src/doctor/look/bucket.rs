//! The bucket at S3, and what the last sweep has left in it.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule, TransitionStorageClass};

use super::Place;
use crate::call::{CallError, Task};
use crate::doctor::facts::{Encryption, Lifecycle, Look, PublicAccess};

const VERSIONING: Task = Task::new("look at the bucket's versioning", "s3:GetBucketVersioning");
const ENCRYPTION: Task = Task::new("look at the bucket's encryption", "s3:GetEncryptionConfiguration");
const PUBLIC_ACCESS: Task =
    Task::new("look at what keeps the public out of the bucket", "s3:GetBucketPublicAccessBlock");
const LIFECYCLE: Task = Task::new("look at the bucket's lifecycle", "s3:GetLifecycleConfiguration");
const SWEEP: Task = Task::new("read what the last sweep has left", "s3:GetObject");

/// The object that every sweep leaves.
pub(super) const SWEEP_KEY: &str = "ssmbak-sweep/last";
/// It is a few hundred bytes; what is larger is none.
const LARGEST_SWEEP: i64 = 65_536;

type Seen =
    (Look<Option<String>>, Look<Option<Encryption>>, Look<Option<PublicAccess>>, Look<Lifecycle>, Look<Option<String>>);

pub(super) async fn look(s3: &Client, bucket: &Place) -> Seen {
    tokio::join!(
        bucket.look(async |name| versioning(s3, name).await),
        bucket.look(async |name| encryption(s3, name).await),
        bucket.look(async |name| public_access(s3, name).await),
        bucket.look(async |name| lifecycle(s3, name).await),
        bucket.look(async |name| sweep(s3, name).await),
    )
}

async fn versioning(s3: &Client, bucket: &str) -> Result<Option<String>, CallError> {
    let read = s3.get_bucket_versioning().bucket(bucket).send().await.map_err(|error| VERSIONING.failed(error))?;
    Ok(read.status.map(|status| status.as_str().to_owned()))
}

async fn encryption(s3: &Client, bucket: &str) -> Result<Option<Encryption>, CallError> {
    let read = s3.get_bucket_encryption().bucket(bucket).send().await.map_err(|error| ENCRYPTION.failed(error));
    let Some(read) = unless(read, "ServerSideEncryptionConfigurationNotFoundError")? else { return Ok(None) };
    let rules = read.server_side_encryption_configuration.map(|configuration| configuration.rules);
    let mut by_default =
        rules.unwrap_or_default().into_iter().filter_map(|r| r.apply_server_side_encryption_by_default);
    Ok(by_default.next().map(|by_default| Encryption {
        algorithm: by_default.sse_algorithm.as_str().to_owned(),
        key: by_default.kms_master_key_id.filter(|key| !key.is_empty()),
    }))
}

async fn public_access(s3: &Client, bucket: &str) -> Result<Option<PublicAccess>, CallError> {
    let read = s3.get_public_access_block().bucket(bucket).send().await.map_err(|error| PUBLIC_ACCESS.failed(error));
    let Some(read) = unless(read, "NoSuchPublicAccessBlockConfiguration")? else { return Ok(None) };
    Ok(read.public_access_block_configuration.map(|block| {
        let ways = [
            block.block_public_acls,
            block.block_public_policy,
            block.ignore_public_acls,
            block.restrict_public_buckets,
        ];
        PublicAccess { closed: ways.iter().all(|way| *way == Some(true)) }
    }))
}

async fn lifecycle(s3: &Client, bucket: &str) -> Result<Lifecycle, CallError> {
    let read = s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await;
    let read = unless(read.map_err(|error| LIFECYCLE.failed(error)), "NoSuchLifecycleConfiguration")?;
    Ok(of_rules(&read.and_then(|read| read.rules).unwrap_or_default()))
}

/// What the rules that are switched on add up to.
fn of_rules(rules: &[LifecycleRule]) -> Lifecycle {
    let mut lifecycle = Lifecycle::default();
    for rule in rules.iter().filter(|rule| rule.status == ExpirationStatus::Enabled) {
        let name = || rule.id().unwrap_or("without a name").to_owned();
        // A rule that only clears away orphaned markers has neither.
        if rule.expiration().is_some_and(|e| e.days().is_some_and(|days| days > 0) || e.date().is_some()) {
            lifecycle.expire_current.push(name());
        }
        let classes = rule.transitions().iter().map(|t| t.storage_class());
        let classes = classes.chain(rule.noncurrent_version_transitions().iter().map(|t| t.storage_class()));
        if classes.flatten().any(needs_a_restore) {
            lifecycle.archive.push(name());
        }
        let days = rule.noncurrent_version_expiration().and_then(|expiration| expiration.noncurrent_days());
        lifecycle.noncurrent_days = lifecycle.noncurrent_days.into_iter().chain(days).min();
    }
    lifecycle
}

/// Whether what is stored so has to be asked for hours before it can be read.
fn needs_a_restore(class: &TransitionStorageClass) -> bool {
    matches!(class, TransitionStorageClass::Glacier | TransitionStorageClass::DeepArchive)
}

async fn sweep(s3: &Client, bucket: &str) -> Result<Option<String>, CallError> {
    let read = s3.get_object().bucket(bucket).key(SWEEP_KEY).send().await.map_err(|error| SWEEP.failed(error));
    let Some(read) = unless(read, "NoSuchKey")? else { return Ok(None) };
    if read.content_length().is_some_and(|length| length > LARGEST_SWEEP) {
        return Ok(Some(String::new()));
    }
    let body = read.body.collect().await.map(|body| body.to_vec()).unwrap_or_default();
    Ok(Some(String::from_utf8_lossy(&body).into_owned()))
}

/// Nothing, where S3 says with this code that there is nothing.
pub(super) fn unless<T>(read: Result<T, CallError>, code: &str) -> Result<Option<T>, CallError> {
    match read {
        Err(error) if error.code() == code => Ok(None),
        read => read.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::{
        LifecycleExpiration, LifecycleRuleFilter, NoncurrentVersionExpiration, NoncurrentVersionTransition, Transition,
    };

    fn rule(id: &str) -> aws_sdk_s3::types::builders::LifecycleRuleBuilder {
        LifecycleRule::builder()
            .id(id)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix("").build())
    }

    #[test]
    fn rules_add_up() {
        let days = |days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build();
        let expire = |days| LifecycleExpiration::builder().days(days).build();
        let glacier = Transition::builder().storage_class(TransitionStorageClass::Glacier).build();
        let ia = NoncurrentVersionTransition::builder().storage_class(TransitionStorageClass::StandardIa).build();
        let markers = LifecycleExpiration::builder().expired_object_delete_marker(true).build();
        let rules = [
            rule("history").noncurrent_version_expiration(days(90)).expiration(markers).build(),
            rule("sooner").noncurrent_version_expiration(days(30)).noncurrent_version_transitions(ia).build(),
            rule("off").status(ExpirationStatus::Disabled).expiration(expire(1)).build(),
            rule("current").expiration(expire(9)).build(),
            rule("cold").transitions(glacier).build(),
        ];
        let rules: Vec<_> = rules.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            of_rules(&rules),
            Lifecycle {
                expire_current: vec!["current".to_owned()],
                archive: vec!["cold".to_owned()],
                noncurrent_days: Some(30),
            }
        );
        assert_eq!(of_rules(&[]), Lifecycle::default());
    }
}
