//! Which bucket the changes are recorded in.

use clap::Args;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::{Error, ErrorKind};

use crate::aws::Aws;
use crate::error::CliError;

/// The parameter in which the stack leaves the bucket's name.
pub(crate) const PARAMETER: &str = "/newvoll/ssmbak/bucketname";

/// The parameter in which the stack leaves its own name.
pub(crate) const STACK_PARAMETER: &str = "/newvoll/ssmbak/stackname";

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
        let name = match self.bucket.as_deref().filter(|name| !name.trim().is_empty()) {
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

/// Whether a bucket keeps no further versions, as far as one may look.
///
/// # Errors
/// [`CliError`] if the bucket cannot be asked.
pub async fn is_suspended(bucket: &S3BackupBucket) -> Result<bool, CliError> {
    match bucket.is_suspended().await {
        Ok(suspended) => Ok(suspended),
        Err(error) if matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::Other) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes sure that what is recorded from now on is kept, before anything is overwritten.
///
/// # Errors
/// [`CliError`] if versioning is suspended.
pub async fn must_keep_new_versions(bucket: &S3BackupBucket) -> Result<(), CliError> {
    if !is_suspended(bucket).await? {
        return Ok(());
    }
    let name = bucket.name();
    Err(CliError::failure(
        "BucketNotVersioned",
        format!("versioning of bucket {name} is suspended: what is overwritten now would be lost"),
        format!("enable it: aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"),
    ))
}

async fn of_the_stack(aws: &Aws) -> Result<String, CliError> {
    let found = left_by_stack(aws, PARAMETER, "bucket's name").await?;
    found.ok_or_else(|| {
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

/// What the stack has left in a parameter; none if there is no such parameter.
///
/// # Errors
/// [`CliError`] if Parameter Store cannot be asked.
pub(crate) async fn left_by_stack(aws: &Aws, parameter: &str, what: &str) -> Result<Option<String>, CliError> {
    let found = match aws.ssm().get_parameter().name(parameter).send().await {
        Ok(output) => output.parameter.and_then(|parameter| parameter.value),
        Err(error) => {
            let error = Error::from_sdk(&format!("read the {what} from {parameter}"), &error);
            if error.kind != ErrorKind::NotFound {
                return Err(error.into());
            }
            None
        }
    };
    Ok(found.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
}
