//! From facts to findings. Nothing is asked and nothing is read here, not even the clock.

mod bucket;
mod events;
mod function;
mod stack;

use jiff::Timestamp;

use super::{Facts, Finding, Look};

/// What the facts are held against.
#[derive(Clone, Debug)]
pub struct Reference<'a> {
    /// The stack's name.
    pub name: &'a str,
    /// The region.
    pub region: &'a str,
    /// Now.
    pub now: Timestamp,
    /// SHA-256 in base 64 of the function's package that this command would deploy, where it has one for the stack's
    /// architecture at hand.
    pub own_code: Option<&'a str>,
}

/// What the facts mean, check by check, in the order in which a change travels.
pub fn examine(facts: &Facts, reference: &Reference<'_>) -> Vec<Finding> {
    let mut findings = vec![stack::status(&facts.stack, reference), stack::template(&facts.template, reference)];
    findings.push(events::rule(&facts.rule, &facts.queue, reference));
    findings.push(events::sweep_rule(&facts.sweep_rule, &facts.queue, reference));
    findings.push(events::queue(&facts.queue, reference));
    findings.push(events::mapping(&facts.mapping, reference));
    findings.push(function::state(&facts.function, facts.bucket_name.as_deref(), reference));
    findings.push(function::concurrency(&facts.concurrency, reference));
    findings.push(function::code(&facts.function, &facts.stack, reference));
    findings.push(events::dead_letters(&facts.dead_letters, reference));
    findings.push(events::undelivered_events(&facts.undelivered_events, reference));
    findings.extend(bucket::all(&facts.bucket, &facts.stack, reference));
    findings.push(bucket::sweep(&facts.sweep, reference));
    findings
}

/// What is there, or the finding that it is not.
fn seen<'a, T>(
    look: &'a Look<T>,
    check: &'static str,
    what: &str,
    reference: &Reference<'_>,
) -> Result<&'a T, Finding> {
    let name = reference.name;
    match look {
        Look::Seen(seen) => Ok(seen),
        Look::Gone => Err(Finding::problem(
            check,
            format!("{what} does not exist any more, though the stack has it"),
            format!("put it back, or `ssmbak-stack {name} delete`, which leaves the bucket, and create the stack anew"),
        )),
        Look::NotInStack => Err(Finding::problem(
            check,
            format!("the stack {name} has no such thing: {what}"),
            format!("bring the stack up to date with `ssmbak-stack {name} update`"),
        )),
        Look::Unnamed => Err(Finding::unknown(
            check,
            format!(
                "what it is called could not be found out ({what}): ask for the permission cloudformation:DescribeStackResources"
            ),
        )),
        Look::Unseen(error) => Err(Finding::unknown(check, error.to_string())),
    }
}

/// A time span as people say it, in one unit, rounded down.
fn ago(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} minutes", seconds / 60),
        7_200..172_800 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests;
