//! What is to be seen of a pipeline, as plain values.

use jiff::Timestamp;
use serde::Deserialize;

use crate::call::CallError;
use crate::queue::QueueState;
use crate::stack::Parameter;
use crate::status::StackStatus;

/// What came of looking at something.
#[derive(Debug)]
pub enum Look<T> {
    /// It is there.
    Seen(T),
    /// The stack says that it is called this, but it does not exist.
    Gone(String),
    /// The stack has nothing of the kind.
    NotInStack,
    /// What it is called could not be found out.
    Unnamed,
    /// AWS does not let it be seen.
    Unseen(CallError),
}

/// All facts about a pipeline.
#[derive(Debug)]
pub struct Facts {
    /// The stack itself.
    pub stack: Look<StackFacts>,
    /// The template that it was deployed with.
    pub template: Look<String>,
    /// The rule that takes events to the queue.
    pub rule: Look<Rule>,
    /// The rule that makes the function sweep.
    pub sweep_rule: Look<Rule>,
    /// The queue.
    pub queue: Look<QueueState>,
    /// Changes that could not be recorded.
    pub dead_letters: Look<FailureQueue>,
    /// Events that could not be delivered.
    pub undelivered_events: Look<FailureQueue>,
    /// What takes messages from the queue to the function.
    pub mapping: Look<Mapping>,
    /// How many of the account's executions are reserved for the function; none: it shares them with all others.
    pub concurrency: Look<Option<i32>>,
    /// The function.
    pub function: Look<Function>,
    /// The name of the role that the stack made for the function, if it is known.
    pub role_name: Option<String>,
    /// The bucket's name, if it is known.
    pub bucket_name: Option<String>,
    /// The bucket.
    pub bucket: BucketFacts,
    /// What the last sweep has left in the bucket, as it is stored; `None`: nothing.
    pub sweep: Look<Option<String>>,
    /// The replication into a vault, if the stack has one.
    pub replication: Option<ReplicationFacts>,
    /// What rehearses restores, if the stack has it.
    pub rehearsal: Option<RehearsalFacts>,
}

/// A value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When the period began that the value is of.
    pub time: Timestamp,
    /// The value.
    pub value: f64,
}

/// What rehearses restores.
#[derive(Debug)]
pub struct RehearsalFacts {
    /// How often, by the stack's parameter.
    pub schedule: String,
    /// The rule that invokes the function.
    pub rule: Look<Rule>,
    /// How many executions are reserved for the function that rehearses.
    pub concurrency: Look<Option<i32>>,
    /// The own name of that function, if it is known.
    pub function: Option<String>,
    /// When CloudFormation made or changed the rule, if it is known.
    pub rule_changed: Option<Timestamp>,
    /// The rehearsals of the last 7 days.
    pub runs: Look<Runs>,
}

/// Rehearsals, by the metrics of the last 7 days; each list has the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runs {
    /// How often the function was invoked.
    pub invocations: Vec<Point>,
    /// How often an invocation ended by an error.
    pub errors: Vec<Point>,
    /// How many parameters were restored; empty without the stack's parameter `Metrics`.
    pub restored: Vec<Point>,
    /// How many were not, or whose copies stayed; empty without the stack's parameter `Metrics`.
    pub failed: Vec<Point>,
}

/// The replication of the bucket into a vault.
#[derive(Debug)]
pub struct ReplicationFacts {
    /// ARN of the vault's bucket, by the stack's parameter.
    pub vault_arn: String,
    /// ARN of the role that the stack made for it, if it is known.
    pub role_arn: Option<String>,
    /// The rule at the stack's bucket that replicates into the vault.
    pub rule: Look<Option<ReplicationRule>>,
    /// The vault's bucket.
    pub vault: Look<VaultFacts>,
    /// How far the replication of the last sweep's record is.
    pub last: Look<Option<Replica>>,
    /// How many operations failed in each hour of the last 7 days that S3 reported anything for, the oldest first.
    pub failures: Look<Vec<Point>>,
    /// What waited.
    pub backlog: Look<Backlog>,
}

/// What waited for its replication, at least, in each quarter of an hour of the last 24 hours that S3 reported anything for;
/// each list has the oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backlog {
    /// Operations.
    pub operations: Vec<Point>,
    /// Bytes.
    pub bytes: Vec<Point>,
}

/// A rule that replicates into a vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicationRule {
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether it is about all objects.
    pub takes_all: bool,
    /// Whether it replicates delete markers.
    pub delete_markers: bool,
    /// Whether it replicates what is encrypted with a KMS key.
    pub encrypted: bool,
}

/// The bucket of a vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VaultFacts {
    /// Whether it keeps versions.
    pub versioned: bool,
    /// Mode and time of its Object Lock, as text; none if new versions are not locked.
    pub lock: Option<String>,
}

/// How far the replication of an object is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    /// S3's word for it; none if no rule was about the object when it was written.
    pub status: Option<String>,
    /// When the object was written.
    pub written: Option<Timestamp>,
}

/// The stack itself.
#[derive(Clone, Debug)]
pub struct StackFacts {
    /// Its status.
    pub status: StackStatus,
    /// Why it has that status, where CloudFormation says so.
    pub reason: Option<String>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
}

/// The rule that takes events to the queue.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Which events it takes, as JSON.
    pub pattern: String,
    /// Where it takes them.
    pub targets: Vec<Target>,
}

/// Where a rule takes events.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The ARN.
    pub arn: String,
    /// Whether events that cannot be delivered there are kept.
    pub keeps_failures: bool,
}

/// A queue of failures.
#[derive(Clone, Debug, Default)]
pub struct FailureQueue {
    /// What it holds.
    pub state: QueueState,
    /// When the oldest of those that were looked at was sent first; not necessarily the oldest of all.
    pub oldest: Option<Timestamp>,
}

/// What takes messages from the queue to the function.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// Its id.
    pub id: String,
    /// Whether it is another one than the stack made, which does not exist any more.
    pub is_replacement: bool,
    /// The ARN of what it takes messages from.
    pub source: String,
    /// Whether failed messages alone are returned to the queue (`ReportBatchItemFailures`). Without that Lambda takes a
    /// batch for done as soon as the function has answered.
    pub reports_failures: bool,
    /// Its state, in Lambda's words: `Enabled`, `Disabled`, and those on the way there.
    pub state: String,
    /// What came of its last invocation, in Lambda's words.
    pub last_result: Option<String>,
}

/// The function.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its state, in Lambda's words.
    pub state: String,
    /// Why.
    pub state_reason: Option<String>,
    /// What came of its last update, in Lambda's words.
    pub last_update: String,
    /// Why.
    pub last_update_reason: Option<String>,
    /// Its runtime.
    pub runtime: String,
    /// SHA-256 of its package, in base 64.
    pub code_sha256: String,
    /// The bucket that it writes to, by its variable `SSMBAK_BUCKET`.
    pub bucket: Option<String>,
    /// The ARN of the role that it runs with.
    pub role: String,
    /// Its log group.
    pub log_group: Option<String>,
}

/// The bucket with the history.
#[derive(Debug)]
pub struct BucketFacts {
    /// `Enabled`, `Suspended`, or none if it never kept versions.
    pub versioning: Look<Option<String>>,
    /// How what is stored is encrypted.
    pub encryption: Look<Option<Encryption>>,
    /// What keeps the public out.
    pub public_access: Look<Option<PublicAccess>>,
    /// What becomes of old versions.
    pub lifecycle: Look<Lifecycle>,
}

/// How a bucket encrypts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256` or `aws:kms`.
    pub algorithm: String,
    /// The KMS key, if it is not S3's own.
    pub key: Option<String>,
}

/// What keeps the public out of a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PublicAccess {
    /// Whether all four ways in are closed.
    pub closed: bool,
}

/// What becomes of a bucket's versions, by the rules that are switched on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Rules that make current versions expire.
    pub expire_current: Vec<String>,
    /// Rules that move versions where they cannot be read at once.
    pub archive: Vec<String>,
    /// After how many days replaced versions expire, the shortest time; none if they do not.
    pub noncurrent_days: Option<i32>,
}

/// What a sweep leaves in the bucket.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct SweepRecord {
    /// The version of its format.
    pub format: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it was done.
    pub finished: Timestamp,
    /// How many names it looked at.
    pub names: u64,
    /// How many versions it wrote.
    pub written: u64,
    /// How many names it could not bring up to date.
    pub failed: u64,
    /// Which those are, unless they are many.
    #[serde(default, rename = "failedNames")]
    pub failed_names: Vec<String>,
}
