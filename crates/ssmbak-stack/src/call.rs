//! A call to AWS that failed, in one sentence.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use ssmbak_core::refusal::{Refusal, refusal};

/// A call to AWS that failed for a reason that has nothing to do with what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The caller may not do that.
    #[error("not allowed to {task}: ask for the permission {permission}{}", after_colon(message))]
    Denied {
        /// What was attempted.
        task: &'static str,
        /// The IAM action that it takes.
        permission: &'static str,
        /// What AWS says, which names caller and resource; empty if it does not say.
        message: String,
    },
    /// There are no credentials, or AWS does not accept them.
    #[error(
        "cannot {task}: no valid AWS credentials; log in, or choose others with --profile or AWS_PROFILE{}",
        after_colon(message)
    )]
    Credentials {
        /// What was attempted.
        task: &'static str,
        /// What AWS or the SDK says.
        message: String,
    },
    /// Nobody answered.
    #[error(
        "cannot {task}: no response from AWS; check the network, the region and --endpoint-url{}",
        after_colon(message)
    )]
    Unreachable {
        /// What was attempted.
        task: &'static str,
        /// What went wrong on the way.
        message: String,
    },
    /// AWS is busy, and went on being so after all retries.
    #[error("cannot {task}: throttled by AWS ({code}); run it again later")]
    Busy {
        /// What was attempted.
        task: &'static str,
        /// AWS's code of the error, or the HTTP status.
        code: String,
    },
    /// An answer in pages does not end.
    #[error("cannot {task}: AWS sent the same page token twice, so the answer is incomplete; run it again later")]
    Endless {
        /// What was attempted.
        task: &'static str,
    },
    /// AWS gave up on a part of the answer.
    #[error("cannot {task}: AWS answered with a part of what was asked for; run it again later")]
    Incomplete {
        /// What was attempted.
        task: &'static str,
    },
    /// The clock of this machine is wrong.
    #[error("cannot {task}: this machine's clock is wrong ({code}); set it and run it again{}", after_colon(message))]
    Clock {
        /// What was attempted.
        task: &'static str,
        /// AWS's code of the error.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// AWS refuses, for a reason of its own.
    #[error("cannot {task}: {message} ({code}); fix that and try again")]
    Refused {
        /// What was attempted.
        task: &'static str,
        /// AWS's code of the error.
        code: String,
        /// AWS's words.
        message: String,
    },
}

impl CallError {
    /// A stable name of the error, for programs: AWS's own code where it gave one.
    pub fn code(&self) -> &str {
        match self {
            Self::Denied { .. } => "AccessDenied",
            Self::Credentials { .. } => "Credentials",
            Self::Unreachable { .. } => "Unreachable",
            Self::Busy { .. } => "Throttled",
            Self::Endless { .. } | Self::Incomplete { .. } => "Incomplete",
            Self::Clock { .. } => "ClockSkew",
            Self::Refused { code, .. } => code,
        }
    }
}

/// Codes of missing, invalid or expired credentials.
pub(crate) const CREDENTIALS: [&str; 13] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Codes of missing permissions.
pub(crate) const DENIED: [&str; 3] = ["AccessDenied", "AccessDeniedException", "NotAuthorized"];

fn after_colon(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

/// What is attempted and the IAM action that it takes.
#[derive(Clone, Copy)]
pub(crate) struct Task {
    /// Completes "cannot …".
    pub(crate) task: &'static str,
    /// The IAM action.
    pub(crate) permission: &'static str,
}

impl Task {
    pub(crate) const fn new(task: &'static str, permission: &'static str) -> Self {
        Self { task, permission }
    }

    /// The token of the page after one that was asked for with `sent`; `None`: that was the last one.
    pub(crate) fn next_page(self, sent: Option<&str>, answered: Option<String>) -> Result<Option<String>, CallError> {
        let next = answered.filter(|token| !token.is_empty());
        if next.is_some() && next.as_deref() == sent {
            return Err(CallError::Endless { task: self.task });
        }
        Ok(next)
    }

    /// Makes the error of a call that failed.
    pub(crate) fn failed<E>(self, error: SdkError<E, HttpResponse>) -> CallError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let Some(service_error) = error.as_service_error() else {
            return self.not_served(&error);
        };
        let code = service_error.code().unwrap_or_default();
        let message = service_error.message().unwrap_or_default();
        self.classify(status, code, message)
    }

    /// Sorts a request that never got an answer. The SDK tells missing credentials from a dead network by its words alone.
    fn not_served(self, error: &(dyn Error + 'static)) -> CallError {
        let Self { task, .. } = self;
        let mut words = Vec::new();
        let mut cause = Some(error);
        while let Some(error) = cause {
            words.push(single_line(&error.to_string()));
            cause = error.source();
        }
        let message = words.last().cloned().unwrap_or_default();
        let about_credentials = |words: &String| {
            let words = words.to_lowercase();
            ["credential", "identity", "sso"].iter().any(|word| words.contains(word))
        };
        if message.starts_with("no credentials found") {
            // What follows lists every place that was looked into.
            CallError::Credentials { task, message: "none were found".to_owned() }
        } else if words.iter().any(about_credentials) {
            CallError::Credentials { task, message }
        } else {
            CallError::Unreachable { task, message }
        }
    }

    /// Sorts an answer of AWS by its code; a HEAD request has none, and goes by its HTTP status.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/CommonErrors.html>
    fn classify(self, status: Option<u16>, code: &str, message: &str) -> CallError {
        let Self { task, permission } = self;
        let message = single_line(message);
        let code_or_status = || match (code, status) {
            ("", Some(status)) => format!("HTTP{status}"),
            (code, _) => code.to_owned(),
        };
        match refusal(status, Some(code), Some(&message)) {
            Some(Refusal::Busy) => return CallError::Busy { task, code: code_or_status() },
            Some(Refusal::Clock) => return CallError::Clock { task, code: code_or_status(), message },
            None => {}
        }
        match code {
            code if CREDENTIALS.contains(&code) => CallError::Credentials { task, message },
            code if DENIED.contains(&code) => CallError::Denied { task, permission, message },
            _ if status == Some(403) => CallError::Denied { task, permission, message },
            _ => {
                let message = Some(message.trim_end_matches('.')).filter(|message| !message.is_empty());
                let message = message.unwrap_or("AWS gave no reason that can be read").to_owned();
                CallError::Refused { task, code: code_or_status(), message }
            }
        }
    }
}

fn single_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use ssmbak_emulators::AwsErrors;

    use super::*;

    const TASK: Task = Task::new("read the stack", "cloudformation:DescribeStacks");

    #[test]
    fn error_codes_are_named_by_the_service_models() {
        let models = AwsErrors::read().unwrap();
        for code in CREDENTIALS.iter().chain(&DENIED) {
            assert!(models.can_throw("s3", "PutObject", code), "{code} is no error code of AWS");
        }
        // Codes that other modules of this crate match.
        for (service, operation, code) in [
            ("s3", "CreateBucket", "BucketAlreadyOwnedByYou"),
            ("s3", "CreateBucket", "BucketAlreadyExists"),
            ("s3", "GetObject", "NoSuchKey"),
            ("s3", "GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError"),
            ("s3", "GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
            ("s3", "GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration"),
            ("s3", "GetBucketVersioning", "NoSuchBucket"),
            ("s3", "HeadObject", "NotFound"),
            ("events", "DescribeRule", "ResourceNotFoundException"),
            ("lambda", "GetFunctionConfiguration", "ResourceNotFoundException"),
            ("lambda", "GetEventSourceMapping", "ResourceNotFoundException"),
            ("sqs", "GetQueueAttributes", "QueueDoesNotExist"),
            ("cloudformation", "DescribeStacks", "ValidationError"),
            ("cloudformation", "DescribeStackSet", "StackSetNotFoundException"),
            ("cloudformation", "CreateStackInstances", "OperationInProgressException"),
            ("cloudformation", "UpdateStackSet", "StaleRequestException"),
            ("s3", "GetBucketPolicy", "NoSuchBucketPolicy"),
        ] {
            assert!(models.can_throw(service, operation, code), "{service} {operation} cannot throw {code}");
        }
    }

    #[test]
    fn sorts_what_the_sdk_says() {
        let sorted = |words: &str| TASK.not_served(&std::io::Error::other(words.to_owned()));
        insta::assert_snapshot!(sorted("Connection refused (os error 111)"), @"cannot read the stack: no response from AWS; check the network, the region and --endpoint-url (Connection refused (os error 111))");
        insta::assert_snapshot!(sorted("no credentials found in chain. Attempted: a, b"), @"cannot read the stack: no valid AWS credentials; log in, or choose others with --profile or AWS_PROFILE (none were found)");
        insta::assert_snapshot!(sorted("the SSO session has expired"), @"cannot read the stack: no valid AWS credentials; log in, or choose others with --profile or AWS_PROFILE (the SSO session has expired)");
    }

    #[test]
    fn sorts_what_aws_says() {
        let sorted = |status, code: &str| TASK.classify(Some(status), code, "words\n of AWS.");
        insta::assert_snapshot!(sorted(403, "AccessDenied"), @"not allowed to read the stack: ask for the permission cloudformation:DescribeStacks (words of AWS.)");
        insta::assert_snapshot!(sorted(403, "ExpiredToken"), @"cannot read the stack: no valid AWS credentials; log in, or choose others with --profile or AWS_PROFILE (words of AWS.)");
        insta::assert_snapshot!(sorted(400, "ValidationError"), @"cannot read the stack: words of AWS (ValidationError); fix that and try again");
        insta::assert_snapshot!(TASK.classify(Some(403), "", ""), @"not allowed to read the stack: ask for the permission cloudformation:DescribeStacks");
        insta::assert_snapshot!(TASK.classify(Some(418), "", "").code(), @"HTTP418");
        insta::assert_snapshot!(TASK.classify(Some(503), "", ""), @"cannot read the stack: throttled by AWS (HTTP503); run it again later");
        insta::assert_snapshot!(sorted(403, "RequestTimeTooSkewed"), @"cannot read the stack: this machine's clock is wrong (RequestTimeTooSkewed); set it and run it again (words of AWS.)");
    }
}
