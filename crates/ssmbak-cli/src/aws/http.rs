//! The one HTTPS client that all AWS clients share.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use ssmbak::RequestPolicy;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::requests::Limits;

use super::proxy::ProxyRules;
use super::route::Routed;
use crate::error::CliError;

/// Of an endpoint that was never reached, how many failures end the tries. One that answered once is retried as usual.
const PATIENCE: u32 = 3;

/// How many answers in a row may not come at all before no more is tried.
const UNANSWERED: u32 = 2;
/// How long what is under way when the run is interrupted may go on.
const GRACE: Duration = Duration::from_secs(5);
/// An answer that takes longer is reported.
const SLOW: Duration = Duration::from_secs(15);
/// A body is sent at this many bytes a second at least.
const SLOWEST_UPLOAD: u64 = 50_000;

/// HTTPS on rustls and ring, through the proxies that the environment names.
///
/// # Errors
/// [`CliError`] for a proxy that cannot be one.
pub(super) fn client(
    tls: &TlsContext,
    rules: ProxyRules,
    limits: &Limits,
    policy: RequestPolicy,
) -> Result<SharedHttpClient, CliError> {
    let inner = SharedHttpClient::new(Routed::new(rules, |proxy| https(tls.clone(), proxy))?);
    let waits = Waits { read: limits.read, at_once: Arc::new(Semaphore::new(limits.at_once)), policy };
    Ok(SharedHttpClient::new(UnreachableEndpointGuard { inner, endpoints: Arc::default(), waits: Some(waits) }))
}

/// The same without any proxy, for the endpoint of a container, which none can reach.
pub(super) fn direct_client(tls: &TlsContext) -> SharedHttpClient {
    let inner = https(tls.clone(), ProxyConfig::disabled());
    SharedHttpClient::new(UnreachableEndpointGuard { inner, endpoints: Arc::default(), waits: None })
}

fn https(tls: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, _components| {
        let mut builder = Connector::builder()
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls.clone());
        builder.set_connector_settings(settings.cloned());
        // Not that of the run, whose sleeps end when it is interrupted: a connection would seem not to be made.
        builder.set_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())));
        builder.build()
    })
}

/// Plain HTTP and no proxy, for the metadata service of a machine.
pub(super) fn metadata_client() -> SharedHttpClient {
    let inner = Builder::new().build_http();
    SharedHttpClient::new(UnreachableEndpointGuard { inner, endpoints: Arc::default(), waits: None })
}

/// How long is waited for answers, and for one's turn to ask.
#[derive(Clone, Debug)]
struct Waits {
    read: Duration,
    at_once: Arc<Semaphore>,
    policy: RequestPolicy,
}

/// Why there is no answer.
enum NoAnswer {
    /// It did not come in time.
    InTime,
    /// The run was interrupted.
    Interrupted,
    /// The connection failed.
    Connection(ConnectorError),
}

impl Waits {
    /// The answer, unless it takes too long or the run is interrupted.
    async fn answer<T>(
        &self,
        host: &str,
        body: u64,
        call: impl Future<Output = Result<T, ConnectorError>>,
    ) -> Result<T, NoAnswer> {
        let interrupted = async {
            self.policy.interrupted().await;
            sleep(GRACE).await;
        };
        let slow = async {
            sleep(SLOW).await;
            self.policy.slow(&format!("no answer from {host} yet"), SLOW);
            std::future::pending::<()>().await;
        };
        let answered = async {
            // It is never closed.
            let _turn = self.at_once.acquire().await.ok();
            timeout(self.patience(body), call).await
        };
        tokio::select! {
            answered = answered => match answered {
                Ok(answered) => answered.map_err(NoAnswer::Connection),
                Err(_) => Err(NoAnswer::InTime),
            },
            () = interrupted => Err(NoAnswer::Interrupted),
            () = slow => Err(NoAnswer::InTime),
        }
    }

    /// How long an answer may take to begin, its body being sent first.
    fn patience(&self, body: u64) -> Duration {
        self.read.saturating_add(Duration::from_secs(body / SLOWEST_UPLOAD))
    }
}

/// Gives up soon on an endpoint that has never answered: the SDK's eight tries with their pauses are meant for an AWS
/// that is busy, and a wrong URL or a network that is down should be told within seconds.
#[derive(Debug)]
struct UnreachableEndpointGuard {
    inner: SharedHttpClient,
    endpoints: Arc<Endpoints>,
    waits: Option<Waits>,
}

#[derive(Debug, Default)]
struct Endpoints(Mutex<HashMap<String, Contact>>);

#[derive(Clone, Copy, Debug)]
enum Contact {
    /// It has answered; so many answers in a row did not come since.
    Made(u32),
    Failed(u32),
}

impl Endpoints {
    fn reached(&self, host: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(host, Contact::Made(0));
    }

    /// Notes that an answer did not come; whether to try no more.
    fn silent(&self, host: &str) -> bool {
        let mut endpoints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match endpoints.entry(host.to_owned()).or_insert(Contact::Failed(0)) {
            Contact::Made(times) | Contact::Failed(times) => {
                *times += 1;
                *times >= UNANSWERED
            }
        }
    }

    /// Notes a failure; whether to try no more.
    fn failed(&self, host: &str, error: &ConnectorError) -> bool {
        let mut endpoints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let contact = endpoints.entry(host.to_owned()).or_insert(Contact::Failed(0));
        match contact {
            Contact::Made(_) => false,
            Contact::Failed(times) => {
                *times += 1;
                *times >= PATIENCE || is_refusal(error)
            }
        }
    }
}

/// Whether nobody listens there.
fn is_refusal(error: &ConnectorError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}

impl HttpClient for UnreachableEndpointGuard {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FirstContactConnector {
            inner,
            endpoints: Arc::clone(&self.endpoints),
            waits: self.waits.clone(),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct FirstContactConnector {
    inner: SharedHttpConnector,
    endpoints: Arc<Endpoints>,
    waits: Option<Waits>,
}

impl HttpConnector for FirstContactConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = authority(request.uri()).to_owned();
        let body = request.body().content_length().unwrap_or_default();
        let inner = self.inner.clone();
        let (endpoints, waits) = (Arc::clone(&self.endpoints), self.waits.clone());
        HttpConnectorFuture::new(async move {
            // Not before its turn: a call begins with a connection.
            let call = async { inner.call(request).await };
            let answered = match &waits {
                Some(waits) => waits.answer(&host, body, call).await,
                None => call.await.map_err(NoAnswer::Connection),
            };
            // An error of the user's is the one kind that the SDK does not retry.
            match answered {
                Ok(response) => {
                    endpoints.reached(host);
                    Ok(response)
                }
                Err(NoAnswer::Connection(error)) if endpoints.failed(&host, &error) => {
                    Err(ConnectorError::user(error.into_source()))
                }
                Err(NoAnswer::Connection(error)) => Err(error),
                Err(NoAnswer::Interrupted) => {
                    let why =
                        format!("no answer from {host} before the interruption; the request may have taken effect");
                    Err(ConnectorError::user(why.into()))
                }
                Err(NoAnswer::InTime) => {
                    let seconds = waits.map_or(0, |waits| waits.patience(body).as_secs());
                    let why = format!("no answer from {host} within {seconds} s").into();
                    Err(if endpoints.silent(&host) { ConnectorError::user(why) } else { ConnectorError::timeout(why) })
                }
            }
        })
    }
}

/// Host and port of a URI.
fn authority(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: io::ErrorKind) -> ConnectorError {
        ConnectorError::io(Box::new(io::Error::from(kind)))
    }

    #[test]
    fn a_refusal_ends_the_tries_at_once_and_silence_after_some() {
        let endpoints = Endpoints::default();
        let host = || "h:1".to_owned();
        assert!(!endpoints.failed(&host(), &error(io::ErrorKind::TimedOut)));
        assert!(!endpoints.failed(&host(), &error(io::ErrorKind::TimedOut)));
        assert!(endpoints.failed(&host(), &error(io::ErrorKind::TimedOut)));
        assert!(endpoints.failed("other", &error(io::ErrorKind::ConnectionRefused)));
    }

    #[test]
    fn an_endpoint_that_answered_is_tried_again_as_usual() {
        let endpoints = Endpoints::default();
        endpoints.reached("h".to_owned());
        for _ in 0..9 {
            assert!(!endpoints.failed("h", &error(io::ErrorKind::ConnectionRefused)));
        }
    }

    #[test]
    fn second_answer_in_a_row_that_does_not_come_ends_the_tries() {
        let endpoints = Endpoints::default();
        let host = || "h:1".to_owned();
        endpoints.reached(host());
        assert!(!endpoints.silent(&host()), "one may be lost on the way");
        endpoints.reached(host());
        assert!(!endpoints.silent(&host()));
        assert!(endpoints.silent(&host()));
    }

    #[test]
    fn an_endpoint_is_its_host_and_port() {
        assert_eq!(authority("http://127.0.0.1:5000/bucket//key?x=/"), "127.0.0.1:5000");
        assert_eq!(authority("https://ssm.eu-west-1.amazonaws.com"), "ssm.eu-west-1.amazonaws.com");
    }
}
