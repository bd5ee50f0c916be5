//! AWS's error codes by kind of failure. A test compares them with AWS's service models.

use super::ErrorKind;

/// Codes by kind; any other is [`ErrorKind::Other`].
pub(super) const KNOWN: [(ErrorKind, &[&str]); 10] = [
    (
        ErrorKind::Credentials,
        &[
            "AuthorizationHeaderMalformed",
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
            "SignatureDoesNotMatch",
            "TokenRefreshRequired",
            "UnrecognizedClientException",
        ],
    ),
    (ErrorKind::AccessDenied, &["AccessDenied", "AccessDeniedException", "AllAccessDisabled", "NotAuthorized"]),
    (ErrorKind::Archived, &["InvalidObjectState"]),
    (ErrorKind::BucketMissing, &["NoSuchBucket"]),
    (
        ErrorKind::NotFound,
        &[
            "InvalidResourceId",
            "NoSuchKey",
            "NoSuchVersion",
            "NotFound",
            "ParameterNotFound",
            "ParameterVersionNotFound",
        ],
    ),
    (
        ErrorKind::Throttled,
        &[
            "BandwidthLimitExceeded",
            "EC2ThrottledException",
            "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "RequestThrottled",
            "RequestThrottledException",
            "ServiceUnavailable",
            "SlowDown",
            "ThrottledException",
            "Throttling",
            "ThrottlingException",
            "TooManyRequestsException",
            "TooManyUpdates",
            "TransactionInProgressException",
        ],
    ),
    (
        ErrorKind::KeyUnusable,
        &[
            "DisabledException",
            "IncorrectKeyException",
            "InvalidKeyId",
            "KMS.DisabledException",
            "KMS.KMSInvalidStateException",
            "KMS.NotFoundException",
            "KMSInvalidStateException",
            "KeyUnavailableException",
        ],
    ),
    (ErrorKind::TypeChange, &["HierarchyTypeMismatchException"]),
    (ErrorKind::AlreadyExists, &["ParameterAlreadyExists"]),
    (
        ErrorKind::Refused,
        &[
            "HierarchyLevelLimitExceededException",
            "IncompatiblePolicyException",
            "InvalidAllowedPatternException",
            "InvalidFilterKey",
            "InvalidFilterOption",
            "InvalidFilterValue",
            "InvalidNextToken",
            "InvalidPolicyAttributeException",
            "InvalidPolicyTypeException",
            "InvalidResourceType",
            "InvalidTag",
            "MetadataTooLarge",
            "ParameterLimitExceeded",
            "ParameterMaxVersionLimitExceeded",
            "ParameterPatternMismatchException",
            "PoliciesLimitExceededException",
            "TooManyTagsError",
            "UnsupportedParameterType",
            "ValidationException",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ssmbak_testkit::AwsErrors;

    use super::*;

    /// The operations that the product calls. Parameter Store calls KMS in the caller's name.
    const CALLED: [(&str, &[&str]); 3] = [
        (
            "ssm",
            &[
                "PutParameter",
                "GetParameter",
                "GetParameters",
                "GetParametersByPath",
                "GetParameterHistory",
                "DescribeParameters",
                "DeleteParameters",
                "AddTagsToResource",
                "RemoveTagsFromResource",
                "ListTagsForResource",
            ],
        ),
        (
            "s3",
            &[
                "PutObject",
                "GetObject",
                "HeadObject",
                "CopyObject",
                "DeleteObject",
                "ListObjectVersions",
                "ListObjectsV2",
                "GetObjectTagging",
                "RestoreObject",
            ],
        ),
        ("kms", &["Decrypt", "Encrypt", "GenerateDataKey"]),
    ];

    /// Handled as any other failure: AWS's internal errors, and errors of options that are not used.
    const UNCLASSIFIED: [&str; 17] = [
        "DependencyTimeoutException",
        "DryRunOperationException",
        "EncryptionTypeMismatch",
        "InternalServerError",
        "InvalidCiphertextException",
        "InvalidGrantTokenException",
        "InvalidKeyUsageException",
        "InvalidRequest",
        "InvalidWriteOffset",
        "KMSInternalException",
        "NotFoundException",
        "ObjectAlreadyInActiveTierError",
        "ObjectNotInActiveTierError",
        "TooManyParts",
        // Not thrown: a quota that waiting does not raise, though botocore waits for it.
        "LimitExceededException",
        "OperationAborted",
        "RequestTimeout",
    ];

    fn named() -> (AwsErrors, BTreeSet<String>) {
        let models = AwsErrors::read().unwrap();
        let mut named: BTreeSet<String> = models.throttling().iter().cloned().collect();
        named.extend(models.common().map(str::to_owned));
        named.extend(models.documented_by_s3().map(str::to_owned));
        for (service, operations) in CALLED {
            for operation in operations {
                named.extend(models.of(service, operation).unwrap().iter().cloned());
            }
        }
        (models, named)
    }

    #[test]
    fn error_codes_are_named_by_the_service_models() {
        let (_, named) = named();
        for code in KNOWN.iter().flat_map(|(_, codes)| *codes) {
            // S3 says which of KMS's errors it met with a prefix.
            let bare = code.strip_prefix("KMS.").unwrap_or(code);
            assert!(named.contains(bare), "{code} is no error code of AWS");
        }
    }

    #[test]
    fn every_error_of_a_called_operation_is_classified_or_listed() {
        let (models, _) = named();
        for (service, operations) in CALLED {
            for operation in operations {
                for code in models.of(service, operation).unwrap() {
                    let classified = ErrorKind::of_code(code) != ErrorKind::Other;
                    assert!(classified || UNCLASSIFIED.contains(&code.as_str()), "{service} {operation}: {code}");
                }
            }
        }
    }

    #[test]
    fn every_throttling_code_is_throttling() {
        let (models, _) = named();
        for code in models.throttling().iter().filter(|code| !UNCLASSIFIED.contains(&code.as_str())) {
            assert_eq!(ErrorKind::of_code(code), ErrorKind::Throttled, "{code}");
        }
    }

    #[test]
    fn each_code_stands_for_one_kind() {
        let codes: Vec<&str> = KNOWN.iter().flat_map(|(_, codes)| *codes).copied().collect();
        let distinct: BTreeSet<&str> = codes.iter().copied().collect();
        assert_eq!(codes.len(), distinct.len());
    }
}
