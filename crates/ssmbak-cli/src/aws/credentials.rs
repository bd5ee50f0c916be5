//! Credentials from the standard places, asked for before anything else so that their want is told in one sentence.

use std::error::Error as StdError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::BehaviorVersion;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;
use ssmbak::{Error, ErrorKind};

use super::http;
use crate::error::CliError;

/// Credentials this close to their end are asked for anew.
const MARGIN: Duration = Duration::from_secs(60);

/// The standard chain. A profile that is named on the command line goes before keys in the environment, as in the AWS CLI.
pub(super) fn chain(profile: Option<&str>, region: &Region, http: SharedHttpClient) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region()
        .with_http_client(http)
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_region(Some(region.clone()));
    let mut from_profile = ProfileFileCredentialsProvider::builder().configure(&config);
    if let Some(profile) = profile {
        from_profile = from_profile.profile_name(profile);
    }
    let from_profile = from_profile.build();
    let chain = match profile {
        Some(_) => CredentialsProviderChain::first_try("Profile", from_profile),
        None => {
            let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
            CredentialsProviderChain::first_try("Environment", EnvironmentVariableCredentialsProvider::new())
                .or_else("Profile", from_profile)
                .or_else("WebIdentityToken", web_identity)
        }
    };
    let of_machine = ImdsCredentialsProvider::builder().configure(&config).imds_client(metadata_service(&config));
    SharedCredentialsProvider::new(
        chain
            .or_else("EcsContainer", EcsCredentialsProvider::builder().configure(&config).build())
            .or_else("Ec2InstanceMetadata", Perhaps(of_machine.build())),
    )
}

/// The metadata service, which is asked on any machine: that it fails says only that this is none of EC2's.
#[derive(Debug)]
struct Perhaps(ImdsCredentialsProvider);

impl ProvideCredentials for Perhaps {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.0.provide_credentials().await.map_err(CredentialsError::not_loaded)
        })
    }
}

/// One try of one second, as boto has it: where there is no such service, nobody should wait for it.
fn metadata_service(config: &ProviderConfig) -> imds::Client {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let seconds = number("AWS_METADATA_SERVICE_TIMEOUT").filter(|seconds| *seconds > 0).unwrap_or(1);
    let attempts = number("AWS_METADATA_SERVICE_NUM_ATTEMPTS").filter(|attempts| *attempts > 0).unwrap_or(1);
    let timeout = Duration::from_secs(u64::from(seconds));
    imds::Client::builder()
        .configure(&config.clone().with_http_client(http::metadata_client()))
        .connect_timeout(timeout)
        .read_timeout(timeout)
        .max_attempts(attempts)
        .build()
}

/// Asks for credentials, and has the clients use these rather than ask a second time: a second question could be a
/// second code of a second factor.
pub(super) async fn loaded(provider: SharedCredentialsProvider) -> Result<SharedCredentialsProvider, CliError> {
    match provider.provide_credentials().await {
        Ok(credentials) => {
            Ok(SharedCredentialsProvider::new(Loaded { provider, first: Mutex::new(Some(credentials)) }))
        }
        Err(CredentialsError::CredentialsNotLoaded(_)) => {
            Err(Error::new(ErrorKind::Credentials, "no AWS credentials were found").into())
        }
        Err(error) => {
            Err(Error::new(ErrorKind::Credentials, format!("the AWS credentials cannot be had: {}", cause(&error)))
                .into())
        }
    }
}

/// The innermost cause as one line.
fn cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Debug)]
struct Loaded {
    provider: SharedCredentialsProvider,
    first: Mutex<Option<Credentials>>,
}

impl Loaded {
    fn first(&self) -> Option<Credentials> {
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        let soon = SystemTime::now() + MARGIN;
        if first.as_ref().and_then(Credentials::expiry).is_some_and(|expiry| expiry <= soon) {
            *first = None;
        }
        first.clone()
    }

    async fn provide(&self) -> provider::Result {
        match self.first() {
            Some(credentials) => Ok(credentials),
            None => self.provider.provide_credentials().await,
        }
    }
}

impl ProvideCredentials for Loaded {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}
