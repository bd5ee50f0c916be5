//! What rehearses restores: whether it is invoked and may run, when it did so last, and how that ended.

use jiff::{SignedDuration, Timestamp};

use super::{Context, ago};
use crate::doctor::{Finding, Look, Point, RehearsalFacts, Runs};

/// As far back as the facts go, and as the alarm `RehearsalMissing` looks.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Metrics come late, and so may EventBridge.
const MARGIN: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn all(context: &Context<'_>) -> Vec<Finding> {
    let Some(facts) = &context.facts.rehearsal else { return Vec::new() };
    [can_run(context, facts), last(context, facts)].map(|found| found.unwrap_or_else(|found| found)).into()
}

fn can_run(context: &Context<'_>, facts: &RehearsalFacts) -> Result<Finding, Finding> {
    const CHECK: &str = "Rehearsal";
    let warning = |message: &str, hint| Err(Finding::warning(CHECK, message, hint));
    let anew = || context.make_rehearsal_anew(&facts.schedule);
    let rule = context.seen(&facts.rule, CHECK, "the rule that has restores rehearsed", |_| Some(anew()))?;
    let reserved = context.seen(&facts.concurrency, CHECK, "the function that rehearses restores", |_| Some(anew()))?;
    if !rule.enabled {
        return warning("its rule is disabled: no restore is rehearsed", context.enable_rule(&rule.name));
    }
    let name = facts.function.as_deref().unwrap_or_default();
    if !rule.targets.iter().any(|target| target.arn.ends_with(&format!(":{name}"))) {
        return warning("its rule does not invoke the function: no restore is rehearsed", anew());
    }
    if *reserved == Some(0) {
        let hint = context.free_concurrency_of(name);
        return warning("0 executions are reserved for its function, which never runs", hint);
    }
    Ok(Finding::ok(CHECK, format!("it is on, {}", facts.schedule)))
}

fn last(context: &Context<'_>, facts: &RehearsalFacts) -> Result<Finding, Finding> {
    const CHECK: &str = "LastRehearsal";
    let anew = || context.make_rehearsal_anew(&facts.schedule);
    let runs = context.seen(&facts.runs, CHECK, "the function that rehearses restores", |_| Some(anew()))?;
    let (schedule, now) = (&facts.schedule, context.reference.now);
    let longest = period(schedule).map_or(WEEK, |period| (period + MARGIN).min(WEEK));
    let late = |message| {
        let hint = format!("mend what the check Rehearsal finds; if that is ok, make it anew: {}", anew());
        Ok(Finding::warning(CHECK, message, hint))
    };
    let Some(time) = latest(&runs.invocations) else {
        if let Some(changed) = facts.rule_changed.filter(|changed| now.duration_since(*changed) <= longest) {
            let message = format!("none yet: its rule, {schedule}, was deployed {} ago", ago(changed, now));
            return Ok(Finding::unknown(CHECK, message));
        }
        return late(format!("no restore was rehearsed in the last 7 days, and it should be {schedule}"));
    };
    let (age, counts) = (ago(time, now), counts(runs, time));
    if runs.errors.iter().any(|point| point.time == time && point.value > 0.0) {
        let hint = format!("the function's log says why: {}", log_command(context, time));
        return Ok(Finding::problem(CHECK, format!("the last one failed {age} ago{counts}"), hint));
    }
    if now.duration_since(time) > longest {
        return late(format!("the last one was {age} ago, and it should be {schedule}"));
    }
    Ok(Finding::ok(CHECK, format!("the last one succeeded {age} ago{counts}")))
}

/// The last time with a value.
fn latest(points: &[Point]) -> Option<Timestamp> {
    points.iter().filter(|point| point.value > 0.0).map(|point| point.time).max()
}

/// What the function itself says about its last run: it does so at its end, which may be in a later period.
fn counts(runs: &Runs, since: Timestamp) -> String {
    let of = |points: &[Point]| points.iter().rfind(|point| point.time >= since).map(|point| point.value);
    match (of(&runs.restored), of(&runs.failed)) {
        (Some(restored), Some(failed)) => format!(": {restored} restored, {failed} failed"),
        _ => String::new(),
    }
}

/// The time between two rehearsals; none for `cron(…)`.
fn period(schedule: &str) -> Option<SignedDuration> {
    let (number, unit) = schedule.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let hours = match unit.trim_end_matches('s') {
        "hour" => 1,
        "day" => 24,
        _ => return None,
    };
    Some(SignedDuration::from_hours(number.parse::<i64>().ok()?.checked_mul(hours)?))
}

/// Both functions write into one log group.
fn log_command(context: &Context<'_>, since: Timestamp) -> String {
    let group = match &context.facts.function {
        Look::Seen(function) => function.log_group.clone(),
        _ => None,
    };
    let group = group.unwrap_or_else(|| format!("/aws/lambda/{}", context.reference.name));
    let (region, start) = (context.reference.region, since.as_millisecond());
    format!(
        "`aws logs filter-log-events --log-group-name {group} --start-time {start} --filter-pattern \
         '{{ $.outcome = \"failed\" }}' --region {region}`"
    )
}
