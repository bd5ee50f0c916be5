//! The function: its state, and whether it is the right one.

use super::{Reference, seen};
use crate::doctor::{Finding, Function, Look, StackFacts};
use crate::function_code::KEY_PREFIX;
use crate::template::CODE_KEY;

/// The runtime of a function that is a program of its own; that of 0.5.2 is Python.
const RUNTIME: &str = "provided.al2023";

pub(super) fn state(function: &Look<Function>, bucket: Option<&str>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "Function";
    let function = match seen(function, CHECK, "the function", reference) {
        Ok(function) => function,
        Err(finding) => return finding,
    };
    let because = |reason: &Option<String>| reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    let update = format!("`ssmbak-stack {} update` deploys it again", reference.name);
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
    if let (Some(told), Some(bucket)) = (&function.bucket, bucket)
        && told != bucket
    {
        let message = format!("it is told to write to {told}, and the stack's bucket is {bucket}");
        return Finding::problem(CHECK, message, "set its variable SSMBAK_BUCKET at Lambda to the stack's bucket");
    }
    match function.state.as_str() {
        "Pending" => Finding::warning(CHECK, "Pending: not yet at work", "look again in a minute"),
        _ => Finding::ok(CHECK, format!("it is ready, on {runtime}")),
    }
}

pub(super) fn concurrency(concurrency: &Look<Option<i32>>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "Concurrency";
    match seen(concurrency, CHECK, "the function", reference) {
        Err(finding) => finding,
        Ok(Some(0)) => {
            let hint = format!(
                "`aws lambda delete-function-concurrency --function-name {} --region {}`; changes wait in the queue for up \
                 to 14 days",
                reference.name, reference.region
            );
            Finding::problem(CHECK, "0 executions are reserved, and the function never runs", hint)
        }
        Ok(Some(reserved)) => Finding::ok(CHECK, format!("{reserved} reserved")),
        Ok(None) => Finding::ok(CHECK, "not limited"),
    }
}

pub(super) fn code(function: &Look<Function>, stack: &Look<StackFacts>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "FunctionCode";
    let function = match seen(function, CHECK, "the function", reference) {
        Ok(function) => function,
        Err(finding) => return finding,
    };
    let name = reference.name;
    let key = match stack {
        Look::Seen(stack) => stack.parameters.iter().find(|parameter| parameter.key == CODE_KEY),
        _ => None,
    };
    let deployed = key.and_then(|key| digest_of_key(&key.value));
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
