//! `ssmbak drill`: restores into a scratch path, compares every attribute, and takes it all away again.

use clap::Args;
use ssmbak::drill::{self, Drill, DrillResult};
use ssmbak::restore::RestoreOptions;

use super::apply::{new_restore_id, write_options};
use super::planned_restore::{as_of, nothing_at_one, nothing_found};
use super::watch::Watch;
use crate::arguments::rate;
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::QueryArgs;
use crate::report::drill::{CleanReport, DrillReport, exit, lines};
use crate::selection_args::nothing_at;
use crate::time_args;
use crate::ui::text;
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak drill /app/ -R yesterday                  rehearse restoring the state of that time
  ssmbak drill / -R now --output json              everything, for a scheduled job: exit code 0 or 4
  ssmbak drill --clean                             delete what an interrupted drill left behind
";

/// Where drills write. What the stack itself keeps lies beside it.
const DRILLS: &str = "/newvoll/ssmbak/drill-";

/// Options of `ssmbak drill`.
#[derive(Debug, Args)]
pub struct DrillArgs {
    #[command(flatten)]
    asked: QueryArgs,
    /// Treat parameters first recorded after TIME as nonexistent, like ssmbak 0.5.2.
    #[arg(long)]
    assume_absent: bool,
    /// Delete what earlier drills left behind, and do nothing else.
    #[arg(long, conflicts_with_all = ["words", "at", "recursive", "include", "exclude", "assume_absent", "put_rate"])]
    clean: bool,
    /// Skip the confirmation prompt.
    #[arg(short, long)]
    yes: bool,
    /// Maximum writes per second (0 = unlimited) [default: 3, the quota of AWS; no limit on this machine].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
}

pub(super) async fn run(args: &DrillArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    if args.clean {
        return clean(args, ctx).await;
    }
    let recursive = args.asked.narrow.recursive;
    let asked = ctx.until_interrupted(time_args::asked(&args.asked, ctx.global)).await?;
    let asked = asked.read(ssmbak::clock::now(), &zone::local()?)?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.asked.narrow.bucket).await?;
    ui.remark(&as_of(&asked.at));
    let scratch = format!("{DRILLS}{}", new_restore_id());
    let progress = ui.progress(0, "reading the bucket");
    let prepared = Drill::prepare_assuming(&bucket, &asked.selection, &asked.at, &scratch, args.assume_absent);
    let mut drill = ctx.until_interrupted(prepared).await?;
    ctx.until_interrupted(drill.look_for_unrecorded(&aws.parameter_store(), &asked.selection)).await?;
    drop(progress);
    if !drill.knows_nothing() {
        drill.warnings.extend(drill.nothing_at.iter().map(|path| nothing_at_one(path)));
    }
    for warning in asked.warnings.iter().chain(&drill.warnings) {
        ui.warning(&text::line(warning));
    }
    let count = drill.len();
    if count > 0 && !args.yes && ui.can_ask() {
        let question =
            format!("In {}: write {count} parameters below {scratch}/, and delete them again?", aws.region());
        if !ui.confirm(&question)? {
            return Err(CliError::failure("Declined", "nothing was written", "answer y to go on, or give --yes"));
        }
    }
    let options = write_options(&aws, args.put_rate);
    let watch = Watch::new(ui.progress(count, "restoring aside"));
    let drilled = run_drill(&drill, (&aws, &bucket), &options, &watch, &scratch, ctx).await;
    drop(watch);
    let drilled = drilled?;
    if ui.is_json() {
        let paths = asked.paths.join(" ");
        let about = (paths.as_str(), recursive, asked.at.to_string());
        ui.json(&DrillReport::new(about, bucket.name(), aws.region(), &scratch, &drill, &drilled))?;
    } else {
        ui.result(&lines(&drill, &drilled))?;
    }
    if !drilled.left.is_empty() {
        let paths = asked.paths.join(" ");
        ui.hint(&format!("`ssmbak drill --clean` deletes what is left below {scratch}/: these are values of {paths}"));
    }
    if drill.knows_nothing() {
        nothing_found(&asked.paths, nothing_at(&asked.paths, recursive, &asked.selection))?;
    }
    Ok(exit(&drill, &drilled))
}

/// The first interruption stops it before the next write, and what was written is taken away; the second one ends it.
async fn run_drill(
    drill: &Drill,
    (aws, bucket): (&Aws, &ssmbak::bucket::S3BackupBucket),
    options: &RestoreOptions,
    watch: &Watch,
    scratch: &str,
    ctx: &mut Context<'_>,
) -> Result<DrillResult, CliError> {
    let ui = ctx.ui;
    let store = aws.parameter_store();
    let work = drill.run(&store, bucket, options, watch);
    tokio::pin!(work);
    let mut stopped = false;
    loop {
        tokio::select! {
            drilled = &mut work => return drilled.map_err(|(error, left)| {
                for (name, why) in &left {
                    ui.warning(&format!("{name} is left: {}", text::line(why)));
                }
                if !left.is_empty() {
                    ui.hint(CLEAN);
                }
                if stopped { CliError::interrupted() } else { error.into() }
            }),
            () = ctx.interrupts.next() => {
                stopped = true;
                if watch.stop() {
                    watch.progress.aside(|| ui.note(&format!("copies may be left below {scratch}/; {CLEAN}")));
                    return Err(CliError::interrupted());
                }
                watch.progress.aside(|| ui.remark("stopping, and deleting what was written; Ctrl-C again to stop at once"));
            }
        }
    }
}

const CLEAN: &str = "`ssmbak drill --clean` deletes what drills left behind";

/// Deletes what earlier drills left behind.
async fn clean(args: &DrillArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let aws = ctx.connect().await?;
    let store = aws.parameter_store();
    let names = ctx.until_interrupted(drill::leftovers(&store, DRILLS)).await?;
    if !names.is_empty() && !args.yes && ui.can_ask() {
        let (region, count) = (aws.region(), names.len());
        let question = format!("In {region}: delete {count} parameters that drills left below {DRILLS}*?");
        if !ui.confirm(&question)? {
            return Err(CliError::failure("Declined", "nothing was deleted", "answer y to go on, or give --yes"));
        }
    }
    let progress = ui.progress(0, "deleting");
    let left = ctx
        .interrupts
        .or(async { Ok::<_, CliError>(drill::clean(&store, names.clone(), &write_options(&aws, None)).await) });
    let left = left.await?;
    drop(progress);
    let report = CleanReport::new(aws.region(), &names, left);
    if ui.is_json() {
        ui.json(&report)?;
    } else {
        ui.result(&report.to_string())?;
    }
    Ok(report.exit())
}
