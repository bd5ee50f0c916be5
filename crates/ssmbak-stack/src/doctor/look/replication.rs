//! The replication into a vault, at S3.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, DeleteMarkerReplicationStatus, ReplicationRule as Rule,
    ReplicationRuleStatus, SseKmsEncryptedObjectsStatus,
};
use jiff::{SignedDuration, Timestamp};

use super::bucket::{SWEEP_KEY, unless};
use super::metrics::{self, Series};
use super::{Clients, Place};
use crate::call::{CallError, Task};
use crate::doctor::facts::{Backlog, Point, Replica, ReplicationFacts, ReplicationRule, VaultFacts};
use crate::stack::Description;
use crate::template::{REPLICATION_ROLE_OUTPUT, REPLICATION_RULE, VAULT_BUCKET};
use crate::vault::bucket_of_arn;

const RULE: Task = Task::new("look at the bucket's replication", "s3:GetReplicationConfiguration");
const VERSIONING: Task = Task::new("look at the vault's versioning", "s3:GetBucketVersioning");
const LOCK: Task = Task::new("look at the vault's Object Lock", "s3:GetBucketObjectLockConfiguration");
const FAILURES: Task =
    Task::new("read the metric OperationsFailedReplication of the bucket's replication", "cloudwatch:GetMetricData");
const BACKLOG: Task =
    Task::new("read the metrics of what waits for its replication, in the vault's region", "cloudwatch:GetMetricData");
const LAST: Task = Task::new("see whether the last sweep's record was replicated", "s3:GetObject");

pub(super) async fn look(clients: &Clients, bucket: &Place, stack: &Description) -> ReplicationFacts {
    let s3 = &clients.s3;
    let vault_arn = stack.parameter(VAULT_BUCKET).unwrap_or_default().to_owned();
    let vault_name = bucket_of_arn(&vault_arn);
    let vault = Place::Named(vault_name.to_owned());
    let (rule, last, failures, (vault, backlog)) = tokio::join!(
        bucket.look(async |name| rule(s3, name, &vault_arn).await),
        bucket.look(async |name| last(s3, name).await),
        bucket.look(async |name| failures(&clients.cloudwatch, name, vault_name).await),
        async {
            let region = region_of(s3, vault_name).await;
            let (s3, cloudwatch) = in_region(clients, region);
            tokio::join!(
                vault.look(async |name| look_at_vault(&s3, name).await),
                bucket.look(async |name| backlog(&cloudwatch, name, vault_name).await),
            )
        },
    );
    ReplicationFacts {
        role_arn: stack.output(REPLICATION_ROLE_OUTPUT).map(str::to_owned),
        vault_arn,
        rule,
        vault,
        last,
        failures,
        backlog,
    }
}

/// S3 publishes this metric in the region of the bucket.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html>
async fn failures(cloudwatch: &aws_sdk_cloudwatch::Client, bucket: &str, vault: &str) -> Result<Vec<Point>, CallError> {
    let failed = series("OperationsFailedReplication", "Sum", bucket, vault);
    let (week, hour) = (SignedDuration::from_hours(7 * 24), SignedDuration::from_hours(1));
    let [failed] = metrics::read(cloudwatch, FAILURES, [failed], week, hour).await?;
    Ok(failed)
}

/// S3 publishes these metrics in the region of the vault. The least of a period tells whether there was always something.
async fn backlog(cloudwatch: &aws_sdk_cloudwatch::Client, bucket: &str, vault: &str) -> Result<Backlog, CallError> {
    let pending = ["OperationsPendingReplication", "BytesPendingReplication"];
    let pending = pending.map(|name| series(name, "Minimum", bucket, vault));
    let (day, quarter) = (SignedDuration::from_hours(24), SignedDuration::from_mins(15));
    let [operations, bytes] = metrics::read(cloudwatch, BACKLOG, pending, day, quarter).await?;
    Ok(Backlog { operations, bytes })
}

fn series<'a>(name: &'static str, statistic: &'static str, bucket: &'a str, vault: &'a str) -> Series<'a> {
    let dimensions = vec![("SourceBucket", bucket), ("DestinationBucket", vault), ("RuleId", REPLICATION_RULE)];
    Series { namespace: "AWS/S3", name, dimensions, statistic }
}

async fn rule(s3: &Client, bucket: &str, vault_arn: &str) -> Result<Option<ReplicationRule>, CallError> {
    let read = s3.get_bucket_replication().bucket(bucket).send().await.map_err(|error| RULE.failed(error));
    let read = unless(read, "ReplicationConfigurationNotFoundError")?;
    let rules = read.and_then(|read| read.replication_configuration).map(|configuration| configuration.rules);
    // Of several that one counts which is switched on.
    let into_vault = rules.unwrap_or_default().into_iter().filter(|rule| goes_to(rule, vault_arn));
    Ok(into_vault.map(|rule| read_rule(&rule)).max_by_key(|rule| rule.enabled))
}

fn goes_to(rule: &Rule, vault_arn: &str) -> bool {
    rule.destination().is_some_and(|destination| destination.bucket() == vault_arn)
}

fn read_rule(rule: &Rule) -> ReplicationRule {
    let markers = rule.delete_marker_replication().and_then(|markers| markers.status());
    let encrypted = rule.source_selection_criteria().and_then(|criteria| criteria.sse_kms_encrypted_objects());
    ReplicationRule {
        enabled: *rule.status() == ReplicationRuleStatus::Enabled,
        // A rule of the first version has no filter, and replicates delete markers.
        takes_all: rule.filter().is_none_or(|filter| {
            filter.tag().is_none() && filter.and().is_none() && filter.prefix().unwrap_or_default().is_empty()
        }),
        delete_markers: rule.filter().is_none() || markers == Some(&DeleteMarkerReplicationStatus::Enabled),
        encrypted: encrypted.is_some_and(|objects| *objects.status() == SseKmsEncryptedObjectsStatus::Enabled),
    }
}

async fn look_at_vault(s3: &Client, vault: &str) -> Result<VaultFacts, CallError> {
    let versioning = s3.get_bucket_versioning().bucket(vault).send().await.map_err(|error| VERSIONING.failed(error))?;
    let lock = s3.get_object_lock_configuration().bucket(vault).send().await.map_err(|error| LOCK.failed(error));
    let lock = unless(lock, "ObjectLockConfigurationNotFoundError")?.and_then(|read| read.object_lock_configuration);
    let retention = lock.and_then(|lock| lock.rule?.default_retention);
    Ok(VaultFacts {
        versioned: versioning.status() == Some(&BucketVersioningStatus::Enabled),
        lock: retention.as_ref().and_then(describe),
    })
}

/// S3 names a bucket's region in every answer, refusals included; a bucket is asked in its region alone.
async fn region_of(s3: &Client, bucket: &str) -> Option<String> {
    match s3.head_bucket().bucket(bucket).send().await {
        Ok(found) => found.bucket_region,
        Err(error) => error
            .raw_response()
            .and_then(|response| response.headers().get("x-amz-bucket-region"))
            .map(ToOwned::to_owned),
    }
}

/// The clients of a region; those at hand, if it is not known.
fn in_region(clients: &Clients, region: Option<String>) -> (Client, aws_sdk_cloudwatch::Client) {
    let Clients { s3, cloudwatch, .. } = clients;
    let Some(region) = region else { return (s3.clone(), cloudwatch.clone()) };
    let region = Region::new(region);
    let s3 = s3.config().to_builder().region(region.clone()).build();
    let cloudwatch = cloudwatch.config().to_builder().region(region).build();
    (Client::from_conf(s3), aws_sdk_cloudwatch::Client::from_conf(cloudwatch))
}

fn describe(retention: &DefaultRetention) -> Option<String> {
    let time = retention.days().map(|days| format!("{days} days"));
    let time = time.or_else(|| retention.years().map(|years| format!("{years} years")))?;
    Some(format!("{} for {time}", retention.mode()?.as_str()))
}

async fn last(s3: &Client, bucket: &str) -> Result<Option<Replica>, CallError> {
    let read = s3.head_object().bucket(bucket).key(SWEEP_KEY).send().await.map_err(|error| LAST.failed(error));
    // S3 says of a missing object what it says of a missing bucket; the bucket has checks of its own.
    let read = match read {
        Err(error) if matches!(error.code(), "NotFound" | "HTTP404") => return Ok(None),
        read => read?,
    };
    Ok(Some(Replica {
        status: read.replication_status.map(|status| status.as_str().to_owned()),
        written: read.last_modified.and_then(|time| Timestamp::from_second(time.secs()).ok()),
    }))
}
