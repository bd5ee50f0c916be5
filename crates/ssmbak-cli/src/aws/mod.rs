//! The way to AWS: region, credentials, endpoints, retries, and the clients that go by them.

mod assume_role;
mod caller;
mod clients;
mod credentials;
mod http;
mod profile;
mod proxy;
mod requests;
mod route;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::ServiceConfigKey;
use ssmbak::RequestPolicy;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::core::rate::Budget;
use ssmbak::store::SsmParameterStore;
use ssmbak::{Error, ErrorKind};

pub use caller::Caller;
pub use requests::policy;

use crate::arn;
use crate::error::CliError;
use crate::global::GlobalArgs;
use assume_role::MfaCodes;
use credentials::Ways;
use profile::{AwsConfig, recipe};
use proxy::ProxyRules;

/// How often a request is tried: AWS throttles Parameter Store early, and each try waits longer than the one before.
const ATTEMPTS: u32 = 8;

/// The services that are used, as the SDK calls them; an endpoint variable ends in the name in capitals.
const SERVICES: [&str; 9] =
    ["S3", "SSM", "CloudFormation", "CloudWatch", "STS", "SQS", "EventBridge", "Lambda", TAGGING];
const TAGGING: &str = "Resource Groups Tagging API";

/// A configured way to AWS.
#[derive(Clone, Debug)]
pub struct Aws {
    config: SdkConfig,
    region: String,
    /// The endpoint of the command line, which stands for all services.
    endpoint: Option<String>,
    /// What to do when there are no credentials.
    hint: Option<String>,
    /// Most shared reads of Parameter Store per second, if that is set.
    max_rps: Option<f64>,
}

impl Aws {
    /// Finds region and credentials.
    ///
    /// # Errors
    /// [`CliError`] in one sentence if there are none.
    pub async fn connect(global: &GlobalArgs) -> Result<Self, CliError> {
        let mut aws = Self::configure(global).await?;
        if let Some(provider) = aws.config.credentials_provider() {
            let provider = credentials::loaded(provider, aws.hint.as_deref()).await?;
            aws.config = aws.config.into_builder().credentials_provider(provider).build();
        }
        arn::check(&global.arns, &aws).await?;
        Ok(aws)
    }

    /// As [`Aws::connect`], but leaves the credentials to the first request, for what may need none.
    ///
    /// # Errors
    /// [`CliError`] in one sentence if there is no region.
    pub async fn configure(global: &GlobalArgs) -> Result<Self, CliError> {
        let given = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let endpoint = given(&global.endpoint_url);
        if let Some(endpoint) = &endpoint {
            check_endpoint(endpoint, "--endpoint-url")?;
        }
        let files = AwsConfig::load()?;
        let (profile, is_explicit) = profile_of(given(&global.profile));
        if profile != "default" && !files.has(&profile) {
            let hint = "look at ~/.aws/config and ~/.aws/credentials (aws configure list-profiles)";
            return Err(CliError::failure("NoProfile", format!("there is no AWS profile {profile:?}"), hint));
        }
        let region = region(given(&global.region), files.region(&profile))?;
        let recipe = recipe(&files, (&profile, is_explicit), &environment).map_err(|error| {
            let hint = "correct the environment or ~/.aws/config, or choose another profile with --profile";
            CliError::from(Error::new(ErrorKind::Credentials, error.to_string()).with_hint(hint))
        })?;
        let tls = tls(files.setting(&profile, "ca_bundle"))?;
        let policy = RequestPolicy::current();
        let limits = requests::Limits::of_environment()?;
        let http = http::client(&tls, ProxyRules::of(&environment), &limits, policy.clone())?;
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http.clone())
            .region(region.clone())
            .no_credentials()
            .profile_files(files.for_sdk(&profile))
            .profile_name("default")
            // Given in any case, since the SDK panics over values in the environment that it does not know.
            .retry_config(RetryConfig::standard().with_max_attempts(attempts()?))
            .sleep_impl(requests::Pauses(policy));
        if let Some(connect) = limits.connect {
            loader = loader.timeout_config(TimeoutConfig::builder().connect_timeout(connect).build());
        }
        let mut config = loader.load().await;
        // The original's own variable stands behind all that the SDK knows.
        if config.endpoint_url().is_none_or(str::is_empty) {
            let mut builder = config.into_builder();
            builder.set_endpoint_url(environment("AWS_ENDPOINT"));
            config = builder.build();
        }
        let hint = credentials::hint(&recipe.base, &profile);
        let max_rps = global.max_rps.or(limits.max_rps);
        let mut aws = Self { config, region: region.to_string(), endpoint: None, hint, max_rps };
        let ways = Ways {
            region,
            http,
            direct: http::direct_client(&tls),
            metadata_endpoint: files.setting(&profile, "ec2_metadata_service_endpoint").map(str::to_owned),
            // As with boto3, --endpoint-url is not where roles are assumed.
            sts: (aws.config.clone(), aws.endpoint("STS")),
            codes: MfaCodes::new(given(&global.mfa_code).or_else(|| environment("SSMBAK_MFA_CODE")), global.is_silent),
        };
        let provider = credentials::provider(recipe, ways);
        aws.config = aws.config.into_builder().credentials_provider(provider).build();
        aws.endpoint = endpoint;
        for service in SERVICES {
            if let Some(endpoint) = aws.endpoint(service) {
                check_endpoint(&endpoint, "AWS_ENDPOINT_URL")?;
            }
        }
        Ok(aws)
    }

    /// The region that the AWS configuration gives a profile.
    ///
    /// # Errors
    /// [`CliError`] if the configuration cannot be read.
    pub fn region_of_profile(profile: Option<&str>) -> Result<Option<String>, CliError> {
        let (profile, _) = profile_of(profile.map(str::to_owned));
        Ok(AwsConfig::load()?.region(&profile))
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Parameter Store.
    pub fn parameter_store(&self) -> SsmParameterStore {
        let mut store = SsmParameterStore::new(self.ssm());
        // An emulator may answer for the tagging API and know no parameters: its endpoint must be named.
        if !self.is_emulated("SSM") || self.endpoint_of_service(TAGGING).is_some() {
            store = store.with_bulk_tags(self.tagging());
        }
        match self.budget() {
            Some(budget) => store.within(budget),
            None => store,
        }
    }

    /// How much of Parameter Store's quotas is used; `None`: there are none on this machine, and none is set.
    fn budget(&self) -> Option<Budget> {
        match self.max_rps {
            Some(0.0) => None,
            Some(most) => Some(Budget::DEFAULT.at_most(most)),
            None if self.is_on_this_machine("SSM") => None,
            None => Some(Budget::DEFAULT),
        }
    }

    /// A bucket.
    pub fn bucket(&self, name: &str) -> S3BackupBucket {
        S3BackupBucket::new(self.s3(), name)
    }

    /// The custom endpoint of S3, if there is one.
    pub fn s3_endpoint(&self) -> Option<String> {
        self.endpoint("S3")
    }

    /// Whether a service, by the name that its endpoint variable ends in, has an endpoint under a name that is not AWS's: an
    /// emulator, as a rule. Quotas may apply there ([`Aws::is_on_this_machine`]).
    pub fn is_emulated(&self, service: &str) -> bool {
        self.endpoint(service).is_some_and(|endpoint| !is_of_aws(&endpoint))
    }

    /// Whether a service has no quotas: an emulator on loopback. Any other endpoint may lead to AWS: private names do, too.
    pub fn is_on_this_machine(&self, service: &str) -> bool {
        self.endpoint(service).is_some_and(|endpoint| is_loopback(&endpoint))
    }

    /// The custom endpoint of a service, the one that says it most precisely first.
    fn endpoint(&self, service: &str) -> Option<String> {
        let everywhere = self.config.endpoint_url().map(str::to_owned);
        let found = self.endpoint.clone().or_else(|| self.endpoint_of_service(service)).or(everywhere);
        found.filter(|url| !url.is_empty())
    }

    /// The endpoint that is set for this service alone.
    fn endpoint_of_service(&self, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url");
        self.config.service_config()?.load_config(key.build().ok()?).filter(|url| !url.is_empty())
    }
}

#[cfg(test)]
impl Aws {
    /// A way to an endpoint, without a region or credentials.
    pub(crate) fn at(url: &str) -> Self {
        let config = SdkConfig::builder().endpoint_url(url).build();
        Self { config, region: String::new(), endpoint: None, hint: None, max_rps: None }
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The profile, and whether the command line names it. The variables count in the order in which boto3 reads them.
fn profile_of(given: Option<String>) -> (String, bool) {
    let of_environment = || environment("AWS_DEFAULT_PROFILE").or_else(|| environment("AWS_PROFILE"));
    match given {
        Some(profile) => (profile, true),
        None => (of_environment().unwrap_or_else(|| "default".to_owned()), false),
    }
}

fn region(given: Option<String>, of_profile: Option<String>) -> Result<Region, CliError> {
    let named = given.or_else(|| environment("AWS_REGION")).or_else(|| environment("AWS_DEFAULT_REGION"));
    let Some(region) = named.or(of_profile).map(Region::new) else {
        return Err(CliError::failure(
            "NoRegion",
            "no AWS region is set",
            "give one with --region, AWS_REGION, AWS_DEFAULT_REGION, or region = … in the profile (~/.aws/config)",
        ));
    };
    if !region.as_ref().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        let message = format!("{:?} is no AWS region", region.as_ref());
        return Err(CliError::failure("NoRegion", message, "give one like eu-central-1"));
    }
    Ok(region)
}

fn attempts() -> Result<u32, CliError> {
    let Some(text) = environment("AWS_MAX_ATTEMPTS") else { return Ok(ATTEMPTS) };
    text.trim().parse().ok().filter(|attempts| *attempts > 0).ok_or_else(|| {
        let message = format!("AWS_MAX_ATTEMPTS is {text:?}, which is no number of attempts");
        CliError::failure("Environment", message, "set it to 1 or more, or unset it")
    })
}

/// The system's root certificates, or those of AWS_CA_BUNDLE, the profile's ca_bundle or REQUESTS_CA_BUNDLE in their
/// place, in the order in which boto3 looks.
fn tls(of_profile: Option<&str>) -> Result<TlsContext, CliError> {
    let named = [
        ("AWS_CA_BUNDLE", environment("AWS_CA_BUNDLE")),
        ("ca_bundle of the profile", of_profile.map(str::to_owned)),
        ("REQUESTS_CA_BUNDLE", environment("REQUESTS_CA_BUNDLE")),
    ];
    let mut builder = TlsContext::builder();
    if let Some((from, path)) = named.into_iter().find_map(|(from, path)| Some((from, path?))) {
        let failure = |why: String| {
            let message = format!("{from} ({path}) {why}");
            CliError::failure("Environment", message, "set it to a file of PEM certificates, or unset it")
        };
        let pem = std::fs::read(&path).map_err(|error| failure(format!("cannot be read: {error}")))?;
        // The TLS provider panics over what is no certificate.
        if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
            return Err(failure("holds no certificate".to_owned()));
        }
        builder = builder.with_trust_store(TrustStore::empty().with_pem_certificate(pem));
    }
    builder.build().map_err(|error| CliError::failure("Environment", format!("TLS cannot be set up: {error}"), ""))
}

fn check_endpoint(endpoint: &str, from: &str) -> Result<(), CliError> {
    let host = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
    let valid = host.is_some_and(|host| !host.is_empty() && !host.starts_with('/'))
        && !endpoint.contains(|c: char| c.is_whitespace() || c.is_control());
    if valid {
        return Ok(());
    }
    let message = format!("{endpoint:?} ({from}) is no URL of an endpoint");
    let hint = "give it like http://127.0.0.1:4566";
    Err(if from == "--endpoint-url" {
        CliError::usage(message, hint)
    } else {
        CliError::failure("Environment", message, hint)
    })
}

/// An endpoint of AWS's own that is merely spelled out (a VPC endpoint, FIPS).
fn is_of_aws(endpoint: &str) -> bool {
    let host = host_of(endpoint);
    const DOMAINS: [&str; 5] =
        [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".api.amazonwebservices.com.cn"];
    DOMAINS.iter().any(|domain| host.ends_with(domain))
}

/// Whether an endpoint is on this machine: where an emulator stands, which has no quotas.
fn is_loopback(endpoint: &str) -> bool {
    let host = host_of(endpoint);
    host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.") || endpoint.contains("//[::1]")
}

fn host_of(endpoint: &str) -> String {
    let host = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    host.split(['/', ':']).next().unwrap_or(host).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn requests_are_paced_unless_the_endpoint_is_on_this_machine() {
        let at = |url: &str, max_rps| Aws { max_rps, ..Aws::at(url) }.budget();
        for local in ["http://127.0.0.1:4566", "http://localhost:5000/", "http://[::1]:5000", "http://aws.localhost"] {
            assert_eq!(at(local, None), None, "{local}");
            assert_eq!(at(local, Some(7.0)), Some(Budget::DEFAULT.at_most(7.0)), "{local}");
        }
        for other in ["https://vpce-1.ssm.eu-west-1.vpce.amazonaws.com", "https://ssm.internal", "http://10.0.0.1"] {
            assert_eq!(at(other, None), Some(Budget::DEFAULT), "{other}");
            assert_eq!(at(other, Some(0.0)), None, "{other}");
        }
    }

    #[test]
    fn a_custom_endpoint_may_still_be_of_aws() {
        assert!(is_of_aws("https://vpce-1.ssm.eu-west-1.vpce.amazonaws.com"));
        assert!(is_of_aws("https://ssm-fips.us-east-1.amazonaws.com:443/"));
        assert!(is_of_aws("https://ssm.eusc-de-east-1.amazonaws.eu"));
        assert!(is_of_aws("https://ssm.cn-north-1.api.amazonwebservices.com.cn"));
        assert!(!is_of_aws("http://127.0.0.1:4566"));
        assert!(!is_of_aws("http://amazonaws.com.example.org"));
    }

    #[test]
    fn an_endpoint_of_aws_is_no_emulator() {
        let of = |config: SdkConfig| Aws { config, region: String::new(), endpoint: None, hint: None, max_rps: None };
        let at = |url: &str| of(SdkConfig::builder().endpoint_url(url).build());
        let private = at("https://vpce-1.cloudformation.eu-west-1.vpce.amazonaws.com");
        assert!(!private.is_emulated("CloudFormation"));
        assert!(at("http://127.0.0.1:4566").is_emulated("CloudFormation"));
        let nowhere = of(SdkConfig::builder().build());
        assert!(!nowhere.is_emulated("CloudFormation"));
    }

    #[test]
    fn an_endpoint_is_a_url() {
        assert!(check_endpoint("http://localhost:5000", "--endpoint-url").is_ok());
        for wrong in ["localhost:5000", "http://", "http:///x", "http://a b"] {
            assert!(check_endpoint(wrong, "--endpoint-url").is_err_and(|error| error.exit() == Exit::Usage), "{wrong}");
            assert!(
                check_endpoint(wrong, "AWS_ENDPOINT_URL").is_err_and(|error| error.exit() == Exit::Failed),
                "{wrong}"
            );
        }
    }
}
