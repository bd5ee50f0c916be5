//! From the rules to the function: events, and what takes them out of the queue.

use serde_json::Value;

use super::{Context, both};
use crate::doctor::{Finding, Rule};

/// What records the changes that a pipeline missed while it stood still.
const CATCH_UP: &str = "then `ssmbak-all --do-it` for what it missed";

pub(super) fn rule(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Rule";
    let again = |name: &str| both(context.put_event_rule(name), context.put_event_target(name));
    let rule = match context.seen(&context.facts.rule, CHECK, "the rule that takes events to the queue", again) {
        Ok(rule) => rule,
        Err(finding) => return finding,
    };
    let name = &rule.name;
    let by_hand = || "fix it in EventBridge: a stack update changes only what its template changes".to_owned();
    let mended = |command: Option<String>| command.map_or_else(by_hand, |command| format!("{command}, {CATCH_UP}"));
    if !rule.enabled {
        let hint = mended(Some(context.enable_rule(name)));
        return Finding::problem(CHECK, "it is switched off, and no change is recorded", hint);
    }
    if !takes_changes(&rule.pattern, context.reference.region, context.account()) {
        let hint = mended(context.put_event_rule(name));
        return Finding::problem(CHECK, "it does not take Parameter Store's changes", hint);
    }
    match to_queue(rule, context) {
        None => {
            let hint = mended(context.put_event_target(name));
            Finding::problem(CHECK, "it does not take events to the queue", hint)
        }
        Some(keeps_failures) if !keeps_failures => {
            let update = || format!("`ssmbak-stack {} update` gives it a queue for them", context.reference.name);
            let put = context.undelivered_events().and_then(|_| context.put_event_target(name));
            Finding::warning(CHECK, "it is on, but what it cannot deliver is lost", put.unwrap_or_else(update))
        }
        Some(_) if !takes_its_own_only(&rule.pattern) => {
            let hint = context.put_event_rule(name).unwrap_or_else(by_hand);
            Finding::warning(CHECK, "it is on, and takes events of other accounts and regions as well", hint)
        }
        Some(_) => Finding::ok(CHECK, "it is on and takes changes to the queue"),
    }
}

/// Whether the target that is the queue keeps what cannot be delivered; `None`: no target is the queue.
fn to_queue(rule: &Rule, context: &Context<'_>) -> Option<bool> {
    let target = match context.queue() {
        Some(queue) => rule.targets.iter().find(|target| target.arn == queue.arn),
        // Which of them is the queue is not known: any will do.
        None => rule.targets.first(),
    };
    target.map(|target| target.keeps_failures)
}

pub(super) fn sweep_rule(context: &Context<'_>) -> Finding {
    const CHECK: &str = "SweepRule";
    let again = |name: &str| both(Some(context.put_sweep_rule(name)), context.put_sweep_target(name));
    let rule = match context.seen(&context.facts.sweep_rule, CHECK, "the rule that makes the function sweep", again) {
        Ok(rule) => rule,
        Err(finding) => return finding,
    };
    if !rule.enabled {
        let hint = context.enable_rule(&rule.name);
        return Finding::warning(CHECK, "it is switched off, and lost events are not made up for", hint);
    }
    if to_queue(rule, context).is_some() {
        return Finding::ok(CHECK, "it is on and makes the function sweep");
    }
    let hint = context.put_sweep_target(&rule.name).unwrap_or_else(|| context.create_again());
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

pub(super) fn mapping(context: &Context<'_>) -> Finding {
    const CHECK: &str = "EventSourceMapping";
    let again = |_: &str| context.create_mapping();
    let mapping = match context.seen(&context.facts.mapping, CHECK, "what takes messages to the function", again) {
        Ok(mapping) => mapping,
        Err(finding) => return finding,
    };
    if let Some(queue) = context.queue().filter(|queue| !mapping.source.is_empty() && mapping.source != queue.arn) {
        let message = format!("the function takes messages from {}, not from {}", mapping.source, queue.arn);
        return Finding::problem(CHECK, message, context.create_mapping().unwrap_or_default());
    }
    let state = &mapping.state;
    match state.as_str() {
        "Enabled" => {}
        "Creating" | "Enabling" | "Updating" => {
            return Finding::warning(CHECK, format!("{state}: not yet at work"), "look again in a minute");
        }
        _ => {
            let hint = format!("{}; changes wait in the queue for up to 14 days", context.enable_mapping(&mapping.id));
            return Finding::problem(CHECK, format!("{state}: nothing takes changes from the queue"), hint);
        }
    }
    if !mapping.reports_failures {
        let message = "Enabled, but changes that the function fails to record are not tried again";
        return Finding::problem(CHECK, message, context.report_failures(&mapping.id));
    }
    match mapping.last_result.as_deref() {
        // Lambda says OK, No records processed, or PROBLEM: …
        Some(result) if result.starts_with("PROBLEM") => {
            let result = result.split_whitespace().collect::<Vec<_>>().join(" ");
            Finding::warning(CHECK, format!("Enabled; last result: {result}"), "look at the function's log")
        }
        _ if mapping.is_replacement => Finding::ok(CHECK, "Enabled; it was made by hand, the stack's own is deleted"),
        _ => Finding::ok(CHECK, "Enabled"),
    }
}
