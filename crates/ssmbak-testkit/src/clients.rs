//! The official SDK, pointed at an emulator.

use aws_credential_types::Credentials;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_smithy_async::rt::sleep::TokioSleep;
use ssmbak_emulators::{ACCESS_KEY, REGION, SECRET_KEY};

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")
}

/// A Parameter Store client.
#[must_use]
pub fn ssm_client(endpoint: &str) -> aws_sdk_ssm::Client {
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        // Each client has connections of its own: every test has its own runtime, and connections end with theirs.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(aws_sdk_ssm::config::Region::from_static(REGION))
        .sleep_impl(TokioSleep::new())
        .build();
    aws_sdk_ssm::Client::from_conf(config)
}

/// A client of the Resource Groups Tagging API.
#[must_use]
pub fn tagging_client(endpoint: &str) -> aws_sdk_resourcegroupstagging::Client {
    let config = aws_sdk_resourcegroupstagging::Config::builder()
        .behavior_version(aws_sdk_resourcegroupstagging::config::BehaviorVersion::latest())
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(aws_sdk_resourcegroupstagging::config::Region::from_static(REGION))
        .sleep_impl(TokioSleep::new())
        .build();
    aws_sdk_resourcegroupstagging::Client::from_conf(config)
}

/// An S3 client.
#[must_use]
pub fn s3_client(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .credentials_provider(credentials())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(aws_sdk_s3::config::Region::from_static(REGION))
        .sleep_impl(TokioSleep::new())
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// Creates a bucket that keeps every version.
///
/// # Errors
/// Those of S3.
pub async fn create_versioned_bucket(s3: &aws_sdk_s3::Client, name: &str) -> Result<(), aws_sdk_s3::Error> {
    s3.create_bucket().bucket(name).send().await?;
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket(name).versioning_configuration(enabled).send().await?;
    Ok(())
}
