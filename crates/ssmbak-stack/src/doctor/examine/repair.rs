//! The commands of the AWS CLI that put a part of the pipeline back as the template has it.
//!
//! CloudFormation does not notice what was changed by hand, so `ssmbak-stack NAME update` mends none of it. A command is
//! only suggested where everything in it is known; nothing in it is secret.

use serde_json::{Value, json};

use super::Context;

/// How many executions at once the template gives the event source mapping.
const MAXIMUM_CONCURRENCY: u32 = 5;
/// How often the template has the queue hand out a message before it gives it up.
const MAX_RECEIVE_COUNT: &str = "10";

impl Context<'_> {
    fn region(&self) -> String {
        format!("--region {}", self.reference.region)
    }

    /// The target of a rule: the queue, with the queue for what cannot be delivered where that is known.
    fn put_target(&self, rule: &str, id: &str, input: Option<&str>) -> Option<String> {
        let mut target = json!({
            "Id": id,
            "Arn": self.queue()?.arn,
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185},
        });
        if let Some(input) = input {
            target["Input"] = json!(input);
        }
        if let Some(undelivered) = self.undelivered_events() {
            target["DeadLetterConfig"] = json!({"Arn": undelivered});
        }
        let targets = quoted(&json!([target]));
        Some(format!("`aws events put-targets --rule {rule} {} --targets {targets}`", self.region()))
    }

    /// Sends the events of the event rule to the queue.
    pub(super) fn put_event_target(&self, rule: &str) -> Option<String> {
        self.put_target(rule, "target-id1", None)
    }

    /// Sends a message to the queue as often as the schedule says.
    pub(super) fn put_sweep_target(&self, rule: &str) -> Option<String> {
        self.put_target(rule, "sweep", Some(r#"{"ssmbak":"sweep"}"#))
    }

    /// The event rule with the template's pattern; one that exists keeps its targets.
    pub(super) fn put_event_rule(&self, rule: &str) -> Option<String> {
        let pattern = json!({
            "source": ["aws.ssm"],
            "account": [self.account()?],
            "region": [self.reference.region],
            "detail-type": ["Parameter Store Change", "Parameter Store Policy Action"],
        });
        Some(format!("`aws events put-rule --name {rule} {} --event-pattern {}`", self.region(), quoted(&pattern)))
    }

    /// The rule of the sweeps with the stack's schedule.
    pub(super) fn put_sweep_rule(&self, rule: &str) -> String {
        let schedule = self.parameter("SweepSchedule").unwrap_or("rate(1 day)");
        format!("`aws events put-rule --name {rule} {} --schedule-expression '{schedule}'`", self.region())
    }

    /// Switches a rule on.
    pub(super) fn enable_rule(&self, rule: &str) -> String {
        format!("`aws events enable-rule --name {rule} {}`", self.region())
    }

    fn set_queue_attribute(&self, attribute: &str, value: &Value) -> Option<String> {
        let attributes = quoted(&json!({attribute: value.to_string()}));
        let url = &self.queue()?.url;
        Some(format!("`aws sqs set-queue-attributes --queue-url {url} {} --attributes {attributes}`", self.region()))
    }

    /// Lets both rules send to the queue, and nobody without TLS.
    pub(super) fn set_queue_policy(&self) -> Option<String> {
        let queue = &self.queue()?.arn;
        let (partition, account) = (self.partition()?, self.account()?);
        let arn = |rule: &str| format!("arn:{partition}:events:{}:{account}:rule/{rule}", self.reference.region);
        let rules: Vec<String> = [self.rule()?, self.sweep_rule()?].into_iter().map(arn).collect();
        let policy = json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "FromTheRules",
                    "Effect": "Allow",
                    "Principal": {"Service": "events.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
                },
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sqs:*",
                    "Resource": queue,
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        });
        self.set_queue_attribute("Policy", &policy)
    }

    /// Gives the queue its dead letters back.
    pub(super) fn set_dead_letters(&self) -> Option<String> {
        let policy = json!({"deadLetterTargetArn": self.dead_letters()?, "maxReceiveCount": MAX_RECEIVE_COUNT});
        self.set_queue_attribute("RedrivePolicy", &policy)
    }

    /// Switches the event source mapping on.
    pub(super) fn enable_mapping(&self, id: &str) -> String {
        format!("`aws lambda update-event-source-mapping --enabled --uuid {id} {}`", self.region())
    }

    /// Has Lambda return failed messages to the queue instead of the whole batch's being taken for done.
    pub(super) fn report_failures(&self, id: &str) -> String {
        format!(
            "`aws lambda update-event-source-mapping --uuid {id} --function-response-types ReportBatchItemFailures {}`",
            self.region()
        )
    }

    /// Makes an event source mapping like the template's.
    pub(super) fn create_mapping(&self) -> Option<String> {
        Some(format!(
            "`aws lambda create-event-source-mapping --function-name {} --event-source-arn {} --batch-size 10 \
             --function-response-types ReportBatchItemFailures --scaling-config \
             MaximumConcurrency={MAXIMUM_CONCURRENCY} {}`",
            self.reference.name,
            self.queue()?.arn,
            self.region()
        ))
    }

    /// Lets the function run.
    pub(super) fn free_concurrency(&self) -> String {
        self.free_concurrency_of(self.reference.name)
    }

    /// Lets a function run.
    pub(super) fn free_concurrency_of(&self, function: &str) -> String {
        format!("`aws lambda delete-function-concurrency --function-name {function} {}`", self.region())
    }

    /// Takes all that rehearses restores out of the stack, and puts it back.
    pub(super) fn make_rehearsal_anew(&self, schedule: &str) -> String {
        let update = format!("ssmbak-stack {} update --param", self.reference.name);
        format!("`{update} Rehearsal=`, then `{update} 'Rehearsal={schedule}'`")
    }

    /// Gives the function all its variables, since Lambda exchanges them as a whole.
    pub(super) fn set_variables(&self) -> Option<String> {
        let name = self.reference.name;
        let mut variables = json!({
            "Stack": name,
            "SSMBAK_BUCKET": self.bucket()?,
            "SSMBAK_QUEUE_URL": self.queue()?.url,
            "SSMBAK_ACCOUNT": self.account()?,
            "SSMBAK_MAX_RPS": self.parameter("MaxRequestsPerSecond")?,
            "LOGLEVEL": self.parameter("LogLevel")?,
        });
        if self.parameter("Metrics") == Some("true") {
            variables["SSMBAK_METRICS"] = json!(format!("ssmbak/{name}"));
        }
        let variables = quoted(&json!({"Variables": variables}));
        let region = self.region();
        Some(format!(
            "`aws lambda update-function-configuration --function-name {name} {region} --environment {variables}`"
        ))
    }

    /// Gives the function its role back.
    pub(super) fn set_role(&self, role: &str) -> Option<String> {
        Some(format!(
            "`aws lambda update-function-configuration --function-name {} {} --role arn:{}:iam::{}:role/{role}`",
            self.reference.name,
            self.region(),
            self.partition()?,
            self.account()?
        ))
    }

    /// Makes the bucket keep versions.
    pub(super) fn enable_versioning(&self) -> Option<String> {
        let bucket = self.bucket()?;
        Some(format!("`aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled`"))
    }

    /// Encrypts what is stored from now on, with the stack's key.
    pub(super) fn encrypt_bucket(&self) -> Option<String> {
        let default = match self.parameter("KmsKeyArn").filter(|key| !key.is_empty()) {
            Some(key) => json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}),
            None => json!({"SSEAlgorithm": "AES256"}),
        };
        let rules = quoted(&json!({"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}));
        let bucket = self.bucket()?;
        Some(format!(
            "`aws s3api put-bucket-encryption --bucket {bucket} --server-side-encryption-configuration {rules}`"
        ))
    }

    /// Keeps the public out.
    pub(super) fn block_public_access(&self) -> Option<String> {
        let bucket = self.bucket()?;
        Some(format!(
            "`aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration \
             BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`"
        ))
    }

    /// Exchanges all lifecycle rules of a bucket that the stack made for those of the template.
    pub(super) fn put_lifecycle(&self) -> Option<String> {
        if self.parameter("ExistingBucket").is_none_or(|bucket| !bucket.is_empty()) {
            return None;
        }
        let mut rules = vec![json!({
            "ID": "abort-incomplete-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        })];
        match self.parameter("RetentionDays")?.parse::<u32>().ok()? {
            0 => {}
            days => rules.push(json!({
                "ID": "expire-history",
                "Status": "Enabled",
                "Filter": {"Prefix": ""},
                "Expiration": {"ExpiredObjectDeleteMarker": true},
                "NoncurrentVersionExpiration": {"NoncurrentDays": days},
            })),
        }
        let rules = quoted(&json!({"Rules": rules}));
        let bucket = self.bucket()?;
        Some(format!(
            "`aws s3api put-bucket-lifecycle-configuration --bucket {bucket} --lifecycle-configuration {rules}`"
        ))
    }

    /// Makes the stack anew around the bucket that stays.
    pub(super) fn create_again(&self) -> String {
        let name = self.reference.name;
        let bucket = self.bucket().unwrap_or("BUCKET");
        format!(
            "`ssmbak-stack {name} delete`, which leaves the bucket, then `ssmbak-stack {name} create --param \
             ExistingBucket={bucket}`"
        )
    }
}

/// JSON as one word of a shell: what is quoted here holds no single quote.
pub(super) fn quoted(json: &Value) -> String {
    format!("'{}'", json.to_string().replace('\'', r"'\''"))
}
