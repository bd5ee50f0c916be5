//! When a deployment starts a sweep, and how.

use ssmbak_stack::change_set::{Action, Replacement};
use ssmbak_stack::{Change, Parameter, ParameterChange, first_sweep};

use crate::script::Script;

fn change(action: Action, logical_id: &str) -> Change {
    Change {
        action,
        logical_id: logical_id.to_owned(),
        physical_id: None,
        resource_type: "T".to_owned(),
        replacement: Replacement::Never,
        properties: Vec::new(),
    }
}

#[test]
fn only_the_deployment_that_adds_the_sweep_rule_starts_a_sweep() {
    let (queue, rule) = (change(Action::Add, "Q"), change(Action::Add, "SweepRule"));
    assert!(first_sweep::is_due(&[queue.clone(), rule], &[]));
    for changes in [vec![], vec![queue], vec![change(Action::Modify, "SweepRule")]] {
        assert!(!first_sweep::is_due(&changes, &[]), "{changes:?}");
    }
    let parameter = |key: &str| ParameterChange { key: key.to_owned(), before: String::new(), after: "x".to_owned() };
    assert!(first_sweep::is_due(&[], &[parameter("LogLevel"), parameter("Exclude")]), "other names are recorded");
    assert!(!first_sweep::is_due(&[], &[parameter("LogLevel")]));
    // An older template had no such parameter.
    let current = [Parameter { key: "LogLevel".to_owned(), value: "INFO".to_owned() }];
    let asked = [("Exclude".to_owned(), "/ci/**".to_owned())];
    assert!(first_sweep::changes_scope(&ParameterChange::all(&asked, &current)));
    assert!(ParameterChange::all(&asked, &[]).is_empty(), "a creation changes nothing");
}

#[tokio::test(flavor = "current_thread")]
async fn a_sweep_is_started_by_the_message_of_the_schedule() {
    let script = Script::default().answer("SendMessage", 200, r#"{"MessageId":"m","MD5OfMessageBody":""}"#);
    first_sweep::start(&script.sqs(), "https://sqs.eu-west-1.amazonaws.com/1/q").await.unwrap();
    let asked = &script.asked()[0].fields;
    assert_eq!(asked["QueueUrl"], "https://sqs.eu-west-1.amazonaws.com/1/q");
    assert_eq!(asked["MessageBody"], r#"{"ssmbak":"sweep"}"#);

    let denied = r#"{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"no"}"#;
    let script = Script::default().answer("SendMessage", 403, denied);
    let error = first_sweep::start(&script.sqs(), "https://sqs.eu-west-1.amazonaws.com/1/q").await.unwrap_err();
    insta::assert_snapshot!(error, @"not allowed to send to the queue: ask for the permission sqs:SendMessage (no)");
}
