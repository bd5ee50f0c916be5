//! How many requests a second each API of Parameter Store gets: a token bucket that grows slowly and backs off for long.

use std::time::Duration;

/// After a refusal the rate does not grow for this long.
const BACK_OFF: Duration = Duration::from_secs(30);

/// Refusals within this time of the last one belong to the same rush: they do not lower the rate again.
const SAME_RUSH: Duration = Duration::from_secs(1);

/// The lowest rate, in requests per second: a budget must end some day.
const SLOWEST: f64 = 0.2;

/// By how much of its rate a bucket grows with each success.
const GROWTH: f64 = 0.01;

/// Half of the assumed quota of what a sweep lists.
const SWEEP: f64 = 5.0;

/// As good as no limit.
const UNLIMITED: f64 = 1e6;

/// APIs that share a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    /// GetParameter, GetParameters, GetParametersByPath: 40/s, shared with every application of the account.
    /// <https://docs.aws.amazon.com/general/latest/gr/ssm.html>
    Reads,
    /// DescribeParameters: no published quota, 10/s is assumed.
    Describe,
    /// ListTagsForResource: no published quota, 10/s is assumed.
    ListTags,
    /// GetResources of the Resource Groups Tagging API: 10/s is assumed.
    GetResources,
    /// GetParameterHistory: no published quota, 5/s is assumed.
    History,
}

impl Api {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Reads, Self::Describe, Self::ListTags, Self::GetResources, Self::History];

    /// The API that an operation belongs to; `None`: it has no rate here (writes have one of their own).
    pub fn of_operation(operation: &str) -> Option<Self> {
        Some(match operation {
            "GetParameter" | "GetParameters" | "GetParametersByPath" => Self::Reads,
            "DescribeParameters" => Self::Describe,
            "ListTagsForResource" => Self::ListTags,
            "GetResources" => Self::GetResources,
            "GetParameterHistory" => Self::History,
            _ => return None,
        })
    }

    /// Requests per second to begin with. Quotas of 3 to 10 a second are seen where none is published: a quarter of the
    /// latter is below the former. Of the 40/s that applications share, whoever reads 30/s keeps doing so.
    pub fn share(self) -> f64 {
        match self {
            Self::Reads => 10.0,
            Self::Describe | Self::ListTags | Self::GetResources | Self::History => 2.5,
        }
    }

    /// How much the rate may become while nothing is refused. Reads stay as they are: applications need the rest, and a
    /// refusal would be theirs.
    fn most(self) -> f64 {
        match self {
            Self::Reads => self.share(),
            Self::Describe | Self::ListTags | Self::GetResources => 8.0,
            Self::History => 4.0,
        }
    }
}

/// Requests per second that a program may take of an account's quotas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    most: Option<f64>,
    /// Whether it is the function's.
    unattended: bool,
}

impl Budget {
    /// A share of every quota; more where none is known, as long as nothing is refused.
    pub const DEFAULT: Self = Self { most: None, unattended: false };

    /// Never more than half of the assumed quota of what a sweep lists. What an event needs waits for nothing: changes come first.
    pub const FUNCTION: Self = Self { most: None, unattended: true };

    /// This many shared reads per second, and no more of anything else.
    #[must_use]
    pub fn at_most(self, per_second: f64) -> Self {
        Self { most: Some(per_second.max(SLOWEST)), ..self }
    }

    /// The bucket of an API.
    pub fn bucket(self, api: Api) -> TokenBucket {
        if self.unattended {
            return match api {
                Api::History | Api::ListTags | Api::Reads => TokenBucket::new(UNLIMITED, UNLIMITED),
                Api::Describe | Api::GetResources => {
                    let most = self.most.unwrap_or(SWEEP);
                    TokenBucket::spread(api.share().min(most), most)
                }
            };
        }
        let (share, most) = match (self.most, api) {
            (Some(most), Api::Reads) => (most, most),
            (Some(most), _) => (api.share().min(most), api.most().min(most)),
            (None, _) => (api.share(), api.most()),
        };
        TokenBucket::new(share, most)
    }
}

/// A token bucket: one token is one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenBucket {
    most: f64,
    per_second: f64,
    /// Whether no more than one token is saved up.
    spread: bool,
    /// Below zero: requests wait that were promised a token.
    tokens: f64,
    /// When it was filled last, by the caller's clock.
    filled: Duration,
    refused: Option<Duration>,
}

impl TokenBucket {
    /// `first` requests per second to begin with, `most` at the most. A second's worth may be taken at once.
    pub fn new(first: f64, most: f64) -> Self {
        let first = first.max(f64::EPSILON);
        let most = most.max(first);
        let tokens = first.max(1.0);
        Self { most, per_second: first, spread: false, tokens, filled: Duration::ZERO, refused: None }
    }

    /// The same, evenly spread: nothing is saved up while nothing is sent.
    pub fn spread(first: f64, most: f64) -> Self {
        Self { spread: true, tokens: 1.0, ..Self::new(first, most) }
    }

    /// Requests per second now.
    pub fn per_second(&self) -> f64 {
        self.per_second
    }

    /// Takes a token; returns how long to wait before the request is sent. `now` never goes backwards.
    pub fn take(&mut self, now: Duration) -> Duration {
        self.take_many(now, 1)
    }

    /// Takes as many tokens for one request, which is sent when there is one: those after it wait for the others.
    pub fn take_many(&mut self, now: Duration, count: u32) -> Duration {
        let passed = now.saturating_sub(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        let full = if self.spread { 1.0 } else { self.per_second.max(1.0) };
        let tokens = (self.tokens + passed * self.per_second).min(full);
        self.tokens = tokens - f64::from(count);
        if tokens >= 1.0 { Duration::ZERO } else { Duration::from_secs_f64((1.0 - tokens) / self.per_second) }
    }

    /// A request was answered.
    pub fn succeeded(&mut self, now: Duration) {
        if self.refused.is_none_or(|refused| now.saturating_sub(refused) >= BACK_OFF) {
            self.per_second = (self.per_second * (1.0 + GROWTH)).min(self.most);
        }
    }

    /// AWS asked to slow down. `jitter`, from 0 to 1, keeps programs that were refused together from coming back together.
    pub fn refused(&mut self, now: Duration, jitter: f64) {
        let rush = self.refused.is_some_and(|refused| now.saturating_sub(refused) < SAME_RUSH);
        if !rush {
            self.refused = Some(now);
            self.per_second = (self.per_second / 2.0).max(SLOWEST).min(self.per_second);
            // What is saved up goes as well, and for up to a second nothing is sent.
            self.tokens = self.tokens.min(0.0) - jitter.clamp(0.0, 1.0) * self.per_second;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// When each of so many requests that are asked for at once is sent.
    fn sent(bucket: &mut TokenBucket, now: Duration, requests: usize) -> Vec<f64> {
        (0..requests).map(|_| (now + bucket.take(now)).as_secs_f64()).collect()
    }

    #[test]
    fn one_second_of_requests_goes_at_once_and_the_rest_at_the_rate() {
        let mut bucket = TokenBucket::new(5.0, 5.0);
        let sent = sent(&mut bucket, Duration::ZERO, 15);
        assert!(sent[..5].iter().all(|at| *at == 0.0), "{sent:?}");
        assert!((sent[14] - 2.0).abs() < 1e-6, "{sent:?}");
    }

    #[test]
    fn rest_saves_no_more_than_one_second() {
        let mut bucket = TokenBucket::new(5.0, 5.0);
        let sent = sent(&mut bucket, seconds(100.0), 10);
        assert!((sent[9] - 101.0).abs() < 1e-6, "{sent:?}");
    }

    #[test]
    fn rate_grows_slowly_up_to_its_most() {
        let mut bucket = TokenBucket::new(5.0, 8.0);
        bucket.succeeded(Duration::ZERO);
        assert!(bucket.per_second() < 5.1);
        for _ in 0..1_000 {
            bucket.succeeded(Duration::ZERO);
        }
        assert!((bucket.per_second() - 8.0).abs() < 1e-6);
    }

    #[test]
    fn refusal_halves_the_rate_for_long_and_a_rush_counts_once() {
        let mut bucket = TokenBucket::new(5.0, 8.0);
        for at in [0.0, 0.1, 0.5] {
            bucket.refused(seconds(at), 0.0);
        }
        assert_eq!(bucket.per_second(), 2.5);
        bucket.succeeded(seconds(20.0));
        assert_eq!(bucket.per_second(), 2.5, "no growth yet");
        bucket.succeeded(seconds(31.0));
        assert!(bucket.per_second() > 2.5);
        bucket.refused(seconds(40.0), 0.0);
        assert!(bucket.per_second() < 1.3);
    }

    #[test]
    fn refusal_spends_what_is_saved_and_jitter_differs() {
        let wait = |jitter: f64| {
            let mut bucket = TokenBucket::new(4.0, 4.0);
            bucket.refused(Duration::ZERO, jitter);
            bucket.take(Duration::ZERO)
        };
        assert_eq!(wait(0.0), seconds(0.5));
        assert_eq!(wait(1.0), seconds(1.5));
    }

    #[test]
    fn rate_never_ends() {
        let mut bucket = TokenBucket::new(1.0, 1.0);
        for at in 0..100_u32 {
            bucket.refused(seconds(f64::from(at) * 2.0), 1.0);
        }
        assert!(bucket.per_second() >= SLOWEST);
    }

    #[test]
    fn default_budget_begins_below_every_quota() {
        let rate = |budget: Budget, api| budget.bucket(api).per_second();
        assert_eq!(Api::ALL.map(|api| rate(Budget::DEFAULT, api)), [10.0, 2.5, 2.5, 2.5, 2.5]);
        assert_eq!(Api::ALL.map(|api| rate(Budget::DEFAULT.at_most(2.0), api)), [2.0; 5]);
        assert_eq!(Api::ALL.map(|api| rate(Budget::DEFAULT.at_most(100.0), api)), [100.0, 2.5, 2.5, 2.5, 2.5]);
    }

    /// A bucket of AWS's: what of the requests, each sent when its turn comes, it refuses.
    fn refused_by(quota: f64, bucket: &mut TokenBucket, requests: usize) -> (usize, f64) {
        let (mut tokens, mut at, mut refused) = (quota, 0.0, 0);
        for _ in 0..requests {
            let sent = at + bucket.take(seconds(at)).as_secs_f64();
            tokens = f64::min(tokens + (sent - at) * quota, quota);
            at = sent;
            if tokens >= 1.0 {
                tokens -= 1.0;
                bucket.succeeded(seconds(at));
            } else {
                refused += 1;
                bucket.refused(seconds(at), 0.5);
            }
        }
        (refused, at)
    }

    #[test]
    fn low_quotas_refuse_less_than_two_in_a_hundred() {
        for quota in [3.0, 5.0, 10.0] {
            for requests in [100, 200, 1_000] {
                let mut bucket = Budget::DEFAULT.bucket(Api::Describe);
                let (refused, took) = refused_by(quota, &mut bucket, requests);
                assert!(refused * 50 < requests, "{refused} of {requests} at {quota}/s");
                // At least half of the quota is used.
                assert!(took < 2.0 * requests as f64 / f64::min(quota, 8.0), "{requests} at {quota}/s took {took} s");
            }
        }
    }

    #[test]
    fn application_that_reads_thirty_a_second_loses_nothing() {
        let mut ours = Budget::DEFAULT.bucket(Api::Reads);
        let mut reads: Vec<f64> = sent(&mut ours, Duration::ZERO, 1_000);
        let last = reads.last().copied().unwrap_or_default();
        reads.extend((0..100_000).map(|nth| f64::from(nth) / 30.0).take_while(|at| *at <= last));
        reads.sort_by(f64::total_cmp);
        // AWS's bucket of 40, for both.
        let (mut tokens, mut before) = (40.0, 0.0);
        for at in reads {
            tokens = f64::min(tokens + (at - before) * 40.0, 40.0) - 1.0;
            before = at;
            assert!(tokens >= 0.0, "refused after {at} s");
        }
    }

    #[test]
    fn spread_requests_come_one_by_one_also_after_a_rest() {
        let mut bucket = TokenBucket::spread(3.0, 3.0);
        let waits: Vec<u128> = (0..4).map(|_| bucket.take(Duration::ZERO).as_millis()).collect();
        assert_eq!(waits, [0, 333, 666, 1_000]);
        assert_eq!(bucket.take_many(seconds(60.0), 10), Duration::ZERO, "no debt after a rest");
        assert_eq!(bucket.take(seconds(60.0)).as_millis(), 3_333, "ten took ten turns");
    }

    #[test]
    fn function_takes_half_of_a_quota_for_listings_and_never_holds_up_a_change() {
        let grown = |budget: Budget| {
            let mut listing = budget.bucket(Api::Describe);
            (0..200).for_each(|_| listing.succeeded(Duration::ZERO));
            listing.per_second()
        };
        assert_eq!(grown(Budget::FUNCTION), 5.0);
        assert_eq!(grown(Budget::FUNCTION.at_most(1.0)), 1.0);
        assert_eq!(grown(Budget::FUNCTION.at_most(7.0)), 7.0);
        let mut history = Budget::FUNCTION.bucket(Api::History);
        assert!((0..1_000).all(|_| history.take(Duration::ZERO).is_zero()));
    }

    #[test]
    fn writes_have_no_rate_here() {
        assert_eq!(Api::of_operation("PutParameter"), None);
        assert_eq!(Api::of_operation("GetParametersByPath"), Some(Api::Reads));
    }
}
