//! What a command of `s3bak` is asked about: a bucket, a key and a time.

use clap::Args;
use ssmbak::s3::ObjectBucket;
use ssmbak::s3::tree::Tree;
use ssmbak_core::instant::Instant;
use ssmbak_core::object::{KeyGlobs, S3Location};

use super::tree::check_prefix;
use crate::aws::Aws;
use crate::commands::as_of;
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::query_args::read_time;
use crate::suggested_command::quoted;
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
    /// Accept the costs of requests to a bucket whose owner lets the requester pay.
    #[arg(long)]
    request_payer: bool,
}

/// Which keys of a tree are meant.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct GlobArgs {
    /// Include only keys matching GLOB: '*.csv' matches the last level, 'data/**/x' the whole key (repeatable).
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Exclude keys matching GLOB (repeatable).
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
}

impl GlobArgs {
    /// The globs.
    ///
    /// # Errors
    /// [`CliError::usage`] for the first that cannot be read.
    pub(super) fn read(&self) -> Result<KeyGlobs, CliError> {
        KeyGlobs::new(&self.include, &self.exclude)
            .map_err(|error| CliError::usage(error.to_string(), "quote globs: --include '*.csv'"))
    }

    /// The options that were given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let options = [("--include", &self.include), ("--exclude", &self.exclude)];
        options.into_iter().filter(|(_, globs)| !globs.is_empty()).map(|(option, _)| option).collect()
    }

    /// The options, to be typed again.
    pub(super) fn words(&self) -> Vec<String> {
        let of = |option: &str, globs: &[String]| {
            globs.iter().map(|glob| format!("{option} {}", quoted(glob))).collect::<Vec<_>>()
        };
        [of("--include", &self.include), of("--exclude", &self.exclude)].concat()
    }
}

/// Keys or prefixes, and the bucket that they name if they are written like `s3://bucket/key`.
#[derive(Clone, Debug)]
pub(super) struct Located {
    /// The keys or prefixes.
    pub(super) keys: Vec<String>,
    /// The bucket, if one was named so.
    bucket: Option<String>,
}

impl Located {
    /// Reads keys or prefixes, and the time behind them.
    ///
    /// # Errors
    /// As [`Located::read`], and if there is only one word.
    pub(super) fn with_time(words: &[String]) -> Result<(Self, &str), CliError> {
        match words.split_last() {
            Some((time, keys)) if !keys.is_empty() => Ok((Self::read(keys)?, time)),
            _ => Err(CliError::usage(
                "no time was given",
                "give the key, then the time: data/report.csv \"2 hours ago\"",
            )),
        }
    }

    /// Reads keys or prefixes.
    ///
    /// # Errors
    /// [`CliError::usage`] if they name several buckets, or none after `s3://`.
    pub(super) fn read(texts: &[String]) -> Result<Self, CliError> {
        let mut located = Self { keys: Vec::new(), bucket: None };
        for text in texts {
            let read = S3Location::parse(text)
                .map_err(|error| CliError::usage(error.to_string(), "give it like s3://bucket/prefix/"))?;
            let Some(read) = read else {
                located.keys.push(text.clone());
                continue;
            };
            if located.bucket.get_or_insert_with(|| read.bucket.clone()) != &read.bucket {
                return Err(CliError::usage("several buckets were named", "give the keys of one bucket at a time"));
            }
            located.keys.push(read.key);
        }
        Ok(located)
    }

    /// The only one.
    ///
    /// # Errors
    /// [`CliError::usage`] if there are several.
    pub(super) fn one(&self) -> Result<&str, CliError> {
        match self.keys.as_slice() {
            [key] => Ok(key),
            _ => Err(CliError::usage("several keys were given", "give one key, or prefixes with -R")),
        }
    }

    /// Refuses what is no tree.
    ///
    /// # Errors
    /// [`CliError::usage`].
    pub(super) fn check_prefixes(&self) -> Result<(), CliError> {
        self.keys.iter().try_for_each(|prefix| check_prefix(prefix))
    }
}

/// A tree under which the bucket has no version at all: a wrong name, most likely.
///
/// # Errors
/// [`CliError::failure`] if there was none.
pub(super) fn check_found(versions: u64, bucket: &ObjectBucket, tree: &Tree) -> Result<(), CliError> {
    if versions > 0 {
        return Ok(());
    }
    let below = match tree.prefixes() {
        [prefix] if prefix.is_empty() => String::new(),
        prefixes => {
            format!(" below {}", prefixes.iter().map(|prefix| format!("{prefix:?}")).collect::<Vec<_>>().join(", "))
        }
    };
    let message = format!("bucket {} has no version of any key{below}", bucket.name());
    Err(CliError::failure("NotFound", message, "check the prefix and the bucket"))
}

impl BucketArgs {
    /// The bucket, with a way to it; it is made sure that it keeps versions.
    ///
    /// # Errors
    /// [`CliError::usage`] if none is named, or two; [`ssmbak::ErrorKind::BucketNotVersioned`].
    pub(super) async fn open(&self, located: &Located, global: &GlobalArgs) -> Result<(Aws, ObjectBucket), CliError> {
        let given = self.bucket.as_deref().filter(|name| !name.is_empty());
        let from_environment = std::env::var("SSMBAK_BUCKET").ok();
        let name = match (located.bucket.as_deref(), given) {
            (Some(named), Some(given)) if named != given && from_environment.as_deref() != Some(given) => {
                let message = format!("the key is in bucket {named}, and -b names {given}");
                return Err(CliError::usage(message, "leave -b out, or give the key without s3://"));
            }
            (Some(named), _) => named,
            (None, given) => given
                .ok_or_else(|| CliError::usage("no bucket was named", "give one with -b/--bucket or SSMBAK_BUCKET"))?,
        };
        let aws = Aws::connect(global).await?;
        let bucket = ObjectBucket::new(aws.s3(), name);
        let bucket = if self.request_payer { bucket.with_requester_pays() } else { bucket };
        bucket.versioning().await?;
        Ok((aws, bucket))
    }

    /// The options, to be typed again.
    pub(super) fn words(&self, bucket: &ObjectBucket) -> Vec<String> {
        let mut words = vec![format!("-b {}", quoted(bucket.name()))];
        words.extend(self.request_payer.then(|| "--request-payer".to_owned()));
        words
    }
}

/// Refuses options of trees that were given for one key.
///
/// # Errors
/// [`CliError::usage`] with the first of them.
pub(super) fn refuse_for_one_key(given: &[Vec<&'static str>]) -> Result<(), CliError> {
    match given.iter().flatten().next() {
        None => Ok(()),
        Some(option) => {
            let message = format!("{option} is for trees, and one key was given");
            Err(CliError::usage(message, format!("add -R and give prefixes, or leave {option} out")))
        }
    }
}

/// Reads a time, and says how it was understood.
///
/// # Errors
/// [`CliError::usage`] with the forms that are understood.
pub(super) fn moment(text: &str, ui: &Ui) -> Result<Instant, CliError> {
    let now = ssmbak::clock::now();
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
/// [`CliError::usage`].
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
