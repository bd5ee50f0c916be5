//! From facts to findings. Nothing is asked and nothing is read here, not even the clock.

mod backlog;
mod bucket;
mod events;
mod function;
mod queues;
mod rehearsal;
mod repair;
mod replication;
mod stack;

use jiff::Timestamp;

use super::{Facts, FailureQueue, Finding, Look, Rule};
use crate::queue::QueueState;

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
    let context = Context { facts, reference };
    let mut findings = vec![
        stack::status(&context),
        stack::template(&context),
        events::rule(&context),
        events::sweep_rule(&context),
        queues::queue(&context),
        events::mapping(&context),
        function::state(&context),
        function::concurrency(&context),
        function::code(&context),
        queues::dead_letters(&context),
        queues::undelivered_events(&context),
    ];
    findings.extend(bucket::all(&context));
    findings.push(bucket::sweep(&context));
    findings.extend(replication::all(&context));
    findings.extend(rehearsal::all(&context));
    findings
}

/// The facts, and what is known from all of them together.
struct Context<'a> {
    facts: &'a Facts,
    reference: &'a Reference<'a>,
}

impl<'a> Context<'a> {
    /// A parameter of the stack.
    fn parameter(&self, key: &str) -> Option<&'a str> {
        let Look::Seen(stack) = &self.facts.stack else { return None };
        stack.parameters.iter().find(|parameter| parameter.key == key).map(|parameter| parameter.value.as_str())
    }

    fn queue(&self) -> Option<&'a QueueState> {
        match &self.facts.queue {
            Look::Seen(queue) => Some(queue),
            _ => None,
        }
    }

    /// The fields of the queue's ARN, which are those of the whole pipeline.
    fn arn_field(&self, number: usize) -> Option<&'a str> {
        self.queue()?.arn.split(':').nth(number).filter(|field| !field.is_empty())
    }

    fn partition(&self) -> Option<&'a str> {
        self.arn_field(1)
    }

    fn account(&self) -> Option<&'a str> {
        self.arn_field(4)
    }

    fn rule(&self) -> Option<&'a str> {
        name_of(&self.facts.rule)
    }

    fn sweep_rule(&self) -> Option<&'a str> {
        name_of(&self.facts.sweep_rule)
    }

    /// The ARN of the queue for changes that could not be recorded.
    fn dead_letters(&self) -> Option<&'a str> {
        arn_of(&self.facts.dead_letters)
    }

    /// The ARN of the queue for events that could not be delivered.
    fn undelivered_events(&self) -> Option<&'a str> {
        arn_of(&self.facts.undelivered_events)
    }

    fn bucket(&self) -> Option<&'a str> {
        self.facts.bucket_name.as_deref()
    }

    /// What is there, or the finding that it is not. `mended` is the command that brings back what the stack has and is gone.
    fn seen<T>(
        &self,
        look: &'a Look<T>,
        check: &'static str,
        what: &str,
        mended: impl FnOnce(&str) -> Option<String>,
    ) -> Result<&'a T, Finding> {
        let name = self.reference.name;
        match look {
            Look::Seen(seen) => Ok(seen),
            Look::Gone(gone) => Err(Finding::problem(
                check,
                format!("{what} does not exist any more, though the stack has it"),
                mended(gone).unwrap_or_else(|| self.create_again()),
            )),
            Look::NotInStack => Err(Finding::problem(
                check,
                format!("the stack {name} has no such thing: {what}"),
                format!("bring the stack up to date with `ssmbak-stack {name} update`"),
            )),
            Look::Unnamed => Err(Finding::unseen(
                check,
                format!(
                    "what it is called could not be found out ({what}): ask for the permission cloudformation:DescribeStackResources"
                ),
            )),
            Look::Unseen(error) => Err(Finding::unseen(check, error.to_string())),
        }
    }
}

fn name_of(rule: &Look<Rule>) -> Option<&str> {
    match rule {
        Look::Seen(rule) => Some(&rule.name),
        Look::Gone(name) => Some(name),
        _ => None,
    }
}

fn arn_of(queue: &Look<FailureQueue>) -> Option<&str> {
    match queue {
        Look::Seen(queue) => Some(queue.state.arn.as_str()).filter(|arn| !arn.is_empty()),
        _ => None,
    }
}

/// Two commands, one after the other; one alone, where the other is not known.
fn both(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => Some(format!("{first}, then {second}")),
        (first, second) => first.or(second),
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
