//! The error codes that AWS names: its service models, and what is documented beside them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Error, Result, Venv};

/// Services whose models are read.
const SERVICES: [&str; 10] =
    ["resourcegroupstaggingapi", "ssm", "s3", "s3control", "kms", "sts", "sqs", "events", "lambda", "cloudformation"];

/// Errors that every operation can throw, which no model lists.
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>,
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>, by services that speak JSON with
/// `Exception` behind them: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html>
const COMMON: [&str; 26] = [
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidAction",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MalformedHttpRequestException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestAbortedException",
    "RequestEntityTooLargeException",
    "RequestExpired",
    "RequestTimeoutException",
    "SerializationException",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationError",
    "ValidationException",
];

/// What S3 documents of itself and its model lacks.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. `NotFound` is what SDKs call a 404 of a HEAD,
/// which has no body (in S3's Smithy model, and not in botocore's).
const S3: [&str; 42] = [
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "ConditionalRequestConflict",
    "ExpiredToken",
    "IllegalLocationConstraintException",
    "InternalError",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidObjectState",
    "InvalidRange",
    "InvalidTag",
    "InvalidToken",
    "MetadataTooLarge",
    "MalformedXML",
    "MethodNotAllowed",
    "MissingAuthenticationToken",
    "MissingContentLength",
    "NoSuchBucket",
    "NoSuchBucketPolicy",
    "NoSuchKey",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchTagSet",
    "NoSuchUpload",
    "NoSuchVersion",
    "NotFound",
    "NotImplemented",
    "OperationAborted",
    "PermanentRedirect",
    "PreconditionFailed",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "ServerSideEncryptionConfigurationNotFoundError",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
    "TemporaryRedirect",
    "TokenRefreshRequired",
    "TooManyBuckets",
];

/// The error codes that AWS names.
#[derive(Debug, Clone)]
pub struct AwsErrors {
    services: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    throttling: Vec<String>,
}

impl AwsErrors {
    /// Reads the service models that ship with botocore.
    ///
    /// # Errors
    /// If the Python environment cannot be prepared, or its models cannot be read.
    pub fn read() -> Result<Self> {
        let output =
            Venv::ready()?.script("aws_errors.py").args(SERVICES).output().map_err(Error::io("run aws_errors.py"))?;
        let unreadable =
            |reason: String| Error::Venv { reason: format!("the service models cannot be read: {reason}") };
        if !output.status.success() {
            return Err(unreadable(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        let read: Value = serde_json::from_slice(&output.stdout).map_err(|error| unreadable(error.to_string()))?;
        let strings = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let operations = |of: &Value| {
            of.as_object().into_iter().flatten().map(|(name, codes)| (name.clone(), strings(codes))).collect()
        };
        let services = read["services"].as_object().into_iter().flatten();
        Ok(Self {
            services: services.map(|(name, of)| (name.clone(), operations(of))).collect(),
            throttling: strings(&read["throttling"]),
        })
    }

    /// The codes that the model names for an operation; `None`: there is no such operation.
    #[must_use]
    pub fn of(&self, service: &str, operation: &str) -> Option<&[String]> {
        self.services.get(service)?.get(operation).map(Vec::as_slice)
    }

    /// Whether an operation can be answered with a code: by its model, as every operation can, or as S3 documents.
    #[must_use]
    pub fn can_throw(&self, service: &str, operation: &str, code: &str) -> bool {
        self.of(service, operation).is_some_and(|codes| codes.iter().any(|known| known == code))
            || COMMON.contains(&code)
            || self.throttling.iter().any(|known| known == code)
            || (service == "s3" && S3.contains(&code))
    }

    /// The codes on which botocore waits and tries again.
    #[must_use]
    pub fn throttling(&self) -> &[String] {
        &self.throttling
    }

    /// Codes that every operation can throw.
    pub fn common(&self) -> impl Iterator<Item = &'static str> {
        COMMON.into_iter()
    }

    /// Codes that S3 documents.
    pub fn documented_by_s3(&self) -> impl Iterator<Item = &'static str> {
        S3.into_iter()
    }
}
