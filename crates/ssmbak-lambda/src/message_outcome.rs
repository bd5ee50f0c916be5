//! What became of a message, and the one line in the log that says so.

use jiff::Timestamp;
use ssmbak::capture::{CaptureReport, Written};
use ssmbak_core::event::{Change, Ignored, Notice};
use ssmbak_core::name::ParameterName;

use crate::failure::Failure;
use crate::logging::{FINISHED, FOREIGN};
use crate::message::Message;
use crate::sweep::Share;

/// What became of a message.
pub type Verdict = Result<MessageOutcome, Failure>;

/// How a message succeeded.
#[derive(Debug)]
pub enum MessageOutcome {
    /// Its name is up to date in the bucket.
    Captured(CaptureReport),
    /// Parameter Store does not show its change yet: it comes again.
    Early {
        /// What could be recorded all the same.
        captured: CaptureReport,
        /// After how many seconds it comes; `None`: when the queue's visibility timeout is over.
        seconds: Option<u32>,
    },
    /// A share of a sweep is done.
    Swept(Share),
    /// There was nothing to do.
    Ignored(Ignored),
}

/// A line with the fields that all verdicts share.
macro_rules! line {
    ($level:ident, $message:expr, $($fields:tt)*) => {{
        let change = change($message);
        tracing::$level!(
            operation = change.map(|change| change.operation.as_str()),
            name = change.map(|change| change.name.as_str()),
            "type" = change.and_then(|change| change.parameter_type.as_deref()),
            eventTime = change.map(|change| tracing::field::display(change.time)),
            $($fields)*
        )
    }};
}

/// Logs a verdict: never a value, a description or a body.
pub fn log(message: &Message, verdict: &Verdict, now: Timestamp) {
    match verdict {
        Ok(MessageOutcome::Captured(captured)) => {
            for write in &captured.writes {
                debug(write);
            }
            if let Some(locked) = &captured.locked {
                let (versions, writes) = (versions(captured), kinds(captured));
                line!(
                    warn,
                    message,
                    versions,
                    writes,
                    outcome = "locked",
                    code = locked.error.kind.code(),
                    "{}",
                    locked.error
                );
                return;
            }
            let outcome = if captured.writes.is_empty() { "unchanged" } else { "recorded" };
            let size: usize = captured.writes.iter().map(|write| write.size).sum();
            let lag = change(message).map(|change| now.duration_since(change.time).as_secs());
            line!(
                info,
                message,
                versions = versions(captured),
                writes = kinds(captured),
                size,
                outcome,
                lagSeconds = lag,
                "{outcome}"
            );
        }
        Ok(MessageOutcome::Early { captured, seconds }) => {
            captured.writes.iter().for_each(debug);
            let lag = change(message).map(|change| now.duration_since(change.time).as_secs());
            line!(
                info,
                message,
                versions = versions(captured),
                writes = kinds(captured),
                outcome = "early",
                lagSeconds = lag,
                seconds,
                "parameter store does not show the change yet; the message comes again"
            );
        }
        Ok(MessageOutcome::Swept(share)) => log_share(share),
        Ok(MessageOutcome::Ignored(reason)) if reason.is_foreign() => log_foreign(message, *reason),
        Ok(MessageOutcome::Ignored(reason)) if reason.is_warning() => {
            line!(warn, message, outcome = "ignored", "{reason}")
        }
        Ok(MessageOutcome::Ignored(reason)) => line!(info, message, outcome = "ignored", "{reason}"),
        Err(failure) => line!(error, message, outcome = "failed", code = failure.code(), "{failure}"),
    }
}

/// The template's metric filter looks for this code.
fn log_foreign(message: &Message, reason: Ignored) {
    let change = change(message);
    tracing::warn!(
        target: FOREIGN,
        operation = change.map(|change| change.operation.as_str()),
        name = change.map(|change| change.name.as_str()),
        eventTime = change.map(|change| tracing::field::display(change.time)),
        account = change.and_then(|change| change.account.as_deref()),
        region = change.and_then(|change| change.region.as_deref()),
        outcome = "ignored",
        code = "ForeignEvent",
        "{reason}"
    );
}

/// Logs what a sweep did to one name; nothing where nothing was to be done.
pub fn log_swept(name: &ParameterName, outcome: &Result<CaptureReport, Failure>) {
    let name = name.as_str();
    match outcome {
        Ok(captured) if captured.writes.is_empty() => {}
        Ok(captured) => {
            captured.writes.iter().for_each(debug);
            let (versions, writes) = (versions(captured), kinds(captured));
            tracing::info!(operation = "Sweep", name, versions, writes, outcome = "recorded", "the sweep recorded");
        }
        Err(failure) => {
            tracing::error!(operation = "Sweep", name, outcome = "failed", code = failure.code(), "{failure}");
        }
    }
}

fn log_share(share: &Share) {
    match share {
        Share::Continued { names, seconds } => {
            tracing::info!(operation = "Sweep", outcome = "continued", names, seconds, "the sweep goes on");
        }
        // The template's metric filter looks for this outcome.
        Share::Finished { record, .. } => tracing::info!(
            target: FINISHED,
            operation = "Sweep",
            outcome = "swept",
            names = record.names,
            written = record.written,
            failed = record.failed,
            seconds = record.finished.duration_since(record.started).as_secs(),
            "the sweep is finished"
        ),
        Share::GivenUp(given_up) => tracing::error!(operation = "Sweep", outcome = "failed", "{given_up}"),
    }
}

pub fn change(message: &Message) -> Option<&Change> {
    match &message.notice {
        Ok(Notice::Change(change)) => Some(change),
        _ => None,
    }
}

fn debug(write: &Written) {
    tracing::debug!(
        kind = write.kind,
        version = write.version,
        "type" = write.parameter_type,
        time = write.time.map(tracing::field::display),
        size = write.size,
        "wrote"
    );
}

/// The version numbers that were written, in that order: `3,4`.
fn versions(captured: &CaptureReport) -> Option<String> {
    let numbers: Vec<_> = captured.writes.iter().filter_map(|write| write.version).map(|n| n.to_string()).collect();
    (!numbers.is_empty()).then(|| numbers.join(","))
}

/// What was written, in that order: `version,tombstone,marker`.
fn kinds(captured: &CaptureReport) -> Option<String> {
    let kinds: Vec<_> = captured.writes.iter().map(|write| write.kind).collect();
    (!kinds.is_empty()).then(|| kinds.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(writes: &[(&'static str, Option<u64>)]) -> CaptureReport {
        let written = |&(kind, version)| Written { kind, version, time: None, parameter_type: None, size: 3 };
        CaptureReport { writes: writes.iter().map(written).collect(), ..CaptureReport::default() }
    }

    #[test]
    fn writes_are_named_in_their_order() {
        let captured = captured(&[("version", Some(3)), ("tombstone", None), ("marker", None), ("version", Some(1))]);
        assert_eq!(versions(&captured).as_deref(), Some("3,1"));
        assert_eq!(kinds(&captured).as_deref(), Some("version,tombstone,marker,version"));
    }

    #[test]
    fn where_nothing_was_written_the_fields_are_absent() {
        assert_eq!((versions(&captured(&[])), kinds(&captured(&[]))), (None, None));
    }
}
