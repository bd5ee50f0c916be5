//! What CloudWatch's metrics mean.

use super::replication::{good_rule, good_vault, replica, replicating};
use super::*;

fn points(values: &[(&str, f64)]) -> Vec<Point> {
    values.iter().map(|(time, value)| Point { time: time.parse().unwrap(), value: *value }).collect()
}

fn told(finding: &Finding) -> String {
    let hint = finding.hint.as_ref().map_or(String::new(), |hint| format!("\n    {hint}"));
    format!("{} {}{hint}", finding.status.as_str(), finding.message)
}

fn replication(change: impl FnOnce(&mut ReplicationFacts)) -> Facts {
    let mut facts = replicating(Some(good_rule()), good_vault(), replica("COMPLETED", "2026-11-22T03:00:00Z"));
    change(facts.replication.as_mut().unwrap());
    facts
}

#[test]
fn failed_replication_is_a_problem_for_a_day_and_a_warning_for_a_week() {
    let told = |failures: Look<Vec<Point>>| {
        told(&find(&replication(|replication| replication.failures = failures), "ReplicationFailures"))
    };
    let seen = |values| told(Look::Seen(points(values)));
    assert_eq!(
        seen(&[("2026-11-20T03:00:00Z", 0.0), ("2026-11-22T03:00:00Z", 0.0)]),
        "ok no operation failed in the last 7 days"
    );
    let failed = seen(&[("2026-11-20T03:00:00Z", 4.0), ("2026-11-22T03:00:00Z", 1.0)]);
    assert_eq!(failed.lines().next(), Some("problem 1 operation failed in the last 24 hours"));
    assert!(failed.contains("s3control create-job") && failed.contains("demo-ReplicationRole-1"), "{failed}");
    let older = seen(&[("2026-11-20T03:00:00Z", 4.0), ("2026-11-22T03:00:00Z", 0.0)]);
    assert_eq!(older.lines().next(), Some("warning 4 operations failed in the last 7 days, none in the last 24 hours"));
    assert!(older.contains("s3control create-job"), "{older}");
    insta::assert_snapshot!(seen(&[]), @"unknown S3 reported nothing about failed replication in the last 7 days, so failures may have gone unseen");
    insta::assert_snapshot!(told(Look::Unseen(denied())), @"unknown not allowed to look at it: ask for the permission x:Look");
}

#[test]
fn what_waits_for_hours_is_a_warning_and_silence_is_no_health() {
    let told = |operations: &[(&str, f64)], bytes: &[(&str, f64)]| {
        let backlog = Backlog { operations: points(operations), bytes: points(bytes) };
        told(&find(&replication(|replication| replication.backlog = Look::Seen(backlog)), "ReplicationBacklog"))
    };
    let times = [9, 10, 11].into_iter().flat_map(|hour| {
        let quarter = move |minute| format!("2026-11-22T{hour:02}:{minute:02}:00Z");
        [0, 15, 30, 45].map(quarter)
    });
    let times: Vec<String> = times.collect();
    let nine = times[0].as_str();
    let noon = times[11].as_str();
    // In each quarter from nine o'clock to noon, but for those whose numbers are given another value.
    let always = |value: f64, others: &[(usize, f64)]| -> Vec<(&str, f64)> {
        let mut all: Vec<_> = times.iter().map(|time| (time.as_str(), value)).collect();
        others.iter().for_each(|(number, value)| all[*number].1 = *value);
        all
    };
    assert_eq!(told(&always(3.0, &[(11, 0.0)]), &[(nine, 9.0), (noon, 0.0)]), "ok nothing is pending");
    let answers = [
        ("always", told(&always(2.0, &[]), &[(noon, 512.0)])),
        ("bytes alone", told(&[], &always(7.0, &[]))),
        ("nothing for a moment", told(&always(3.0, &[(8, 0.0)]), &[])),
        ("a break without a report", told(&[&always(3.0, &[])[..6], &always(3.0, &[])[9..]].concat(), &[])),
        ("of late", told(&always(1.0, &[])[8..], &[])),
        ("nothing any more", told(&[(nine, 0.0)], &[])),
        ("silent since", told(&[(nine, 3.0)], &[])),
        ("silent", told(&[], &[])),
    ];
    insta::assert_snapshot!(answers.map(|(what, told)| format!("{what}: {told}")).join("\n"), @r"
    always: warning 2 operations (512 bytes) pending, and there was always something for 3 hours
        S3 still tries: see that the vault's policy and key let the role arn:aws:iam::111122223333:role/ssmbak-replication/eu-west-1/demo-ReplicationRole-1 in, and whether AWS Health reports an event of S3
    bytes alone: warning 0 operations (7 bytes) pending, and there was always something for 3 hours
        S3 still tries: see that the vault's policy and key let the role arn:aws:iam::111122223333:role/ssmbak-replication/eu-west-1/demo-ReplicationRole-1 in, and whether AWS Health reports an event of S3
    nothing for a moment: ok 3 operations (0 bytes) on the way
    a break without a report: ok 3 operations (0 bytes) on the way
    of late: ok 1 operation (0 bytes) on the way
    nothing any more: ok nothing was pending at S3's last report, 3 hours ago
    silent since: unknown S3's last report, 3 hours ago, had 3 operations (0 bytes) pending
    silent: unknown S3 reported nothing about pending replication in the last 24 hours, so something may be pending
    ");
    let denied = replication(|replication| replication.backlog = Look::Unseen(denied()));
    assert_eq!(find(&denied, "ReplicationBacklog").status, Status::Unknown);
}

fn rehearsing(schedule: &str, rule_changed: Option<&str>, runs: Look<Runs>) -> Finding {
    let rehearsal = RehearsalFacts {
        schedule: schedule.to_owned(),
        rule: Look::Seen(rule(true, "", "arn:aws:lambda:eu-west-1:1:function:demo-rehearse", false)),
        concurrency: Look::Seen(None),
        function: Some("demo-rehearse".to_owned()),
        rule_changed: rule_changed.map(|time| time.parse().unwrap()),
        runs,
    };
    find(&Facts { rehearsal: Some(rehearsal), ..sound() }, "LastRehearsal")
}

#[test]
fn last_rehearsal_is_told_with_its_end_and_its_lack() {
    let ran = |invocations: &[(&str, f64)], errors: &[(&str, f64)]| Runs {
        invocations: points(invocations),
        errors: points(errors),
        ..Runs::default()
    };
    let (old, late, good) = ("2026-11-18T09:00:00Z", "2026-11-21T09:00:00Z", "2026-11-22T09:00:00Z");
    let counted = |errors, failed| Runs {
        restored: points(&[(late, 9.0), ("2026-11-22T09:05:00Z", 48.0)]),
        failed: points(&[(late, 0.0), ("2026-11-22T09:05:00Z", failed)]),
        ..ran(&[(late, 1.0), (good, 1.0)], errors)
    };
    let table = [
        ("well", "rate(12 hours)", None, ran(&[(late, 1.0), (good, 1.0)], &[(late, 1.0), (good, 0.0)])),
        ("well, with metrics", "rate(1 day)", None, counted(&[(good, 0.0)], 0.0)),
        ("failed", "rate(1 day)", None, ran(&[(late, 1.0), (good, 1.0)], &[(late, 0.0), (good, 1.0)])),
        ("failed, with metrics", "rate(1 day)", None, counted(&[(good, 1.0)], 2.0)),
        ("late", "rate(12 hours)", None, ran(&[(late, 1.0)], &[])),
        ("in time", "rate(2 days)", None, ran(&[(late, 1.0)], &[])),
        ("cron", "cron(0 3 ? * SUN *)", None, ran(&[(old, 1.0)], &[(old, 0.0)])),
        ("never", "cron(0 3 ? * SUN *)", Some("2026-11-01T09:00:00Z"), ran(&[], &[])),
        ("never, of unknown age", "rate(1 day)", None, ran(&[], &[])),
        ("not yet", "rate(1 day)", Some(good), ran(&[], &[])),
    ];
    let answers = table.map(|(what, schedule, changed, runs)| {
        format!("{what}: {}", told(&rehearsing(schedule, changed, Look::Seen(runs))))
    });
    insta::assert_snapshot!(answers.join("\n"), @r#"
    well: ok the last one succeeded 3 hours ago
    well, with metrics: ok the last one succeeded 3 hours ago: 48 restored, 0 failed
    failed: problem the last one failed 3 hours ago
        the function's log says why: `aws logs filter-log-events --log-group-name /aws/lambda/demo --start-time 1795338000000 --filter-pattern '{ $.outcome = "failed" }' --region eu-west-1`
    failed, with metrics: problem the last one failed 3 hours ago: 48 restored, 2 failed
        the function's log says why: `aws logs filter-log-events --log-group-name /aws/lambda/demo --start-time 1795338000000 --filter-pattern '{ $.outcome = "failed" }' --region eu-west-1`
    late: warning the last one was 27 hours ago, and it should be rate(12 hours)
        mend what the check Rehearsal finds; if that is ok, make it anew: `ssmbak-stack demo update --param Rehearsal=`, then `ssmbak-stack demo update --param 'Rehearsal=rate(12 hours)'`
    in time: ok the last one succeeded 27 hours ago
    cron: ok the last one succeeded 4 days ago
    never: warning no restore was rehearsed in the last 7 days, and it should be cron(0 3 ? * SUN *)
        mend what the check Rehearsal finds; if that is ok, make it anew: `ssmbak-stack demo update --param Rehearsal=`, then `ssmbak-stack demo update --param 'Rehearsal=cron(0 3 ? * SUN *)'`
    never, of unknown age: warning no restore was rehearsed in the last 7 days, and it should be rate(1 day)
        mend what the check Rehearsal finds; if that is ok, make it anew: `ssmbak-stack demo update --param Rehearsal=`, then `ssmbak-stack demo update --param 'Rehearsal=rate(1 day)'`
    not yet: unknown none yet: its rule, rate(1 day), was deployed 3 hours ago
    "#);
    insta::assert_snapshot!(told(&rehearsing("rate(1 day)", None, Look::Unseen(denied()))), @"unknown not allowed to look at it: ask for the permission x:Look");
}
