//! The replication into a vault.

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/ssmbak-replication/eu-west-1/demo-ReplicationRole-1";

pub(super) fn replicating(rule: Option<ReplicationRule>, vault: Look<VaultFacts>, last: Option<Replica>) -> Facts {
    let replication = ReplicationFacts {
        vault_arn: "arn:aws:s3:::the-vault".to_owned(),
        role_arn: Some(ROLE.to_owned()),
        rule: Look::Seen(rule),
        vault,
        last: Look::Seen(last),
        failures: Look::Seen(Vec::new()),
        backlog: Look::Seen(Backlog::default()),
    };
    let mut facts = Facts { replication: Some(replication), ..sound() };
    if let Look::Seen(stack) = &mut facts.stack {
        stack.parameters.push(parameter("VaultAccountId", "444455556666"));
        stack.parameters.push(parameter("VaultKmsKeyArn", ""));
    }
    facts
}

pub(super) fn good_rule() -> ReplicationRule {
    ReplicationRule { enabled: true, takes_all: true, delete_markers: true, encrypted: false }
}

pub(super) fn good_vault() -> Look<VaultFacts> {
    Look::Seen(VaultFacts { versioned: true, lock: Some("COMPLIANCE for 30 days".to_owned()) })
}

pub(super) fn replica(status: &str, written: &str) -> Option<Replica> {
    Some(Replica { status: Some(status.to_owned()).filter(|s| !s.is_empty()), written: written.parse().ok() })
}

fn told(facts: &Facts, check: &str) -> (Status, String) {
    let finding = find(facts, check);
    (finding.status, finding.message)
}

#[test]
fn stack_without_vault_has_no_finding_about_one() {
    let findings = examine(&sound(), &reference());
    assert!(findings.iter().all(|finding| !["Replication", "Vault", "Replicas"].contains(&finding.check)));
}

#[test]
fn replication_that_works_is_ok() {
    let facts = replicating(Some(good_rule()), good_vault(), replica("COMPLETED", "2026-11-22T03:00:00Z"));
    let checks = ["Replication", "Vault", "Replicas"].map(|check| told(&facts, check));
    assert_eq!(
        checks,
        [
            (Status::Ok, "into the-vault".to_owned()),
            (Status::Ok, "it locks each version: COMPLIANCE for 30 days".to_owned()),
            (Status::Ok, "the last sweep's record has arrived in the vault".to_owned()),
        ]
    );
}

#[test]
fn rule_that_leaves_something_out_is_put_back() {
    for (rule, status, message) in [
        (None, Status::Problem, "no rule replicates into the-vault"),
        (
            Some(ReplicationRule { enabled: false, ..good_rule() }),
            Status::Problem,
            "the rule that replicates into the-vault is off",
        ),
        (
            Some(ReplicationRule { takes_all: false, ..good_rule() }),
            Status::Problem,
            "only some objects are replicated into the-vault",
        ),
        (
            Some(ReplicationRule { delete_markers: false, ..good_rule() }),
            Status::Warning,
            "delete markers are not replicated into the-vault",
        ),
    ] {
        let facts = replicating(rule, good_vault(), None);
        assert_eq!(told(&facts, "Replication"), (status, message.to_owned()));
        insta::allow_duplicates! {
            insta::assert_snapshot!(find(&facts, "Replication").hint.unwrap(), @r#"`aws s3api put-bucket-replication --bucket history --replication-configuration '{"Role":"arn:aws:iam::111122223333:role/ssmbak-replication/eu-west-1/demo-ReplicationRole-1","Rules":[{"DeleteMarkerReplication":{"Status":"Enabled"},"Destination":{"AccessControlTranslation":{"Owner":"Destination"},"Account":"444455556666","Bucket":"arn:aws:s3:::the-vault","Metrics":{"Status":"Enabled"}},"Filter":{"Prefix":""},"ID":"to-vault","Priority":1,"Status":"Enabled"}]}'`"#);
        }
    }
}

#[test]
fn kms_objects_need_a_rule_that_names_them() {
    let mut facts = replicating(Some(good_rule()), good_vault(), None);
    if let Look::Seen(stack) = &mut facts.stack {
        let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
        stack.parameters.retain(|parameter| !["KmsKeyArn", "VaultKmsKeyArn"].contains(&parameter.key.as_str()));
        stack
            .parameters
            .extend([parameter("KmsKeyArn", key), parameter("VaultKmsKeyArn", &key.replace("1111", "4444"))]);
    }
    let found = find(&facts, "Replication");
    assert_eq!(found.status, Status::Problem, "{found:?}");
    let hint = found.hint.unwrap();
    assert!(hint.contains("SseKmsEncryptedObjects") && hint.contains("ReplicaKmsKeyID"), "{hint}");
    facts.replication.as_mut().unwrap().rule = Look::Seen(Some(ReplicationRule { encrypted: true, ..good_rule() }));
    assert_eq!(told(&facts, "Replication").0, Status::Ok);
}

#[test]
fn vault_that_protects_nothing_is_named() {
    let status = |vault| told(&replicating(Some(good_rule()), vault, None), "Vault").0;
    assert_eq!(status(gone()), Status::Problem);
    assert_eq!(status(Look::Seen(VaultFacts::default())), Status::Problem);
    assert_eq!(status(Look::Seen(VaultFacts { versioned: true, lock: None })), Status::Warning);
    // It may be of an account that shows nothing.
    assert_eq!(status(Look::Unseen(denied())), Status::Unknown);
}

#[test]
fn replicas_that_do_not_arrive_are_named() {
    let last = |last| find(&replicating(Some(good_rule()), good_vault(), last), "Replicas");
    assert_eq!(last(None).status, Status::Unknown);
    assert_eq!(last(replica("PENDING", "2026-11-22T11:50:00Z")).status, Status::Ok);
    let slow = last(replica("PENDING", "2026-11-22T10:00:00Z"));
    assert_eq!(
        (slow.status, slow.message.as_str()),
        (Status::Warning, "the last sweep's record has been on its way to the vault for 2 hours")
    );
    let failed = last(replica("FAILED", "2026-11-22T10:00:00Z"));
    assert_eq!(failed.status, Status::Problem);
    insta::assert_snapshot!(failed.hint.unwrap(), @r#"see that the vault's policy and key let the role arn:aws:iam::111122223333:role/ssmbak-replication/eu-west-1/demo-ReplicationRole-1 in; S3 does not try again by itself: `aws s3control create-job --region eu-west-1 --account-id 111122223333 --role-arn arn:aws:iam::111122223333:role/ssmbak-replication/eu-west-1/demo-ReplicationRole-1 --priority 1 --no-confirmation-required --report Enabled=false --operation '{"S3ReplicateObject":{}}' --manifest-generator '{"S3JobManifestGenerator":{"SourceBucket":"arn:aws:s3:::history","EnableManifestOutput":false,"Filter":{"EligibleForReplication":true,"ObjectReplicationStatuses":["NONE","FAILED"]}}}'`"#);
    let older = last(replica("", "2026-11-22T10:00:00Z"));
    assert_eq!(older.status, Status::Warning);
    assert!(
        older
            .hint
            .unwrap()
            .starts_with("copy it once: `aws s3control create-job --region eu-west-1 --account-id 111122223333 ")
    );
}
