//! What a command of `s3bak` is asked about: a bucket, a key and a time.

use clap::Args;
use jiff::Timestamp;
use ssmbak::s3::ObjectBucket;
use ssmbak_core::instant::Instant;

use crate::asked::read_time;
use crate::aws::Aws;
use crate::commands::as_of;
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::ui::Ui;
use crate::zone;

/// The longest key that S3 has, in bytes.
const LONGEST_KEY: usize = 1024;

/// Which bucket is meant.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct BucketArgs {
    /// The versioned bucket.
    #[arg(short, long, env = "SSMBAK_BUCKET", hide_env_values = true, value_name = "NAME")]
    bucket: Option<String>,
}

impl BucketArgs {
    /// The bucket, with a way to it.
    ///
    /// # Errors
    /// [`CliError::Usage`] if none is named.
    pub(super) async fn open(&self, global: &GlobalArgs) -> Result<(Aws, ObjectBucket), CliError> {
        let name = self
            .bucket
            .as_deref()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| CliError::usage("no bucket was named", "give one with -b/--bucket or SSMBAK_BUCKET"))?;
        let aws = Aws::connect(global).await?;
        let bucket = ObjectBucket::new(aws.s3(), name);
        Ok((aws, bucket))
    }
}

/// Reads a time, and says how it was understood.
///
/// # Errors
/// [`CliError::Usage`] with the forms that are understood.
pub(super) fn moment(text: &str, ui: &Ui) -> Result<Instant, CliError> {
    let now = Timestamp::now();
    let at = read_time(text, now, &zone::local()?)?;
    ui.remark(&as_of(&at));
    if at.is_future(now) {
        ui.warning(&format!("{at} has not come yet: the present state is taken"));
    }
    Ok(at)
}

/// Refuses what cannot be a key.
///
/// # Errors
/// [`CliError::Usage`].
pub(super) fn check_key(key: &str) -> Result<(), CliError> {
    if key.is_empty() {
        return Err(CliError::usage("no key was given", "give the key of one object, or PREFIX/ -R for a tree"));
    }
    if key.len() > LONGEST_KEY {
        let message = format!("a key of {} bytes is longer than any in S3", key.len());
        return Err(CliError::usage(message, "keys have at most 1,024 bytes"));
    }
    Ok(())
}
