//! The replication into a vault: whether everything that is recorded gets there.

use jiff::SignedDuration;
use serde_json::json;

use super::{Context, ago, backlog};
use crate::doctor::{Finding, Replica, ReplicationFacts, ReplicationRule, VaultFacts};
use crate::template::{REPLICATION_RULE, VAULT_ACCOUNT, VAULT_KEY};
use crate::vault::{bucket_of_arn, copy_command};

/// S3 replicates most objects within 15 minutes.
const SLOW: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn all(context: &Context<'_>) -> Vec<Finding> {
    let Some(replication) = &context.facts.replication else { return Vec::new() };
    vec![
        rule(context, replication),
        vault(context, replication),
        last(context, replication),
        backlog::failures(context, replication),
        backlog::backlog(context, replication),
    ]
}

fn rule(context: &Context<'_>, replication: &ReplicationFacts) -> Finding {
    const CHECK: &str = "Replication";
    let found = match context.seen(&replication.rule, CHECK, "the bucket with the history", |_| None) {
        Ok(found) => found,
        Err(finding) => return finding,
    };
    let vault = bucket_of_arn(&replication.vault_arn);
    let by_hand = || "put the rule back at S3: a stack update changes only what its template changes".to_owned();
    let hint = || context.put_replication(replication).unwrap_or_else(by_hand);
    let encrypts = context.parameter("KmsKeyArn").is_some_and(|key| !key.is_empty());
    match found {
        None => Finding::problem(CHECK, format!("no rule replicates into {vault}"), hint()),
        Some(ReplicationRule { enabled: false, .. }) => {
            Finding::problem(CHECK, format!("the rule that replicates into {vault} is off"), hint())
        }
        Some(ReplicationRule { takes_all: false, .. }) => {
            Finding::problem(CHECK, format!("only some objects are replicated into {vault}"), hint())
        }
        Some(ReplicationRule { encrypted: false, .. }) if encrypts => {
            let message = format!("objects encrypted with KMS are not replicated into {vault}, and all are");
            Finding::problem(CHECK, message, hint())
        }
        // A tombstone is an object, and says the same.
        Some(ReplicationRule { delete_markers: false, .. }) => {
            Finding::warning(CHECK, format!("delete markers are not replicated into {vault}"), hint())
        }
        Some(_) => Finding::ok(CHECK, format!("into {vault}")),
    }
}

fn vault(context: &Context<'_>, replication: &ReplicationFacts) -> Finding {
    const CHECK: &str = "Vault";
    let again = |_: &str| {
        let name = context.reference.name;
        Some(format!(
            "make another with `ssmbak-stack VAULT create-vault`, and give it to `ssmbak-stack {name} update --vault-bucket`"
        ))
    };
    let found = match context.seen(&replication.vault, CHECK, "the vault", again) {
        Ok(found) => found,
        Err(finding) => return finding,
    };
    let vault = bucket_of_arn(&replication.vault_arn);
    match found {
        VaultFacts { versioned: false, .. } => {
            let hint = "switch its versioning on: S3 replicates into no other bucket";
            Finding::problem(CHECK, format!("the vault {vault} keeps no versions, and nothing arrives"), hint)
        }
        VaultFacts { lock: None, .. } => {
            let hint = "set a default retention at S3, or make a vault with `ssmbak-stack VAULT create-vault`";
            Finding::warning(CHECK, "Object Lock protects nothing in it", hint)
        }
        VaultFacts { lock: Some(lock), .. } => Finding::ok(CHECK, format!("it locks each version: {lock}")),
    }
}

fn last(context: &Context<'_>, replication: &ReplicationFacts) -> Finding {
    const CHECK: &str = "Replicas";
    let found = match context.seen(&replication.last, CHECK, "the bucket with the history", |_| None) {
        Ok(found) => found,
        Err(finding) => return finding,
    };
    let Some(Replica { status, written }) = found else {
        return Finding::unknown(CHECK, "no sweep has left a record yet that could arrive");
    };
    match status.as_deref() {
        Some("COMPLETED" | "COMPLETE") => Finding::ok(CHECK, "the last sweep's record has arrived in the vault"),
        Some("PENDING") => {
            let waits = written.map(|written| context.reference.now.duration_since(written)).unwrap_or_default();
            if waits < SLOW {
                return Finding::ok(CHECK, "the last sweep's record is on its way to the vault");
            }
            let age = written.map_or(String::new(), |written| ago(written, context.reference.now));
            let hint = "the checks ReplicationFailures and ReplicationBacklog tell whether S3 still tries";
            Finding::warning(CHECK, format!("the last sweep's record has been on its way to the vault for {age}"), hint)
        }
        Some("FAILED") => {
            let hint = context.let_role_in_and_copy(replication);
            Finding::problem(CHECK, "the last sweep's record could not be copied into the vault", hint)
        }
        _ => {
            let message =
                "the last sweep's record is from before the replication, and what is older is not in the vault";
            Finding::warning(CHECK, message, format!("copy it once: {}", context.copy(replication)))
        }
    }
}

impl Context<'_> {
    pub(super) fn replication_role<'a>(&self, replication: &'a ReplicationFacts) -> &'a str {
        replication.role_arn.as_deref().unwrap_or("of the replication")
    }

    /// What to do about versions that S3 gave up.
    pub(super) fn let_role_in_and_copy(&self, replication: &ReplicationFacts) -> String {
        format!(
            "see that the vault's policy and key let the role {} in; S3 does not try again by itself: {}",
            self.replication_role(replication),
            self.copy(replication)
        )
    }

    /// Copies what the vault lacks.
    fn copy(&self, replication: &ReplicationFacts) -> String {
        let parts = self.bucket().zip(replication.role_arn.as_deref());
        let command = parts.map(|(bucket, role)| copy_command(bucket, role, self.reference.region));
        command.unwrap_or_else(|| "copy what is missing with S3 Batch Replication".to_owned())
    }

    /// The replication as the template has it.
    fn put_replication(&self, replication: &ReplicationFacts) -> Option<String> {
        let (bucket, role) = (self.bucket()?, replication.role_arn.as_deref()?);
        let mut destination = json!({"Bucket": replication.vault_arn, "Metrics": {"Status": "Enabled"}});
        let account = role.split(':').nth(4)?;
        if let Some(other) = self.parameter(VAULT_ACCOUNT).filter(|other| !other.is_empty() && *other != account) {
            destination["Account"] = json!(other);
            destination["AccessControlTranslation"] = json!({"Owner": "Destination"});
        }
        let mut rule = json!({
            "ID": REPLICATION_RULE,
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
        });
        if let Some(key) = self.parameter(VAULT_KEY).filter(|key| !key.is_empty()) {
            destination["EncryptionConfiguration"] = json!({"ReplicaKmsKeyID": key});
            rule["SourceSelectionCriteria"] = json!({"SseKmsEncryptedObjects": {"Status": "Enabled"}});
        }
        rule["Destination"] = destination;
        let configuration = super::repair::quoted(&json!({"Role": role, "Rules": [rule]}));
        Some(format!(
            "`aws s3api put-bucket-replication --bucket {bucket} --replication-configuration {configuration}`"
        ))
    }
}
