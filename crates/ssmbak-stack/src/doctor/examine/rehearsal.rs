//! What rehearses restores: whether it is invoked and may run. How the rehearsals went is told by their alarms.

use super::Context;
use crate::doctor::{Finding, RehearsalFacts};

const CHECK: &str = "Rehearsal";

pub(super) fn finding(context: &Context<'_>) -> Option<Finding> {
    context.facts.rehearsal.as_ref().map(|facts| examine(context, facts).unwrap_or_else(|found| found))
}

fn examine(context: &Context<'_>, facts: &RehearsalFacts) -> Result<Finding, Finding> {
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
