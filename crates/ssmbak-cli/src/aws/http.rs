//! The one HTTPS client that all AWS clients share.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

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

use super::proxy::ProxyRules;
use super::route::Routed;
use crate::error::CliError;

/// Of an endpoint that was never reached, how many failures end the tries. One that answered once is retried as usual.
const PATIENCE: u32 = 3;

/// HTTPS on rustls and ring, through the proxies that the environment names.
///
/// # Errors
/// [`CliError`] for a proxy that cannot be one.
pub(super) fn client(tls: &TlsContext, rules: ProxyRules) -> Result<SharedHttpClient, CliError> {
    let inner = SharedHttpClient::new(Routed::new(rules, |proxy| https(tls.clone(), proxy))?);
    Ok(SharedHttpClient::new(FirstContact { inner, endpoints: Arc::default() }))
}

/// The same without any proxy, for the endpoint of a container, which none can reach.
pub(super) fn direct_client(tls: &TlsContext) -> SharedHttpClient {
    let inner = https(tls.clone(), ProxyConfig::disabled());
    SharedHttpClient::new(FirstContact { inner, endpoints: Arc::default() })
}

fn https(tls: TlsContext, proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder()
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls.clone());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder.build()
    })
}

/// Plain HTTP and no proxy, for the metadata service of a machine.
pub(super) fn metadata_client() -> SharedHttpClient {
    let inner = Builder::new().build_http();
    SharedHttpClient::new(FirstContact { inner, endpoints: Arc::default() })
}

/// Gives up soon on an endpoint that has never answered: the SDK's eight tries with their pauses are meant for an AWS
/// that is busy, and a wrong URL or a network that is down should be told within seconds.
#[derive(Debug)]
struct FirstContact {
    inner: SharedHttpClient,
    endpoints: Arc<Endpoints>,
}

#[derive(Debug, Default)]
struct Endpoints(Mutex<HashMap<String, Contact>>);

#[derive(Clone, Copy, Debug)]
enum Contact {
    Made,
    Failed(u32),
}

impl Endpoints {
    fn reached(&self, host: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(host, Contact::Made);
    }

    /// Notes a failure; whether to try no more.
    fn failed(&self, host: String, error: &ConnectorError) -> bool {
        let mut endpoints = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let contact = endpoints.entry(host).or_insert(Contact::Failed(0));
        match contact {
            Contact::Made => false,
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

impl HttpClient for FirstContact {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(FirstContactConnector { inner, endpoints: Arc::clone(&self.endpoints) })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct FirstContactConnector {
    inner: SharedHttpConnector,
    endpoints: Arc<Endpoints>,
}

impl HttpConnector for FirstContactConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = authority(request.uri()).to_owned();
        let call = self.inner.call(request);
        let endpoints = Arc::clone(&self.endpoints);
        HttpConnectorFuture::new(async move {
            match call.await {
                Ok(response) => {
                    endpoints.reached(host);
                    Ok(response)
                }
                // An error of the user's is the one kind that the SDK does not retry.
                Err(error) if endpoints.failed(host, &error) => Err(ConnectorError::user(error.into_source())),
                Err(error) => Err(error),
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
        assert!(!endpoints.failed(host(), &error(io::ErrorKind::TimedOut)));
        assert!(!endpoints.failed(host(), &error(io::ErrorKind::TimedOut)));
        assert!(endpoints.failed(host(), &error(io::ErrorKind::TimedOut)));
        assert!(endpoints.failed("other".to_owned(), &error(io::ErrorKind::ConnectionRefused)));
    }

    #[test]
    fn an_endpoint_that_answered_is_tried_again_as_usual() {
        let endpoints = Endpoints::default();
        endpoints.reached("h".to_owned());
        for _ in 0..9 {
            assert!(!endpoints.failed("h".to_owned(), &error(io::ErrorKind::ConnectionRefused)));
        }
    }

    #[test]
    fn an_endpoint_is_its_host_and_port() {
        assert_eq!(authority("http://127.0.0.1:5000/bucket//key?x=/"), "127.0.0.1:5000");
        assert_eq!(authority("https://ssm.eu-west-1.amazonaws.com"), "ssm.eu-west-1.amazonaws.com");
    }
}
