//! The bucket: whether it keeps what it is given, and only shows it to those who may see it.

use super::{Reference, ago, seen};
use crate::doctor::{BucketFacts, Encryption, Finding, Lifecycle, Look, PublicAccess, StackFacts, SweepRecord};

const THE_BUCKET: &str = "the bucket with the history";
/// A sweep comes once a day.
const SWEEP_HOURS: i64 = 49;
/// The format of what a sweep leaves that is understood here.
const SWEEP_FORMAT: u64 = 1;

pub(super) fn all(bucket: &BucketFacts, stack: &Look<StackFacts>, reference: &Reference<'_>) -> Vec<Finding> {
    let retention = match stack {
        Look::Seen(stack) => stack.parameters.iter().find(|parameter| parameter.key == "RetentionDays"),
        _ => None,
    };
    let retention = retention.and_then(|parameter| parameter.value.parse().ok());
    vec![
        versioning(&bucket.versioning, reference),
        encryption(&bucket.encryption, reference),
        public_access(&bucket.public_access, reference),
        lifecycle(&bucket.lifecycle, retention, reference),
    ]
}

fn versioning(versioning: &Look<Option<String>>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "BucketVersioning";
    match seen(versioning, CHECK, THE_BUCKET, reference).map(Option::as_deref) {
        Err(finding) => finding,
        Ok(Some("Enabled")) => Finding::ok(CHECK, "Enabled"),
        Ok(status) => {
            let hint = "switch versioning on at S3 at once: every change overwrites the one before";
            Finding::problem(CHECK, format!("{}: no history is kept", status.unwrap_or("off")), hint)
        }
    }
}

fn encryption(encryption: &Look<Option<Encryption>>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "BucketEncryption";
    match seen(encryption, CHECK, THE_BUCKET, reference) {
        Err(finding) => finding,
        Ok(Some(Encryption { algorithm, key: Some(key) })) => Finding::ok(CHECK, format!("{algorithm} with {key}")),
        Ok(Some(Encryption { algorithm, key: None })) => Finding::ok(CHECK, algorithm.clone()),
        Ok(None) => Finding::warning(CHECK, "no encryption is set", "set it at S3: secrets are stored there"),
    }
}

fn public_access(access: &Look<Option<PublicAccess>>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "BucketPublicAccess";
    match seen(access, CHECK, THE_BUCKET, reference) {
        Err(finding) => finding,
        Ok(Some(PublicAccess { closed: true })) => Finding::ok(CHECK, "blocked"),
        Ok(_) => Finding::problem(
            CHECK,
            "it is not blocked in all four ways",
            "block it at S3 (all four settings): secrets are stored there",
        ),
    }
}

fn lifecycle(lifecycle: &Look<Lifecycle>, retention: Option<i32>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "BucketLifecycle";
    let lifecycle = match seen(lifecycle, CHECK, THE_BUCKET, reference) {
        Ok(lifecycle) => lifecycle,
        Err(finding) => return finding,
    };
    let kept = match lifecycle.noncurrent_days {
        None => "history is kept for ever".to_owned(),
        Some(days) => format!("history is kept for {days} days"),
    };
    if !lifecycle.expire_current.is_empty() {
        let message = format!("current values expire by the rule {}", lifecycle.expire_current.join(", "));
        return Finding::problem(CHECK, message, "remove that rule at S3: it hides live parameters as if deleted");
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
        return Finding::warning(CHECK, message, "somebody changed it at S3: change it back there");
    }
    Finding::ok(CHECK, kept)
}

pub(super) fn sweep(sweep: &Look<Option<String>>, reference: &Reference<'_>) -> Finding {
    const CHECK: &str = "Sweep";
    let stored = match seen(sweep, CHECK, THE_BUCKET, reference) {
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
    let SweepRecord { names, written, failed, finished, .. } = record;
    let message = format!("{} ago: {names} names, {written} versions written", ago(finished, reference.now));
    if reference.now.duration_since(finished).as_hours() >= SWEEP_HOURS {
        Finding::warning(CHECK, format!("{message}; it should come every day"), "look at the function's log")
    } else if failed > 0 {
        let message = format!("{message}, {failed} names could not be brought up to date");
        Finding::warning(CHECK, message, "the function's log says why")
    } else {
        Finding::ok(CHECK, message)
    }
}
