//! GetBucketLifecycleConfiguration.

use aws_sdk_s3::types::ExpirationStatus;

use super::S3BackupBucket;
use crate::Error;
use crate::trash::{Lifecycle, LifecycleRule, tells_no_rules};

impl S3BackupBucket {
    /// What the bucket's lifecycle says of versions that are not current; `None` if it may not be looked at.
    ///
    /// Rules that go by tags or sizes are left out: what they expire cannot be told from a key.
    ///
    /// # Errors
    /// The failed request, where it does not merely say that there is no such configuration or no permission.
    pub async fn lifecycle(&self) -> Result<Option<Lifecycle>, Error> {
        let read = self.objects.client.get_bucket_lifecycle_configuration().bucket(self.name()).send().await;
        let output = match read {
            Ok(output) => output,
            Err(error) => {
                let none =
                    aws_sdk_s3::error::ProvideErrorMetadata::code(&error) == Some("NoSuchLifecycleConfiguration");
                let error = self.objects.failed("look at the lifecycle", &error);
                return match (none, tells_no_rules(&error)) {
                    (true, _) => Ok(Some(Lifecycle::default())),
                    (false, true) => Ok(None),
                    (false, false) => Err(error),
                };
            }
        };
        let rules =
            output.rules().iter().filter(|rule| *rule.status() == ExpirationStatus::Enabled).filter_map(|rule| {
                let days = rule.noncurrent_version_expiration()?.noncurrent_days()?;
                #[expect(deprecated, reason = "older configurations have their prefix here")]
                let outer = rule.prefix();
                let prefix = match rule.filter() {
                    None => outer.unwrap_or_default(),
                    Some(filter) => {
                        let other = filter.tag().is_some() || filter.and().is_some();
                        let sized =
                            filter.object_size_greater_than().is_some() || filter.object_size_less_than().is_some();
                        if other || sized {
                            return None;
                        }
                        filter.prefix().or(outer).unwrap_or_default()
                    }
                };
                Some(LifecycleRule { prefix: prefix.to_owned(), days })
            });
        Ok(Some(Lifecycle { rules: rules.collect() }))
    }
}
