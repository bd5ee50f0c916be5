//! Each defect, and the check that finds it.

use super::*;

#[test]
fn each_defect_is_found_by_its_check() {
    type Break = fn(&mut Facts);
    let table: &[(Break, &str, Status, &str)] = &[
        (|f| stack(f, "UPDATE_ROLLBACK_COMPLETE"), "Stack", Status::Warning, "UPDATE_ROLLBACK_COMPLETE"),
        (|f| stack(f, "UPDATE_IN_PROGRESS"), "Stack", Status::Warning, "UPDATE_IN_PROGRESS"),
        (|f| stack(f, "DELETE_IN_PROGRESS"), "Stack", Status::Problem, "DELETE_IN_PROGRESS"),
        (|f| stack(f, "UPDATE_ROLLBACK_FAILED"), "Stack", Status::Problem, "UPDATE_ROLLBACK_FAILED"),
        (|f| stack(f, "ROLLBACK_COMPLETE"), "Stack", Status::Problem, "ROLLBACK_COMPLETE"),
        (|f| f.template = Look::Seen("Resources: {}".to_owned()), "Template", Status::Warning, "another version"),
        (|f| f.rule = Look::Seen(rule(false, PATTERN, QUEUE_ARN, true)), "Rule", Status::Problem, "switched off"),
        (|f| f.rule = Look::Seen(rule(true, PATTERN, "arn:other", true)), "Rule", Status::Problem, "to the queue"),
        (|f| f.rule = Look::Seen(rule(true, PATTERN, QUEUE_ARN, false)), "Rule", Status::Warning, "lost"),
        (
            |f| f.rule = Look::Seen(rule(true, r#"{"source":["aws.ec2"]}"#, QUEUE_ARN, true)),
            "Rule",
            Status::Problem,
            "does not take",
        ),
        (
            |f| f.rule = Look::Seen(rule(true, OLD_PATTERN, QUEUE_ARN, true)),
            "Rule",
            Status::Warning,
            "events of other accounts and regions",
        ),
        (
            |f| f.rule = Look::Seen(rule(true, &PATTERN.replace("eu-west-1", "eu-west-2"), QUEUE_ARN, true)),
            "Rule",
            Status::Problem,
            "does not take",
        ),
        (
            |f| f.rule = Look::Seen(rule(true, &PATTERN.replace("\"1\"", "\"2\""), QUEUE_ARN, true)),
            "Rule",
            Status::Problem,
            "does not take",
        ),
        (|f| f.rule = Look::Seen(rule(true, "größe", QUEUE_ARN, true)), "Rule", Status::Problem, "does not take"),
        (
            |f| f.rule = Look::Seen(Rule { targets: Vec::new(), ..rule(true, PATTERN, "", true) }),
            "Rule",
            Status::Problem,
            "to the queue",
        ),
        (|f| f.sweep_rule = Look::Seen(rule(false, "", QUEUE_ARN, true)), "SweepRule", Status::Warning, "switched off"),
        (
            |f| f.sweep_rule = Look::Seen(rule(true, "", "arn:other", true)),
            "SweepRule",
            Status::Warning,
            "does not send to the queue",
        ),
        (|f| f.sweep_rule = gone(), "SweepRule", Status::Problem, "does not exist any more"),
        (|f| f.concurrency = Look::Seen(Some(0)), "Concurrency", Status::Problem, "never runs"),
        (|f| f.rule = gone(), "Rule", Status::Problem, "does not exist any more"),
        (|f| queue(f, 1_001, true), "Queue", Status::Warning, "1001 waiting"),
        (|f| queue(f, 0, false), "Queue", Status::Warning, "lost in the end"),
        (|f| f.mapping = mapping("Disabled", None), "EventSourceMapping", Status::Problem, "nothing takes changes"),
        (|f| f.mapping = mapping("Enabling", None), "EventSourceMapping", Status::Warning, "not yet"),
        (
            |f| f.mapping = mapping("Enabled", Some("PROBLEM: Function call failed")),
            "EventSourceMapping",
            Status::Warning,
            "PROBLEM: Function call failed",
        ),
        (|f| of_function(f, |f| f.state = "Failed".to_owned()), "Function", Status::Problem, "Failed"),
        (|f| of_function(f, |f| f.state = "Pending".to_owned()), "Function", Status::Warning, "Pending"),
        (
            |f| of_function(f, |f| f.last_update = "Failed".to_owned()),
            "Function",
            Status::Problem,
            "last update failed",
        ),
        (|f| of_function(f, |f| f.runtime = "python3.9".to_owned()), "Function", Status::Warning, "python3.9"),
        (|f| of_function(f, |f| f.bucket = Some("other".to_owned())), "Function", Status::Problem, "names `other`"),
        (|f| of_function(f, |f| f.bucket = None), "Function", Status::Problem, "names no bucket"),
        (|f| of_function(f, |f| f.role = "arn:aws:iam::1:role/x".to_owned()), "Function", Status::Warning, "role/x"),
        (|f| of_queue(f, |q| q.policy.clear()), "Queue", Status::Problem, "no change arrives"),
        (
            |f| of_queue(f, |q| q.policy = POLICY.replace("Allow", "Deny")),
            "Queue",
            Status::Problem,
            "no change arrives",
        ),
        (|f| f.mapping = gone(), "EventSourceMapping", Status::Problem, "does not exist any more"),
        (
            |f| of_mapping(f, |m| m.source = "arn:other".to_owned()),
            "EventSourceMapping",
            Status::Problem,
            "takes messages from arn:other",
        ),
        (
            |f| of_mapping(f, |m| m.reports_failures = false),
            "EventSourceMapping",
            Status::Problem,
            "are not tried again",
        ),
        (|f| f.function = Look::NotInStack, "Function", Status::Problem, "no such thing"),
        (
            |f| of_function(f, |f| f.code_sha256 = BASE64.replacen('A', "B", 1)),
            "FunctionCode",
            Status::Problem,
            "not the code",
        ),
        (
            |f| f.dead_letters = Look::Seen(failures(2, "2026-11-20T12:00:00Z")),
            "DeadLetters",
            Status::Problem,
            "2 changes that could not be recorded, one of them of 2 days ago, kept for 12 days more",
        ),
        (
            |f| f.dead_letters = Look::Seen(failures(2, "2026-10-20T12:00:00Z")),
            "DeadLetters",
            Status::Problem,
            "about to be lost",
        ),
        (|f| f.dead_letters = Look::NotInStack, "DeadLetters", Status::Problem, "no such thing"),
        (|f| f.undelivered_events = Look::Seen(failures(1, "")), "UndeliveredEvents", Status::Problem, "1 events"),
        (|f| f.bucket.versioning = Look::Seen(None), "BucketVersioning", Status::Problem, "off"),
        (
            |f| f.bucket.versioning = Look::Seen(Some("Suspended".to_owned())),
            "BucketVersioning",
            Status::Problem,
            "Suspended",
        ),
        (|f| f.bucket.versioning = gone(), "BucketVersioning", Status::Problem, "does not exist any more"),
        (|f| f.bucket.encryption = Look::Seen(None), "BucketEncryption", Status::Warning, "no encryption"),
        (|f| f.bucket.public_access = Look::Seen(None), "BucketPublicAccess", Status::Problem, "not blocked"),
        (
            |f| f.bucket.public_access = Look::Seen(Some(PublicAccess { closed: false })),
            "BucketPublicAccess",
            Status::Problem,
            "not blocked",
        ),
        (|f| lifecycle(f, |l| l.expire_current.push("old".to_owned())), "BucketLifecycle", Status::Problem, "rule old"),
        (|f| lifecycle(f, |l| l.archive.push("cold".to_owned())), "BucketLifecycle", Status::Warning, "rule cold"),
        (|f| lifecycle(f, |l| l.noncurrent_days = Some(30)), "BucketLifecycle", Status::Warning, "RetentionDays is 0"),
        (|f| f.sweep = Look::Seen(None), "Sweep", Status::Warning, "none"),
        (|f| f.sweep = Look::Seen(Some("größe".to_owned())), "Sweep", Status::Warning, "cannot be read"),
        (|f| f.sweep = Look::Seen(Some(String::new())), "Sweep", Status::Warning, "cannot be read"),
        (
            |f| f.sweep = Look::Seen(Some(sweep("2026-11-22T03:00:00Z", 0).replace(":1,", ":2,"))),
            "Sweep",
            Status::Warning,
            "another version",
        ),
        (|f| f.sweep = Look::Seen(Some(sweep("2026-11-20T03:00:00Z", 0))), "Sweep", Status::Warning, "every day"),
        (|f| f.sweep = Look::Seen(Some(sweep("2026-11-22T03:00:00Z", 4))), "Sweep", Status::Warning, "4 names"),
        (
            |f| f.sweep = Look::Seen(Some(failed_at(&["/app/a", "/app/b", "\u{1b}[2J"]))),
            "Sweep",
            Status::Warning,
            "3 names could not be brought up to date: /app/a, /app/b, …",
        ),
    ];
    for (number, (break_it, check, status, says)) in table.iter().enumerate() {
        let mut facts = sound();
        break_it(&mut facts);
        let finding = find(&facts, check);
        assert_eq!(finding.status, *status, "{number}: {finding:?}");
        assert!(finding.message.contains(says), "{number}: {finding:?}");
        assert!(finding.hint.is_some_and(|hint| !hint.is_empty()), "{number}: it says what to do");
        let others = examine(&facts, &reference()).into_iter().filter(|other| other.check != *check);
        // A function that does not exist has no code either.
        let others: Vec<_> =
            others.filter(|other| other.status != Status::Ok && other.check != "FunctionCode").collect();
        assert!(others.is_empty(), "{number}: {others:?}");
    }
}
