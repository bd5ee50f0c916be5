//! What S3 reports about the replication into a vault: operations that failed, and those that wait.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Context, ago};
use crate::doctor::{Backlog, Finding, Point, ReplicationFacts};

/// Failures of this time are a problem; older ones may have been mended since, which no metric tells.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// S3 replicates most objects within 15 minutes. What waits for longer than this is stuck.
const LONG: SignedDuration = SignedDuration::from_hours(2);

/// The facts have a value for each quarter of an hour. With a longer break between two, something may have been done.
const BREAK: SignedDuration = SignedDuration::from_mins(30);

/// S3 reports every minute, while there is something to report.
const STALE: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn failures(context: &Context<'_>, replication: &ReplicationFacts) -> Finding {
    const CHECK: &str = "ReplicationFailures";
    let points = match context.seen(&replication.failures, CHECK, "the bucket with the history", |_| None) {
        Ok(points) => points,
        Err(finding) => return finding,
    };
    if points.is_empty() {
        let message =
            "S3 reported nothing about failed replication in the last 7 days, so failures may have gone unseen";
        return Finding::unknown(CHECK, message);
    }
    let now = context.reference.now;
    let recent = sum(points.iter().filter(|point| now.duration_since(point.time) <= RECENT));
    let all = sum(points.iter());
    let hint = || context.let_role_in_and_copy(replication);
    if recent > 0.0 {
        Finding::problem(CHECK, format!("{} failed in the last 24 hours", operations(recent)), hint())
    } else if all > 0.0 {
        let message = format!("{} failed in the last 7 days, none in the last 24 hours", operations(all));
        Finding::warning(CHECK, message, format!("unless what failed was copied since: {}", hint()))
    } else {
        Finding::ok(CHECK, "no operation failed in the last 7 days")
    }
}

pub(super) fn backlog(context: &Context<'_>, replication: &ReplicationFacts) -> Finding {
    const CHECK: &str = "ReplicationBacklog";
    let backlog = match context.seen(&replication.backlog, CHECK, "the vault", |_| None) {
        Ok(backlog) => backlog,
        Err(finding) => return finding,
    };
    let (reports, now) = (merged(backlog), context.reference.now);
    let Some((&last, waiting)) = reports.last_key_value() else {
        let message = "S3 reported nothing about pending replication in the last 24 hours, so something may be pending";
        return Finding::unknown(CHECK, message);
    };
    let is_stale = now.duration_since(last) > STALE;
    match (waiting.is_nothing(), is_stale) {
        (true, true) => Finding::ok(CHECK, format!("nothing was pending at S3's last report, {} ago", ago(last, now))),
        (true, false) => Finding::ok(CHECK, "nothing is pending"),
        (false, true) => {
            let message = format!("S3's last report, {} ago, had {} pending", ago(last, now), waiting.told());
            Finding::unknown(CHECK, message)
        }
        (false, false) => {
            let since = waiting_since(&reports, last);
            if now.duration_since(since) < LONG {
                return Finding::ok(CHECK, format!("{} on the way", waiting.told()));
            }
            let role = context.replication_role(replication);
            let hint = format!(
                "S3 still tries: see that the vault's policy and key let the role {role} in, and whether AWS Health \
                 reports an event of S3"
            );
            let message = format!("{} pending, and there was always something for {}", waiting.told(), ago(since, now));
            Finding::warning(CHECK, message, hint)
        }
    }
}

/// What waits at a time.
#[derive(Clone, Copy, Default)]
struct Waiting {
    operations: f64,
    bytes: f64,
}

impl Waiting {
    fn is_nothing(self) -> bool {
        self.operations <= 0.0 && self.bytes <= 0.0
    }

    fn told(self) -> String {
        format!("{} ({} bytes)", operations(self.operations), self.bytes)
    }
}

/// Since when there was always something.
fn waiting_since(reports: &BTreeMap<Timestamp, Waiting>, last: Timestamp) -> Timestamp {
    let mut since = last;
    for (time, waiting) in reports.iter().rev() {
        if waiting.is_nothing() || since.duration_since(*time) > BREAK {
            break;
        }
        since = *time;
    }
    since
}

fn merged(backlog: &Backlog) -> BTreeMap<Timestamp, Waiting> {
    let mut all: BTreeMap<Timestamp, Waiting> = BTreeMap::new();
    for point in &backlog.operations {
        all.entry(point.time).or_default().operations = point.value;
    }
    for point in &backlog.bytes {
        all.entry(point.time).or_default().bytes = point.value;
    }
    all
}

fn sum<'a>(points: impl Iterator<Item = &'a Point>) -> f64 {
    points.map(|point| point.value).sum()
}

fn operations(count: f64) -> String {
    if count == 1.0 { "1 operation".to_owned() } else { format!("{count} operations") }
}
