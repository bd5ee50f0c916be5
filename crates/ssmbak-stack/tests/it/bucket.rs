//! The bucket: safe by default, encrypted, locked or somebody else's where that is asked for.

use serde_json::{Value, json};

use crate::conditions::{EXISTING, KMS_KEY, LOCK, PIPELINE_KEY};
use crate::tree::{of_type, properties, resolved, rights};

#[test]
fn the_bucket_is_safe() {
    let template = resolved(&[("RetentionDays", "30")]);
    let bucket = &template["Resources"]["Bucket"];
    assert_eq!(bucket["DeletionPolicy"], "Retain");
    assert_eq!(bucket["UpdateReplacePolicy"], "Retain");
    let bucket = &bucket["Properties"];
    assert_eq!(bucket["VersioningConfiguration"]["Status"], "Enabled");
    let block = bucket["PublicAccessBlockConfiguration"].as_object().unwrap();
    assert_eq!(block.len(), 4);
    assert!(block.values().all(|value| value == true));
    let rules = bucket["LifecycleConfiguration"]["Rules"].as_array().unwrap();
    assert_eq!(rules[0]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"], 7);
    // Nothing but the days of the parameter ever deletes, and nothing ever expires what is current.
    let expiry = &rules[1];
    assert_eq!(expiry["NoncurrentVersionExpiration"]["NoncurrentDays"], json!({"Ref": "RetentionDays"}));
    assert_eq!(expiry["ExpirationInDays"], Value::Null);
    assert_eq!(template["Parameters"]["RetentionDays"]["Default"], 0);
    let kept = resolved(&[]);
    assert_eq!(properties(&kept, "Bucket")["LifecycleConfiguration"]["Rules"].as_array().unwrap().len(), 1);
}

#[test]
fn a_key_of_ones_own_encrypts_log_queues_and_topic_and_the_function_may_use_it() {
    let kms = json!({"Ref": "PipelineKmsKeyArn"});
    let of_aws = resolved(&[("AlarmEmail", "ops@example.com")]);
    let own = resolved(&[("AlarmEmail", "ops@example.com"), PIPELINE_KEY]);
    for (kind, property) in [
        ("AWS::SQS::Queue", "KmsMasterKeyId"),
        ("AWS::SNS::Topic", "KmsMasterKeyId"),
        ("AWS::Logs::LogGroup", "KmsKeyId"),
    ] {
        assert!(!of_type(&own, kind).is_empty(), "{kind}");
        for (id, _) in of_type(&own, kind) {
            assert_eq!(properties(&own, id)[property], kms, "{id}");
            assert_eq!(properties(&of_aws, id)[property], Value::Null, "{id}");
            // SQS refuses both at once.
            assert_eq!(properties(&own, id)["SqsManagedSseEnabled"], Value::Null, "{id}");
        }
    }
    assert_eq!(properties(&of_aws, "Q")["SqsManagedSseEnabled"], true);
    let may = rights(&own).into_iter().find(|right| right["Resource"] == json!([kms])).unwrap();
    assert_eq!(may["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
    assert_eq!(may["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"], "sqs.${AWS::Region}.amazonaws.com");
    assert!(rights(&of_aws).iter().all(|right| right["Resource"] != json!([kms])));
}

#[test]
fn accesses_are_logged_and_the_role_is_bounded_where_that_is_asked_for() {
    let plain = resolved(&[]);
    assert_eq!(properties(&plain, "Bucket")["LoggingConfiguration"], Value::Null);
    assert_eq!(properties(&plain, "FunctionRole")["PermissionsBoundary"], Value::Null);
    let asked = resolved(&[("AccessLogBucket", "logs"), ("PermissionsBoundaryArn", "arn:aws:iam::aws:policy/X")]);
    let destination = &properties(&asked, "Bucket")["LoggingConfiguration"]["DestinationBucketName"];
    assert_eq!(destination, &json!({"Ref": "AccessLogBucket"}));
    let boundary = &properties(&asked, "FunctionRole")["PermissionsBoundary"];
    assert_eq!(boundary, &json!({"Ref": "PermissionsBoundaryArn"}));
}

#[test]
fn the_bucket_is_encrypted_with_the_key_that_is_asked_for_and_the_function_may_use_it() {
    let algorithm = |template: &Value| {
        let rule = properties(template, "Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].clone();
        (rule["ServerSideEncryptionByDefault"].clone(), rule["BucketKeyEnabled"].clone())
    };
    let of_s3 = resolved(&[]);
    assert_eq!(algorithm(&of_s3), (json!({"SSEAlgorithm": "AES256"}), Value::Null));
    assert!(rights(&of_s3).iter().all(|right| right["Resource"] != json!([{"Ref": "KmsKeyArn"}])));
    let own = resolved(&[KMS_KEY]);
    let key = json!({"Ref": "KmsKeyArn"});
    assert_eq!(algorithm(&own), (json!({"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}), json!(true)));
    let rights = rights(&own);
    let right = rights.iter().find(|right| right["Resource"] == json!([key])).unwrap();
    assert_eq!(right["Action"], json!(["kms:Decrypt", "kms:GenerateDataKey"]));
    let via = &right["Condition"]["StringEquals"]["kms:ViaService"];
    assert_eq!(via, &json!({"Fn::Sub": "s3.${AWS::Region}.amazonaws.com"}));
}

#[test]
fn object_lock_is_only_there_when_it_is_asked_for() {
    // An existing stack would have its bucket exchanged.
    let without = resolved(&[]);
    for property in ["ObjectLockEnabled", "ObjectLockConfiguration"] {
        assert_eq!(properties(&without, "Bucket")[property], Value::Null);
    }
    let with = resolved(&[LOCK]);
    assert_eq!(properties(&with, "Bucket")["ObjectLockEnabled"], true);
    let rule = &properties(&with, "Bucket")["ObjectLockConfiguration"];
    let retention = json!({"Mode": {"Ref": "ObjectLockMode"}, "Days": {"Ref": "ObjectLockDays"}});
    assert_eq!(rule, &json!({"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}}));
}

#[test]
fn an_existing_bucket_is_used_and_left_alone() {
    let template = resolved(&[EXISTING]);
    for kind in ["AWS::S3::Bucket", "AWS::S3::BucketPolicy"] {
        assert!(of_type(&template, kind).is_empty(), "{kind}");
    }
    let name = json!({"Ref": "ExistingBucket"});
    assert_eq!(properties(&template, "BucketParam")["Value"], name);
    assert_eq!(properties(&template, "Function")["Environment"]["Variables"]["SSMBAK_BUCKET"], name);
    assert_eq!(template["Outputs"]["Bucketname"]["Value"], name);
    let arn = json!([{"Fn::Sub": "arn:${AWS::Partition}:s3:::${ExistingBucket}"}]);
    assert!(rights(&template).iter().any(|right| right["Resource"] == arn));
    let rules = template["Rules"]["NoLockOnAnExistingBucket"].to_string();
    assert!(rules.contains("ObjectLockMode") && rules.contains("ExistingBucket"), "{rules}");
}

#[test]
fn the_commands_find_the_bucket_where_they_always_did() {
    let template = resolved(&[]);
    let stack = properties(&template, "StackParam");
    assert_eq!(
        (&stack["Name"], &stack["Value"]),
        (&json!("/newvoll/ssmbak/stackname"), &json!({"Ref": "AWS::StackName"}))
    );
    let bucket = properties(&template, "BucketParam");
    assert_eq!((&bucket["Name"], &bucket["Value"]), (&json!("/newvoll/ssmbak/bucketname"), &json!({"Ref": "Bucket"})));
}
