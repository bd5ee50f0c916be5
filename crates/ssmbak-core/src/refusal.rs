//! Refusals that say nothing about the request itself, by HTTP status and error code, for every service alike.

/// Why AWS refuses a request that is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// AWS is busy, or broken for the moment: the same request may succeed later.
    Busy,
    /// The clock of this machine is wrong.
    Clock,
}

/// The refusal that a status and a code mean; `None`: another one, or one about the request itself.
///
/// An answer to a HEAD has no body and so no code: its status is all there is. `message` tells an expired signature from a
/// wrong one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>,
/// <https://docs.aws.amazon.com/systems-manager/latest/APIReference/CommonErrors.html>
pub fn refusal(status: Option<u16>, code: Option<&str>, message: Option<&str>) -> Option<Refusal> {
    match code.unwrap_or_default() {
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => return Some(Refusal::Clock),
        "InvalidSignatureException" | "SignatureDoesNotMatch" if is_about_time(message.unwrap_or_default()) => {
            return Some(Refusal::Clock);
        }
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "TooManyUpdates"
        | "RequestLimitExceeded"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete"
        | "SlowDown"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "InternalServerError"
        | "InternalError"
        | "InternalFailure"
        | "RequestTimeout"
        | "RequestTimeoutException" => return Some(Refusal::Busy),
        _ => {}
    }
    matches!(status, Some(429 | 500 | 502 | 503 | 504)).then_some(Refusal::Busy)
}

fn is_about_time(message: &str) -> bool {
    message.contains("Signature expired") || message.contains("Signature not yet current")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_decides_where_there_is_no_code() {
        for status in [429, 500, 502, 503, 504] {
            assert_eq!(refusal(Some(status), None, None), Some(Refusal::Busy), "{status}");
            assert_eq!(refusal(Some(status), Some("Strange"), None), Some(Refusal::Busy), "{status}");
        }
        for status in [200, 301, 400, 403, 404, 405, 412, 501] {
            assert_eq!(refusal(Some(status), None, None), None, "{status}");
        }
    }

    #[test]
    fn throttling_is_known_by_its_code_whatever_the_status() {
        for code in ["ThrottlingException", "TooManyUpdates", "SlowDown", "InternalServerError", "RequestTimeout"] {
            assert_eq!(refusal(Some(400), Some(code), None), Some(Refusal::Busy), "{code}");
        }
        assert_eq!(refusal(Some(400), Some("ValidationException"), Some("Signature expired")), None);
    }

    #[test]
    fn expired_signature_is_a_wrong_clock() {
        let expired = Some("Signature expired: 20260101T000000Z is now earlier than 20260101T001500Z");
        let wrong = Some("The request signature we calculated does not match the signature you provided");
        assert_eq!(refusal(Some(400), Some("InvalidSignatureException"), expired), Some(Refusal::Clock));
        assert_eq!(refusal(Some(403), Some("RequestTimeTooSkewed"), None), Some(Refusal::Clock));
        assert_eq!(refusal(Some(400), Some("InvalidSignatureException"), wrong), None);
        assert_eq!(refusal(Some(403), Some("SignatureDoesNotMatch"), wrong), None);
    }
}
