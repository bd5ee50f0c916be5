//! Tries again while AWS asks to slow down: the SDK's own retries run dry after some 35 throttles.

use std::future::Future;
use std::time::Duration;

use crate::policy::RequestPolicy;
use crate::{Error, ErrorKind};

/// How often, and after which pauses, a throttled call is tried again once the SDK gave up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often.
    pub attempts: u32,
    /// The first pause; each further one is twice as long, up to sixteen times this.
    pub first_pause: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { attempts: 6, first_pause: Duration::from_secs(1) }
    }
}

/// Tries again while AWS asks to slow down, as long as the run's policy allows it.
pub(crate) async fn retry_throttled<T, F: Future<Output = Result<T, Error>>>(
    retry: RetryPolicy,
    mut call: impl FnMut() -> F,
) -> Result<T, Error> {
    let mut attempt = 0;
    let mut policy: Option<RequestPolicy> = None;
    loop {
        match call().await {
            Err(error) if error.kind == ErrorKind::Throttled => {
                let policy = policy.get_or_insert_with(RequestPolicy::current);
                policy.refused(&error.message);
                if attempt >= retry.attempts || !policy.may_wait() {
                    return Err(error);
                }
                let pause = retry.first_pause.saturating_mul(1 << attempt.min(4));
                tracing::info!(attempt, pause_seconds = pause.as_secs(), why = %error, "throttled, waiting");
                if !policy.pause(pause).await {
                    return Err(error);
                }
                attempt += 1;
            }
            other => {
                if let (Some(policy), Ok(_)) = (&policy, &other) {
                    policy.recovered();
                }
                return other;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_throttled_call_is_tried_again_and_its_failure_is_told_in_the_end() {
        let retry = RetryPolicy { attempts: 3, first_pause: Duration::from_millis(1) };
        let mut calls = 0;
        let answered = retry_throttled(retry, || {
            calls += 1;
            let throttled = calls < 4;
            async move { if throttled { Err(Error::new(ErrorKind::Throttled, "slow down")) } else { Ok(7) } }
        });
        assert_eq!(answered.await, Ok(7));
        assert_eq!(calls, 4);
        let given_up: Result<(), _> =
            retry_throttled(retry, || async { Err(Error::new(ErrorKind::Throttled, "slow down")) }).await;
        assert_eq!(given_up.map_err(|error| error.kind), Err(ErrorKind::Throttled));
    }
}
