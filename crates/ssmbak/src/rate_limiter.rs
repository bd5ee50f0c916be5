//! Keeps a client's requests within a budget: waits before each, and learns from refusals.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use ssmbak_core::rate::{Api, Budget, TokenBucket};
use ssmbak_core::refusal::{Refusal, refusal};
use tokio::time::{Instant, sleep};

use crate::RequestPolicy;

/// One token bucket for each API, shared by all clients that it is installed in.
#[derive(Clone, Debug)]
pub struct RateLimiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    begun: Instant,
    buckets: [Mutex<TokenBucket>; Api::ALL.len()],
}

/// Writes per second, evenly spread.
#[derive(Debug)]
pub(crate) struct WriteRate {
    begun: Instant,
    bucket: Option<Mutex<TokenBucket>>,
}

impl WriteRate {
    /// So many a second; `None` or nothing positive: no limit.
    pub(crate) fn new(per_second: Option<f64>) -> Self {
        let rate = per_second.filter(|rate| *rate > 0.0 && rate.is_finite());
        let bucket = rate.map(|rate| Mutex::new(TokenBucket::spread(rate, rate)));
        Self { begun: Instant::now(), bucket }
    }

    /// Waits for the turn of `count` at once. Turns are given in the order in which they are asked for.
    pub(crate) async fn turn(&self, count: usize) {
        let Some(bucket) = &self.bucket else { return };
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let wait = bucket.lock().unwrap_or_else(PoisonError::into_inner).take_many(self.begun.elapsed(), count);
        if !wait.is_zero() {
            sleep(wait).await;
        }
    }
}

impl RateLimiter {
    /// Buckets as the budget has them.
    pub fn new(budget: Budget) -> Self {
        let buckets = Api::ALL.map(|api| Mutex::new(budget.bucket(api)));
        Self(Arc::new(Shared { begun: Instant::now(), buckets }))
    }

    /// The same client, whose every request waits for its turn: retries of the SDK's included.
    pub(crate) fn paced(&self, client: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Paced { limiter: self.clone(), inner: client })
    }

    async fn turn(&self, api: Api) {
        let wait = self.with(api, TokenBucket::take);
        if !wait.is_zero() {
            // An interrupted run does not wait: what it sends then fails or is its last.
            RequestPolicy::current().pause(wait).await;
        }
    }

    fn answered(&self, api: Api, busy: bool) {
        let jitter = jitter();
        self.with(api, |bucket, now| if busy { bucket.refused(now, jitter) } else { bucket.succeeded(now) });
    }

    fn with<T>(&self, api: Api, change: impl FnOnce(&mut TokenBucket, Duration) -> T) -> T {
        // Its place among all.
        let bucket = &self.0.buckets[api as usize];
        change(&mut bucket.lock().unwrap_or_else(PoisonError::into_inner), self.0.begun.elapsed())
    }
}

/// From 0 to 1, and hardly the same in two programs.
fn jitter() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    f64::from(now.subsec_nanos() % 1_000_000) / 1_000_000.0
}

/// The API that a request of a JSON service belongs to.
fn api_of(request: &HttpRequest) -> Option<Api> {
    Api::of_operation(request.headers().get("x-amz-target")?.split('.').next_back()?)
}

/// The error code of a JSON answer.
fn code_of(response: &HttpResponse) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(response.body().bytes()?).ok()?;
    let code = body.get("__type")?.as_str()?;
    Some(code.split('#').next_back().unwrap_or(code).to_owned())
}

impl Intercept for RateLimiter {
    fn name(&self) -> &'static str {
        "the rate limiter"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The request itself was handed over to be sent, and is not in the context any more.
        let api = config.load::<Metadata>().and_then(|operation| Api::of_operation(operation.name()));
        if let (Some(api), Some(response)) = (api, context.response()) {
            let status = response.status().as_u16();
            let refused = !response.status().is_success()
                && refusal(Some(status), code_of(response).as_deref(), None) == Some(Refusal::Busy);
            self.answered(api, refused);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Paced {
    limiter: RateLimiter,
    inner: SharedHttpClient,
}

impl HttpClient for Paced {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(PacedConnector { limiter: self.limiter.clone(), inner })
    }
}

#[derive(Debug)]
struct PacedConnector {
    limiter: RateLimiter,
    inner: SharedHttpConnector,
}

impl HttpConnector for PacedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(api) = api_of(&request) else { return self.inner.call(request) };
        let (limiter, inner) = (self.limiter.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            limiter.turn(api).await;
            inner.call(request).await
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_credential_types::Credentials;
    use aws_sdk_ssm::Client;
    use aws_sdk_ssm::config::{BehaviorVersion, Region, retry::RetryConfig};
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Answers every request alike.
    #[derive(Clone, Debug)]
    struct Answer(u16, &'static str);

    impl HttpConnector for Answer {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let status = StatusCode::try_from(self.0).unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(self.1))))
        }
    }

    impl HttpClient for Answer {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    /// The rate of DescribeParameters after so many answers.
    async fn rate_after(answer: Answer, times: usize) -> f64 {
        let limiter = RateLimiter::new(Budget::DEFAULT);
        let config = aws_sdk_ssm::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .http_client(limiter.paced(SharedHttpClient::new(answer)))
            .interceptor(limiter.clone());
        let client = Client::from_conf(config.build());
        for _ in 0..times {
            let _answer = client.describe_parameters().send().await;
        }
        limiter.with(Api::Describe, |bucket, _| bucket.per_second())
    }

    #[tokio::test]
    async fn rate_follows_the_answers_of_the_service() {
        let first = rate_after(Answer(200, "{}"), 0).await;
        assert!(rate_after(Answer(200, "{}"), 2).await > first, "it grows while nothing is refused");
        assert_eq!(rate_after(Answer(400, r#"{"__type":"ThrottlingException"}"#), 1).await, first / 2.0);
        assert_eq!(rate_after(Answer(503, ""), 1).await, first / 2.0);
        assert!(rate_after(Answer(400, r#"{"__type":"ValidationException"}"#), 1).await >= first, "no refusal");
    }
}
