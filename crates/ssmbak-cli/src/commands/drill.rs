//! `ssmbak drill`: restores into a scratch path, compares every attribute, and takes it all away again.

use clap::Args;
use jiff::Timestamp;
use ssmbak::drill::{Drill, Drilled};
use ssmbak::restore::RestoreOptions;

use super::carry_out::{new_id, options};
use super::restore::rate;
use super::view::as_of;
use super::watch::Watch;
use crate::asked::AskedArgs;
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::marked;
use crate::report::drill::{DrillReport, exit, lines};
use crate::ui::{Ui, text};
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak drill /app/ -R yesterday                  whether the tree of that time would come back
  ssmbak drill / -R now --output json              everything, for a scheduled job: exit code 0 or 4
";

/// Where drills write. What the stack itself keeps lies beside it.
const DRILLS: &str = "/newvoll/ssmbak/drill-";

/// Options of `ssmbak drill`.
#[derive(Debug, Args)]
pub struct DrillArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// Do not ask, even on a terminal.
    #[arg(short, long)]
    yes: bool,
    /// Most parameters written in a second, 0 for no limit [default: 3, the quota of AWS; no limit on other endpoints].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
}

pub(super) async fn run(
    args: &DrillArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    let asked = interrupts.or(marked::asked(&args.asked, global)).await?;
    let asked = asked.read(Timestamp::now(), &zone::local()?)?;
    let aws = interrupts.or(Aws::connect(global)).await?;
    let bucket = interrupts.or(args.asked.bucket.find(&aws)).await?;
    ui.remark(&as_of(&asked.at));
    let scratch = format!("{DRILLS}{}", new_id());
    let progress = ui.progress(0, "reading the bucket");
    let drill = interrupts.or(Drill::prepare(&bucket, &asked.selection, &asked.at, &scratch)).await?;
    drop(progress);
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
    let options = options(&aws, args.put_rate);
    let watch = Watch::new(ui.progress(count, "restoring aside"));
    let drilled = carry_out(&drill, &aws, &bucket, &options, &watch, ui, interrupts).await;
    drop(watch);
    let drilled = drilled.map_err(|(error, left)| {
        for (name, why) in &left {
            ui.warning(&format!("{name} is left: {}", text::line(why)));
        }
        CliError::from(error)
    })?;
    if ui.is_json() {
        let paths = asked.paths.join(" ");
        let about = (paths.as_str(), args.asked.recursive, asked.at.to_string());
        ui.json(&DrillReport::new(about, bucket.name(), aws.region(), &scratch, &drill, &drilled))?;
    } else {
        ui.result(&lines(&drill, &drilled))?;
    }
    if !drilled.left.is_empty() {
        ui.hint(&format!("delete what is left below {scratch}/: these are values of {}", asked.paths.join(" ")));
    }
    Ok(exit(&drill, &drilled))
}

/// The first interruption stops it before the next write; what was written is taken away in any case.
async fn carry_out(
    drill: &Drill,
    aws: &Aws,
    bucket: &ssmbak::bucket::S3BackupBucket,
    options: &RestoreOptions,
    watch: &Watch,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Drilled, (ssmbak::Error, Vec<(String, String)>)> {
    let store = aws.parameter_store();
    let work = drill.carry_out(&store, bucket, options, watch);
    tokio::pin!(work);
    loop {
        tokio::select! {
            drilled = &mut work => return drilled,
            () = interrupts.next() => {
                watch.stop();
                watch.progress.aside(|| ui.remark("stopping, and deleting what was written"));
            }
        }
    }
}
