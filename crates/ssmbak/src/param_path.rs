//! A parameter, a path or a tree at an instant.

use ssmbak_core::unknown::UnknownReason;
use std::collections::BTreeMap;

use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{Plan, PlanOptions, RecordedParameter, Target};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::Timeline;

use crate::bucket::BackupBucket;
use crate::read::{
    ListingProgress, compare, described_with_tags, read_states_at, states_beside, targets_of, timelines,
};
use crate::restore::{Applied, ProgressObserver, Restore, RestoreOptions};
use crate::store::ParameterStore;
use crate::{ConcurrencyLimiter, Error, ErrorKind};

/// Parameters as they were at an instant: previewed, compared with the present, restored.
///
/// ```no_run
/// # async fn example(ssm: aws_sdk_ssm::Client, s3: aws_sdk_s3::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use ssmbak::core::{instant::Instant, scope::Selection};
/// use ssmbak::{ParamPath, bucket::S3BackupBucket, store::SsmParameterStore};
///
/// let selection = Selection::new(&["/prod/"], true, &[], &[])?;
/// let at = Instant::exact("2026-06-15T17:56:58Z".parse()?);
/// let path = ParamPath::new(SsmParameterStore::new(ssm), S3BackupBucket::new(s3, "backup"), selection, at);
/// for change in path.preview().await?.changes {
///     println!("{} {}", change.action_name(), change.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ParamPath<S, B> {
    store: S,
    bucket: B,
    selection: Selection,
    at: Instant,
    options: PlanOptions,
}

impl<S: ParameterStore + Clone, B: BackupBucket + Clone> ParamPath<S, B> {
    /// The selected parameters of `store`, recorded in `bucket`, at the instant `at`.
    pub fn new(store: S, bucket: B, selection: Selection, at: Instant) -> Self {
        Self { store, bucket, selection, at, options: PlanOptions::default() }
    }

    /// With other ways to read the evidence.
    #[must_use]
    pub fn with_options(mut self, options: PlanOptions) -> Self {
        self.options = options;
        self
    }

    /// The instant.
    pub fn at(&self) -> &Instant {
        &self.at
    }

    /// Every selected name that the bucket has anything about, whatever was true of it (the original's *tracked keys*).
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn tracked_keys(&self) -> Result<Vec<ParameterName>, Error> {
        let recorded = timelines(&self.bucket, &self.selection).await?;
        Ok(recorded.timelines.into_iter().filter(|(_, timeline)| timeline.is_tracked()).map(|(name, _)| name).collect())
    }

    /// The names that existed at the instant.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn names(&self) -> Result<Vec<ParameterName>, Error> {
        Ok(self.versions().await?.into_keys().collect())
    }

    /// What existed at the instant, by name.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn versions(&self) -> Result<BTreeMap<ParameterName, RecordedParameter>, Error> {
        Ok(self
            .targets(&self.selection)
            .await?
            .into_iter()
            .filter_map(|(name, target)| match target {
                Target::Held(held) => Some((name, *held)),
                Target::Absent(_) | Target::Unknown(_) => None,
            })
            .collect())
    }

    /// What was true of one name at the instant.
    ///
    /// # Errors
    /// The first request that failed; [`ErrorKind::Refused`] for a name outside the selection.
    pub async fn latest_version(&self, name: &ParameterName) -> Result<Target, Error> {
        let one = self.only(name)?;
        let mut targets = self.targets(&one).await?;
        Ok(targets.remove(name).unwrap_or_else(|| Target::Unknown(UnknownReason::nothing_recorded())))
    }

    /// As [`ParamPath::latest_version`], by what Parameter Store has of the name now as well: a version that began by the
    /// instant was in effect, whether or not the bucket has heard of it.
    ///
    /// # Errors
    /// As [`ParamPath::latest_version`]. Where Parameter Store may not be asked, the bucket alone answers.
    pub async fn version_in_effect(&self, name: &ParameterName) -> Result<Target, Error> {
        let one = self.only(name)?;
        let now = async {
            match self.store.find(std::slice::from_ref(name)).await {
                Err(error) if error.kind == ErrorKind::AccessDenied => Ok(BTreeMap::new()),
                found => found,
            }
        };
        let states = Box::pin(states_beside((&self.store, &self.bucket), &one, &self.at, now));
        let (mut targets, ..) = states.await?;
        Ok(targets.remove(name).unwrap_or_else(|| Target::Unknown(UnknownReason::nothing_recorded())))
    }

    /// The timelines of all selected names.
    ///
    /// # Errors
    /// The first request that failed.
    pub async fn timelines(&self) -> Result<BTreeMap<ParameterName, Timeline>, Error> {
        Ok(timelines(&self.bucket, &self.selection).await?.timelines)
    }

    /// What a restore would change.
    ///
    /// # Errors
    /// The first request that failed. A name that cannot be told is no error: it is in [`Plan::unknown`].
    pub async fn preview(&self) -> Result<Plan, Error> {
        let (of_store, of_bucket) = (&ConcurrencyLimiter::of_store(), &ConcurrencyLimiter::of_bucket());
        let (finding, tagged) = ListingProgress::told();
        // Boxed, or the type of a caller's future nests deeper than the compiler likes. What it finds ends with it.
        let answers = Box::pin(async move {
            let finding = finding;
            read_states_at(&self.bucket, &self.selection, &self.at, of_bucket, &finding).await
        });
        let described = Box::pin(described_with_tags(&self.store, &self.selection, tagged, of_store));
        let (answers, described) = futures_util::future::try_join(answers, described).await?;
        let limiters = (of_store, of_bucket);
        let how = (self.options, self.at.until());
        let nothing_at = self.selection.scopes_without(answers.by_name.keys().chain(described.keys()));
        let plan = Box::pin(compare((&self.store, &self.bucket), limiters, answers, described, how)).await?;
        Ok(Plan { nothing_at, ..plan })
    }

    async fn targets(&self, selection: &Selection) -> Result<BTreeMap<ParameterName, Target>, Error> {
        let limiter = ConcurrencyLimiter::of_bucket();
        let answers =
            Box::pin(read_states_at(&self.bucket, selection, &self.at, &limiter, &ListingProgress::default())).await?;
        Ok(targets_of(&self.bucket, &limiter, answers, false, |_| true).await?.0)
    }

    /// What a restore of one name would change.
    ///
    /// # Errors
    /// As [`ParamPath::preview`]; [`ErrorKind::Refused`] for a name outside the selection.
    pub async fn preview_key(&self, name: &ParameterName) -> Result<Plan, Error> {
        let one = Self { selection: self.only(name)?, ..self.clone() };
        one.preview().await
    }

    /// Restores: previews, and applies what the preview says.
    ///
    /// # Errors
    /// As [`ParamPath::preview`]. A change that fails is no error but an outcome of its own.
    pub async fn restore(
        &self,
        options: &RestoreOptions,
        observer: &impl ProgressObserver,
    ) -> Result<(Plan, Applied), Error> {
        let plan = self.preview().await?;
        let applied = Restore::new(self.store.clone(), self.bucket.clone()).apply(&plan, options, observer).await;
        Ok((plan, applied))
    }

    fn only(&self, name: &ParameterName) -> Result<Selection, Error> {
        if !self.selection.contains(name) {
            return Err(Error::new(ErrorKind::Refused, format!("{name} is not within what is selected")));
        }
        Selection::new(&[name.as_str()], false, &[], &[])
            .map_err(|error| Error::new(ErrorKind::Refused, error.to_string()))
    }
}
