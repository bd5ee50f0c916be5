//! The template of the stack, and the names in it that others rely on.

/// The template, as CloudFormation takes it (YAML): `template.yml` without its comments.
///
/// It is ours but for its logical ids, which are those of the template of ssmbak 0.5.2 where something must survive an
/// update in place: CloudFormation tells by them what to keep.
pub const TEMPLATE: &str = include_str!(concat!(env!("OUT_DIR"), "/template.yml"));

/// The template of a vault. Its bucket has the logical id that the pipeline's has.
pub const VAULT_TEMPLATE: &str = include_str!("../vault.yml");

/// What CloudFormation takes in a request (`TemplateBody`); a longer one has to be uploaded first.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const MAX_TEMPLATE_BODY: usize = 51_200;

/// The output that names the bucket with the history, whosever it is.
pub const BUCKET_OUTPUT: &str = "Bucketname";
/// The output with the URL of the queue.
pub const QUEUE_URL_OUTPUT: &str = "QUrl";
/// The output that names the version of ssmbak that the template is of.
pub const VERSION_OUTPUT: &str = "Version";
/// The output that names the role that S3 replicates the bucket with.
pub const REPLICATION_ROLE_OUTPUT: &str = "ReplicationRoleArn";
/// Id of the rule that replicates the bucket into the vault.
pub const REPLICATION_RULE: &str = "to-vault";
/// Logical id of the bucket with the history.
pub const BUCKET: &str = "Bucket";
/// Logical id of the function.
pub const FUNCTION: &str = "Function";
/// Logical id of the function's log group.
pub const LOG_GROUP: &str = "LogGroup";
/// Logical id of the queue.
pub const QUEUE: &str = "Q";
/// Logical id of the queue of changes that could not be recorded.
pub const DEAD_LETTERS: &str = "DeadLetters";
/// Logical id of the queue of events that EventBridge could not deliver.
pub const UNDELIVERED_EVENTS: &str = "UndeliveredEvents";
/// Logical id of the rule that takes events to the queue.
pub const EVENT_RULE: &str = "EventRule";
/// Logical id of the rule that makes the function sweep.
pub const SWEEP_RULE: &str = "SweepRule";
/// Logical id of what takes messages from the queue to the function.
pub const EVENT_SOURCE_MAPPING: &str = "SqsToLambda";
/// Logical id of the function that rehearses restores.
pub const REHEARSAL_FUNCTION: &str = "RehearsalFunction";
/// Logical id of the rule that invokes it.
pub const REHEARSAL_RULE: &str = "RehearsalRule";
/// The role that the function runs with.
pub const FUNCTION_ROLE: &str = "FunctionRole";

/// The tag on a stack that says whose it is, as the original sets it.
pub const MANAGED_TAG: (&str, &str) = ("ssmbak:managed", "true");

/// Parameter of the template: bucket of the function's code. Filled in by a deployment.
pub const CODE_BUCKET: &str = "CodeBucket";
/// Parameter of the template: whether the region follows in the bucket's name. Filled in for a stack set.
pub const CODE_BUCKET_REGIONAL: &str = "CodeBucketRegional";
/// Parameter of the template: key of the function's code. Filled in by a deployment.
pub const CODE_KEY: &str = "CodeKey";
/// Parameter of the template: what the function's code was built for. Filled in by a deployment.
pub const ARCHITECTURE: &str = "Architecture";

/// Parameter of the template: globs of the names that are recorded.
pub const INCLUDE: &str = "Include";
/// Parameter of the template: globs of names that are never recorded.
pub const EXCLUDE: &str = "Exclude";
/// Parameter of the template: what of [`EXCLUDE`] the event rule can tell. Filled in by a deployment.
pub const EXCLUDED_NAMES: &str = "ExcludedNames";

/// The parameters of the template that people may set.
pub const SETTINGS: [&str; 28] = [
    "AccessLogBucket",
    "AlarmEmail",
    "DeletionsWithinSeconds",
    EXCLUDE,
    EXISTING_BUCKET,
    INCLUDE,
    "KmsKeyArn",
    "LogLevel",
    "LogRetentionDays",
    "MaxRequestsPerSecond",
    "Metrics",
    "ObjectLockDays",
    "ObjectLockMode",
    "PermissionsBoundaryArn",
    "PipelineKmsKeyArn",
    "Policies",
    "PoliciesPath",
    REHEARSAL,
    RETENTION_DAYS,
    "SweepSchedule",
    "ThresholdAgeOfOldestMessage",
    "ThresholdDaysWithoutSweep",
    "ThresholdDeletions",
    "ThresholdFunctionErrors",
    "ThresholdNumberOfMessagesVisible",
    VAULT_ACCOUNT,
    VAULT_BUCKET,
    VAULT_KEY,
];

/// Parameter of the template: how often a restore is rehearsed.
pub const REHEARSAL: &str = "Rehearsal";
/// Parameter of the template: for how many days replaced and deleted values are kept.
pub const RETENTION_DAYS: &str = "RetentionDays";

/// Parameter of the template: a bucket that is there already, in the place of one of the stack's own.
pub const EXISTING_BUCKET: &str = "ExistingBucket";

/// Parameter of the template: the account that owns the vault. Also an output of the vault's template.
pub const VAULT_ACCOUNT: &str = "VaultAccountId";
/// Parameter of the template: ARN of the bucket that S3 replicates into. Also an output of the vault's template.
pub const VAULT_BUCKET: &str = "VaultBucketArn";
/// Parameter of the template: ARN of the key that replicas are encrypted with. Also an output of the vault's template.
pub const VAULT_KEY: &str = "VaultKmsKeyArn";

/// Parameter of the vault's template: the account whose history it keeps.
pub const SOURCE_ACCOUNT: &str = "SourceAccountId";
/// Parameter of the vault's template: the region whose history it keeps.
pub const SOURCE_REGION: &str = "SourceRegion";
/// Parameter of the vault's template: the organisation that the account has to be of.
pub const ORGANIZATION: &str = "OrganizationId";

/// The other parameters of the vault's template, which people may set as `--param`.
pub const VAULT_SETTINGS: [&str; 4] = ["Key", "LockDays", "LockMode", RETENTION_DAYS];

/// The longest name that works: function and rule are called like the stack and may have 64 characters.
pub const MAX_STACK_NAME: usize = 64;

/// Whether a stack of this template can have the name: a letter, then letters, digits and hyphens, and not longer than
/// [`MAX_STACK_NAME`] (CloudFormation itself would take 128).
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>
pub fn is_stack_name(name: &str) -> bool {
    name.len() <= MAX_STACK_NAME
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_stacks() {
        for good in ["a", "ssmbak", "dev-ssmbak-2", &"a".repeat(64)] {
            assert!(is_stack_name(good), "{good}");
        }
        for bad in ["", "1a", "-a", "a_b", "a/b", "ä", "arn:aws:x", &"a".repeat(65)] {
            assert!(!is_stack_name(bad), "{bad}");
        }
    }
}
