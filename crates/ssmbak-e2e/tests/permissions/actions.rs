//! From calls to the IAM actions that they take.

use std::collections::BTreeSet;

use ssmbak_testkit::Call;

/// IAM actions.
pub type Actions = BTreeSet<String>;

/// Where an action is not called like its operation. For all others, IAM takes the service's and the operation's name.
/// S3: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
const EXCEPTIONS: [(&str, &[&str]); 18] = [
    // With tags, and ours always have one: <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html>
    ("cloudformation:CreateStackSet", &["cloudformation:CreateStackSet", "cloudformation:TagResource"]),
    // CloudWatch signs as "monitoring".
    ("monitoring:GetMetricData", &["cloudwatch:GetMetricData"]),
    ("s3:GetBucketReplication", &["s3:GetReplicationConfiguration"]),
    ("s3:GetObjectLockConfiguration", &["s3:GetBucketObjectLockConfiguration"]),
    // The service signs as "tagging".
    ("tagging:GetResources", &["tag:GetResources"]),
    ("s3:ListObjectVersions", &["s3:ListBucketVersions"]),
    ("s3:ListObjectsV2", &["s3:ListBucket"]),
    ("s3:HeadBucket", &["s3:ListBucket"]),
    // Without the permission to list, S3 says 403 of a key that is missing, and missing keys are what is looked for:
    // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    ("s3:HeadObject", &["s3:GetObject", "s3:ListBucket"]),
    ("s3:GetObject", &["s3:GetObject", "s3:ListBucket"]),
    ("s3:HeadObject versioned", &["s3:GetObjectVersion"]),
    ("s3:GetObject versioned", &["s3:GetObjectVersion"]),
    ("s3:GetObjectTagging versioned", &["s3:GetObjectVersionTagging"]),
    ("s3:GetPublicAccessBlock", &["s3:GetBucketPublicAccessBlock"]),
    ("s3:PutPublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
    ("s3:GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    ("s3:PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("s3:GetBucketLifecycleConfiguration", &["s3:GetLifecycleConfiguration"]),
];

/// The actions that calls take.
pub fn of(calls: impl IntoIterator<Item = Call>) -> Actions {
    calls.into_iter().flat_map(|call| of_call(&call)).collect()
}

fn of_call(call: &Call) -> Vec<String> {
    let operation = format!("{}:{}", call.service, call.operation);
    let versioned = if call.versioned { format!("{operation} versioned") } else { operation.clone() };
    let exception = EXCEPTIONS.iter().find(|(known, _)| *known == versioned);
    let mut actions = match exception {
        Some((_, actions)) => actions.iter().map(|action| (*action).to_owned()).collect(),
        None => vec![operation],
    };
    if call.tagged {
        actions.push("s3:PutObjectTagging".to_owned());
    }
    actions
}

/// Fails a test if what is allowed is not what is taken, but for what AWS does by itself, which no call shows.
#[track_caller]
pub fn assert_same(who: &str, taken: &Actions, allowed: &Actions, by_aws: &[&str]) {
    let by_aws: Actions = by_aws.iter().map(|action| (*action).to_owned()).collect();
    let missing: Vec<_> = taken.difference(allowed).collect();
    let extra: Vec<_> = allowed.iter().filter(|action| !taken.contains(*action) && !by_aws.contains(*action)).collect();
    assert!(missing.is_empty() && extra.is_empty(), "{who}: missing {missing:?}, extra {extra:?}");
    let idle: Vec<_> = by_aws.difference(allowed).collect();
    assert!(idle.is_empty(), "{who}: nobody is told that AWS takes {idle:?}");
}

#[test]
fn exceptions_are_found() {
    let call = |operation: &str, versioned, tagged| Call {
        service: "s3".to_owned(),
        operation: operation.to_owned(),
        versioned,
        tagged,
    };
    assert_eq!(of_call(&call("HeadObject", true, false)), ["s3:GetObjectVersion"]);
    assert_eq!(of_call(&call("HeadObject", false, false)), ["s3:GetObject", "s3:ListBucket"]);
    assert_eq!(of_call(&call("PutObject", false, true)), ["s3:PutObject", "s3:PutObjectTagging"]);
}
