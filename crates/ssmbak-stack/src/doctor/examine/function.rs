//! The function: its state, and whether it is the right one.

use super::Context;
use crate::doctor::Finding;
use crate::function_code::KEY_PREFIX;
use crate::template::CODE_KEY;

/// The runtime of a function that is a program of its own; that of 0.5.2 is Python.
const RUNTIME: &str = "provided.al2023";

pub(super) fn state(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Function";
    let function = match context.seen(&context.facts.function, CHECK, "the function", |_| None) {
        Ok(function) => function,
        Err(finding) => return finding,
    };
    let because = |reason: &Option<String>| reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    let update = format!("`ssmbak-stack {} update` deploys it again", context.reference.name);
    let runtime = &function.runtime;
    // An idle function may be put to sleep, and wakes with the next event.
    if !matches!(function.state.as_str(), "Active" | "Inactive" | "Pending" | "") {
        return Finding::problem(CHECK, format!("{}{}", function.state, because(&function.state_reason)), update);
    }
    if function.last_update == "Failed" {
        let message = format!("its last update failed{}", because(&function.last_update_reason));
        return Finding::problem(CHECK, message, update);
    }
    if runtime != RUNTIME {
        let message = format!("it runs on {runtime}: it is not the one of this version");
        return Finding::warning(CHECK, message, update);
    }
    if let Some(bucket) = context.bucket()
        && function.bucket.as_deref() != Some(bucket)
    {
        let writes_to = function.bucket.as_deref().map_or("no bucket".to_owned(), |other| format!("`{other}`"));
        let message = format!("its variable SSMBAK_BUCKET names {writes_to}, and the stack's bucket is `{bucket}`");
        let by_hand = || "set its variable SSMBAK_BUCKET at Lambda to the stack's bucket".to_owned();
        return Finding::problem(CHECK, message, context.set_variables().unwrap_or_else(by_hand));
    }
    if let Some(role) = context.facts.role_name.as_deref()
        && !function.role.is_empty()
        && function.role.rsplit('/').next() != Some(role)
    {
        let message = format!("it runs with the role {}, not with the stack's, {role}", function.role);
        let by_hand = || format!("give it the role {role} at Lambda");
        return Finding::warning(CHECK, message, context.set_role(role).unwrap_or_else(by_hand));
    }
    match function.state.as_str() {
        "Pending" => Finding::warning(CHECK, "Pending: not yet at work", "look again in a minute"),
        _ => Finding::ok(CHECK, format!("it is ready, on {runtime}")),
    }
}

pub(super) fn concurrency(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Concurrency";
    match context.seen(&context.facts.concurrency, CHECK, "the function", |_| None) {
        Err(finding) => finding,
        Ok(Some(0)) => {
            let hint = format!("{}; changes wait in the queue for up to 14 days", context.free_concurrency());
            Finding::problem(CHECK, "0 executions are reserved, and the function never runs", hint)
        }
        Ok(Some(reserved)) => Finding::ok(CHECK, format!("{reserved} reserved")),
        Ok(None) => Finding::ok(CHECK, "not limited"),
    }
}

pub(super) fn code(context: &Context<'_>) -> Finding {
    const CHECK: &str = "FunctionCode";
    let function = match context.seen(&context.facts.function, CHECK, "the function", |_| None) {
        Ok(function) => function,
        Err(finding) => return finding,
    };
    let reference = context.reference;
    let name = reference.name;
    let key = context.parameter(CODE_KEY);
    let deployed = key.and_then(digest_of_key);
    let running = from_base64(&function.code_sha256);
    if let (Some(deployed), Some(running)) = (&deployed, &running)
        && deployed != running
    {
        let hint = format!(
            "somebody put other code into it: `ssmbak-stack {name} update` with another executable (--lambda) exchanges it, or put the old code back at Lambda"
        );
        return Finding::problem(CHECK, "it is not the code that the stack was deployed with", hint);
    }
    match reference.own_code {
        Some(own) if own != function.code_sha256 => {
            let hint = format!("`ssmbak-stack {name} update` exchanges it, and asks first");
            Finding::warning(CHECK, "it is another than the one beside this command", hint)
        }
        Some(_) => Finding::ok(CHECK, "the one beside this command"),
        None if deployed.is_some() => Finding::ok(CHECK, "the one that the stack was deployed with"),
        None => Finding::unknown(CHECK, "there is nothing to compare it with"),
    }
}

/// The SHA-256 that a key is named after.
fn digest_of_key(key: &str) -> Option<Vec<u8>> {
    let hex = key.strip_prefix(KEY_PREFIX)?.strip_suffix(".zip")?;
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    (0..64).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    // An emulator may know no digest.
    aws_smithy_types::base64::decode(text).ok().filter(|digest| digest.len() == 32)
}
