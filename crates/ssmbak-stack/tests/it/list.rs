//! The stacks of a region, against a scripted CloudFormation: pages, and stacks of others.

use ssmbak_stack::list;

use crate::script::Script;
use crate::stack::NEXT;

const TAG: &str = "<Tags><member><Key>ssmbak:managed</Key><Value>true</Value></member></Tags>";

fn named(name: &str, content: &str) -> String {
    format!("<member><StackName>{name}</StackName><StackStatus>CREATE_COMPLETE</StackStatus>{content}</member>")
}

fn outputs(outputs: &[(&str, &str)]) -> String {
    let one = |(key, value): &(&str, &str)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    format!("<Outputs>{}</Outputs>", outputs.iter().map(one).collect::<String>())
}

#[tokio::test(flavor = "current_thread")]
async fn all_pages_are_read_and_stacks_of_others_left_out() {
    let other = named("other", &outputs(&[("Bucketname", "theirs")]));
    let new = named("new", &[TAG, &outputs(&[("Bucketname", "b"), ("Version", "1.2.3")])].concat());
    // As a StackSet or the AWS CLI deploys it: without the tag.
    let plain = named("a-plain-one", &outputs(&[("Bucketname", "c"), ("QUrl", "q")]));
    let begun = named("begun", TAG);
    let script = Script::default()
        .result("DescribeStacks", &format!("<Stacks>{other}{new}</Stacks>{NEXT}"))
        .result("DescribeStacks", "<Stacks/><NextToken>last</NextToken>")
        .result("DescribeStacks", &format!("<Stacks>{plain}{begun}</Stacks>"));
    let found = list(&script.cloudformation()).await.unwrap();
    let rows: Vec<_> = found
        .iter()
        .map(|stack| (stack.name.as_str(), stack.description.version(), stack.description.bucket_output()))
        .collect();
    assert_eq!(
        rows,
        [("a-plain-one", None, Some("c".into())), ("begun", None, None), ("new", Some("1.2.3"), Some("b".into()))]
    );
    let asked = script.asked();
    assert!(!asked[0].fields.contains_key("NextToken") && !asked[0].fields.contains_key("StackName"));
    assert_eq!((asked.len(), asked[2].fields["NextToken"].as_str()), (3, "last"));
}

#[tokio::test(flavor = "current_thread")]
async fn a_page_token_that_comes_again_ends_the_listing() {
    let page = format!("<Stacks/>{NEXT}");
    let script = Script::default().result("DescribeStacks", &page).result("DescribeStacks", &page);
    let error = list(&script.cloudformation()).await.unwrap_err();
    insta::assert_snapshot!(error, @"cannot list the stacks: AWS sent the same page token twice, so the answer is incomplete; run it again later");
}

#[tokio::test(flavor = "current_thread")]
async fn missing_permissions_are_named() {
    let script = Script::default().error("DescribeStacks", "AccessDenied", "User: u is not authorized");
    let error = list(&script.cloudformation()).await.unwrap_err();
    insta::assert_snapshot!(error, @"not allowed to list the stacks: ask for the permission cloudformation:ListStacks and cloudformation:DescribeStacks on * (User: u is not authorized)");
}
