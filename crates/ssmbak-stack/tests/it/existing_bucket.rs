//! A bucket that is there already, against a scripted S3.

use crate::script::Script;
use crate::stack::stack;
use ssmbak_stack::existing_bucket::check;

fn script(status: &str) -> Script {
    let body = format!("<VersioningConfiguration>{status}</VersioningConfiguration>");
    Script::default().answer("GET /mine/?versioning", 200, &body)
}

#[tokio::test(flavor = "current_thread")]
async fn a_bucket_that_keeps_versions_will_do() {
    let s3 = script("<Status>Enabled</Status>").s3();
    assert!(check(&s3, "mine").await.is_ok());
}

#[tokio::test(flavor = "current_thread")]
async fn a_bucket_without_versions_is_refused() {
    for status in ["", "<Status>Suspended</Status>"] {
        let refused = check(&script(status).s3(), "mine").await.unwrap_err();
        assert_eq!(refused.code(), "BucketNotVersioned");
        assert!(refused.to_string().contains("enable its versioning"), "{refused}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_bucket_that_is_not_there_is_told() {
    let error = "<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>";
    let script = Script::default().answer("GET /mine/?versioning", 404, error);
    let refused = check(&script.s3(), "mine").await.unwrap_err();
    assert_eq!(refused.code(), "NoSuchBucket");
}

#[tokio::test(flavor = "current_thread")]
async fn the_bucket_of_a_stack_that_made_none_is_the_one_it_was_given() {
    let output = "<member><OutputKey>Bucketname</OutputKey><OutputValue>mine</OutputValue></member>";
    let described = format!(
        "<Stacks><member><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{output}</Outputs></member></Stacks>"
    );
    let resources = "<StackResources><member><LogicalResourceId>Function</LogicalResourceId><PhysicalResourceId>f\
        </PhysicalResourceId></member></StackResources>";
    let script = Script::default().result("DescribeStackResources", resources).result("DescribeStacks", &described);
    assert_eq!(stack(&script).bucket_name().await.unwrap(), "mine");
    // A stack of somebody else has neither.
    let script = Script::default()
        .result("DescribeStackResources", resources)
        .result("DescribeStacks", "<Stacks><member/></Stacks>");
    assert_eq!(stack(&script).bucket_name().await.unwrap_err().code(), "StackForeign");
}
