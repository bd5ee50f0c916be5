//! What an invocation did, in numbers, as a line in CloudWatch's embedded metric format.
//!
//! CloudWatch takes metrics from such a line of a function's log
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>),
//! so nothing has to be sent. A metric without a value is left out: each costs per month in which it has one.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use ssmbak::capture::CaptureReport;

use crate::message::Message;
use crate::message_outcome::{MessageOutcome, Verdict, change};
use crate::sweep::Share;

/// The largest number of values that a metric may have in one line.
const MAX_VALUES: usize = 100;

/// The numbers of one invocation.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Numbers>);

/// What was counted so far.
#[derive(Debug, Default)]
struct Numbers {
    /// Events whose name is up to date in the bucket now.
    events: u64,
    /// Events that came before Parameter Store showed their change.
    early: u64,
    /// Messages that failed.
    failed: u64,
    /// Versions of parameters that were stored for events.
    versions: u64,
    /// Deletions that were stored for events.
    deletions: u64,
    /// Seconds from each change to its record.
    lags: Vec<i64>,
    /// Versions and deletions that finished sweeps stored: changes whose events were lost.
    drift: Option<u64>,
}

impl Metrics {
    /// Counts a message.
    pub fn add(&self, message: &Message, verdict: &Verdict, now: Timestamp) {
        let mut numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match verdict {
            Ok(MessageOutcome::Captured(captured)) => {
                numbers.events += 1;
                numbers.add_writes(captured);
                let lag = change(message).map(|change| now.duration_since(change.time).as_secs().max(0));
                if numbers.lags.len() < MAX_VALUES {
                    numbers.lags.extend(lag);
                }
            }
            Ok(MessageOutcome::Early { captured, .. }) => {
                numbers.early += 1;
                numbers.add_writes(captured);
            }
            Ok(MessageOutcome::Swept(Share::Finished { record, is_first })) => {
                // The first sweep records what existed before the pipeline.
                *numbers.drift.get_or_insert_default() += if *is_first { 0 } else { record.written };
            }
            Ok(MessageOutcome::Swept(_) | MessageOutcome::Ignored(_)) => {}
            Err(_) => numbers.failed += 1,
        }
    }

    /// Prints the line, unless there is nothing to say. That it cannot be printed is no reason to fail.
    pub fn print(&self, namespace: &str, now: Timestamp) {
        let numbers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = numbers.line(namespace, now) {
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}

impl Numbers {
    fn add_writes(&mut self, captured: &CaptureReport) {
        for write in &captured.writes {
            match write.kind {
                "version" => self.versions += 1,
                "marker" => self.deletions += 1,
                _ => {}
            }
        }
    }

    fn line(&self, namespace: &str, now: Timestamp) -> Option<Value> {
        let counts = [
            ("Events", self.events),
            ("EarlyEvents", self.early),
            ("FailedMessages", self.failed),
            ("VersionsWritten", self.versions),
            ("Deletions", self.deletions),
        ];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, json!(count)));
        let mut values: Map<String, Value> = counts.map(|(name, count)| (name.to_owned(), count)).collect();
        // That a sweep found nothing is worth knowing: its absence would be a missing sweep.
        values.extend(self.drift.map(|drift| ("DriftFound".to_owned(), json!(drift))));
        if !self.lags.is_empty() {
            values.insert("LagSeconds".to_owned(), json!(self.lags));
        }
        (!values.is_empty()).then(|| embedded(namespace, values, now))
    }
}

/// The line with these metrics.
fn embedded(namespace: &str, mut values: Map<String, Value>, now: Timestamp) -> Value {
    let unit = |name: &str| if name == "LagSeconds" { "Seconds" } else { "Count" };
    let metrics: Vec<Value> = values.keys().map(|name| json!({"Name": name, "Unit": unit(name)})).collect();
    let directive = json!({"Namespace": namespace, "Dimensions": [[]], "Metrics": metrics});
    let about = json!({"Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive]});
    values.insert("_aws".to_owned(), about);
    Value::Object(values)
}

/// Prints how many parameters a rehearsal restored, and how many not; 0 as well, for its absence would be a missing rehearsal.
pub fn print_rehearsal(namespace: &str, restored: usize, failed: usize, now: Timestamp) {
    let values = [("RehearsalRestored", restored), ("RehearsalFailed", failed)];
    let values = values.into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect();
    let _ = writeln!(std::io::stdout().lock(), "{}", embedded(namespace, values, now));
}

#[cfg(test)]
mod tests {
    use ssmbak::capture::Written;
    use ssmbak_core::event::parse_body;
    use ssmbak_core::sweep::SweepRecord;

    use super::*;
    use crate::failure::Failure;

    fn now() -> Timestamp {
        "2026-11-27T12:00:09Z".parse().unwrap()
    }

    fn message() -> Message {
        let body = r#"{"source":"aws.ssm","detail-type":"Parameter Store Change","time":"2026-11-27T12:00:00Z","detail":{"operation":"Update","name":"/a","type":"SecureString"}}"#;
        Message { id: None, sent: None, receipt: None, receives: 1, notice: parse_body(body) }
    }

    fn captured(kinds: &[&'static str]) -> CaptureReport {
        let write = |kind: &&'static str| Written { kind, version: None, time: None, parameter_type: None, size: 7 };
        CaptureReport { writes: kinds.iter().map(write).collect(), ..CaptureReport::default() }
    }

    fn line(verdicts: Vec<Verdict>) -> Option<Value> {
        let metrics = Metrics::default();
        verdicts.iter().for_each(|verdict| metrics.add(&message(), verdict, now()));
        metrics.0.into_inner().unwrap().line("ssmbak/demo", now())
    }

    #[test]
    fn events_are_counted_with_what_was_written_and_how_long_it_took() {
        let verdicts = vec![
            Ok(MessageOutcome::Captured(captured(&["version", "version"]))),
            Ok(MessageOutcome::Captured(captured(&["tombstone", "marker"]))),
            Ok(MessageOutcome::Captured(captured(&[]))),
            Ok(MessageOutcome::Early { captured: captured(&["version"]), seconds: None }),
            Err(Failure::OutOfTime),
        ];
        let metric = |name: &str, unit: &str| json!({"Name": name, "Unit": unit});
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_780_809_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "ssmbak/demo",
                    "Dimensions": [[]],
                    "Metrics": [
                        metric("Deletions", "Count"),
                        metric("EarlyEvents", "Count"),
                        metric("Events", "Count"),
                        metric("FailedMessages", "Count"),
                        metric("LagSeconds", "Seconds"),
                        metric("VersionsWritten", "Count"),
                    ],
                }],
            },
            "Events": 3, "EarlyEvents": 1, "FailedMessages": 1, "VersionsWritten": 3, "Deletions": 1,
            "LagSeconds": [9, 9, 9],
        });
        assert_eq!(line(verdicts), Some(expected));
    }

    #[test]
    fn nothing_to_count_is_no_line() {
        assert_eq!(line(vec![]), None);
        let continued = Share::Continued { names: 10, seconds: 1 };
        assert_eq!(line(vec![Ok(MessageOutcome::Swept(continued))]), None);
    }

    #[test]
    fn drift_is_what_a_sweep_recorded_save_the_first_one() {
        let found = |is_first| {
            let record = SweepRecord::new(now(), now(), (9, 4, 0), &[]);
            line(vec![Ok(MessageOutcome::Swept(Share::Finished { record, is_first }))]).unwrap()["DriftFound"].clone()
        };
        assert_eq!((found(false), found(true)), (json!(4), json!(0)));
    }

    #[test]
    fn a_metric_has_at_most_as_many_values_as_cloudwatch_takes() {
        let verdicts = (0..150).map(|_| Ok(MessageOutcome::Captured(captured(&[])))).collect();
        let line = line(verdicts).unwrap();
        assert_eq!((line["LagSeconds"].as_array().unwrap().len(), &line["Events"]), (100, &json!(150)));
    }
}
