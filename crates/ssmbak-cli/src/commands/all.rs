//! `ssmbak all`: records what the bucket lacks.

mod report;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use futures_util::StreamExt as _;
use jiff::Timestamp;
use ssmbak::capture::Drift;
use ssmbak::recording_scope::scope_record;
use ssmbak::sweep;
use ssmbak::{BackupBucket as _, Capture, Error};
use ssmbak_core::name::ParameterName;
use ssmbak_core::scope::Selection;
use ssmbak_core::sweep::{Ended, Place, Progress, Reading, SweepRecord};

use self::report::{Found, Report};
use super::verify::excluded;
use crate::bucket::{BucketArgs, must_keep_new_versions};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::wrong_path;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak-all                        what the bucket lacks; nothing is written
  ssmbak-all --do-it                record it
  ssmbak-all -p /app /db --do-it    only what is at and below these
";

/// How many names are written at once.
const CONCURRENCY: usize = 8;

/// Options of `ssmbak all`.
#[derive(Debug, Args)]
pub struct AllArgs {
    /// Only these parameters and all below them: /app takes /app and /app/…, /app/ only what is below.
    #[arg(short, long, num_args = 1.., value_name = "PATH")]
    prefix: Vec<String>,
    /// Record it; without this nothing is written.
    #[arg(long)]
    do_it: bool,
    #[command(flatten)]
    bucket: BucketArgs,
}

pub(super) async fn run(args: &AllArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let prefixes = if args.prefix.is_empty() { vec!["/".to_owned()] } else { args.prefix.clone() };
    let texts: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let selection = Selection::new(&texts, true, &[], &[]).map_err(|error| wrong_path(&error))?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.bucket).await?;
    if args.do_it {
        ctx.until_interrupted(must_keep_new_versions(&bucket)).await?;
    }
    let bucket_name = bucket.name().to_owned();
    let capture = Capture::new(aws.parameter_store(), bucket);
    let begun = ssmbak::clock::now();
    let last = ctx.until_interrupted(sweep::last(capture.bucket())).await?;
    let scope = ctx.until_interrupted(scope_record(capture.bucket())).await?;
    let mut names = ctx.until_interrupted(sweep::names(&capture, &selection, last.as_ref())).await?;
    let all = names.len();
    names.retain(|name, _| scope.contains(name));
    // Of a name that was left out, the last sweep says nothing.
    let last = last.filter(|_| names.keys().all(|name| scope.excluded_since(name).is_none()));
    if names.len() < all {
        ui.warning(&excluded(all - names.len()));
    }

    // What is written stays written, so that Ctrl-C may come at any time: the next run goes on where this one ended.
    let found = ctx.until_interrupted(look_over(&capture, names, last.as_ref(), args.do_it, ui)).await?;
    let everything = prefixes.iter().any(|prefix| prefix == "/");
    if let Some(record) = record_of_sweep(begun, &found).filter(|_| args.do_it && everything) {
        ctx.until_interrupted(capture.bucket().put_sweep(&record)).await?;
    }
    let report = Report::new(&prefixes, args.do_it, &bucket_name, aws.region(), found);
    if ui.is_json() {
        ui.json(&report)?;
    } else {
        ui.result(&report.to_string())?;
        if report.lacks_something() && !args.do_it {
            ui.remark("nothing was written: add --do-it to record it");
        }
    }
    Ok(if report.has_failures() { Exit::Partly } else { Exit::Done })
}

/// What a sweep of everything leaves behind; `None` if it failed at every name.
fn record_of_sweep(begun: Timestamp, found: &[Found]) -> Option<SweepRecord> {
    let mut progress = Progress::start(begun);
    for found in found {
        if let Ok(name) = ParameterName::parse(found.name()) {
            progress.count(&name, found.sweep_outcome(), false);
        }
    }
    match progress.ended(&Place::START, true, ssmbak::clock::now()) {
        Ended::Finished(record) => Some(record),
        Ended::Continue { .. } | Ended::GivenUp(_) => None,
    }
}

async fn look_over<S: ssmbak::ParameterStore, B: ssmbak::BackupBucket>(
    capture: &Capture<S, B>,
    names: BTreeMap<ParameterName, sweep::Look>,
    last: Option<&SweepRecord>,
    do_it: bool,
    ui: &Ui,
) -> Result<Vec<Found>, CliError> {
    // What was deleted is looked at once more, and told of only if something is to be written of it.
    let is_deleted =
        |(name, look): (&ParameterName, &sweep::Look)| (look.reading == Reading::Deleted).then(|| name.to_string());
    let deleted: BTreeSet<String> = names.iter().filter_map(is_deleted).collect();
    let progress = ui.progress(names.len(), if do_it { "recording" } else { "looking over" });
    let mut found: Vec<Found> = sweep::find_drift(capture, names, last, ssmbak::clock::now)
        .map(|(name, drift)| async {
            let outcome = settle(capture, drift, do_it).await;
            progress.step();
            Found::new(name, outcome)
        })
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await;
    found.retain(|found| !found.is_up_to_date() || !deleted.contains(found.name()));
    found.sort_by(|a, b| a.name().cmp(b.name()));
    Ok(found)
}

/// What a name lacks, and whether writing it went well.
type Settled = (Vec<report::Missing>, Result<(), Error>);

async fn settle<S: ssmbak::ParameterStore, B: ssmbak::BackupBucket>(
    capture: &Capture<S, B>,
    drift: Result<Drift, Error>,
    do_it: bool,
) -> Settled {
    match drift {
        Err(error) => (Vec::new(), Err(error)),
        Ok(drift) => {
            let missing = report::missing(drift.writes());
            // Also without writes: this reports versions that cannot be decrypted.
            let outcome = if do_it { capture.record_drift(drift).await.map(drop) } else { Ok(()) };
            (missing, outcome)
        }
    }
}
