//! Tables of facts and what they mean.

use super::*;
use crate::call::CallError;
use crate::doctor::facts::*;
use crate::doctor::{Status, examine};
use crate::queue::QueueState;
use crate::stack::Parameter;
use crate::status::StackStatus;
use crate::template::TEMPLATE;

mod defects;
mod metrics;
mod replication;

const QUEUE_ARN: &str = "arn:aws:sqs:eu-west-1:1:q";
const PATTERN: &str =
    r#"{"source":["aws.ssm"],"account":["1"],"region":["eu-west-1"],"detail-type":["Parameter Store Change"]}"#;
const POLICY: &str = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage"},{"Effect":"Deny","Principal":"*","Action":"sqs:*"}]}"#;
const OLD_PATTERN: &str = r#"{"source":["aws.ssm"],"detail-type":["Parameter Store Change"]}"#;
const HEX: &str = "ssmbak-lambda/0000000000000000000000000000000000000000000000000000000000000000.zip";
const BASE64: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn reference() -> Reference<'static> {
    Reference { name: "demo", region: "eu-west-1", now: now(), own_code: None }
}

fn parameter(key: &str, value: &str) -> Parameter {
    Parameter { key: key.to_owned(), value: value.to_owned() }
}

/// A pipeline of which nothing is to be said.
fn sound() -> Facts {
    Facts {
        stack: Look::Seen(StackFacts {
            status: StackStatus::new("UPDATE_COMPLETE"),
            reason: None,
            parameters: vec![
                parameter("CodeKey", HEX),
                parameter("ExistingBucket", ""),
                parameter("KmsKeyArn", ""),
                parameter("LogLevel", "INFO"),
                parameter("MaxRequestsPerSecond", "5"),
                parameter("RetentionDays", "0"),
                parameter("SweepSchedule", "rate(12 hours)"),
            ],
        }),
        template: Look::Seen(TEMPLATE.to_owned()),
        rule: Look::Seen(rule(true, PATTERN, QUEUE_ARN, true)),
        sweep_rule: Look::Seen(rule(true, "", QUEUE_ARN, true)),
        concurrency: Look::Seen(None),
        queue: Look::Seen(QueueState { waiting: 3, in_flight: 1, ..queue_state() }),
        dead_letters: Look::Seen(failure_queue("letters")),
        undelivered_events: Look::Seen(failure_queue("undelivered")),
        mapping: mapping("Enabled", Some("OK")),
        function: Look::Seen(function()),
        role_name: Some("demo-role".to_owned()),
        bucket_name: Some("history".to_owned()),
        bucket: BucketFacts {
            versioning: Look::Seen(Some("Enabled".to_owned())),
            encryption: Look::Seen(Some(Encryption { algorithm: "AES256".to_owned(), key: None })),
            public_access: Look::Seen(Some(PublicAccess { closed: true })),
            lifecycle: Look::Seen(Lifecycle::default()),
        },
        sweep: Look::Seen(Some(sweep("2026-11-22T03:00:00Z", 0))),
        replication: None,
        rehearsal: None,
    }
}

fn gone<T>() -> Look<T> {
    Look::Gone("demo-name".to_owned())
}

fn queue_state() -> QueueState {
    QueueState {
        url: "https://sqs/1/q".to_owned(),
        arn: QUEUE_ARN.to_owned(),
        policy: POLICY.to_owned(),
        has_dead_letters: true,
        ..QueueState::default()
    }
}

fn failure_queue(name: &str) -> FailureQueue {
    let arn = QUEUE_ARN.replace(":q", &format!(":{name}"));
    FailureQueue { state: QueueState { arn, ..QueueState::default() }, oldest: None }
}

fn rule(enabled: bool, pattern: &str, arn: &str, keeps_failures: bool) -> Rule {
    Rule {
        name: "demo".to_owned(),
        enabled,
        pattern: pattern.to_owned(),
        targets: vec![Target { arn: arn.to_owned(), keeps_failures }],
    }
}

fn function() -> Function {
    Function {
        state: "Active".to_owned(),
        last_update: "Successful".to_owned(),
        runtime: "provided.al2023".to_owned(),
        code_sha256: BASE64.to_owned(),
        bucket: Some("history".to_owned()),
        role: "arn:aws:iam::1:role/demo-role".to_owned(),
        ..Function::default()
    }
}

fn sweep(finished: &str, failed: u32) -> String {
    format!(
        r#"{{"format":1,"started":"2026-11-20T00:00:00Z","finished":"{finished}","names":7,"written":2,"failed":{failed}}}"#
    )
}

/// A sweep that failed at these names.
fn failed_at(names: &[&str]) -> String {
    let failed = u32::try_from(names.len()).unwrap();
    let names = serde_json::json!(names);
    sweep("2026-11-22T03:00:00Z", failed).replace('}', &format!(r#","failedNames":{names}}}"#))
}

fn failures(waiting: u64, oldest: &str) -> FailureQueue {
    FailureQueue { state: QueueState { waiting, ..QueueState::default() }, oldest: oldest.parse().ok() }
}

fn denied() -> CallError {
    CallError::Denied { task: "look at it", permission: "x:Look", message: String::new() }
}

/// The finding of one check.
fn find(facts: &Facts, check: &str) -> Finding {
    let mut found = examine(facts, &reference()).into_iter().filter(|finding| finding.check == check);
    found.next().unwrap_or_else(|| panic!("no check {check}"))
}

#[test]
fn a_sound_pipeline_has_nothing_but_ok() {
    let findings = examine(&sound(), &reference());
    let table: Vec<String> =
        findings.iter().map(|f| format!("{} {}: {}", f.status.as_str(), f.check, f.message)).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    ok Stack: UPDATE_COMPLETE
    ok Template: the one of this version
    ok Rule: it is on and takes changes to the queue
    ok SweepRule: it is on and makes the function sweep
    ok Queue: 3 waiting, 1 being recorded
    ok EventSourceMapping: Enabled
    ok Function: it is ready, on provided.al2023
    ok Concurrency: not limited
    ok FunctionCode: the one that the stack was deployed with
    ok DeadLetters: none
    ok UndeliveredEvents: none
    ok BucketVersioning: Enabled
    ok BucketEncryption: AES256
    ok BucketPublicAccess: blocked
    ok BucketLifecycle: history is kept for ever
    ok Sweep: 9 hours ago: 7 names, 2 versions written
    ");
    assert!(findings.iter().all(|finding| finding.hint.is_none()));
}

/// What is wrong, the check that tells, how, and a word of its message.
/// Every way that was thought of to stop recording by hand, or to endanger the history.
#[test]
fn every_way_to_stop_it_by_hand_is_answered_with_the_command_that_mends_it() {
    type Break = fn(&mut Facts);
    let table: &[(&str, Break, &str)] = &[
        ("rule switched off", |f| f.rule = Look::Seen(rule(false, PATTERN, QUEUE_ARN, true)), "Rule"),
        ("rule deleted", |f| f.rule = gone(), "Rule"),
        ("rule's pattern changed", |f| f.rule = Look::Seen(rule(true, "{}x", QUEUE_ARN, true)), "Rule"),
        ("rule's pattern widened", |f| f.rule = Look::Seen(rule(true, OLD_PATTERN, QUEUE_ARN, true)), "Rule"),
        ("rule's target removed", |f| f.rule = Look::Seen(rule(true, PATTERN, "arn:other", true)), "Rule"),
        ("rule's dead letters removed", |f| f.rule = Look::Seen(rule(true, PATTERN, QUEUE_ARN, false)), "Rule"),
        ("sweep rule switched off", |f| f.sweep_rule = Look::Seen(rule(false, "", QUEUE_ARN, true)), "SweepRule"),
        ("sweep rule deleted", |f| f.sweep_rule = gone(), "SweepRule"),
        ("sweep rule's target removed", |f| f.sweep_rule = Look::Seen(rule(true, "", "arn:other", true)), "SweepRule"),
        ("queue deleted", |f| f.queue = gone(), "Queue"),
        ("queue's policy removed", |f| of_queue(f, |q| q.policy.clear()), "Queue"),
        ("queue's dead letters removed", |f| queue(f, 0, false), "Queue"),
        ("mapping switched off", |f| f.mapping = mapping("Disabled", None), "EventSourceMapping"),
        ("mapping deleted", |f| f.mapping = gone(), "EventSourceMapping"),
        ("mapping made without failures", |f| of_mapping(f, |m| m.reports_failures = false), "EventSourceMapping"),
        ("function deleted", |f| f.function = gone(), "Function"),
        ("function's bucket changed", |f| of_function(f, |f| f.bucket = Some("other".to_owned())), "Function"),
        ("function's role changed", |f| of_function(f, |f| f.role = "arn:aws:iam::1:role/x".to_owned()), "Function"),
        ("function's concurrency 0", |f| f.concurrency = Look::Seen(Some(0)), "Concurrency"),
        (
            "function's code changed",
            |f| of_function(f, |f| f.code_sha256 = BASE64.replacen('A', "B", 1)),
            "FunctionCode",
        ),
        (
            "versioning suspended",
            |f| f.bucket.versioning = Look::Seen(Some("Suspended".to_owned())),
            "BucketVersioning",
        ),
        ("encryption removed", |f| f.bucket.encryption = Look::Seen(None), "BucketEncryption"),
        ("public let in", |f| f.bucket.public_access = Look::Seen(None), "BucketPublicAccess"),
        ("values made to expire", |f| lifecycle(f, |l| l.expire_current.push("old".to_owned())), "BucketLifecycle"),
        ("retention changed", |f| lifecycle(f, |l| l.noncurrent_days = Some(3)), "BucketLifecycle"),
        ("messages left in dead letters", |f| f.dead_letters = Look::Seen(failures(2, "")), "DeadLetters"),
    ];
    let mut answers = Vec::new();
    for (what, break_it, check) in table {
        let mut facts = sound();
        break_it(&mut facts);
        let finding = find(&facts, check);
        assert_ne!(finding.status, Status::Ok, "{what}");
        let hint = finding.hint.unwrap_or_default();
        assert!(hint.contains("`aws ") || hint.contains("`ssmbak-"), "{what}: {hint}");
        answers.push(format!("{what}\n    {hint}"));
    }
    insta::assert_snapshot!("commands", answers.join("\n"));
}

#[test]
fn rehearsal_that_does_not_run_is_a_warning_with_the_command_that_mends_it() {
    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:1:function:demo-rehearse";
    let invokes = |enabled, arn| Look::Seen(rule(enabled, "", arn, false));
    let table = [
        ("well", invokes(true, FUNCTION), Look::Seen(None)),
        ("rule disabled", invokes(false, FUNCTION), Look::Seen(None)),
        ("target changed", invokes(true, "arn:other"), Look::Seen(None)),
        ("rule deleted", gone(), Look::Seen(None)),
        ("function deleted", invokes(true, FUNCTION), gone()),
        ("concurrency 0", invokes(true, FUNCTION), Look::Seen(Some(0))),
    ];
    let mut answers = Vec::new();
    for (what, rule, concurrency) in table {
        let (schedule, function) = ("rate(3 days)".to_owned(), Some("demo-rehearse".to_owned()));
        let rehearsal = Some(RehearsalFacts {
            schedule,
            rule,
            concurrency,
            function,
            rule_changed: None,
            runs: Look::Seen(Runs::default()),
        });
        let finding = find(&Facts { rehearsal, ..sound() }, "Rehearsal");
        answers.push(format!("{what}: {} {}", finding.status.as_str(), finding.message));
        answers.extend(finding.hint.map(|hint| format!("    {hint}")));
    }
    insta::assert_snapshot!(answers.join("\n"), @r"
    well: ok it is on, rate(3 days)
    rule disabled: warning its rule is disabled: no restore is rehearsed
        `aws events enable-rule --name demo --region eu-west-1`
    target changed: warning its rule does not invoke the function: no restore is rehearsed
        `ssmbak-stack demo update --param Rehearsal=`, then `ssmbak-stack demo update --param 'Rehearsal=rate(3 days)'`
    rule deleted: problem the rule that has restores rehearsed does not exist any more, though the stack has it
        `ssmbak-stack demo update --param Rehearsal=`, then `ssmbak-stack demo update --param 'Rehearsal=rate(3 days)'`
    function deleted: problem the function that rehearses restores does not exist any more, though the stack has it
        `ssmbak-stack demo update --param Rehearsal=`, then `ssmbak-stack demo update --param 'Rehearsal=rate(3 days)'`
    concurrency 0: warning 0 executions are reserved for its function, which never runs
        `aws lambda delete-function-concurrency --function-name demo-rehearse --region eu-west-1`
    ");
}

#[test]
fn a_replaced_mapping_that_works_is_no_finding() {
    let mut facts = sound();
    of_mapping(&mut facts, |mapping| mapping.is_replacement = true);
    let said = "Enabled; it was made by hand, the stack's own is deleted";
    assert_eq!(find(&facts, "EventSourceMapping"), Finding::ok("EventSourceMapping", said));
}

#[test]
fn what_is_not_known_is_in_no_command() {
    let mut facts = sound();
    facts.queue = Look::Unnamed;
    facts.mapping = gone();
    facts.rule = Look::Seen(rule(true, "{}x", QUEUE_ARN, true));
    facts.bucket.lifecycle = Look::Seen(Lifecycle { noncurrent_days: Some(3), ..Lifecycle::default() });
    if let Look::Seen(stack) = &mut facts.stack {
        stack.parameters = vec![parameter("RetentionDays", "0"), parameter("ExistingBucket", "of-others")];
    }
    let hint = |check| find(&facts, check).hint.unwrap_or_default();
    assert!(hint("EventSourceMapping").starts_with("`ssmbak-stack demo delete`"), "{}", hint("EventSourceMapping"));
    assert!(hint("Rule").starts_with("fix it in EventBridge"), "{}", hint("Rule"));
    assert!(hint("BucketLifecycle").starts_with("somebody changed it"), "{}", hint("BucketLifecycle"));
}

#[test]
fn what_may_not_be_looked_at_names_the_permission_and_stops_nothing_else() {
    let facts = Facts {
        stack: Look::Unseen(denied()),
        template: Look::Unseen(denied()),
        rule: Look::Unseen(denied()),
        sweep_rule: Look::Unseen(denied()),
        concurrency: Look::Unseen(denied()),
        queue: Look::Unseen(denied()),
        dead_letters: Look::Unseen(denied()),
        undelivered_events: Look::Unnamed,
        mapping: Look::Unseen(denied()),
        function: Look::Unseen(denied()),
        role_name: None,
        bucket_name: None,
        bucket: BucketFacts {
            versioning: Look::Unnamed,
            encryption: Look::Unseen(denied()),
            public_access: Look::Unseen(denied()),
            lifecycle: Look::Unseen(denied()),
        },
        sweep: Look::Unseen(denied()),
        replication: None,
        rehearsal: None,
    };
    let findings = examine(&facts, &reference());
    assert_eq!(findings.len(), examine(&sound(), &reference()).len());
    for finding in findings {
        assert_eq!(finding.status, Status::Unknown, "{finding:?}");
        let names_it = ["x:Look", "cloudformation:DescribeStackResources"].iter().any(|p| finding.message.contains(p));
        assert!(names_it, "{finding:?}");
    }
}

#[test]
fn the_function_is_held_against_the_one_at_hand() {
    let code = |own: Option<&'static str>, facts: &Facts| {
        let reference = Reference { own_code: own, ..reference() };
        examine(facts, &reference).into_iter().find(|finding| finding.check == "FunctionCode").unwrap()
    };
    assert_eq!(code(Some(BASE64), &sound()).message, "the one beside this command");
    let other = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(code(Some(other), &sound()).status, Status::Warning);
    // A stack of 0.5.2 names no code.
    let mut old = sound();
    if let Look::Seen(stack) = &mut old.stack {
        stack.parameters.clear();
    }
    assert_eq!(code(None, &old).status, Status::Unknown);
    // A key that is none of ours is nothing to compare with.
    for key in ["x", "ssmbak-lambda/ä.zip", &HEX.replace("00.zip", "zz.zip"), &HEX.replace("00.zip", "ä.zip")] {
        let mut odd = sound();
        if let Look::Seen(stack) = &mut odd.stack {
            stack.parameters = vec![parameter("CodeKey", key)];
        }
        assert_eq!(code(None, &odd).status, Status::Unknown, "{key}");
    }
}

#[test]
fn retention_as_the_stack_has_it_is_well() {
    let mut facts = sound();
    lifecycle(&mut facts, |lifecycle| lifecycle.noncurrent_days = Some(365));
    if let Look::Seen(stack) = &mut facts.stack {
        stack.parameters = vec![parameter("RetentionDays", "365")];
    }
    assert_eq!(find(&facts, "BucketLifecycle"), Finding::ok("BucketLifecycle", "history is kept for 365 days"));
}

fn stack(facts: &mut Facts, status: &str) {
    if let Look::Seen(stack) = &mut facts.stack {
        stack.status = StackStatus::new(status);
    }
}

fn queue(facts: &mut Facts, waiting: u64, has_dead_letters: bool) {
    facts.queue = Look::Seen(QueueState { waiting, has_dead_letters, ..queue_state() });
}

fn mapping(state: &str, last_result: Option<&str>) -> Look<Mapping> {
    Look::Seen(Mapping {
        id: "m".to_owned(),
        is_replacement: false,
        source: QUEUE_ARN.to_owned(),
        reports_failures: true,
        state: state.to_owned(),
        last_result: last_result.map(str::to_owned),
    })
}

fn of_queue(facts: &mut Facts, change: impl FnOnce(&mut QueueState)) {
    let mut queue = queue_state();
    change(&mut queue);
    facts.queue = Look::Seen(queue);
}

fn of_mapping(facts: &mut Facts, change: impl FnOnce(&mut Mapping)) {
    let Look::Seen(mut mapping) = mapping("Enabled", None) else { return };
    change(&mut mapping);
    facts.mapping = Look::Seen(mapping);
}

fn of_function(facts: &mut Facts, change: impl FnOnce(&mut Function)) {
    let mut function = function();
    change(&mut function);
    facts.function = Look::Seen(function);
}

fn lifecycle(facts: &mut Facts, change: impl FnOnce(&mut Lifecycle)) {
    let mut lifecycle = Lifecycle::default();
    change(&mut lifecycle);
    facts.bucket.lifecycle = Look::Seen(lifecycle);
}
