//! The stack and its template.

use super::Context;
use crate::doctor::Finding;
use crate::template::TEMPLATE;

pub(super) fn status(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Stack";
    let stack = match context.seen(&context.facts.stack, CHECK, "the stack", |_| None) {
        Ok(stack) => stack,
        Err(finding) => return finding,
    };
    let reference = context.reference;
    let (status, name) = (&stack.status, reference.name);
    let message = match &stack.reason {
        Some(reason) => format!("{status}: {}", reason.split_whitespace().collect::<Vec<_>>().join(" ")),
        None => status.to_string(),
    };
    if status.is_success() {
        Finding::ok(CHECK, message)
    } else if status.as_str() == "DELETE_IN_PROGRESS" {
        Finding::problem(CHECK, message, format!("it is being deleted: `ssmbak-stack {name} delete` watches"))
    } else if status.is_in_progress() {
        Finding::warning(CHECK, message, format!("wait until `ssmbak-stack {name} status` says that it is complete"))
    } else if matches!(status.as_str(), "UPDATE_ROLLBACK_COMPLETE" | "UPDATE_FAILED" | "IMPORT_ROLLBACK_COMPLETE") {
        // What was there before works on.
        let hint = format!("the last update failed: `ssmbak-stack {name} update` tries again and says why");
        Finding::warning(CHECK, message, hint)
    } else {
        let hint = status.way_out(name, reference.region).unwrap_or_else(|| {
            format!("look at its events in the CloudFormation console; `ssmbak-stack {name} delete` leaves the bucket")
        });
        Finding::problem(CHECK, message, hint)
    }
}

pub(super) fn template(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Template";
    let deployed = match context.seen(&context.facts.template, CHECK, "the stack's template", |_| None) {
        Ok(deployed) => deployed,
        Err(finding) => return finding,
    };
    // CloudFormation gives back what it was given, but for line ends at its end.
    if deployed.trim_end() == TEMPLATE.trim_end() {
        Finding::ok(CHECK, "the one of this version")
    } else {
        let hint =
            format!("`ssmbak-stack {} update` brings the stack up to date, and asks first", context.reference.name);
        Finding::warning(CHECK, "the stack was deployed by another version of ssmbak", hint)
    }
}
