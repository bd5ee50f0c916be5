//! The vault: what the protected stack writes there, who may write, and that nobody else does.

use serde_json::{Value, json};
use ssmbak_stack::template::{MAX_TEMPLATE_BODY, REPLICATION_RULE, VAULT_SETTINGS, VAULT_TEMPLATE};
use ssmbak_stack::vault::{Vault, copy_command, prepare};
use ssmbak_stack::{Prepared, StackError};

use crate::conditions::{EXISTING, KMS_KEY, LOCK, VAULT, VAULT_ACCOUNT, VAULT_KEY};
use crate::script::Script;
use crate::stack::stack;
use crate::tree::{ACCOUNT, properties, references, resolved, resolved_vault, statements, template};

/// What the documentation of S3 asks for at a destination of another account.
const REPLICATES: [&str; 4] =
    ["s3:ObjectOwnerOverrideToBucketOwner", "s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"];

fn rule(values: &[(&str, &str)]) -> Value {
    let template = resolved(values);
    let replication = &properties(&template, "Bucket")["ReplicationConfiguration"];
    if replication.is_null() { Value::Null } else { replication["Rules"][0].clone() }
}

#[test]
fn everything_recorded_is_replicated() {
    assert_eq!(rule(&[]), Value::Null);
    let rule = rule(&[VAULT, VAULT_ACCOUNT]);
    assert_eq!(
        rule,
        json!({
            "Id": REPLICATION_RULE,
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {
                "Bucket": {"Ref": "VaultBucketArn"},
                "Account": {"Ref": "VaultAccountId"},
                "AccessControlTranslation": {"Owner": "Destination"},
                "Metrics": {"Status": "Enabled"},
            },
        })
    );
}

#[test]
fn vault_of_the_same_account_keeps_its_owner() {
    for own in [vec![VAULT], vec![VAULT, ("VaultAccountId", ACCOUNT)]] {
        let destination = &rule(&own)["Destination"];
        assert_eq!((&destination["Account"], &destination["AccessControlTranslation"]), (&Value::Null, &Value::Null));
    }
}

#[test]
fn encrypted_history_is_encrypted_again_for_the_vault() {
    let values = [VAULT, VAULT_ACCOUNT, KMS_KEY, VAULT_KEY];
    let rule = rule(&values);
    assert_eq!(rule["SourceSelectionCriteria"]["SseKmsEncryptedObjects"]["Status"], "Enabled");
    assert_eq!(rule["Destination"]["EncryptionConfiguration"], json!({"ReplicaKmsKeyID": {"Ref": "VaultKmsKeyArn"}}));
    let may = replication_rights(&values);
    let of = |key: &str| may.iter().find(|right| right["Resource"] == json!([{"Ref": key}])).unwrap()["Action"].clone();
    assert_eq!(of("KmsKeyArn"), json!(["kms:Decrypt"]));
    assert_eq!(of("VaultKmsKeyArn"), json!(["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]));
    // S3 refuses a rule about one without the other.
    let asserted = template()["Rules"]["Vault"].to_string();
    assert!(asserted.contains("VaultKmsKeyArn") && asserted.contains("ExistingBucket"), "{asserted}");
}

#[test]
fn existing_bucket_is_not_replicated_by_the_stack() {
    let template = resolved(&[EXISTING, VAULT]);
    for absent in ["ReplicationRole", "ReplicationPolicy", "ReplicationFailing"] {
        assert_eq!(template["Resources"][absent], Value::Null, "{absent}");
    }
}

fn replication_rights(values: &[(&str, &str)]) -> Vec<Value> {
    statements(&properties(&resolved(values), "ReplicationPolicy")["PolicyDocument"])
}

#[test]
fn replication_role_copies_and_nothing_else() {
    let actions = |values: &[(&str, &str)]| -> Vec<String> {
        let rights = replication_rights(values);
        let actions = rights.iter().flat_map(|right| right["Action"].as_array().unwrap().clone());
        actions.map(|action| action.as_str().unwrap().to_owned()).collect()
    };
    let plain = actions(&[VAULT, VAULT_ACCOUNT]);
    insta::assert_snapshot!(plain.join(" "), @"s3:GetObjectVersionAcl s3:GetObjectVersionForReplication s3:GetObjectVersionTagging s3:InitiateReplication s3:GetReplicationConfiguration s3:ListBucket s3:PutInventoryConfiguration s3:ObjectOwnerOverrideToBucketOwner s3:ReplicateDelete s3:ReplicateObject s3:ReplicateTags");
    // Retention and legal holds of a locked bucket are copied as well.
    let locked: Vec<String> =
        actions(&[VAULT, VAULT_ACCOUNT, LOCK]).into_iter().filter(|action| !plain.contains(action)).collect();
    assert_eq!(locked, ["s3:GetObjectLegalHold", "s3:GetObjectRetention"]);
    let vault = json!([{"Fn::Sub": "${VaultBucketArn}/*"}]);
    let rights = replication_rights(&[VAULT]);
    let at_vault = rights.iter().find(|right| right["Resource"] == vault).unwrap();
    assert_eq!(at_vault["Action"], json!(REPLICATES));
}

#[test]
fn vault_lets_in_the_replication_role_of_one_account_and_region() {
    let path = properties(&resolved(&[VAULT]), "ReplicationRole")["Path"].clone();
    assert_eq!(path, json!({"Fn::Sub": "/ssmbak-replication/${AWS::Region}/"}));
    let role = json!({"Fn::Sub":
        "arn:${AWS::Partition}:iam::${SourceAccountId}:role/ssmbak-replication/${SourceRegion}/*"});
    let policy =
        |values: &[(&str, &str)]| statements(&properties(&resolved_vault(values), "BucketPolicy")["PolicyDocument"]);
    let named =
        |statements: &[Value], sid: &str| statements.iter().find(|statement| statement["Sid"] == sid).unwrap().clone();
    let replicate = named(&policy(&[]), "Replicate");
    assert_eq!(replicate["Action"], json!(REPLICATES));
    assert_eq!(replicate["Condition"], json!({"ArnLike": {"aws:PrincipalArn": role}}));
    let organization = named(&policy(&[("OrganizationId", "o-a1b2c3d4e5")]), "Replicate");
    let expected = json!({"aws:PrincipalOrgID": {"Ref": "OrganizationId"}});
    assert_eq!(organization["Condition"]["StringEquals"], expected);
    // Everybody else is refused, in the vault's own account too; and versioning cannot be touched by the role.
    let by_hand = named(&policy(&[]), "NothingByHand");
    assert_eq!((&by_hand["Effect"], &by_hand["Principal"]), (&json!("Deny"), &json!("*")));
    assert_eq!(by_hand["Condition"], json!({"ArnNotLike": {"aws:PrincipalArn": role}}));
    for action in ["s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObjectVersionTagging"] {
        assert!(by_hand["Action"].as_array().unwrap().contains(&json!(action)), "{action}");
    }
    assert!(!VAULT_TEMPLATE.contains("s3:PutBucketVersioning"));
    let tls = named(&policy(&[]), "TlsOnly");
    assert_eq!((&tls["Effect"], &tls["Condition"]["Bool"]["aws:SecureTransport"]), (&json!("Deny"), &json!("false")));
}

#[test]
fn vault_is_locked_kept_and_closed() {
    for values in [vec![], vec![("Key", "true"), ("RetentionDays", "400"), ("OrganizationId", "o-a1b2c3d4e5")]] {
        let template = resolved_vault(&values);
        let bucket = &template["Resources"]["Bucket"];
        assert_eq!((&bucket["DeletionPolicy"], &bucket["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
        let bucket = &bucket["Properties"];
        assert_eq!((&bucket["ObjectLockEnabled"], &bucket["BucketName"]), (&json!(true), &Value::Null));
        let retention = &bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"];
        assert_eq!(retention, &json!({"Mode": {"Ref": "LockMode"}, "Days": {"Ref": "LockDays"}}));
        assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
        assert_eq!(bucket["OwnershipControls"]["Rules"][0]["ObjectOwnership"], "BucketOwnerEnforced");
        assert!(bucket["PublicAccessBlockConfiguration"].as_object().unwrap().values().all(|value| value == true));
        for reference in references(&template["Resources"]).into_iter().chain(references(&template["Outputs"])) {
            let name = reference.split('.').next().unwrap();
            let known = ["Resources", "Parameters"].iter().any(|part| template[part][name].is_object());
            assert!(known || name.starts_with("AWS::"), "{reference}");
        }
    }
    assert!(VAULT_TEMPLATE.len() < MAX_TEMPLATE_BODY);
    let parameters = resolved_vault(&[])["Parameters"].clone();
    assert!(
        VAULT_SETTINGS
            .iter()
            .all(|name| parameters[name]["Default"].is_string() || parameters[name]["Default"].is_i64())
    );
    assert_eq!(resolved_vault(&[])["Outputs"]["Version"]["Value"], env!("CARGO_PKG_VERSION"));
}

fn described(outputs: &str) -> String {
    format!(
        "<Stacks><member><StackId>x</StackId><StackStatus>CREATE_COMPLETE</StackStatus><Parameters><member>\
         <ParameterKey>SourceAccountId</ParameterKey><ParameterValue>111122223333</ParameterValue></member><member>\
         <ParameterKey>SourceRegion</ParameterKey><ParameterValue>eu-west-1</ParameterValue></member></Parameters>\
         <Outputs>{outputs}</Outputs></member></Stacks>"
    )
}

const OUTPUT: &str =
    "<member><OutputKey>VaultBucketArn</OutputKey><OutputValue>arn:aws:s3:::the-vault</OutputValue></member>";

fn of<'a>(source_account: &'a str, source_region: Option<&'a str>) -> Vault<'a> {
    Vault { source_account, source_region, organization: None, settings: &[], tags: &[], role_arn: None }
}

#[tokio::test(flavor = "current_thread")]
async fn vault_of_one_account_never_becomes_that_of_another() {
    for (account, region) in [("444455556666", None), ("111122223333", Some("eu-central-1"))] {
        let script = Script::default().result("DescribeStacks", &described(OUTPUT));
        let error = prepare(&stack(&script), &of(account, region)).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the vault demo keeps the history of 111122223333 in eu-west-1 and of nothing else: create another vault \
             for this one"
        );
        assert_eq!(script.kinds(), ["DescribeStacks"]);
    }
    let script = Script::default().result("DescribeStacks", &described(""));
    let error = prepare(&stack(&script), &of("111122223333", None)).await.unwrap_err();
    assert!(matches!(error, ssmbak_stack::Error::Stack(StackError::NotVault { .. })), "{error}");
}

#[tokio::test(flavor = "current_thread")]
async fn updated_vault_keeps_its_parameters() {
    let script = Script::default()
        .result("DescribeStacks", &described(OUTPUT))
        .result("CreateChangeSet", "<Id>cs</Id><StackId>x</StackId>")
        .result("DescribeChangeSet", "<Status>FAILED</Status><StatusReason>didn't contain changes</StatusReason>")
        .result("DeleteChangeSet", "");
    let stack = stack(&script).with_template(VAULT_TEMPLATE);
    assert_eq!(prepare(&stack, &of("111122223333", None)).await.unwrap(), Prepared::Nothing);
    let asked = script.asked().into_iter().find(|asked| asked.kind == "CreateChangeSet").unwrap().fields;
    assert_eq!(
        (asked["ChangeSetType"].as_str(), asked["Capabilities.member.1"].as_str()),
        ("UPDATE", "CAPABILITY_IAM")
    );
    assert_eq!(asked["Parameters.member.2.ParameterKey"], "SourceRegion");
    assert_eq!(asked["Parameters.member.2.UsePreviousValue"], "true");
    assert!(asked["TemplateBody"].contains("NothingByHand"));
}

#[test]
fn copy_of_what_is_older_is_one_command() {
    let role = "arn:aws-cn:iam::111122223333:role/ssmbak-replication/cn-north-1/demo-ReplicationRole-1";
    insta::assert_snapshot!(copy_command("history", role, "cn-north-1"), @r#"`aws s3control create-job --region cn-north-1 --account-id 111122223333 --role-arn arn:aws-cn:iam::111122223333:role/ssmbak-replication/cn-north-1/demo-ReplicationRole-1 --priority 1 --no-confirmation-required --report Enabled=false --operation '{"S3ReplicateObject":{}}' --manifest-generator '{"S3JobManifestGenerator":{"SourceBucket":"arn:aws-cn:s3:::history","EnableManifestOutput":false,"Filter":{"EligibleForReplication":true,"ObjectReplicationStatuses":["NONE","FAILED"]}}}'`"#);
}
