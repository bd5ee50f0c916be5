//! The bucket: whether it keeps what it is given, and only shows it to those who may see it.

use super::{Context, ago};
use crate::doctor::{Encryption, Finding, Look, PublicAccess, SweepRecord};
use crate::template::RETENTION_DAYS;

const THE_BUCKET: &str = "the bucket with the history";
/// A sweep comes once a day.
const SWEEP_HOURS: i64 = 49;
/// The format of what a sweep leaves that is understood here.
const SWEEP_FORMAT: u64 = 1;

pub(super) fn all(context: &Context<'_>) -> Vec<Finding> {
    vec![versioning(context), encryption(context), public_access(context), lifecycle(context)]
}

fn versioning(context: &Context<'_>) -> Finding {
    const CHECK: &str = "BucketVersioning";
    match context.seen(&context.facts.bucket.versioning, CHECK, THE_BUCKET, |_| None).map(Option::as_deref) {
        Err(finding) => finding,
        Ok(Some("Enabled")) => Finding::ok(CHECK, "Enabled"),
        Ok(status) => {
            let by_hand = || "switch versioning on at S3".to_owned();
            let hint = context.enable_versioning().unwrap_or_else(by_hand);
            let message = format!("{}: every change overwrites the one before", status.unwrap_or("off"));
            Finding::problem(CHECK, message, hint)
        }
    }
}

fn encryption(context: &Context<'_>) -> Finding {
    const CHECK: &str = "BucketEncryption";
    match context.seen(&context.facts.bucket.encryption, CHECK, THE_BUCKET, |_| None) {
        Err(finding) => finding,
        Ok(Some(Encryption { algorithm, key: Some(key) })) => Finding::ok(CHECK, format!("{algorithm} with {key}")),
        Ok(Some(Encryption { algorithm, key: None })) => Finding::ok(CHECK, algorithm.clone()),
        Ok(None) => {
            let by_hand = || "set it at S3: secrets are stored there".to_owned();
            Finding::warning(CHECK, "no encryption is set", context.encrypt_bucket().unwrap_or_else(by_hand))
        }
    }
}

fn public_access(context: &Context<'_>) -> Finding {
    const CHECK: &str = "BucketPublicAccess";
    match context.seen(&context.facts.bucket.public_access, CHECK, THE_BUCKET, |_| None) {
        Err(finding) => finding,
        Ok(Some(PublicAccess { closed: true })) => Finding::ok(CHECK, "blocked"),
        Ok(_) => {
            let by_hand = || "block it at S3 (all four settings): secrets are stored there".to_owned();
            let hint = context.block_public_access().unwrap_or_else(by_hand);
            Finding::problem(CHECK, "it is not blocked in all four ways", hint)
        }
    }
}

fn lifecycle(context: &Context<'_>) -> Finding {
    const CHECK: &str = "BucketLifecycle";
    let lifecycle = match context.seen(&context.facts.bucket.lifecycle, CHECK, THE_BUCKET, |_| None) {
        Ok(lifecycle) => lifecycle,
        Err(finding) => return finding,
    };
    let retention = context.parameter(RETENTION_DAYS).and_then(|days| days.parse().ok());
    let kept = match lifecycle.noncurrent_days {
        None => "history is kept for ever".to_owned(),
        Some(days) => format!("history is kept for {days} days"),
    };
    if !lifecycle.expire_current.is_empty() {
        let message = format!("current values expire by the rule {}", lifecycle.expire_current.join(", "));
        let by_hand = || "remove that rule at S3: it hides live parameters as if deleted".to_owned();
        return Finding::problem(CHECK, message, context.put_lifecycle().unwrap_or_else(by_hand));
    }
    if !lifecycle.archive.is_empty() {
        let message = format!("{kept}, but archived by the rule {}", lifecycle.archive.join(", "));
        return Finding::warning(CHECK, message, "what is archived cannot be read until it is restored at S3");
    }
    let meant = match retention {
        Some(0) => Some(None),
        Some(days) => Some(Some(days)),
        None => None,
    };
    if meant.is_some_and(|meant| meant != lifecycle.noncurrent_days) {
        let days = retention.unwrap_or_default();
        let message = format!("{kept}, and the stack's RetentionDays is {days}");
        let by_hand = || "somebody changed it at S3: change it back there".to_owned();
        return Finding::warning(CHECK, message, context.put_lifecycle().unwrap_or_else(by_hand));
    }
    Finding::ok(CHECK, kept)
}

/// How many of the names are shown that a sweep could not bring up to date.
const SHOWN: usize = 10;

fn is_name(text: &str) -> bool {
    ssmbak_core::name::ParameterName::parse(text).is_ok()
}

pub(super) fn sweep(context: &Context<'_>) -> Finding {
    const CHECK: &str = "Sweep";
    let stored = match context.seen(&context.facts.sweep, CHECK, THE_BUCKET, |_| None) {
        Ok(stored) => stored,
        Err(finding) => return finding,
    };
    let by_hand = "`ssmbak-all --do-it` records what the bucket lacks";
    let Some(stored) = stored else {
        let message = "none has finished yet: a new stack starts one at once, and then every day";
        return Finding::warning(CHECK, message, by_hand);
    };
    let record: SweepRecord = match serde_json::from_str(stored) {
        Ok(record) => record,
        Err(_) => return Finding::warning(CHECK, "what the last one has left cannot be read", by_hand),
    };
    if record.format != SWEEP_FORMAT {
        let message = "what the last one has left is of another version of ssmbak";
        return Finding::warning(CHECK, message, "update this command, or the stack");
    }
    let SweepRecord { names, written, failed, finished, failed_names, .. } = record;
    let message = format!("{} ago: {names} names, {written} versions written", ago(finished, context.reference.now));
    if context.reference.now.duration_since(finished).as_hours() >= SWEEP_HOURS {
        Finding::warning(CHECK, format!("{message}; it should come every day"), "look at the function's log")
    } else if failed > 0 {
        let shown: Vec<&str> =
            failed_names.iter().map(String::as_str).filter(|name| is_name(name)).take(SHOWN).collect();
        let names = match (shown.is_empty(), failed > shown.len() as u64) {
            (true, _) => String::new(),
            (false, true) => format!(": {}, …", shown.join(", ")),
            (false, false) => format!(": {}", shown.join(", ")),
        };
        let message = format!("{message}, {failed} names could not be brought up to date{names}");
        let role = match &context.facts.function {
            Look::Seen(function) => &function.role,
            _ => "the function's role",
        };
        let hint = format!(
            "the function's log says why each; if a KMS key denies it, let the key's policy grant kms:Decrypt to {role}, and the \
             next sweep records the versions"
        );
        Finding::warning(CHECK, message, hint)
    } else {
        Finding::ok(CHECK, message)
    }
}
