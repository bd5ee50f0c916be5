//! Credentials from the standard places, asked for before anything else so that their want is told in one sentence.

use std::error::Error as StdError;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::credential_process::CredentialProcessProvider;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::login::LoginCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::sso::SsoCredentialsProvider;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::region::Region;
use ssmbak::{Error, ErrorKind};

use super::assume_role::{CredentialsFailure, MfaCodes, RoleProvider};
use super::http;
use super::profile::{Base, Recipe};
use crate::error::CliError;
use crate::suggested_command::quoted;

/// Credentials this close to their end are asked for anew.
const MARGIN: Duration = Duration::from_secs(60);

/// What all providers share.
pub(super) struct Ways {
    /// The region of the commands.
    pub region: Region,
    /// Through the proxies.
    pub http: SharedHttpClient,
    /// Without a proxy, for the endpoint of a container.
    pub direct: SharedHttpClient,
    /// Where the profile has the metadata service.
    pub metadata_endpoint: Option<String>,
    /// The way to STS: how requests are made, and its endpoint if it is another than AWS's.
    pub sts: (SdkConfig, Option<String>),
    /// The codes of second factors.
    pub codes: MfaCodes,
}

/// The credentials of a recipe.
pub(super) fn provider(recipe: Recipe, ways: Ways) -> SharedCredentialsProvider {
    let base = base(recipe.base, &ways);
    if recipe.roles.is_empty() {
        return base;
    }
    SharedCredentialsProvider::new(RoleProvider::new(base, recipe.roles, ways.sts, ways.codes))
}

fn base(base: Base, ways: &Ways) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region()
        .with_http_client(ways.http.clone())
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_use_fips(ways.sts.0.use_fips())
        .with_use_dual_stack(ways.sts.0.use_dual_stack())
        .with_region(Some(ways.region.clone()));
    let container = || {
        let config = config.clone().with_http_client(ways.direct.clone());
        EcsCredentialsProvider::builder().configure(&config).build()
    };
    let instance = || {
        let client = metadata_service(&config, ways.metadata_endpoint.as_deref());
        OptionalImds(ImdsCredentialsProvider::builder().configure(&config).imds_client(client).build())
    };
    match base {
        Base::Static(keys) => SharedCredentialsProvider::new(keys),
        Base::WebIdentity { token_file, role_arn, session_name } => {
            let session_name = session_name.unwrap_or_else(|| format!("ssmbak-{}", ssmbak::clock::now().as_second()));
            let settings = StaticConfiguration { web_identity_token_file: token_file, role_arn, session_name };
            let builder = WebIdentityTokenCredentialsProvider::builder().configure(&config);
            SharedCredentialsProvider::new(builder.static_configuration(settings).build())
        }
        Base::Sso(sso) => {
            let mut builder = SsoCredentialsProvider::builder().configure(&config).account_id(sso.account_id);
            builder.set_session_name(sso.session_name);
            let builder = builder.role_name(sso.role_name).start_url(sso.start_url).region(Region::new(sso.region));
            SharedCredentialsProvider::new(builder.build())
        }
        Base::Login(session) => {
            SharedCredentialsProvider::new(LoginCredentialsProvider::builder(session).configure(&config).build())
        }
        Base::Process(command) => SharedCredentialsProvider::new(CredentialProcessProvider::new(command)),
        Base::Container => SharedCredentialsProvider::new(container()),
        Base::Instance => SharedCredentialsProvider::new(instance()),
        Base::Machine => SharedCredentialsProvider::new(
            CredentialsProviderChain::first_try("EcsContainer", container()).or_else("Ec2InstanceMetadata", instance()),
        ),
    }
}

/// What to do when the credentials of a recipe cannot be had.
pub(super) fn hint(base: &Base, profile: &str) -> Option<String> {
    match base {
        Base::Sso(_) => Some(format!("log in again: aws sso login --profile {}", quoted(profile))),
        Base::Login(_) => Some(format!("log in again: aws login --profile {}", quoted(profile))),
        Base::Process(_) => Some(format!("check the credential_process of profile {profile:?}")),
        Base::WebIdentity { token_file, .. } => {
            Some(format!("check the token in {} and the role's trust policy", token_file.display()))
        }
        Base::Container => Some("check AWS_CONTAINER_CREDENTIALS_FULL_URI and …_RELATIVE_URI".to_owned()),
        Base::Static(_) | Base::Instance | Base::Machine => None,
    }
}

/// The metadata service, which is asked on any machine: that it fails says only that this is none of EC2's.
#[derive(Debug)]
struct OptionalImds(ImdsCredentialsProvider);

impl ProvideCredentials for OptionalImds {
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
fn metadata_service(config: &ProviderConfig, endpoint: Option<&str>) -> imds::Client {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let seconds = number("AWS_METADATA_SERVICE_TIMEOUT").filter(|seconds| *seconds > 0).unwrap_or(1);
    let attempts = number("AWS_METADATA_SERVICE_NUM_ATTEMPTS").filter(|attempts| *attempts > 0).unwrap_or(1);
    let timeout = Duration::from_secs(u64::from(seconds));
    let builder = imds::Client::builder().configure(&config.clone().with_http_client(http::metadata_client()));
    let of_profile = endpoint.filter(|_| std::env::var_os("AWS_EC2_METADATA_SERVICE_ENDPOINT").is_none());
    // One that is no URL is as good as none.
    let with_endpoint = of_profile.and_then(|endpoint| builder.clone().endpoint(endpoint).ok());
    with_endpoint.unwrap_or(builder).connect_timeout(timeout).read_timeout(timeout).max_attempts(attempts).build()
}

/// Asks for credentials, and has the clients use these rather than ask a second time: a second question could be a
/// second code of a second factor.
pub(super) async fn loaded(
    provider: SharedCredentialsProvider,
    hint: Option<&str>,
) -> Result<SharedCredentialsProvider, CliError> {
    match provider.provide_credentials().await.and_then(checked) {
        Ok(credentials) => {
            Ok(SharedCredentialsProvider::new(Loaded { provider, first: Mutex::new(Some(credentials)) }))
        }
        Err(CredentialsError::CredentialsNotLoaded(_)) if hint.is_none() => {
            Err(Error::new(ErrorKind::Credentials, "no AWS credentials were found").into())
        }
        Err(error) => Err(refused(&error, hint)),
    }
}

/// The error for credentials that cannot be had.
fn refused(error: &CredentialsError, hint: Option<&str>) -> CliError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(failure) = cause.downcast_ref::<CredentialsFailure>() {
            return Error::new(ErrorKind::Credentials, &failure.message).with_hint(&failure.hint).into();
        }
        source = cause.source();
    }
    let told = Error::new(ErrorKind::Credentials, format!("failed to load AWS credentials: {}", cause(error)));
    match hint {
        Some(hint) => told.with_hint(hint).into(),
        None => told.into(),
    }
}

/// Refuses what no request can carry, over which the SDK would panic.
fn checked(credentials: Credentials) -> provider::Result {
    let texts = [credentials.access_key_id(), credentials.secret_access_key()];
    let texts = texts.into_iter().chain(credentials.session_token());
    if texts.into_iter().all(|text| text.bytes().all(|byte| byte.is_ascii_graphic())) {
        return Ok(credentials);
    }
    Err(CredentialsError::provider_error(CredentialsFailure {
        message: "a key of the AWS credentials holds a line end, a blank or another character that no key has"
            .to_owned(),
        hint: "check what provides the credentials: a file or a program may add a line end".to_owned(),
    }))
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
            None => self.provider.provide_credentials().await.and_then(checked),
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
