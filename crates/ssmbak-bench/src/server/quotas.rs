//! What an account is like: how much it may ask for, and what else it holds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use ssmbak_core::rate::Api;
use tokio::time::Instant;

use super::Operation;

/// Conditions under which is served.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Parameters that the account holds beside those of the history, mixed with them in listings
    #[arg(long, default_value_t = 0)]
    pub others: u32,
    /// GetParameter, GetParameters and GetParametersByPath per second, together (0 = unlimited)
    #[arg(long, default_value_t = 0.0)]
    pub reads: f64,
    /// DescribeParameters per second (0 = unlimited)
    #[arg(long, default_value_t = 0.0)]
    pub describes: f64,
    /// ListTagsForResource per second (0 = unlimited)
    #[arg(long, default_value_t = 0.0)]
    pub tags: f64,
    /// GetResources per second (0 = unlimited)
    #[arg(long, default_value_t = 0.0)]
    pub resources: f64,
    /// GetParameterHistory per second (0 = unlimited)
    #[arg(long, default_value_t = 0.0)]
    pub histories: f64,
    /// Requests to S3 per second in the beginning; half as many more after each second in which they do not suffice
    /// (0 = unlimited)
    #[arg(long, default_value_t = 0.0)]
    pub s3: f64,
}

impl Conditions {
    /// The arguments that [`Conditions`] are read from.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let Self { others, reads, describes, tags, resources, histories, s3 } = self;
        vec![
            format!("--others={others}"),
            format!("--reads={reads}"),
            format!("--describes={describes}"),
            format!("--tags={tags}"),
            format!("--resources={resources}"),
            format!("--histories={histories}"),
            format!("--s3={s3}"),
        ]
    }
}

/// A token bucket for each API, which holds a second's worth, and one for S3, which grows.
#[derive(Debug)]
pub(super) struct Quotas {
    per_second: [f64; Api::ALL.len()],
    buckets: Mutex<[Tokens; Api::ALL.len()]>,
    s3: Option<Mutex<Rise>>,
}

#[derive(Clone, Copy, Debug)]
struct Tokens {
    left: f64,
    filled: Instant,
}

impl Tokens {
    fn take(&mut self, rate: f64, most: f64) -> bool {
        let now = Instant::now();
        self.left = (self.left + now.duration_since(self.filled).as_secs_f64() * rate).min(most.max(1.0));
        self.filled = now;
        let within = self.left >= 1.0;
        self.left -= if within { 1.0 } else { 0.0 };
        within
    }
}

/// S3 scales up with what is asked of it, and answers 503 until it has.
#[derive(Debug)]
struct Rise {
    rate: f64,
    risen: Instant,
    tokens: Tokens,
}

/// How much faster S3 is after a second in which it was asked for all that it had.
const RISE: f64 = 1.5;

impl Rise {
    fn take(&mut self) -> bool {
        let within = self.tokens.take(self.rate, self.rate / 10.0);
        if !within && self.risen.elapsed() >= Duration::from_secs(1) {
            self.rate *= RISE;
            self.risen = Instant::now();
        }
        within
    }
}

impl Quotas {
    pub(super) fn new(conditions: Conditions) -> Self {
        let per_second = Api::ALL.map(|api| match api {
            Api::Reads => conditions.reads,
            Api::Describe => conditions.describes,
            Api::ListTags => conditions.tags,
            Api::GetResources => conditions.resources,
            Api::History => conditions.histories,
        });
        let now = Instant::now();
        let full = |left: f64| Tokens { left, filled: now };
        let rise = |rate: f64| Mutex::new(Rise { rate, risen: now, tokens: full(rate / 10.0) });
        let s3 = (conditions.s3 > 0.0).then(|| rise(conditions.s3));
        Self { per_second, buckets: Mutex::new(per_second.map(full)), s3 }
    }

    /// Whether a request is within its quota.
    pub(super) fn take(&self, operation: Operation) -> bool {
        let Some(api) = Api::of_operation(operation.name()) else {
            let s3 = self.s3.as_ref().filter(|_| operation.is_of_s3());
            return s3.is_none_or(|rise| rise.lock().unwrap_or_else(PoisonError::into_inner).take());
        };
        let rate = self.per_second[api as usize];
        rate <= 0.0 || self.buckets.lock().unwrap_or_else(PoisonError::into_inner)[api as usize].take(rate, rate)
    }
}
