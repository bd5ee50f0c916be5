//! `--target-region`, `--target-profile`: restoring into another region or account.

use clap::Args;
use ssmbak::bucket::S3BackupBucket;
use ssmbak_core::plan::{KmsKeys, Plan};

use crate::aws::Aws;
use crate::bucket::{PARAMETER, left_by_stack, must_keep_versions};
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::suggested_command::quoted;
use crate::ui::{Ui, text};

/// Another account or region to restore into.
#[derive(Clone, Debug, Default, Args)]
pub struct TargetArgs {
    /// Restore into this region [default: that of the target profile, else the one that is read from].
    #[arg(long, value_name = "NAME")]
    target_region: Option<String>,
    /// Restore into the account of this profile of the AWS configuration. Nothing is ever deleted there.
    #[arg(long, value_name = "NAME")]
    target_profile: Option<String>,
    /// The bucket that records the changes there, which keeps what is overwritten and lets the restore be undone
    /// [default: that of the stack there].
    #[arg(long, value_name = "NAME")]
    target_bucket: Option<String>,
    /// KMS key there for SecureStrings that were encrypted with another: FROM=TO, or TO for all others. May be repeated.
    #[arg(long, value_name = "[FROM=]TO")]
    kms_key: Vec<String>,
}

/// Where it is restored into, if that is not where it was recorded.
#[derive(Clone, Debug)]
pub(crate) struct RemoteTarget {
    pub(crate) aws: Aws,
    /// The bucket that records the changes there, if there is one.
    pub(crate) bucket: Option<S3BackupBucket>,
    /// The way there, for the commands that are printed.
    pub(crate) global: GlobalArgs,
}

impl TargetArgs {
    /// Whether it is another account or region.
    pub(super) fn is_given(&self) -> bool {
        self.target_region.is_some() || self.target_profile.is_some()
    }

    /// What is given that says nothing without a target.
    pub(super) fn idle(&self) -> Option<&'static str> {
        [("--target-bucket", self.target_bucket.is_some()), ("--kms-key", !self.kms_key.is_empty())]
            .into_iter()
            .find_map(|(option, given)| given.then_some(option))
    }

    /// The KMS keys to use in the place of others.
    ///
    /// # Errors
    /// [`CliError`] for what cannot be read.
    pub(super) fn keys(&self) -> Result<KmsKeys, CliError> {
        KmsKeys::parse(&self.kms_key)
            .map_err(|error| CliError::usage(error.to_string(), "give --kms-key FROM=TO, or TO for all others"))
    }

    /// The way there; `None`: where it was recorded.
    ///
    /// # Errors
    /// [`CliError`] if there are no credentials.
    pub(super) async fn connect(&self, global: &GlobalArgs, from: &Aws) -> Result<Option<RemoteTarget>, CliError> {
        if !self.is_given() {
            return Ok(None);
        }
        let mut way = global.clone();
        // ARNs name what is restored, and not where to.
        way.arns.clear();
        if self.target_profile.is_some() {
            way.profile.clone_from(&self.target_profile);
        }
        way.region = match &self.target_region {
            Some(region) => Some(region.clone()),
            // A profile knows where it belongs better than what was said of the other side.
            None => Aws::region_of_profile(way.profile.as_deref())?.or_else(|| Some(from.region().to_owned())),
        };
        let aws = Aws::connect(&way).await?;
        Ok(Some(RemoteTarget { aws, bucket: None, global: way }))
    }

    /// Finds the bucket that records the changes there.
    ///
    /// # Errors
    /// [`CliError`] if one is given that cannot be it.
    pub(super) async fn record(&self, there: &mut RemoteTarget, from: (&Aws, &S3BackupBucket)) -> Result<(), CliError> {
        let given = self.target_bucket.as_deref().filter(|name| !name.is_empty());
        let name = match given {
            Some(name) => Some(name.to_owned()),
            None => left_by_stack(&there.aws, PARAMETER, "bucket's name").await?,
        };
        let Some(name) = name else { return Ok(()) };
        // One bucket cannot tell two accounts' or regions' parameters of one name apart.
        if name == from.1.name() && !is_same_place(from.0, &there.aws).await {
            return match given {
                None => Ok(()),
                Some(_) => Err(CliError::usage(
                    format!(
                        "--target-bucket {name} is the bucket that is read from: it records another account or region"
                    ),
                    "name a bucket of the target's own, or leave the option off",
                )),
            };
        }
        let bucket = there.aws.bucket(&name);
        must_keep_versions(&bucket).await?;
        there.bucket = Some(bucket);
        Ok(())
    }

    /// Says what the plan may fail at there.
    pub(super) fn warn_of_keys(&self, plan: &Plan, ui: &Ui) {
        let keys = plan.kms_keys();
        if self.is_given() && self.kms_key.is_empty() && !keys.is_empty() {
            let keys: Vec<String> = keys.into_iter().map(text::line).collect();
            ui.hint(&format!(
                "SecureStrings were encrypted with {}: if that is not there, give --kms-key FROM=TO",
                keys.join(" and ")
            ));
        }
    }

    /// The options as they are typed.
    pub(super) fn words(&self) -> String {
        let options = [
            ("--target-profile", &self.target_profile),
            ("--target-region", &self.target_region),
            ("--target-bucket", &self.target_bucket),
        ];
        let given = options.into_iter().filter_map(|(option, value)| Some((option, value.as_deref()?)));
        let keys = self.kms_key.iter().map(|key| ("--kms-key", key.as_str()));
        given.chain(keys).map(|(option, value)| format!(" {option} {}", quoted(value))).collect()
    }
}

/// Whether two ways lead to one account and region, as far as that can be known.
async fn is_same_place(a: &Aws, b: &Aws) -> bool {
    if a.region() != b.region() {
        return false;
    }
    match (a.caller().await, b.caller().await) {
        (Some(a), Some(b)) => a.account == b.account,
        _ => false,
    }
}

impl RemoteTarget {
    /// Makes sure that what is overwritten is kept.
    ///
    /// # Errors
    /// [`CliError`] if the plan overwrites something and no bucket records it.
    pub(super) fn require_recording_bucket(&self, plan: &Plan) -> Result<(), CliError> {
        let updates = plan.counts().update;
        if self.bucket.is_some() || updates == 0 {
            return Ok(());
        }
        let exist =
            if updates == 1 { "parameter exists there and differs" } else { "parameters exist there and differ" };
        Err(CliError::failure(
            "NoTargetBucket",
            format!("{updates} {exist}, and no bucket there keeps what would be overwritten"),
            "nothing was changed: give --target-bucket NAME, deploy a stack there, or leave them with --on-conflict skip",
        ))
    }
}
