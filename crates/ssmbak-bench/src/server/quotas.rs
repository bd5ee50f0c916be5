//! What an account is like: how much it may ask for, and what else it holds.

use std::sync::{Mutex, PoisonError};

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
}

/// A token bucket for each API, which holds a second's worth.
#[derive(Debug)]
pub(super) struct Quotas {
    per_second: [f64; Api::ALL.len()],
    buckets: Mutex<[(f64, Instant); Api::ALL.len()]>,
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
        Self { per_second, buckets: Mutex::new(per_second.map(|rate| (rate, now))) }
    }

    /// Whether a request is within its quota.
    pub(super) fn take(&self, operation: Operation) -> bool {
        let Some(api) = Api::of_operation(operation.name()) else { return true };
        let rate = self.per_second[api as usize];
        if rate <= 0.0 {
            return true;
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (tokens, filled) = &mut buckets[api as usize];
        let now = Instant::now();
        *tokens = (*tokens + now.duration_since(*filled).as_secs_f64() * rate).min(rate.max(1.0));
        *filled = now;
        let within = *tokens >= 1.0;
        if within {
            *tokens -= 1.0;
        }
        within
    }
}
