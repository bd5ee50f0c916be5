//! The queue, and the two queues of what failed.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Context, ago};
use crate::doctor::{FailureQueue, Finding, Look};

/// More than this is no burst of a few seconds any more.
const MANY: u64 = 1_000;
/// How long the queues of failures keep a message. A dead letter's time runs from when it was sent first.
const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);

pub(super) fn queue(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Queue";
    let queue = match context.seen(&context.facts.queue, CHECK, "the queue", |_| None) {
        Ok(queue) => queue,
        Err(finding) => return finding,
    };
    let message = format!("{} waiting, {} being recorded", queue.waiting, queue.in_flight);
    if !takes_from_rules(&queue.policy) {
        let by_hand = || "fix its policy in SQS: a stack update changes only what its template changes".to_owned();
        let hint = context.set_queue_policy().unwrap_or_else(by_hand);
        return Finding::problem(CHECK, "its policy does not let EventBridge send to it, and no change arrives", hint);
    }
    if !queue.has_dead_letters {
        let update = || format!("`ssmbak-stack {} update` gives it dead letters", context.reference.name);
        let hint = context.set_dead_letters().unwrap_or_else(update);
        Finding::warning(CHECK, format!("{message}; what fails again and again is lost in the end"), hint)
    } else if queue.waiting > MANY {
        let hint =
            "see whether it gets less; CloudWatch's metric ApproximateAgeOfOldestMessage tells for how long they wait";
        Finding::warning(CHECK, message, hint)
    } else {
        Finding::ok(CHECK, message)
    }
}

/// Whether a queue's policy has a statement that lets EventBridge send. Conditions are not looked at.
fn takes_from_rules(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    // A list may be written as its only element.
    let list = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let has = |value: &Value, wanted: &[&str]| {
        let is_wanted = |text: &str| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(text));
        list(value).iter().any(|value| value.as_str().is_some_and(is_wanted))
    };
    list(&policy["Statement"]).iter().any(|statement| {
        let principal = &statement["Principal"];
        statement["Effect"] == "Allow"
            && (has(principal, &["*"])
                || has(&principal["AWS"], &["*"])
                || has(&principal["Service"], &["events.amazonaws.com"]))
            && has(&statement["Action"], &["sqs:SendMessage", "sqs:*", "*"])
    })
}

pub(super) fn dead_letters(context: &Context<'_>) -> Finding {
    let what = "changes that could not be recorded";
    failures("DeadLetters", what, "the function's log says why", &context.facts.dead_letters, context)
}

pub(super) fn undelivered_events(context: &Context<'_>) -> Finding {
    let what = "events that could not be delivered to the queue";
    failures(
        "UndeliveredEvents",
        what,
        "their attribute ERROR_CODE says why",
        &context.facts.undelivered_events,
        context,
    )
}

fn failures(
    check: &'static str,
    what: &str,
    cause: &str,
    failures: &Look<FailureQueue>,
    context: &Context<'_>,
) -> Finding {
    let failures = match context.seen(failures, check, &format!("a queue for {what}"), |_| None) {
        Ok(failures) => failures,
        Err(finding) => return finding,
    };
    let count = failures.state.messages();
    if count == 0 {
        return Finding::ok(check, "none");
    }
    let age = failures.oldest.map_or(String::new(), |oldest| age(oldest, context.reference.now));
    let hint = format!("{cause}; fix that, then `ssmbak-stack {} redrive`", context.reference.name);
    Finding::problem(check, format!("{count} {what}{age}"), hint)
}

fn age(oldest: Timestamp, now: Timestamp) -> String {
    let left = match oldest.checked_add(KEPT) {
        Ok(end) if end > now => format!("kept for {} more", ago(now, end)),
        _ => "about to be lost".to_owned(),
    };
    format!(", one of them of {} ago, {left}", ago(oldest, now))
}
