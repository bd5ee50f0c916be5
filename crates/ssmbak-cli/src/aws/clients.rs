//! A client for each service that is used.

use ssmbak::RequestPolicy;

use super::Aws;
use super::requests::Retries;

/// A client with the common configuration and the service's own endpoint.
macro_rules! client {
    ($(#[$doc:meta])* $name:ident, $sdk:ident, $service:literal) => {
        $(#[$doc])*
        pub fn $name(&self) -> $sdk::Client {
            let mut builder = $sdk::config::Builder::from(&self.config);
            builder.set_endpoint_url(self.endpoint($service));
            let retries = Retries(RequestPolicy::current());
            let builder = builder.retry_classifier(retries.clone()).interceptor(retries);
            $sdk::Client::from_conf(builder.build())
        }
    };
}

impl Aws {
    client!(
        /// A Parameter Store client.
        ssm, aws_sdk_ssm, "SSM"
    );
    client!(
        /// A client of the Resource Groups Tagging API.
        tagging, aws_sdk_resourcegroupstagging, "Resource Groups Tagging API"
    );
    client!(
        /// A CloudFormation client.
        cloudformation, aws_sdk_cloudformation, "CloudFormation"
    );
    client!(
        /// A CloudWatch client.
        cloudwatch, aws_sdk_cloudwatch, "CloudWatch"
    );
    client!(
        /// An STS client.
        sts, aws_sdk_sts, "STS"
    );
    client!(
        /// An SQS client.
        sqs, aws_sdk_sqs, "SQS"
    );
    client!(
        /// An EventBridge client.
        eventbridge, aws_sdk_eventbridge, "EventBridge"
    );
    client!(
        /// A Lambda client.
        lambda, aws_sdk_lambda, "Lambda"
    );

    /// An S3 client.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let endpoint = self.endpoint("S3");
        let mut builder = aws_sdk_s3::config::Builder::from(&self.config);
        // Whatever stands at a custom endpoint rarely has a host name for every bucket. AWS's own that are spelled out
        // (VPC endpoints, FIPS) take the bucket in the path as well.
        builder.set_force_path_style(Some(endpoint.is_some()));
        builder.set_endpoint_url(endpoint);
        let retries = Retries(RequestPolicy::current());
        let builder = builder.retry_classifier(retries.clone()).interceptor(retries);
        aws_sdk_s3::Client::from_conf(builder.build())
    }
}
