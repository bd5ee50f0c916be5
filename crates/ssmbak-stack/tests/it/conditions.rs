//! The template under all combinations of its conditions.

use serde_json::Value;
use ssmbak_stack::template::TEMPLATE;

use crate::tree::{references, resolved, template};

/// A value of each parameter that changes more than itself.
pub const KMS_KEY: (&str, &str) = ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/1234abcd");
pub const LOCK: (&str, &str) = ("ObjectLockMode", "GOVERNANCE");
pub const PIPELINE_KEY: (&str, &str) = ("PipelineKmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/5678");
pub const EXISTING: (&str, &str) = ("ExistingBucket", "mine");
pub const VAULT: (&str, &str) = ("VaultBucketArn", "arn:aws:s3:::the-vault");
pub const VAULT_ACCOUNT: (&str, &str) = ("VaultAccountId", "444455556666");
pub const VAULT_KEY: (&str, &str) = ("VaultKmsKeyArn", "arn:aws:kms:eu-west-1:444455556666:key/9abc");

pub const REHEARSAL: (&str, &str) = ("Rehearsal", "rate(3 days)");

type Choice = (&'static str, &'static str);

const BOUNDARY: Choice = ("PermissionsBoundaryArn", "arn:aws:iam::123456789012:policy/bound");
const EMAIL: Choice = ("AlarmEmail", "ops@example.com");

/// A choice for each condition that has nothing to do with a vault.
const CHOICES: [Choice; 13] = [
    ("CodeBucketRegional", "true"),
    ("RetentionDays", "30"),
    KMS_KEY,
    LOCK,
    EXISTING,
    EMAIL,
    PIPELINE_KEY,
    ("AccessLogBucket", "logs"),
    BOUNDARY,
    ("Metrics", "true"),
    ("Policies", "true"),
    REHEARSAL,
    ("ExcludedNames", "/ci/*"),
];

/// A choice for each condition of a vault.
const OF_VAULT: [Choice; 3] = [VAULT, VAULT_ACCOUNT, VAULT_KEY];

/// Every way in which the conditions can turn out; those of a vault with those that they meet in one resource.
pub fn combinations() -> Vec<Vec<Choice>> {
    let meet_vault = [OF_VAULT.as_slice(), &[KMS_KEY, LOCK, EXISTING, EMAIL, BOUNDARY]].concat();
    [subsets(&CHOICES), subsets(&meet_vault)].concat()
}

fn subsets(choices: &[Choice]) -> Vec<Vec<Choice>> {
    let chosen = |bits: u32| (0..).zip(choices).filter(move |(bit, _)| bits >> bit & 1 == 1).map(|(_, choice)| *choice);
    (0..1 << choices.len()).map(|bits| chosen(bits).collect()).collect()
}

#[test]
fn everything_that_is_referred_to_is_there_however_the_conditions_turn_out() {
    let conditions = template()["Conditions"].as_object().unwrap().len();
    assert_eq!(CHOICES.len() + OF_VAULT.len(), conditions, "a condition is missing among the choices");
    for values in combinations() {
        let template = resolved(&values);
        let all = [&template["Resources"], &template["Outputs"]];
        for reference in all.into_iter().flat_map(references) {
            let name = reference.split('.').next().unwrap();
            let known = name.starts_with("AWS::")
                || template["Resources"][name].is_object()
                || (name == reference && template["Parameters"][name].is_object());
            assert!(known, "{reference} with {values:?}");
        }
    }
}

#[test]
fn nothing_belongs_to_one_account_or_region() {
    // As a StackSet, the same template goes to many.
    for word in ["us-east-1", "eu-central-1", "123456789012", "arn:aws:"] {
        assert!(!TEMPLATE.contains(word), "{word}");
    }
    let template = template();
    for (id, resource) in template["Resources"].as_object().unwrap() {
        // IAM's names are an account's, not a region's.
        assert_eq!(resource["Properties"]["RoleName"], Value::Null, "{id}");
        assert_eq!(resource["Properties"]["BucketName"], Value::Null, "{id}");
    }
}
