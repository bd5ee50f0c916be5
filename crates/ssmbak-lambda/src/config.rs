//! What the environment says.

use aws_credential_types::Credentials;
use jiff::SignedDuration;
use ssmbak_core::recording_scope::RecordingScope;
use ssmbak_core::scope::ScopeError;

use crate::rehearsal;

/// The oldest state that is rehearsed, in seconds.
const YEAR: i64 = 366 * 86_400;

/// Everything the function is told, read once at its start.
#[derive(Debug)]
pub struct Config {
    /// The bucket that is written to.
    pub bucket: String,
    /// The function's own queue, by which a sweep goes on in another invocation.
    pub queue_url: Option<String>,
    /// The region of Parameter Store and of the bucket.
    pub region: String,
    /// The account whose parameters are recorded, if the template names it; else it is that of the function's ARN.
    pub account: Option<String>,
    /// The role's credentials. Lambda gives each sandbox its own and ends it before they expire.
    pub credentials: Credentials,
    /// Where S3 is, if not where AWS has it.
    pub s3_endpoint: Option<String>,
    /// Where Parameter Store is, if not where AWS has it.
    pub ssm_endpoint: Option<String>,
    /// Where the Resource Groups Tagging API is, if not where AWS has it.
    pub tagging_endpoint: Option<String>,
    /// Most requests per second of a sweep to each API, 0 for no limit; `None`: half of the assumed quotas.
    pub max_rps: Option<f64>,
    /// The namespace of the metrics that are logged; `None`: none are.
    pub metrics: Option<String>,
    /// Where SQS is, if not where AWS has it.
    pub sqs_endpoint: Option<String>,
    /// Which names are recorded.
    pub scope: RecordingScope,
    /// How old the state is that is rehearsed; `None`: the function records.
    pub rehearsal: Option<SignedDuration>,
}

/// Why the function cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A variable without which the Lambda runtime panics.
    #[error("{0} is missing or no number; this program is the bootstrap of a Lambda function and is started by Lambda")]
    NotInLambda(&'static str),
    /// No bucket.
    #[error("SSMBAK_BUCKET is not set; set it to the name of the bucket that changes are to be recorded in")]
    NoBucket,
    /// No region.
    #[error("neither AWS_REGION nor AWS_DEFAULT_REGION is set; Lambda sets the former")]
    NoRegion,
    /// A glob of the scope cannot be read: recording everything, or nothing, would be a guess.
    #[error(
        "SSMBAK_INCLUDE or SSMBAK_EXCLUDE cannot be read: {0}; correct it with `ssmbak-stack NAME update --exclude GLOB`"
    )]
    Scope(ScopeError),
    /// No credentials.
    #[error("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set; Lambda sets them to the role's")]
    NoCredentials,
}

impl StartError {
    /// A fixed name, for logs and the init error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotInLambda(_) => "NotInLambda",
            Self::NoBucket => "NoBucket",
            Self::NoRegion => "NoRegion",
            Self::NoCredentials => "NoCredentials",
            Self::Scope(_) => "Scope",
        }
    }
}

/// Whether everything is there that the Lambda runtime takes for granted.
pub fn check_lambda(variable: impl Fn(&str) -> Option<String>) -> Result<(), StartError> {
    const TEXTS: [&str; 3] = ["AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION"];
    const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
    if let Some(missing) = TEXTS.into_iter().find(|name| variable(name).is_none()) {
        return Err(StartError::NotInLambda(missing));
    }
    let megabytes = variable(MEMORY).and_then(|text| text.parse::<i32>().ok());
    megabytes.map(drop).ok_or(StartError::NotInLambda(MEMORY))
}

impl Config {
    /// Reads it from variables; `variable` gives none that is empty.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let first = |names: &[&str]| names.iter().find_map(|name| variable(name)).map(|text| text.trim().to_owned());
        let bucket = first(&["SSMBAK_BUCKET"]).ok_or(StartError::NoBucket)?;
        let region = first(&["AWS_REGION", "AWS_DEFAULT_REGION"]).ok_or(StartError::NoRegion)?;
        let key = first(&["AWS_ACCESS_KEY_ID"]).zip(first(&["AWS_SECRET_ACCESS_KEY"]));
        let (id, secret) = key.ok_or(StartError::NoCredentials)?;
        let credentials = Credentials::new(id, secret, first(&["AWS_SESSION_TOKEN"]), None, "environment");
        // AWS_ENDPOINT is the spelling of ssmbak 0.5.2.
        let endpoint = |own: &str| first(&[own, "AWS_ENDPOINT_URL", "AWS_ENDPOINT"]);
        let s3_endpoint = endpoint("AWS_ENDPOINT_URL_S3");
        let ssm_endpoint = endpoint("AWS_ENDPOINT_URL_SSM");
        // Not the common one: an emulator may answer for this API and know no parameters.
        let tagging_endpoint = first(&["AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API"]);
        let sqs_endpoint = endpoint("AWS_ENDPOINT_URL_SQS");
        let queue_url = first(&["SSMBAK_QUEUE_URL"]);
        let account = first(&["SSMBAK_ACCOUNT"]);
        let metrics = first(&["SSMBAK_METRICS"]);
        let max_rps = first(&["SSMBAK_MAX_RPS"]).and_then(|text| text.parse().ok());
        let max_rps = max_rps.filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
        // Whatever it says, a function that has it must not take its invocations for messages.
        let seconds = |text: String| text.parse().ok().filter(|seconds| (0..=YEAR).contains(seconds));
        let rehearsal =
            first(&["SSMBAK_REHEARSAL"]).map(|text| seconds(text).map_or(rehearsal::AGE, SignedDuration::from_secs));
        let globs = |name: &str| first(&[name]).unwrap_or_default();
        let scope = RecordingScope::parse(&globs("SSMBAK_INCLUDE"), &globs("SSMBAK_EXCLUDE"));
        let scope = scope.map_err(StartError::Scope)?;
        Ok(Self {
            bucket,
            queue_url,
            region,
            account,
            credentials,
            s3_endpoint,
            ssm_endpoint,
            tagging_endpoint,
            max_rps,
            metrics,
            sqs_endpoint,
            scope,
            rehearsal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 4] = [
        ("SSMBAK_BUCKET", "bucket"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Config, StartError> {
        Config::read(|name| variables.iter().rfind(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn with(more: &[(&'static str, &'static str)]) -> Config {
        read(&[&ALL, more].concat()).unwrap()
    }

    fn without(name: &str) -> StartError {
        read(&ALL.into_iter().filter(|(key, _)| *key != name).collect::<Vec<_>>()).unwrap_err()
    }

    #[test]
    fn lambdas_own_variables_suffice() {
        let config = with(&[("AWS_SESSION_TOKEN", "token")]);
        assert_eq!((config.bucket.as_str(), config.region.as_str()), ("bucket", "eu-central-1"));
        assert_eq!(config.credentials.session_token(), Some("token"));
        assert_eq!((config.s3_endpoint, config.ssm_endpoint, config.sqs_endpoint), (None, None, None));
        assert_eq!((config.queue_url, config.account), (None, None));
        assert_eq!(
            (config.metrics, with(&[("SSMBAK_METRICS", "ssmbak/x")]).metrics),
            (None, Some("ssmbak/x".to_owned()))
        );
        assert_eq!(with(&[("SSMBAK_ACCOUNT", "123456789012")]).account.as_deref(), Some("123456789012"));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(without("SSMBAK_BUCKET"), StartError::NoBucket);
        assert_eq!(without("AWS_REGION"), StartError::NoRegion);
        assert_eq!(without("AWS_ACCESS_KEY_ID"), StartError::NoCredentials);
        assert_eq!(without("AWS_SECRET_ACCESS_KEY"), StartError::NoCredentials);
        assert!(StartError::NoBucket.to_string().contains("SSMBAK_BUCKET"));
    }

    #[test]
    fn a_service_has_an_endpoint_of_its_own_or_the_common_one() {
        let config = with(&[("AWS_ENDPOINT", "http://old"), ("AWS_ENDPOINT_URL_S3", "http://s3")]);
        assert_eq!(config.s3_endpoint.as_deref(), Some("http://s3"));
        assert_eq!(config.ssm_endpoint.as_deref(), Some("http://old"));
        assert_eq!(config.sqs_endpoint.as_deref(), Some("http://old"));
        let config = with(&[("AWS_ENDPOINT", "http://old"), ("AWS_ENDPOINT_URL", "http://new")]);
        assert_eq!(config.s3_endpoint.as_deref(), Some("http://new"));
    }

    #[test]
    fn scope_is_globs_with_spaces_between_them() {
        assert!(with(&[]).scope.is_everything());
        let scope = with(&[("SSMBAK_INCLUDE", "/prod/** /x"), ("SSMBAK_EXCLUDE", "*_token")]).scope;
        let contains = |name| scope.contains(&ssmbak_core::name::ParameterName::parse(name).unwrap());
        assert!(contains("/prod/a") && contains("/x") && !contains("/prod/a_token") && !contains("/y"));
        let error = read(&[&ALL[..], &[("SSMBAK_EXCLUDE", "[a")]].concat()).unwrap_err();
        assert_eq!(error.code(), "Scope");
    }

    #[test]
    fn rehearsal_is_of_a_state_so_many_seconds_old() {
        assert_eq!(with(&[]).rehearsal, None);
        assert_eq!(with(&[("SSMBAK_REHEARSAL", "0")]).rehearsal, Some(SignedDuration::ZERO));
        assert_eq!(with(&[("SSMBAK_REHEARSAL", "90")]).rehearsal, Some(SignedDuration::from_secs(90)));
        for wrong in ["yes", "-1", "1e9", "99999999999"] {
            assert_eq!(with(&[("SSMBAK_REHEARSAL", wrong)]).rehearsal, Some(rehearsal::AGE), "{wrong}");
        }
    }

    #[test]
    fn rate_is_a_number_or_the_default() {
        assert_eq!(with(&[]).max_rps, None);
        assert_eq!(with(&[("SSMBAK_MAX_RPS", "2.5")]).max_rps, Some(2.5));
        assert_eq!(with(&[("SSMBAK_MAX_RPS", "0")]).max_rps, Some(0.0));
        for wrong in ["fast", "-1", "inf", "NaN"] {
            assert_eq!(with(&[("SSMBAK_MAX_RPS", wrong)]).max_rps, None, "{wrong}");
        }
    }

    #[test]
    fn the_default_region_serves_where_lambda_sets_none() {
        let config = with(&[("AWS_DEFAULT_REGION", "us-east-1")]);
        assert_eq!(config.region, "eu-central-1");
        let mut variables = ALL.to_vec();
        variables[1] = ("AWS_DEFAULT_REGION", "us-east-1");
        assert_eq!(read(&variables).unwrap().region, "us-east-1");
    }

    #[test]
    fn outside_of_lambda_the_missing_variable_is_named() {
        let complete = |name: &str| Some(if name.ends_with("SIZE") { "128" } else { "x" }.to_owned());
        assert_eq!(check_lambda(complete), Ok(()));
        let bad_number = check_lambda(|_: &str| Some("x".to_owned()));
        assert_eq!(bad_number, Err(StartError::NotInLambda("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")));
        assert_eq!(check_lambda(|_: &str| None), Err(StartError::NotInLambda("AWS_LAMBDA_RUNTIME_API")));
    }

    #[test]
    fn the_secret_key_is_not_in_the_debug_output() {
        assert!(!format!("{:?}", with(&[])).contains("wJalrXUtnFEMI"));
    }
}
