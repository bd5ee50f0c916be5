//! Which bucket the changes are recorded in.

use clap::Args;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::{Error, ErrorKind};

use crate::aws::Aws;
use crate::error::CliError;

/// The parameter in which the stack leaves the bucket's name.
const PARAMETER: &str = "/newvoll/ssmbak/bucketname";

/// Where the changes are recorded.
#[derive(Clone, Debug, Default, Args)]
pub struct BucketArgs {
    /// The bucket with the history [default: the parameter /newvoll/ssmbak/bucketname].
    #[arg(short, long, env = "SSMBAK_BUCKET", hide_env_values = true, value_name = "NAME")]
    pub bucket: Option<String>,
}

impl BucketArgs {
    /// Finds the bucket and makes sure that it can tell the past.
    ///
    /// # Errors
    /// [`CliError`] if none is named, or it does not exist or keeps no versions.
    pub async fn find(&self, aws: &Aws) -> Result<S3BackupBucket, CliError> {
        let bucket = self.named(aws).await?;
        must_keep_versions(&bucket).await?;
        Ok(bucket)
    }

    /// Finds the bucket. What is read from it shows mostly whether it keeps versions, so [`must_keep_versions`] is to be
    /// called after that.
    ///
    /// # Errors
    /// [`CliError`] if none is named.
    pub async fn named(&self, aws: &Aws) -> Result<S3BackupBucket, CliError> {
        let name = match self.bucket.as_deref().filter(|name| !name.is_empty()) {
            Some(name) => name.to_owned(),
            None => of_the_stack(aws).await?,
        };
        Ok(aws.bucket(&name))
    }
}

/// Makes sure that a bucket exists and keeps versions, without asking for what has been seen.
///
/// # Errors
/// [`CliError`] if it does not.
pub async fn must_keep_versions(bucket: &S3BackupBucket) -> Result<(), CliError> {
    match bucket.check_versioned().await {
        Ok(()) => Ok(()),
        // Who may not look at the settings may still be allowed all that is needed, and not everything that speaks
        // S3 gives a readable answer here.
        Err(error) if matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::Other) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn of_the_stack(aws: &Aws) -> Result<String, CliError> {
    let read = aws.ssm().get_parameter().name(PARAMETER).send().await;
    let found = match read {
        Ok(output) => output.parameter.and_then(|parameter| parameter.value).filter(|name| !name.trim().is_empty()),
        Err(error) => {
            let error = Error::from_sdk(&format!("read the bucket's name from {PARAMETER}"), &error);
            if error.kind != ErrorKind::NotFound {
                return Err(error.into());
            }
            None
        }
    };
    found.map(|name| name.trim().to_owned()).ok_or_else(|| {
        CliError::failure(
            "NoBucket",
            format!(
                "no bucket is known: neither --bucket nor SSMBAK_BUCKET is given, and there is no parameter {PARAMETER} \
                 in {}",
                aws.region()
            ),
            "name the bucket, choose another --region, or deploy the pipeline with ssmbak-stack NAME create",
        )
    })
}
