//! The deletion of a stack against a scripted CloudFormation.

use ssmbak_stack::{StackError, StackEvent};

use crate::script::Script;
use crate::stack::{ID, described, event, events, stack};

const RETAINED: &str = "Resources:\n  Bucket: {DeletionPolicy: Retain}\n  Q: {}\n";

fn resources(status: &str) -> String {
    let one = |id: &str, resource_type: &str, status: &str| {
        format!(
            "<member><LogicalResourceId>{id}</LogicalResourceId><PhysicalResourceId>my-{id}</PhysicalResourceId>\
             <ResourceType>{resource_type}</ResourceType><ResourceStatus>{status}</ResourceStatus></member>"
        )
    };
    let (bucket, queue) = (one("Bucket", "AWS::S3::Bucket", status), one("Q", "AWS::SQS::Queue", "CREATE_COMPLETE"));
    format!("<StackResources>{bucket}{queue}</StackResources>")
}

fn template(body: &str) -> String {
    format!("<TemplateBody>{body}</TemplateBody>")
}

fn deployed(status: &str) -> Script {
    Script::default()
        .result("DescribeStacks", &described(status))
        .result("DescribeStackResources", &resources("CREATE_COMPLETE"))
        .result("GetTemplate", &template(RETAINED))
}

#[tokio::test(flavor = "current_thread")]
async fn a_stack_goes_and_its_bucket_stays() {
    let before = event(1, "demo", "UPDATE_COMPLETE", "");
    let script = deployed("UPDATE_COMPLETE")
        .result("DescribeStackEvents", &events(std::slice::from_ref(&before), ""))
        .result("DeleteStack", "")
        .result("DescribeStackEvents", &events(&[event(2, "demo", "DELETE_IN_PROGRESS", ""), before.clone()], ""))
        .result(
            "DescribeStackEvents",
            &events(
                &[event(4, "demo", "DELETE_COMPLETE", ""), event(3, "Bucket", "DELETE_SKIPPED", ""), before.clone()],
                "",
            ),
        );
    let deletion = stack(&script).prepare_deletion().await.unwrap();
    assert_eq!(deletion.bucket.as_deref(), Some("my-Bucket"));
    assert!(!script.kinds().contains(&"DeleteStack".to_owned()), "to ask is to change nothing");
    let mut told = Vec::new();
    let status = stack(&script).delete(&deletion, |event: &StackEvent| told.push(event.id.clone())).await.unwrap();
    assert_eq!((status.as_str(), told.first().map(String::as_str)), ("DELETE_COMPLETE", Some("2")));
    let deleted = script.asked().into_iter().find(|asked| asked.kind == "DeleteStack").unwrap();
    // By its id: another stack may have the name by now.
    assert_eq!(deleted.fields["StackName"].replace("%3A", ":").replace("%2F", "/"), ID);
}

#[tokio::test(flavor = "current_thread")]
async fn a_bucket_that_the_template_would_delete_stops_it() {
    for body in ["Resources: {Bucket: {Type: 'AWS::S3::Bucket'}}", "", "Resources: {Bucket: {DeletionPolicy: Delete}}"]
    {
        let script = Script::default()
            .result("DescribeStacks", &described("CREATE_COMPLETE"))
            .result("DescribeStackResources", &resources("CREATE_COMPLETE"))
            .result("GetTemplate", &template(body));
        let error = stack(&script).prepare_deletion().await.unwrap_err();
        assert!(matches!(error, StackError::WouldDeleteHistory { .. }), "{body:?}: {error}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn where_the_template_may_not_be_read_nothing_is_deleted() {
    let script = Script::default()
        .result("DescribeStacks", &described("CREATE_COMPLETE"))
        .result("DescribeStackResources", &resources("CREATE_COMPLETE"))
        .error("GetTemplate", "AccessDenied", "User: u is not authorized");
    let error = stack(&script).prepare_deletion().await.unwrap_err();
    insta::assert_snapshot!(error, @"not allowed to read the stack's template: ask for the permission cloudformation:GetTemplate (User: u is not authorized)");
}

#[tokio::test(flavor = "current_thread")]
async fn what_cannot_be_deleted_is_told_without_a_try() {
    let missing = Script::default().error("DescribeStacks", "ValidationError", "Stack with id demo does not exist");
    let error = stack(&missing).prepare_deletion().await.unwrap_err();
    insta::assert_snapshot!(error, @"there is no stack demo in eu-west-1, so nothing was deleted: check the name, or choose another region with --region");
    assert_eq!(error.code(), "StackMissing");

    let busy = Script::default().result("DescribeStacks", &described("UPDATE_IN_PROGRESS"));
    let error = stack(&busy).prepare_deletion().await.unwrap_err();
    assert_eq!((error.code(), busy.kinds().len()), ("StackBusy", 1));

    let protected = described("CREATE_COMPLETE")
        .replace("</StackStatus>", "</StackStatus><EnableTerminationProtection>true</EnableTerminationProtection>");
    let error = stack(&Script::default().result("DescribeStacks", &protected)).prepare_deletion().await.unwrap_err();
    insta::assert_snapshot!(error, @"the stack demo is protected from deletion, so nothing was deleted: take the protection off with `aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name demo --region eu-west-1`, and delete it then");
}

#[tokio::test(flavor = "current_thread")]
async fn a_protection_that_came_in_between_is_told_alike() {
    let script = deployed("CREATE_COMPLETE").result("DescribeStackEvents", &events(&[], "")).error(
        "DeleteStack",
        "ValidationError",
        "Stack [demo] cannot be deleted while TerminationProtection is enabled",
    );
    let deletion = stack(&script).prepare_deletion().await.unwrap();
    let error = stack(&script).delete(&deletion, |_| {}).await.unwrap_err();
    assert_eq!(error.code(), "StackProtected");
}

#[tokio::test(flavor = "current_thread")]
async fn a_deletion_that_fails_tells_the_first_cause_and_can_be_tried_again() {
    let script =
        deployed("DELETE_FAILED").result("DescribeStackEvents", &events(&[], "")).result("DeleteStack", "").result(
            "DescribeStackEvents",
            &events(
                &[
                    event(3, "demo", "DELETE_FAILED", "The following resource(s) failed to delete: [Q]."),
                    event(2, "Q", "DELETE_FAILED", "User is not authorized to perform: sqs:DeleteQueue"),
                    event(1, "demo", "DELETE_IN_PROGRESS", ""),
                ],
                "",
            ),
        );
    let deletion = stack(&script).prepare_deletion().await.unwrap();
    let error = stack(&script).delete(&deletion, |_| {}).await.unwrap_err();
    insta::assert_snapshot!(error, @"the stack demo ended in DELETE_FAILED: Q (T) failed first: User is not authorized to perform: sqs:DeleteQueue; ask for that permission, or deploy with a role that has it");
}

#[tokio::test(flavor = "current_thread")]
async fn a_deletion_under_way_is_watched_from_its_beginning_and_not_asked_for_again() {
    let (made, begun) = (event(1, "demo", "CREATE_COMPLETE", ""), event(2, "demo", "DELETE_IN_PROGRESS", ""));
    let script = deployed("DELETE_IN_PROGRESS")
        .result("DescribeStackEvents", &events(&[begun.clone(), made.clone()], ""))
        .result("DescribeStackEvents", &events(&[event(3, "demo", "DELETE_COMPLETE", ""), begun, made], ""));
    let deletion = stack(&script).prepare_deletion().await.unwrap();
    let mut told = Vec::new();
    stack(&script).delete(&deletion, |event: &StackEvent| told.push(event.id.clone())).await.unwrap();
    assert_eq!(told, ["2", "3"]);
    assert!(!script.kinds().contains(&"DeleteStack".to_owned()));
}

#[tokio::test(flavor = "current_thread")]
async fn a_stack_under_review_holds_nothing_and_may_go() {
    let script = Script::default()
        .result("DescribeStacks", &described("REVIEW_IN_PROGRESS"))
        .result("DescribeStackResources", "<StackResources/>");
    let deletion = stack(&script).prepare_deletion().await.unwrap();
    assert_eq!((deletion.bucket, deletion.goes.len(), deletion.stays.len()), (None, 0, 0));
}
