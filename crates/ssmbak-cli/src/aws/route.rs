//! Requests on their way: through a proxy or directly.

use std::error::Error as StdError;
use std::io;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::proxy::{Proxy, ProxyRules};
use crate::error::CliError;

/// A client for each proxy, and one without.
#[derive(Debug)]
pub(super) struct Routed {
    rules: ProxyRules,
    direct: SharedHttpClient,
    http: Option<SharedHttpClient>,
    https: Option<SharedHttpClient>,
}

impl Routed {
    /// With clients that `make` makes.
    ///
    /// # Errors
    /// [`CliError`] for a proxy that cannot be one.
    pub fn new(rules: ProxyRules, make: impl Fn(ProxyConfig) -> SharedHttpClient) -> Result<Self, CliError> {
        let through = |proxy: &Option<Proxy>| match proxy {
            Some(proxy) => match ProxyConfig::all(proxy.url.clone()) {
                Ok(config) => Ok(Some(make(config))),
                Err(_) => {
                    let message = format!("{} ({}) is no URL of an HTTP proxy", proxy.shown(), proxy.variable);
                    Err(CliError::failure("Environment", message, "give it like http://proxy.example.com:3128"))
                }
            },
            None => Ok(None),
        };
        let (http, https) = (through(&rules.http)?, through(&rules.https)?);
        Ok(Self { direct: make(ProxyConfig::disabled()), rules, http, https })
    }
}

impl HttpClient for Routed {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = |client: &SharedHttpClient| client.http_connector(settings, components);
        SharedHttpConnector::new(RoutedConnector {
            rules: self.rules.clone(),
            direct: connector(&self.direct),
            http: self.http.as_ref().map(connector),
            https: self.https.as_ref().map(connector),
        })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.direct.connector_metadata()
    }
}

#[derive(Debug)]
struct RoutedConnector {
    rules: ProxyRules,
    direct: SharedHttpConnector,
    http: Option<SharedHttpConnector>,
    https: Option<SharedHttpConnector>,
}

impl HttpConnector for RoutedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_plain = request.uri().starts_with("http://");
        let connector = if is_plain { &self.http } else { &self.https };
        let (Some(proxy), Some(connector)) = (self.rules.proxy_for(request.uri()), connector) else {
            return self.direct.call(request);
        };
        let (call, proxy) = (connector.call(request), proxy.clone());
        HttpConnectorFuture::new(async move { call.await.map_err(|error| through(&proxy, error)) })
    }
}

/// The error with the proxy's name, its kind kept.
fn through(proxy: &Proxy, error: ConnectorError) -> ConnectorError {
    let mut cause: &(dyn StdError + 'static) = &error;
    let mut kind = io::ErrorKind::Other;
    while let Some(source) = cause.source() {
        cause = source;
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            kind = error.kind();
        }
    }
    let named = io::Error::new(kind, format!("{cause}, through the proxy {} of {}", proxy.shown(), proxy.variable));
    let named = Box::new(named);
    match () {
        () if error.is_timeout() => ConnectorError::timeout(named),
        () if error.is_user() => ConnectorError::user(named),
        // Whatever else happens between here and a proxy is the network's.
        () => ConnectorError::io(named),
    }
}
