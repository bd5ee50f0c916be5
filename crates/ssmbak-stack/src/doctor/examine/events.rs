//! From the rule to the function: events, queues, dead letters.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Reference, ago, seen};
use crate::doctor::{FailureQueue, Finding, Look, Mapping, Rule};
use crate::queue::QueueState;

/// More than this is no burst of a few seconds any more.
const MANY: u64 = 1_000;
/// How long the queues of failures keep a message. A dead letter's time runs from when it was sent first.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

pub(super) fn rule(rule: &Look<Rule>, queue: &Look<QueueState>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "Rule";
    let rule = match seen(rule, CHECK, "the rule that takes events to the queue", reference) {
        Ok(rule) => rule,
        Err(finding) => return finding,
    };
    let update = "fix it in EventBridge: a stack update changes only what its template changes";
    if !rule.enabled {
        let hint = format!(
            "`aws events enable-rule --name {0} --region {1}`, then `ssmbak-all --do-it` for what it missed",
            reference.name, reference.region
        );
        return Finding::problem(CHECK, "it is switched off, and no change is recorded", hint);
    }
    let account = match queue {
        Look::Seen(queue) => account_of(&queue.arn),
        _ => None,
    };
    if !takes_changes(&rule.pattern, reference.region, account) {
        return Finding::problem(CHECK, "it does not take Parameter Store's changes", update);
    }
    let to_queue = match queue {
        Look::Seen(queue) => rule.targets.iter().find(|target| target.arn == queue.arn),
        // Which of them is the queue is not known: any will do.
        _ => rule.targets.first(),
    };
    match to_queue {
        None => Finding::problem(CHECK, "it does not take events to the queue", update),
        Some(target) if !target.keeps_failures => {
            let hint = format!("`ssmbak-stack {} update` gives it a queue for them", reference.name);
            Finding::warning(CHECK, "it is on, but what it cannot deliver is lost", hint)
        }
        Some(_) if !takes_its_own_only(&rule.pattern) => {
            let hint = format!("`ssmbak-stack {} update` makes it take its own alone", reference.name);
            Finding::warning(CHECK, "it is on, and takes events of other accounts and regions as well", hint)
        }
        Some(_) => Finding::ok(CHECK, "it is on and takes changes to the queue"),
    }
}

pub(super) fn sweep_rule(rule: &Look<Rule>, queue: &Look<QueueState>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "SweepRule";
    let rule = match seen(rule, CHECK, "the rule that makes the function sweep", reference) {
        Ok(rule) => rule,
        Err(finding) => return finding,
    };
    let (name, region) = (&rule.name, reference.region);
    if !rule.enabled {
        let hint = format!("`aws events enable-rule --name {name} --region {region}`");
        return Finding::warning(CHECK, "it is switched off, and lost events are not made up for", hint);
    }
    let arn = match queue {
        Look::Seen(queue) => queue.arn.as_str(),
        // Which target is the queue is not known: any will do.
        _ => rule.targets.first().map_or("", |target| target.arn.as_str()),
    };
    if rule.targets.iter().any(|target| target.arn == arn) {
        return Finding::ok(CHECK, "it is on and makes the function sweep");
    }
    let hint = format!(
        r#"`aws events put-targets --rule {name} --region {region} --targets '[{{"Id":"sweep","Arn":"{arn}","Input":"{{\"ssmbak\":\"sweep\"}}"}}]'`"#
    );
    Finding::warning(CHECK, "it does not send to the queue, and lost events are not made up for", hint)
}

/// Whether a pattern lets changes through, as far as it is of the kind that ssmbak writes.
fn takes_changes(pattern: &str, region: &str, account: Option<&str>) -> bool {
    let pattern: Value = serde_json::from_str(pattern).unwrap_or_default();
    let names = |key: &str, value: &str| match pattern.get(key) {
        None => true,
        Some(values) => values.as_array().is_some_and(|values| values.iter().any(|known| known == value)),
    };
    pattern.is_object()
        && names("source", "aws.ssm")
        && names("detail-type", "Parameter Store Change")
        && names("region", region)
        && account.is_none_or(|account| names("account", account))
}

/// Whether a pattern keeps out events of other accounts and regions that are forwarded to the bus.
fn takes_its_own_only(pattern: &str) -> bool {
    let pattern: Value = serde_json::from_str(pattern).unwrap_or_default();
    ["account", "region"].iter().all(|field| pattern.get(field).is_some())
}

/// The account of a queue's ARN.
fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

pub(super) fn queue(queue: &Look<QueueState>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "Queue";
    let queue = match seen(queue, CHECK, "the queue", reference) {
        Ok(queue) => queue,
        Err(finding) => return finding,
    };
    let message = format!("{} waiting, {} being recorded", queue.waiting, queue.in_flight);
    if !queue.has_dead_letters {
        let hint = format!("`ssmbak-stack {} update` gives it dead letters", reference.name);
        Finding::warning(CHECK, format!("{message}; what fails again and again is lost in the end"), hint)
    } else if queue.waiting > MANY {
        let hint =
            "see whether it gets less; CloudWatch's metric ApproximateAgeOfOldestMessage tells for how long they wait";
        Finding::warning(CHECK, message, hint)
    } else {
        Finding::ok(CHECK, message)
    }
}

pub(super) fn mapping(mapping: &Look<Mapping>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "EventSourceMapping";
    let mapping = match seen(mapping, CHECK, "what takes messages to the function", reference) {
        Ok(mapping) => mapping,
        Err(finding) => return finding,
    };
    let state = &mapping.state;
    match state.as_str() {
        "Enabled" => {}
        "Creating" | "Enabling" | "Updating" => {
            return Finding::warning(CHECK, format!("{state}: not yet at work"), "look again in a minute");
        }
        _ => {
            let hint = format!(
                "`aws lambda update-event-source-mapping --enabled --uuid {} --region {}`; changes wait in the queue for up \
                 to 14 days",
                mapping.id, reference.region
            );
            return Finding::problem(CHECK, format!("{state}: nothing takes changes from the queue"), hint);
        }
    }
    match mapping.last_result.as_deref() {
        // Lambda says OK, No records processed, or PROBLEM: …
        Some(result) if result.starts_with("PROBLEM") => {
            let result = result.split_whitespace().collect::<Vec<_>>().join(" ");
            Finding::warning(CHECK, format!("Enabled; last result: {result}"), "look at the function's log")
        }
        _ => Finding::ok(CHECK, "Enabled"),
    }
}

pub(super) fn dead_letters(letters: &Look<FailureQueue>, reference: &Reference<'_>) -> Finding {
    let what = "changes that could not be recorded";
    failures("DeadLetters", what, "the function's log says why", letters, reference)
}

pub(super) fn undelivered_events(events: &Look<FailureQueue>, reference: &Reference<'_>) -> Finding {
    let what = "events that could not be delivered to the queue";
    failures("UndeliveredEvents", what, "their attribute ERROR_CODE says why", events, reference)
}

fn failures(
    check: &'static str,
    what: &str,
    cause: &str,
    failures: &Look<FailureQueue>,
    reference: &Reference<'_>,
) -> Finding {
    let failures = match seen(failures, check, &format!("a queue for {what}"), reference) {
        Ok(failures) => failures,
        Err(finding) => return finding,
    };
    let count = failures.state.messages();
    if count == 0 {
        return Finding::ok(check, "none");
    }
    let age = failures.oldest.map_or(String::new(), |oldest| age(oldest, reference.now));
    let hint = format!("{cause}; fix that, then `ssmbak-stack {} redrive`", reference.name);
    Finding::problem(check, format!("{count} {what}{age}"), hint)
}

fn age(oldest: Timestamp, now: Timestamp) -> String {
    let left = match oldest.checked_add(KEPT) {
        Ok(end) if end > now => format!("kept for {} more", ago(now, end)),
        _ => "about to be lost".to_owned(),
    };
    format!(", one of them of {} ago, {left}", ago(oldest, now))
}
