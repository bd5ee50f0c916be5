//! A bucket that is in another region than the one that was asked.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::{Error, ErrorKind};

/// Whether S3 says that the bucket is in another region, and in which if it says that too. It says so with a redirection,
/// which has no code where the request was a HEAD, or with a complaint about the signature, which is for a region.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html>,
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>
pub(super) fn region(
    code: Option<&str>,
    message: Option<&str>,
    response: Option<&HttpResponse>,
) -> Option<Option<String>> {
    let redirected = response.is_some_and(|response| matches!(response.status().as_u16(), 301 | 307));
    let message = message.unwrap_or_default();
    let wrong_signature = code == Some("AuthorizationHeaderMalformed") && message.contains("expecting '");
    if !redirected
        && !wrong_signature
        && !matches!(code, Some("PermanentRedirect" | "IllegalLocationConstraintException"))
    {
        return None;
    }
    let in_header = response.and_then(|response| response.headers().get("x-amz-bucket-region"));
    let in_message = message.split_once("expecting '").and_then(|(_, rest)| rest.split('\'').next());
    Some(in_header.or(in_message).map(str::to_owned))
}

/// The error, with the region if it is known.
pub(super) fn error(action: &str, region: Option<&str>) -> Error {
    match region {
        Some(region) => Error::new(ErrorKind::BucketElsewhere, format!("cannot {action}: the bucket is in {region}"))
            .with_hint(format!("give --region {region}: ssmbak works in one region at a time")),
        None => Error::new(ErrorKind::BucketElsewhere, format!("cannot {action}: the bucket is in another region")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_elsewhere_names_its_region_if_s3_does() {
        let redirected = |status: u16, said: Option<&'static str>| {
            let mut response = HttpResponse::new(status.try_into().unwrap(), aws_smithy_types::body::SdkBody::empty());
            if let Some(region) = said {
                response.headers_mut().insert("x-amz-bucket-region", region);
            }
            response
        };
        let named = |region: &str| Some(Some(region.to_owned()));
        assert_eq!(region(None, None, Some(&redirected(301, Some("eu-north-1")))), named("eu-north-1"));
        assert_eq!(region(Some("PermanentRedirect"), None, Some(&redirected(301, None))), Some(None));
        let expecting = "the region 'a' is wrong; expecting 'eu-west-3'";
        assert_eq!(region(Some("AuthorizationHeaderMalformed"), Some(expecting), None), named("eu-west-3"));
        // A signature can be wrong for other reasons, and S3 names a bucket's region in answers that are no redirection.
        assert_eq!(region(Some("AuthorizationHeaderMalformed"), Some("no comma"), None), None);
        assert_eq!(region(Some("AccessDenied"), None, Some(&redirected(403, Some("eu-north-1")))), None);
    }
}
