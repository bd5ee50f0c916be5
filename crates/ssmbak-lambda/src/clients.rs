//! The SDK's clients, built once for all invocations of a sandbox.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use ssmbak::Capture;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::core::rate::Budget;
use ssmbak::store::SsmParameterStore;

use crate::config::Config;
use crate::queue::OwnQueue;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Objects here are a few kilobytes: an answer that takes longer is not coming.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// What records, and the function's own queue, over the clients that the configuration asks for.
///
/// All share one HTTPS client (one set of root certificates) and the SDK's standard retries, three attempts; what still
/// fails then is the queue's to deliver again.
pub fn clients(config: &Config) -> (Capture<SsmParameterStore, S3BackupBucket>, Option<OwnQueue>) {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let credentials: &Credentials = &config.credentials;

    let mut ssm = aws_sdk_ssm::Config::builder()
        .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
        .region(aws_sdk_ssm::config::Region::new(config.region.clone()))
        .credentials_provider(credentials.clone())
        .http_client(http.clone())
        .timeout_config(timeouts.clone())
        .retry_config(RetryConfig::standard())
        .sleep_impl(TokioSleep::new());
    ssm.set_endpoint_url(config.ssm_endpoint.clone());

    let mut tagging = aws_sdk_resourcegroupstagging::Config::builder()
        .behavior_version(aws_sdk_resourcegroupstagging::config::BehaviorVersion::latest())
        .region(aws_sdk_resourcegroupstagging::config::Region::new(config.region.clone()))
        .credentials_provider(credentials.clone())
        .http_client(http.clone())
        .timeout_config(timeouts.clone())
        .retry_config(RetryConfig::standard())
        .sleep_impl(TokioSleep::new());
    tagging.set_endpoint_url(config.tagging_endpoint.clone());

    let mut s3 = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new(config.region.clone()))
        .credentials_provider(credentials.clone())
        // An endpoint of one's own rarely has a DNS name for each bucket.
        .force_path_style(config.s3_endpoint.is_some())
        .http_client(http.clone())
        .timeout_config(timeouts.clone())
        .retry_config(RetryConfig::standard())
        .sleep_impl(TokioSleep::new());
    s3.set_endpoint_url(config.s3_endpoint.clone());

    let mut sqs = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::latest())
        .region(aws_sdk_sqs::config::Region::new(config.region.clone()))
        .credentials_provider(credentials.clone())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard())
        .sleep_impl(TokioSleep::new());
    sqs.set_endpoint_url(config.sqs_endpoint.clone());
    let sqs = aws_sdk_sqs::Client::from_conf(sqs.build());

    let mut store = SsmParameterStore::new(aws_sdk_ssm::Client::from_conf(ssm.build()));
    // A rehearsal reads the tags that it has just written: an index is minutes behind.
    let has_index = config.ssm_endpoint.is_none() || config.tagging_endpoint.is_some();
    if has_index && config.rehearsal.is_none() {
        store = store.with_bulk_tags(aws_sdk_resourcegroupstagging::Client::from_conf(tagging.build()));
    }
    // What stands at another endpoint has no quotas.
    if config.ssm_endpoint.is_none() && config.max_rps != Some(0.0) {
        store = store.within(config.max_rps.map_or(Budget::FUNCTION, |most| Budget::FUNCTION.at_most(most)));
    }
    let capture = Capture::new(store, S3BackupBucket::new(aws_sdk_s3::Client::from_conf(s3.build()), &config.bucket));
    (capture, config.queue_url.as_ref().map(|url| OwnQueue::new(sqs, url)))
}
