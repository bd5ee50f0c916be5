//! What the examples share: arguments, and the AWS configuration of the environment.

use std::error::Error;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

pub type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Region, credentials and endpoints of the environment, as every AWS SDK finds them.
///
/// With the default features of aws-config, `aws_config::load_defaults(BehaviorVersion::latest())` is enough.
pub async fn aws() -> SdkConfig {
    let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(https).load().await
}

/// The arguments of the command line, exactly as many as are named.
pub fn arguments<const N: usize>(names: [&str; N]) -> Outcome<[String; N]> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given.try_into().map_err(|_| format!("expected the arguments {}", names.join(" ")).into())
}
