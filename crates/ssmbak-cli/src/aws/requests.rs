//! How the requests of a run are made: how long each may take, when it is tried again, how many there are at once, and that
//! an interruption ends every wait. One policy for all services.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{FinalizerInterceptorContextRef, InterceptorContext};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::ErrorKind;
use ssmbak::RequestPolicy;

use super::environment;
use crate::error::CliError;
use crate::ui::Ui;

/// How long an answer is waited for, as in boto3.
const READ_TIMEOUT: u64 = 60;
/// How long a run waits for an AWS that refuses everything.
const RETRY_SECONDS: u64 = 300;
/// Files that are open beside the connections.
const OTHER_FILES: u64 = 24;
/// More open files than this are never needed.
const ENOUGH_FILES: u64 = 4_096;

/// What bounds every request.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    /// How long a connection may take to be made; `None`: as the SDK has it, some three seconds.
    pub(super) connect: Option<Duration>,
    /// How long an answer may take to begin.
    pub(super) read: Duration,
    /// Maximum concurrent requests.
    pub(super) at_once: usize,
    /// Most shared reads of Parameter Store per second, 0 for no limit; `None`: half of the quota.
    pub(super) max_rps: Option<f64>,
}

impl Limits {
    /// As the environment and the system have them. Raises the limit of open files as far as the system allows.
    pub(super) fn of_environment() -> Result<Self, CliError> {
        Ok(Self {
            connect: seconds("SSMBAK_CONNECT_TIMEOUT")?.map(Duration::from_secs),
            read: Duration::from_secs(seconds("SSMBAK_READ_TIMEOUT")?.unwrap_or(READ_TIMEOUT)),
            at_once: at_once(rlimit::increase_nofile_limit(ENOUGH_FILES).ok()),
            max_rps: rate(environment(MAX_RPS).as_deref())?,
        })
    }
}

/// How many requests a number of open files is enough for. A connection stays open for a while after its request.
fn at_once(files: Option<u64>) -> usize {
    let files = files.unwrap_or(ENOUGH_FILES).clamp(OTHER_FILES + 4, ENOUGH_FILES);
    usize::try_from((files - OTHER_FILES) / 2).unwrap_or(usize::MAX)
}

/// The policy of this run, which tells the terminal why it waits.
///
/// # Errors
/// [`CliError`] if the environment says something that is no time.
pub fn policy(ui: Ui) -> Result<RequestPolicy, CliError> {
    let budget = Duration::from_secs(seconds("SSMBAK_RETRY_SECONDS")?.unwrap_or(RETRY_SECONDS));
    Ok(RequestPolicy::observed(budget, move |why, waited| ui.waiting(why, waited)))
}

fn seconds(name: &str) -> Result<Option<u64>, CliError> {
    let Some(text) = environment(name) else { return Ok(None) };
    let seconds = text.trim().parse().ok().filter(|seconds| *seconds > 0);
    seconds.map(Some).ok_or_else(|| {
        let message = format!("invalid value for {name}: {text:?}");
        CliError::failure("Environment", message, "set it to a number of seconds, 1 or more, or unset it")
    })
}

/// The variable that says how many requests per second to make.
const MAX_RPS: &str = "SSMBAK_MAX_RPS";

fn rate(text: Option<&str>) -> Result<Option<f64>, CliError> {
    let Some(text) = text else { return Ok(None) };
    let rate = text.trim().parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
    rate.map(Some).ok_or_else(|| {
        let message = format!("invalid value for {MAX_RPS}: {text:?}");
        CliError::failure("Environment", message, "set it to requests per second (0 = unlimited), or unset it")
    })
}

/// The pauses between the SDK's own tries, which end when the run is interrupted.
#[derive(Debug)]
pub(super) struct Pauses(pub(super) RequestPolicy);

impl AsyncSleep for Pauses {
    fn sleep(&self, duration: Duration) -> Sleep {
        let policy = self.0.clone();
        Sleep::new(async move {
            policy.pause(duration).await;
        })
    }
}

/// Lets the SDK try again only as long as the policy does, and tells the policy why.
#[derive(Clone, Debug)]
pub(super) struct Retries(pub(super) RequestPolicy);

impl ClassifyRetry for Retries {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        self.classify_retry_v2(context, &RetryAction::NoActionIndicated)
    }

    fn classify_retry_v2(&self, context: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        if !context.is_failed() {
            return RetryAction::NoActionIndicated;
        }
        let status = context.response().map(|response| response.status().as_u16());
        let busy =
            ssmbak_core::refusal::refusal(status, None, None).is_some() || *previous == RetryAction::throttling_error();
        if busy {
            let status = status.map(|status| format!(" (HTTP {status})")).unwrap_or_default();
            self.0.refused(&format!("throttled by AWS{status}"));
        }
        match (self.0.may_wait(), busy) {
            (false, _) => RetryAction::RetryForbidden,
            (true, true) => RetryAction::retryable_error(ErrorKind::ThrottlingError),
            (true, false) => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "the policy of the run"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

impl Intercept for Retries {
    fn name(&self) -> &'static str {
        "the policy of the run"
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let again = config.load::<RequestAttempts>().is_some_and(|tried| tried.attempts() > 1);
        if again && matches!(context.output_or_error(), Some(Ok(_))) {
            self.0.recovered();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_is_a_number_of_requests_per_second() {
        assert_eq!(rate(None).unwrap(), None);
        assert_eq!(rate(Some("0")).unwrap(), Some(0.0));
        assert_eq!(rate(Some(" 2.5 ")).unwrap(), Some(2.5));
        for wrong in ["-1", "inf", "NaN", "fast"] {
            assert!(rate(Some(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn connections_fit_the_limit_of_open_files() {
        assert_eq!(at_once(Some(64)), 20);
        assert_eq!(at_once(Some(16)), 2);
        assert_eq!(at_once(None), 2_036);
        assert!(at_once(Some(1_024)) >= 256, "what a common limit allows is not less than the limiter asks for");
    }
}
