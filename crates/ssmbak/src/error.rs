//! What can go wrong between ssmbak and AWS, said in one sentence.

mod codes;
mod other_region;

use std::any::Any;
use std::error::Error as StdError;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use ssmbak_core::refusal::{Refusal, refusal};
use ssmbak_core::unknown::{ReasonCode, UnknownReason};

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct Error {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// One lower-case sentence; never a parameter's value.
    pub message: String,
    /// What to do next, if that is known.
    pub hint: Option<String>,
}

/// What could not be read, as the reason for which a state is unknown.
impl From<Error> for UnknownReason {
    fn from(error: Error) -> Self {
        let code = match error.kind {
            ErrorKind::KeyUnusable => ReasonCode::KeyUnusable,
            ErrorKind::AccessDenied => ReasonCode::AccessDenied,
            ErrorKind::NotFound => ReasonCode::Changed,
            _ => ReasonCode::Unreadable,
        };
        Self::new(code, error.message)
    }
}

/// The kinds of failure that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No credentials were found, or they are expired or unknown to AWS.
    Credentials,
    /// The credentials lack a permission.
    AccessDenied,
    /// The endpoint does not answer.
    Unreachable,
    /// The bucket does not exist.
    BucketMissing,
    /// The bucket is in another region than the one that was asked.
    BucketElsewhere,
    /// The bucket does not keep versions.
    BucketNotVersioned,
    /// The parameter or the stored version does not exist.
    NotFound,
    /// AWS asks to slow down, and went on asking after all retries.
    Throttled,
    /// A KMS key is disabled, deleted or out of reach.
    KeyUnusable,
    /// Parameter Store refuses to change a parameter's type in place.
    TypeChange,
    /// The parameter exists already.
    AlreadyExists,
    /// The request itself was refused.
    Refused,
    /// What is stored cannot be used.
    Unreadable,
    /// The object's bytes are in an archive.
    Archived,
    /// What arrived is not what is stored.
    ChecksumMismatch,
    /// A file cannot be read or written.
    LocalFile,
    /// The clock of this machine is wrong, so that AWS refuses every signature.
    ClockSkew,
    /// Anything else.
    Other,
}

impl ErrorKind {
    /// The code that `--output json` prints.
    pub fn code(self) -> &'static str {
        match self {
            Self::Credentials => "Credentials",
            Self::AccessDenied => "AccessDenied",
            Self::Unreachable => "Unreachable",
            Self::BucketMissing => "BucketMissing",
            Self::BucketElsewhere => "BucketElsewhere",
            Self::BucketNotVersioned => "BucketNotVersioned",
            Self::NotFound => "NotFound",
            Self::Throttled => "Throttled",
            Self::KeyUnusable => "KeyUnusable",
            Self::TypeChange => "TypeChange",
            Self::AlreadyExists => "AlreadyExists",
            Self::Refused => "Refused",
            Self::Unreadable => "Unreadable",
            Self::Archived => "Archived",
            Self::ChecksumMismatch => "ChecksumMismatch",
            Self::LocalFile => "LocalFile",
            Self::ClockSkew => "ClockSkew",
            Self::Other => "Other",
        }
    }

    /// The kind of failure that an error code of AWS stands for.
    pub fn of_code(code: &str) -> Self {
        codes::KNOWN.iter().find(|(_, known)| known.contains(&code)).map_or(Self::Other, |(kind, _)| *kind)
    }

    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Credentials => Some(
                "give credentials with --profile, AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in again (aws sso login)",
            ),
            Self::AccessDenied => Some("ask for the permission that the message names, or use another --profile"),
            Self::Unreachable => Some("check the network, --region and --endpoint-url"),
            Self::BucketMissing => Some("check --bucket, SSMBAK_BUCKET and --region"),
            Self::BucketElsewhere => {
                Some("give the bucket's region with --region: ssmbak works in one region at a time")
            }
            Self::BucketNotVersioned => Some("only a versioned bucket can say what was true at a time"),
            Self::Throttled => Some("run it again: what is done stays done"),
            Self::ClockSkew => Some("set this machine's clock (timedatectl set-ntp true), then run it again"),
            Self::Archived => Some("s3bak restore KEY TIME --rehydrate asks for a readable copy of it"),
            Self::ChecksumMismatch => Some("run it again; if it happens again, the stored object is damaged"),
            Self::KeyUnusable => Some("enable the KMS key, or grant kms:Decrypt on it, and run it again"),
            _ => None,
        }
    }
}

impl Error {
    /// An error with the kind's usual hint.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: kind.hint().map(str::to_owned) }
    }

    /// The same error with this hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what failed with this error code of AWS, where it stands in a list of failures; `action` continues "cannot …".
    pub(crate) fn from_code(action: &str, code: &str) -> Self {
        from_refusal(action, Some(code), None, None).unwrap_or_else(|| from_service(action, Some(code), None))
    }

    /// Says what an SDK call failed at: `action` continues "cannot …", `e.g. "read the history of /a/b"`.
    pub fn from_sdk<E, R>(action: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: std::fmt::Debug + 'static,
    {
        match error {
            SdkError::ServiceError(context) => {
                let (code, message) = (context.err().code(), context.err().message());
                let response = (context.raw() as &dyn Any).downcast_ref();
                log_ids(action, code, response);
                if let Some(error) = from_refusal(action, code, message, response) {
                    return error;
                }
                match other_region::region(code, message, response) {
                    Some(region) => other_region::error(action, region.as_deref()),
                    None if code.is_none() => {
                        without_code(action, response).unwrap_or_else(|| from_service(action, code, message))
                    }
                    None => from_service(action, code, message),
                }
            }
            SdkError::TimeoutError(_) => {
                Self::new(ErrorKind::Unreachable, format!("cannot {action}: the endpoint did not answer in time"))
            }
            SdkError::DispatchFailure(failure) => {
                let text = failure.as_connector_error().map(|error| deepest(error)).unwrap_or_default();
                // The command's client marks as the user's what is not worth another try: nobody listens there.
                let network = |e: &ConnectorError| e.is_io() || e.is_timeout() || e.is_user();
                from_dispatch(action, failure.as_connector_error().is_some_and(network), &text)
            }
            SdkError::ConstructionFailure(_) => from_construction(action, &deepest(error)),
            SdkError::ResponseError(context) => {
                // What stands before AWS may answer without a body of AWS's.
                let response: Option<&HttpResponse> = (context.raw() as &dyn Any).downcast_ref();
                if let Some(error) = from_refusal(action, None, None, response).or_else(|| denied(action, response)) {
                    return error;
                }
                unreadable(action)
            }
            _ => Self::new(ErrorKind::Other, format!("cannot {action}: {}", deepest(error))),
        }
    }
}

/// Logs the ids of a request that AWS refused, by which its support finds it
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/get-request-ids.html>).
fn log_ids(action: &str, code: Option<&str>, response: Option<&HttpResponse>) {
    let header = |name: &str| response.and_then(|response| response.headers().get(name));
    let request_id = header("x-amzn-requestid").or(header("x-amz-request-id"));
    let status = response.map(|response| response.status().as_u16());
    tracing::debug!(request_id, host_id = header("x-amz-id-2"), status, code, "refused: {action}");
}

/// The error of a refusal that says nothing about the request itself.
fn from_refusal(
    action: &str,
    code: Option<&str>,
    message: Option<&str>,
    response: Option<&HttpResponse>,
) -> Option<Error> {
    let status = response.map(|response| response.status().as_u16());
    let code_or_status =
        || code.map_or_else(|| status.map_or(String::new(), |status| format!("HTTP {status}")), str::to_owned);
    Some(match refusal(status, code, message)? {
        Refusal::Busy => {
            Error::new(ErrorKind::Throttled, format!("cannot {action}: throttled by AWS ({})", code_or_status()))
        }
        Refusal::Clock => {
            let date = response.and_then(|response| response.headers().get("date"));
            let theirs = date.map(|date| format!(", AWS's says {date}")).unwrap_or_default();
            let why = format!("this machine's clock is wrong{theirs} ({})", code_or_status());
            Error::new(ErrorKind::ClockSkew, format!("cannot {action}: {why}"))
        }
    })
}

/// The error of an answer that names none.
fn without_code(action: &str, response: Option<&HttpResponse>) -> Option<Error> {
    let is_success = response.is_some_and(|response| response.status().is_success());
    denied(action, response).or_else(|| is_success.then(|| unreadable(action)))
}

/// The error of an answer that is none of AWS's, or not all of one.
fn unreadable(action: &str) -> Error {
    Error::new(ErrorKind::Other, format!("cannot {action}: the answer could not be read"))
        .with_hint("run it again; check --endpoint-url: is it an AWS endpoint?")
}

/// The error of a refusal without a word: all that it says is its status.
fn denied(action: &str, response: Option<&HttpResponse>) -> Option<Error> {
    let status = response?.status().as_u16();
    let why = format!("cannot {action}: access denied (HTTP {status}, without a reason)");
    matches!(status, 401 | 403).then(|| {
        Error::new(ErrorKind::AccessDenied, why)
            .with_hint("look at the credentials, their permissions, and at any proxy between this machine and AWS")
    })
}

fn from_service(action: &str, code: Option<&str>, message: Option<&str>) -> Error {
    let code = code.unwrap_or("unknown error");
    let kind = ErrorKind::of_code(code);
    let said = message.filter(|text| !text.is_empty()).map(|text| format!("{code}: {text}"));
    let reason = match kind {
        ErrorKind::Credentials => format!("AWS does not accept the credentials ({code})"),
        ErrorKind::BucketMissing => "the bucket does not exist".to_owned(),
        ErrorKind::Throttled => format!("throttled by AWS ({code})"),
        _ => said.unwrap_or_else(|| code.to_owned()),
    };
    Error::new(kind, format!("cannot {action}: {reason}"))
}

fn from_dispatch(action: &str, network: bool, text: &str) -> Error {
    if !network && mentions_credentials(text) {
        return without_credentials(action, text);
    }
    // The command's client says itself what it waited for.
    if text.starts_with("no answer ") {
        return Error::new(ErrorKind::Unreachable, format!("cannot {action}: {text}"));
    }
    let reason = if network || text.is_empty() { "the endpoint cannot be reached" } else { "the request failed" };
    let said = if text.is_empty() { String::new() } else { format!(" ({text})") };
    let error = Error::new(ErrorKind::Unreachable, format!("cannot {action}: {reason}{said}"));
    // What TLS says of a certificate that is not signed by anybody who is trusted here.
    let is_untrusted = text.contains("UnknownIssuer") || text.contains("invalid peer certificate");
    if is_untrusted {
        error.with_hint("set AWS_CA_BUNDLE to a file with the certificate of who signs here")
    } else {
        error
    }
}

/// Credentials that ended, or that cannot be had again, while the command was at work.
fn without_credentials(action: &str, text: &str) -> Error {
    let nothing = ["no providers in chain", "not loaded", "the credential provider was not enabled"];
    if text.is_empty() || nothing.iter().any(|said| text.contains(said)) {
        return Error::new(ErrorKind::Credentials, format!("cannot {action}: no AWS credentials were found"));
    }
    Error::new(ErrorKind::Credentials, format!("cannot {action}: the AWS credentials could not be loaded ({text})"))
}

fn from_construction(action: &str, text: &str) -> Error {
    if mentions_credentials(text) {
        return without_credentials(action, text);
    }
    if text.contains("region") {
        return Error::new(ErrorKind::Other, format!("cannot {action}: no AWS region is set"))
            .with_hint("give one with --region, AWS_REGION or in the profile");
    }
    Error::new(ErrorKind::Refused, format!("cannot {action}: {text}"))
}

fn mentions_credentials(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("credential") || text.contains("identity") || text.contains("sso")
}

/// The innermost cause, which is where the SDK says what happened.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_error_is_one_sentence_with_its_kind() {
        let error = from_service("list /a", Some("AccessDeniedException"), Some("not authorized: ssm:PutParameter"));
        assert_eq!(error.kind, ErrorKind::AccessDenied);
        assert_eq!(error.to_string(), "cannot list /a: AccessDeniedException: not authorized: ssm:PutParameter");
        assert!(error.hint.is_some());
    }

    #[test]
    fn status_without_a_code_is_throttling() {
        let response = |status: u16| {
            let status = status.try_into().unwrap();
            HttpResponse::new(status, aws_smithy_types::body::SdkBody::empty())
        };
        for status in [429, 500, 503] {
            let error = from_refusal("read /a", None, None, Some(&response(status))).unwrap();
            assert_eq!(error.kind, ErrorKind::Throttled);
            assert_eq!(error.to_string(), format!("cannot read /a: throttled by AWS (HTTP {status})"));
        }
        assert_eq!(from_refusal("read /a", None, None, Some(&response(403))), None);
        let error = without_code("read /a", Some(&response(403))).unwrap();
        assert_eq!(error.kind, ErrorKind::AccessDenied);
        assert_eq!(error.to_string(), "cannot read /a: access denied (HTTP 403, without a reason)");
        assert_eq!(without_code("read /a", Some(&response(404))), None);
        let error = without_code("list /a", Some(&response(200))).unwrap();
        assert_eq!(error.to_string(), "cannot list /a: the answer could not be read");
        assert!(error.hint.unwrap().contains("--endpoint-url"));
    }

    #[test]
    fn skewed_clock_is_named_instead_of_the_credentials() {
        let mut response = HttpResponse::new(403.try_into().unwrap(), aws_smithy_types::body::SdkBody::empty());
        response.headers_mut().insert("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        let error = from_refusal("list /a", Some("RequestTimeTooSkewed"), None, Some(&response)).unwrap();
        assert_eq!((error.kind, error.kind.code()), (ErrorKind::ClockSkew, "ClockSkew"));
        let said = "cannot list /a: this machine's clock is wrong, AWS's says Thu, 01 Jan 2026 00:00:00 GMT \
                    (RequestTimeTooSkewed)";
        assert_eq!(error.to_string(), said);
        assert!(error.hint.unwrap().contains("clock"));
    }

    #[test]
    fn an_unknown_code_is_kept_as_it_is() {
        let error = from_service("list /a", Some("Weird"), None);
        assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::Other, "cannot list /a: Weird"));
    }

    #[test]
    fn missing_credentials_are_named_wherever_the_sdk_notices() {
        for error in [
            from_dispatch("x", false, "no providers in chain provided credentials"),
            from_construction("x", "failed to select an auth scheme: no identity"),
        ] {
            assert_eq!(error.kind, ErrorKind::Credentials);
        }
    }
}
