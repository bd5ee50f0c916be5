//! The life of a stack against a scripted CloudFormation: failures and pages, which no emulator shows.

use std::time::Duration;

use crate::script::Script;
use ssmbak_stack::change_set::Replacement;
use ssmbak_stack::{ChangeSet, Operation, Prepared, Request, Stack, StackError, StackEvent};

pub(crate) const ID: &str = "arn:aws:cloudformation:eu-west-1:1:stack/demo/x";

pub(crate) fn stack(script: &Script) -> Stack {
    let stack = Stack::new(script.cloudformation(), "demo", "eu-west-1").unwrap();
    stack.polling(Duration::ZERO)
}

fn change_set(operation: Operation) -> ChangeSet {
    ChangeSet { id: "cs".to_owned(), stack_id: ID.to_owned(), operation, changes: Vec::new(), parameters: Vec::new() }
}

pub(crate) fn event(number: u32, logical_id: &str, status: &str, reason: &str) -> String {
    let physical_id = if logical_id == "demo" { ID } else { "" };
    format!(
        "<member><EventId>{number}</EventId><LogicalResourceId>{logical_id}</LogicalResourceId><PhysicalResourceId>\
         {physical_id}</PhysicalResourceId><ResourceType>T</ResourceType><ResourceStatus>{status}</ResourceStatus>\
         <ResourceStatusReason>{reason}</ResourceStatusReason><Timestamp>2026-11-22T07:36:05Z</Timestamp></member>"
    )
}

pub(crate) fn events(newest_first: &[String], next: &str) -> String {
    format!("<StackEvents>{}</StackEvents>{next}", newest_first.concat())
}

pub(crate) fn described(status: &str) -> String {
    format!("<Stacks><member><StackId>{ID}</StackId><StackStatus>{status}</StackStatus></member></Stacks>")
}

fn change(logical_id: &str, replacement: &str) -> String {
    format!(
        "<member><Type>Resource</Type><ResourceChange><Action>Modify</Action><LogicalResourceId>{logical_id}\
         </LogicalResourceId><Replacement>{replacement}</Replacement></ResourceChange></member>"
    )
}

fn ready(changes: &[String], next: &str) -> String {
    format!("<Status>CREATE_COMPLETE</Status><Changes>{}</Changes>{next}", changes.concat())
}

const CREATED: &str = "<Id>cs</Id><StackId>arn:aws:cloudformation:eu-west-1:1:stack/demo/x</StackId>";
pub(crate) const NEXT: &str = "<NextToken>next</NextToken>";

#[tokio::test(flavor = "current_thread")]
async fn a_missing_stack_is_one_sentence() {
    let script = Script::default().error("DescribeStacks", "ValidationError", "Stack with id demo does not exist");
    assert_eq!(stack(&script).find().await.unwrap(), None);
    let error = stack(&script).describe().await.unwrap_err();
    insta::assert_snapshot!(error, @"there is no stack demo in eu-west-1: create it with `ssmbak-stack demo create`, or choose another region with --region");
}

#[tokio::test(flavor = "current_thread")]
async fn a_missing_permission_is_named() {
    let script = Script::default().error("DescribeStacks", "AccessDenied", "User: u is not authorized");
    let error = stack(&script).describe().await.unwrap_err();
    insta::assert_snapshot!(error, @"not allowed to read the stack: ask for the permission cloudformation:DescribeStacks (User: u is not authorized)");
    assert_eq!(error.code(), "AccessDenied");
}

#[tokio::test(flavor = "current_thread")]
async fn changes_come_in_pages() {
    let script = Script::default()
        .result("CreateChangeSet", CREATED)
        .result("DescribeChangeSet", "<Status>CREATE_PENDING</Status>")
        .result("DescribeChangeSet", &ready(&[change("Q", "False")], NEXT))
        .result("DescribeChangeSet", &ready(&[change("Function", "True")], ""));
    let own = |text: &str| text.to_owned();
    let wanted = Request {
        tags: vec![(own("team"), own("ops"))],
        role_arn: Some(own("arn:aws:iam::1:role/deploy")),
        ..Request::default()
    };
    let prepared = stack(&script).prepare(Operation::Update, wanted).await.unwrap();
    let Prepared::Changes(change_set) = prepared else { panic!("{prepared:?}") };
    let changes: Vec<_> = change_set.changes.iter().map(|c| (c.logical_id.as_str(), c.replacement)).collect();
    assert_eq!(changes, [("Q", Replacement::Never), ("Function", Replacement::Always)]);
    let asked = &script.asked()[0].fields;
    assert_eq!(asked["ChangeSetType"], "UPDATE");
    assert_eq!(asked["Capabilities.member.1"], "CAPABILITY_IAM");
    assert_eq!((asked["Tags.member.1.Key"].as_str(), asked["Tags.member.1.Value"].as_str()), ("team", "ops"));
    assert_eq!(asked["RoleARN"], "arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fdeploy");
    assert!(asked.contains_key("TemplateBody") && !asked.contains_key("UsePreviousTemplate"));
}

#[tokio::test(flavor = "current_thread")]
async fn no_changes_are_no_failure_and_leave_nothing_behind() {
    let empty = "<Status>FAILED</Status><StatusReason>The submitted information didn't contain changes.</StatusReason>";
    let script = Script::default()
        .result("CreateChangeSet", CREATED)
        .result("DescribeChangeSet", empty)
        .result("DeleteChangeSet", "");
    let prepared = stack(&script).prepare(Operation::Update, Request::default()).await.unwrap();
    assert_eq!(prepared, Prepared::Nothing);
    assert_eq!(script.kinds(), ["CreateChangeSet", "DescribeChangeSet", "DeleteChangeSet"]);

    let script = Script::default().error("CreateChangeSet", "ValidationError", "No updates are to be performed.");
    let prepared = stack(&script).prepare(Operation::Update, Request::default()).await.unwrap();
    assert_eq!(prepared, Prepared::Nothing);
}

#[tokio::test(flavor = "current_thread")]
async fn an_update_never_exchanges_the_bucket() {
    let script = Script::default()
        .result("CreateChangeSet", CREATED)
        .result("DescribeChangeSet", &ready(&[change("Bucket", "True")], ""))
        .result("DeleteChangeSet", "");
    let error = stack(&script).prepare(Operation::Update, Request::default()).await.unwrap_err();
    assert!(matches!(error, StackError::WouldLoseBucket { .. }));
    assert_eq!(script.kinds().last().unwrap(), "DeleteChangeSet");
}

#[tokio::test(flavor = "current_thread")]
async fn a_refused_creation_leaves_no_empty_stack() {
    let script = Script::default()
        .result("CreateChangeSet", CREATED)
        .result("DescribeChangeSet", "<Status>FAILED</Status><StatusReason>No such bucket.</StatusReason>")
        .error("DescribeEvents", "InvalidAction", "Could not find operation DescribeEvents")
        .result("DeleteChangeSet", "")
        .result("DescribeStacks", &described("REVIEW_IN_PROGRESS"))
        .result("DeleteStack", "");
    let error = stack(&script).prepare(Operation::Create, Request::default()).await.unwrap_err();
    insta::assert_snapshot!(error, @"failed to create a change set for the stack demo: No such bucket; fix that and run the command again");
    assert_eq!(script.kinds().last().unwrap(), "DeleteStack");
}

#[tokio::test(flavor = "current_thread")]
async fn a_failed_validation_names_the_resource_and_the_reason() {
    let events = "<OperationEvents><member><EventType>VALIDATION_ERROR</EventType>\
                  <LogicalResourceId>LogGroup</LogicalResourceId>\
                  <ValidationPath>/Resources/LogGroup</ValidationPath><ValidationStatusReason>Resource of type \
                  'AWS::Logs::LogGroup' with identifier '/aws/lambda/demo' already exists.</ValidationStatusReason>\
                  </member><member><EventType>STACK_EVENT</EventType></member></OperationEvents>";
    let failed = "<Status>FAILED</Status><StatusReason>The following hook(s)/validation failed: \
                  [AWS::EarlyValidation::ResourceExistenceCheck].</StatusReason>";
    let script = Script::default()
        .result("CreateChangeSet", CREATED)
        .result("DescribeChangeSet", failed)
        .result("DescribeEvents", events)
        .result("DeleteChangeSet", "");
    let error = stack(&script).prepare(Operation::Update, Request::default()).await.unwrap_err();
    insta::assert_snapshot!(error, @"failed to create a change set for the stack demo: The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]; LogGroup (/Resources/LogGroup): Resource of type 'AWS::Logs::LogGroup' with identifier '/aws/lambda/demo' already exists; fix that and run the command again");
    assert_eq!(script.asked()[2].fields["Filters.FailedEvents"], "true");
}

#[tokio::test(flavor = "current_thread")]
async fn a_request_that_keeps_the_template_sends_none() {
    let script = Script::default()
        .result("CreateChangeSet", CREATED)
        .result("DescribeChangeSet", &ready(&[change("Q", "False")], ""));
    let wanted = Request { keep_template: true, ..Request::default() };
    stack(&script).prepare(Operation::Update, wanted).await.unwrap();
    let asked = &script.asked()[0].fields;
    assert_eq!(asked["UsePreviousTemplate"], "true");
    assert!(!asked.contains_key("TemplateBody"));
}

#[tokio::test(flavor = "current_thread")]
async fn discarding_an_update_leaves_the_stack() {
    let script = Script::default().result("DeleteChangeSet", "");
    stack(&script).discard(&change_set(Operation::Update)).await.unwrap();
    assert_eq!(script.kinds(), ["DeleteChangeSet"]);
}

#[tokio::test(flavor = "current_thread")]
async fn tells_every_event_once_and_the_first_cause_of_a_failure() {
    let before = event(1, "demo", "CREATE_COMPLETE", "");
    let start = event(2, "demo", "UPDATE_IN_PROGRESS", "");
    let cause = event(3, "Q", "UPDATE_FAILED", "no such key");
    let cascade = event(4, "Function", "UPDATE_FAILED", "Resource update cancelled");
    let end = event(5, "demo", "UPDATE_ROLLBACK_COMPLETE", "");
    let script = Script::default()
        .result("ExecuteChangeSet", "")
        // Before the execution, then nothing new, then all of it in two pages, newest first.
        .result("DescribeStackEvents", &events(std::slice::from_ref(&before), NEXT))
        .result("DescribeStackEvents", &events(std::slice::from_ref(&before), NEXT))
        .result("DescribeStackEvents", &events(&[start.clone(), before.clone()], NEXT))
        .result("DescribeStackEvents", &events(&[end, cascade], NEXT))
        .result("DescribeStackEvents", &events(&[cause, start, before], NEXT));
    let mut told = Vec::new();
    let tell = |event: &StackEvent| told.push(event.id.clone());
    let error = stack(&script).execute(&change_set(Operation::Update), tell).await.unwrap_err();
    assert_eq!(told, ["2", "3", "4", "5"]);
    insta::assert_snapshot!(error, @"the stack demo ended in UPDATE_ROLLBACK_COMPLETE: Q (T) failed first: no such key; fix that and run the command again");
    let executed = script.asked().into_iter().find(|asked| asked.kind == "ExecuteChangeSet").unwrap();
    assert_eq!(executed.fields["RetainExceptOnCreate"], "true");
}

#[tokio::test(flavor = "current_thread")]
async fn removes_what_a_failed_creation_left_and_nothing_else() {
    let script = Script::default().result("DescribeStacks", &described("CREATE_COMPLETE"));
    stack(&script).remove_failed_creation(|_| {}).await.unwrap();
    assert_eq!(script.kinds(), ["DescribeStacks"]);

    let before = event(1, "demo", "ROLLBACK_COMPLETE", "");
    let script = Script::default()
        .result("DescribeStacks", &described("ROLLBACK_COMPLETE"))
        .result("DescribeStackEvents", &events(std::slice::from_ref(&before), ""))
        .result("DeleteStack", "")
        .result("DescribeStackEvents", &events(&[event(2, "demo", "DELETE_COMPLETE", ""), before], ""));
    stack(&script).remove_failed_creation(|_| {}).await.unwrap();
    assert!(script.kinds().contains(&"DeleteStack".to_owned()));
}
