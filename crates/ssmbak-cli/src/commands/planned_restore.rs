//! What `preview` and `restore` share: a question, its plan, and the words around it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak::ParamPath;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::store::SsmParameterStore;
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::{Place, Plan, Query};
use ssmbak_core::unknown::ReasonCode;

use super::target::RemoteTarget;
use crate::aws::{Aws, Caller};
use crate::bucket::{BucketArgs, is_suspended, must_keep_versions};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::query_args::{ResolvedQuery, RestoreQueryArgs};
use crate::report::columns::count;
use crate::report::table::Look;
use crate::report::{QueryHeading, is_about_nothing};
use crate::time_args;
use crate::ui::{Ui, text};
use crate::zone;

/// A plan and what it is the answer to.
pub(crate) struct PlannedRestore {
    pub(super) asked: ResolvedQuery,
    pub(super) aws: Aws,
    /// Where it is restored into, if that is another account or region.
    pub(super) target: Option<RemoteTarget>,
    pub(super) bucket: S3BackupBucket,
    pub(crate) plan: Plan,
    /// Those about the question, and those of the plan.
    pub(crate) warnings: Vec<String>,
    /// The question as it is saved and recorded.
    pub(super) query: Query,
    reveal: bool,
}

impl PlannedRestore {
    /// A plan that was made elsewhere.
    pub(super) fn new(
        asked: ResolvedQuery,
        (aws, target): (Aws, Option<RemoteTarget>),
        bucket: S3BackupBucket,
        plan: Plan,
        warnings: Vec<String>,
        (query, reveal): (Query, bool),
    ) -> Self {
        Self { asked, aws, target, bucket, plan, warnings, query, reveal }
    }

    /// Has the plan made. Nothing is changed.
    pub(super) async fn plan(
        args: &RestoreQueryArgs,
        global: &GlobalArgs,
        keep_new: bool,
        ui: &Ui,
    ) -> Result<Self, CliError> {
        let asked = time_args::asked(&args.query, global).await?.read(ssmbak::clock::now(), &zone::local()?)?;
        let aws = Aws::connect(global).await?;
        let bucket = args.query.narrow.bucket.named(&aws).await?;
        let query = Query { no_delete: keep_new, ..args.query(&asked) };
        Self::of(asked, query, (aws, bucket), args.reveal.reveal, ui).await
    }

    /// Has the plan of a question made, of what it selects. Nothing is changed.
    pub(super) async fn of(
        asked: ResolvedQuery,
        query: Query,
        (aws, bucket): (Aws, S3BackupBucket),
        reveal: bool,
        ui: &Ui,
    ) -> Result<Self, CliError> {
        ui.remark(&as_of(&asked.at));
        let progress = ui.progress(0, "comparing the bucket with Parameter Store");
        let planned = Self::compared(asked, query, (aws, bucket), reveal).await?;
        drop(progress);
        for warning in planned.warnings.iter().chain(&planned.plan.warnings) {
            ui.warning(&text::line(warning));
        }
        Ok(planned)
    }

    /// As [`PlannedRestore::of`], and says nothing.
    pub(crate) async fn compared(
        asked: ResolvedQuery,
        query: Query,
        (aws, bucket): (Aws, S3BackupBucket),
        reveal: bool,
    ) -> Result<Self, CliError> {
        let path = ParamPath::new(aws.parameter_store(), bucket.clone(), asked.selection.clone(), asked.at);
        let path = path.with_options(query.options());
        let (plan, suspended) = tokio::join!(path.preview(), is_suspended(&bucket));
        // The bucket's own error first: that it is elsewhere explains the others.
        let suspended = suspended?;
        let plan = plan?;
        must_keep_versions(&bucket).await?;
        let mut warnings = asked.warnings.clone();
        if suspended {
            warnings
                .push(format!("versioning of bucket {} is suspended: changes are not kept any more", bucket.name()));
        }
        warnings.extend(nothing_at_some(&plan));
        if is_about_nothing(&plan) && plan.absent > 0 {
            warnings.push(nothing_there(query.recursive, &asked));
        }
        Ok(Self { asked, aws, target: None, bucket, plan, warnings, query, reveal })
    }

    /// The bucket that is read, as it is named in a command.
    pub(crate) fn bucket_args(&self) -> BucketArgs {
        BucketArgs { bucket: Some(self.bucket.name().to_owned()) }
    }

    /// The way to the parameters that change.
    pub(crate) fn aws(&self) -> &Aws {
        self.target.as_ref().map_or(&self.aws, |there| &there.aws)
    }

    /// The bucket that records what changes; `None`: nothing does.
    pub(crate) fn recorder(&self) -> Option<&S3BackupBucket> {
        match &self.target {
            Some(there) => there.bucket.as_ref(),
            None => Some(&self.bucket),
        }
    }

    /// Where it is to be done, as far as it is known.
    pub(super) fn place(&self, caller: Option<&Caller>) -> Place {
        Place {
            bucket: self.recorder().unwrap_or(&self.bucket).name().to_owned(),
            region: self.aws().region().to_owned(),
            account: caller.map(|caller| caller.account.clone()),
        }
    }

    pub(super) fn question(&self) -> QueryHeading<'_> {
        QueryHeading {
            paths: &self.asked.paths,
            recursive: self.query.recursive,
            at: &self.asked.at,
            bucket: self.bucket.name(),
            region: self.aws().region(),
            to: self.query.to.as_deref(),
            reveal: self.reveal,
        }
    }

    pub(super) fn store(&self) -> SsmParameterStore {
        self.aws().parameter_store()
    }

    pub(super) fn look(&self, ui: &Ui) -> Look {
        Look { width: ui.width(), colours: ui.colours_results(), reveal: self.reveal }
    }

    /// Whether anything is known at all.
    ///
    /// # Errors
    /// [`CliError`] if of no name it is known what it was: that nothing is to be done would be a guess. Likewise if there
    /// is no name at all: the path is a wrong one.
    pub(super) fn known(&self) -> Result<(), CliError> {
        let plan = &self.plan;
        let of_paths = !self.asked.selection.scopes().is_empty();
        if of_paths && is_about_nothing(plan) && plan.absent == 0 {
            return nothing_found(&self.asked.paths, nothing_there(self.query.recursive, &self.asked));
        }
        if plan.unknown.is_empty() || !plan.changes.is_empty() || plan.unchanged > 0 {
            return Ok(());
        }
        let message = format!("nothing is known of {} at {}", self.asked.paths.join(" "), self.asked.at);
        let from =
            coverage(plan).map(|(_, from)| format!("ask for {from} or later, or see `ssmbak log` for what is known"));
        Err(CliError::failure(
            "Unknown",
            message,
            from.unwrap_or_else(|| "see `ssmbak log` for what is known".to_owned()),
        ))
    }

    /// How a command ends that was to bring everything back: what is unknown was not, nor what is at no path, so that it
    /// ends like a failed row.
    ///
    /// # Errors
    /// As [`PlannedRestore::known`].
    pub(super) fn earned(&self, exit: Exit) -> Result<Exit, CliError> {
        self.known()?;
        Ok(exit.partly_if(!self.plan.unknown.is_empty() || !self.plan.nothing_at.is_empty()))
    }

    /// What can be done about names that are not known.
    pub(super) fn hint_at_unknown(&self, args: &RestoreQueryArgs, ui: &Ui) {
        if let Some((names, from)) = coverage(&self.plan) {
            let (names, have) = (count(names, "parameter"), if names == 1 { "has" } else { "have" });
            ui.remark(&format!("{names} {have} no history before {from}"));
        }
        let any = |code: ReasonCode| self.plan.unknown.iter().any(|unknown| unknown.reason.code == code);
        if any(ReasonCode::NothingRecorded) {
            ui.hint("`ssmbak all --do-it` records what the bucket lacks, for the next time");
        }
        if any(ReasonCode::BeforeFirstRecord) && !args.assume_absent {
            ui.hint("--assume-absent would take what was recorded later only as not existing then, and delete what of it exists");
        }
    }
}

/// At which of several paths there is nothing, a sentence each; none if there is nothing at all.
pub(super) fn nothing_at_some(plan: &Plan) -> impl Iterator<Item = String> {
    let some = !is_about_nothing(plan) || plan.absent > 0;
    plan.nothing_at.iter().filter(move |_| some).map(|path| nothing_at_one(path))
}

/// That there is nothing at one of several paths.
pub(super) fn nothing_at_one(path: &str) -> String {
    format!("there is no parameter at {path}, neither then nor now")
}

/// The same of what exists now and what is recorded.
pub(super) fn nothing_known_at(path: &str) -> String {
    format!("there is no parameter at {path}, neither in Parameter Store nor in the bucket")
}

/// That nothing is found at some paths is an error, except at the root, which is no wrong path.
///
/// # Errors
/// [`CliError`] with this message.
pub(super) fn nothing_found(paths: &[String], message: String) -> Result<(), CliError> {
    if paths.iter().any(|path| path == "/") {
        return Ok(());
    }
    Err(CliError::failure("NotFound", message, "check the path; `ssmbak log / -R` shows every recorded parameter"))
}

/// How many names of a plan are recorded only from later on, and from when on all of them are.
fn coverage(plan: &Plan) -> Option<(usize, Timestamp)> {
    let from = || plan.unknown.iter().filter_map(|unknown| unknown.reason.recorded_from);
    Some((from().count(), from().max()?))
}

/// The time as it was understood.
pub(crate) fn as_of(at: &Instant) -> String {
    let moment = at.at();
    let decimals = if moment.subsec_nanosecond() == 0 { 0 } else { 3 };
    let local = moment.to_zoned_datetime(zone::local().unwrap_or(TimeZone::UTC));
    if local.offset().is_zero() {
        return format!("as of {moment:.decimals$}");
    }
    format!("as of {moment:.decimals$} (local time {})", local.strftime("%Y-%m-%d %H:%M:%S %:z"))
}

fn nothing_there(recursive: bool, asked: &ResolvedQuery) -> String {
    let paths = asked.paths.join(" ");
    let narrowed = if asked.selection.is_filtered() { ", as far as the globs go" } else { "" };
    let depth = if recursive || asked.selection.scopes().iter().all(ssmbak_core::scope::Scope::is_single) {
        ""
    } else {
        " directly"
    };
    let warning = format!("there is no parameter{depth} at {paths}, neither then nor now{narrowed}");
    if recursive || asked.selection.is_filtered() {
        warning
    } else if asked.paths.iter().any(|path| !path.ends_with('/')) {
        format!("{warning}; a path ends in a slash, and -R takes all below it")
    } else {
        format!("{warning}; -R takes all below it")
    }
}

#[cfg(test)]
mod tests {
    use ssmbak_core::name::ParameterName;
    use ssmbak_core::plan::UnknownName;
    use ssmbak_core::timeline::Unknown;

    use super::*;

    #[test]
    fn what_is_recorded_only_from_later_on_bounds_what_is_known() {
        let unknown = |name: &str, reason: Unknown| UnknownName {
            name: ParameterName::parse(name).unwrap(),
            reason: reason.into(),
        };
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut plan = Plan { unknown: vec![unknown("/a", Unknown::NothingRecorded)], ..Plan::default() };
        assert_eq!(coverage(&plan), None);
        let times = [time("2026-01-02T00:00:00.25Z"), time("2026-01-01T00:00:00Z")];
        plan.unknown.extend(times.map(|time| unknown("/b", Unknown::BeforeFirstRecord(time))));
        plan.unknown.push(unknown("/c", Unknown::ValueLost(time("2026-01-03T00:00:00Z"))));
        assert_eq!(coverage(&plan), Some((2, times[0])));
    }
}
