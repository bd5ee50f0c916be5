//! What `preview` and `restore` share: a question, its plan, and the words around it.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak::ParamPath;
use ssmbak::bucket::S3BackupBucket;
use ssmbak::store::SsmParameterStore;
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::{Plan, PlanOptions};
use ssmbak_core::timeline::Unknown;

use crate::asked::{Asked, AskedArgs};
use crate::aws::Aws;
use crate::bucket::must_keep_versions;
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::report::table::Look;
use crate::report::{Question, is_about_nothing};
use crate::ui::{Ui, text};

/// A plan and what it is the answer to.
pub(super) struct View {
    pub(super) asked: Asked,
    pub(super) aws: Aws,
    pub(super) bucket: S3BackupBucket,
    pub(super) plan: Plan,
    /// Those about the question, and those of the plan.
    pub(super) warnings: Vec<String>,
    recursive: bool,
    reveal: bool,
}

impl View {
    /// Has the plan made. Nothing is changed.
    pub(super) async fn plan(args: &AskedArgs, global: &GlobalArgs, keep_new: bool, ui: &Ui) -> Result<Self, CliError> {
        let asked = args.read(Timestamp::now(), &TimeZone::system())?;
        let aws = Aws::connect(global).await?;
        let bucket = args.bucket.named(&aws).await?;
        ui.remark(&as_of(&asked.at));
        let progress = ui.progress(0, "comparing the bucket with Parameter Store");
        let options = PlanOptions { assume_absent: args.assume_absent, keep_new };
        let path = ParamPath::new(aws.parameter_store(), bucket.clone(), asked.selection.clone(), asked.at);
        let plan = path.with_options(options).preview().await?;
        must_keep_versions(&bucket).await?;
        drop(progress);
        let mut warnings = asked.warnings.clone();
        if is_about_nothing(&plan) {
            warnings.push(nothing_there(args, &asked));
        }
        let view = Self { asked, aws, bucket, plan, warnings, recursive: args.recursive, reveal: args.reveal.reveal };
        for warning in view.warnings.iter().chain(&view.plan.warnings) {
            ui.warning(&text::line(warning));
        }
        Ok(view)
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            paths: &self.asked.paths,
            recursive: self.recursive,
            at: &self.asked.at,
            bucket: self.bucket.name(),
            region: self.aws.region(),
            reveal: self.reveal,
        }
    }

    pub(super) fn store(&self) -> SsmParameterStore {
        self.aws.parameter_store()
    }

    pub(super) fn look(&self, ui: &Ui) -> Look {
        Look { width: ui.width(), colours: ui.colours_results(), reveal: self.reveal }
    }

    /// What can be done about names that are not known.
    pub(super) fn hint_at_unknown(&self, args: &AskedArgs, ui: &Ui) {
        let never = Unknown::NothingRecorded.to_string();
        let epoch = Timestamp::UNIX_EPOCH;
        let later = Unknown::BeforeFirstRecord(epoch).to_string();
        let later = later.trim_end_matches(&epoch.to_string());
        let any = |reason: &dyn Fn(&str) -> bool| self.plan.unknown.iter().any(|unknown| reason(&unknown.reason));
        if any(&|reason| reason == never) {
            ui.hint("`ssmbak all --do-it` records what the bucket lacks, for the next time");
        }
        if any(&|reason| reason.starts_with(later)) && !args.assume_absent {
            ui.hint("--assume-absent takes what was recorded later only as not existing at that time, and deletes it");
        }
    }
}

/// The time as it was understood.
pub(super) fn as_of(at: &Instant) -> String {
    let moment = at.at();
    let decimals = if moment.subsec_nanosecond() == 0 { 0 } else { 3 };
    let local = moment.to_zoned(TimeZone::system());
    if local.offset().is_zero() {
        return format!("as of {moment:.decimals$}");
    }
    format!("as of {moment:.decimals$} (local time {})", local.strftime("%Y-%m-%d %H:%M:%S %:z"))
}

fn nothing_there(args: &AskedArgs, asked: &Asked) -> String {
    let paths = asked.paths.join(" ");
    let narrowed = if asked.selection.is_filtered() { ", as far as the globs go" } else { "" };
    let depth = if args.recursive || asked.selection.scopes().iter().all(ssmbak_core::scope::Scope::is_single) {
        ""
    } else {
        " directly"
    };
    let warning = format!("there is no parameter{depth} at {paths}, neither then nor now{narrowed}");
    if args.recursive || asked.selection.is_filtered() {
        warning
    } else if asked.paths.iter().any(|path| !path.ends_with('/')) {
        format!("{warning}; a path ends in a slash, and -R takes all below it")
    } else {
        format!("{warning}; -R takes all below it")
    }
}
