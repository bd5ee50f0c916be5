//! `ssmbak log`: what changed, when, and by whom.

use clap::Args;
use jiff::Timestamp;
use ssmbak::history::{HistoryEntry, HistoryOptions, history};
use ssmbak_core::log::Operation;
use ssmbak_core::scope::Scope;

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::query_args::{RevealArgs, read_time};
use crate::report::log::{Layout, LogQuestion, LogReport, chart, patches, table};
use crate::report::table::Look;
use crate::selection_args::{SelectionArgs, nothing_at};
use crate::time_args;
use crate::ui::text;
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak log /app/db/host                         every recorded change of one parameter, newest last
  ssmbak log /app/db/host -p                      with the values, line by line
  ssmbak log /app/ -R --since \"last friday 8pm\"   what changed in the tree since then
";

/// Most columns of the chart.
const CHART: usize = 60;

/// Columns that the times at both ends of the chart take, and its scale.
const ENDS: usize = 54;

/// Options of `ssmbak log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Parameters (/app/db/host) and paths (/app/ for those directly under it).
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    narrow: SelectionArgs,
    /// Show changes at or after this time.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Show changes at or before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Show values and what changed in them.
    #[arg(short, long)]
    patch: bool,
    #[command(flatten)]
    reveal: RevealArgs,
}

pub(super) async fn run(args: &LogArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let selection = args.narrow.select(&args.paths)?;
    let (now, zone) = (ssmbak::clock::now(), zone::local()?);
    let bucket = &args.narrow.bucket;
    let since = ctx.until_interrupted(time_args::time(args.since.as_deref(), bucket, ctx.global)).await?;
    let until = ctx.until_interrupted(time_args::time(args.until.as_deref(), bucket, ctx.global)).await?;
    let read = |text: Option<String>| text.map(|text| read_time(&text, now, &zone)).transpose();
    let (since, until) = (read(since)?, read(until)?);
    if let (Some(since), Some(until)) = (since, until)
        && since.at() > until.until()
    {
        return Err(CliError::usage("--since is later than --until", "exchange the two"));
    }
    let (aws, bucket) = ctx.connect_to_bucket(&args.narrow.bucket).await?;
    let options = HistoryOptions {
        since: since.map(|since| since.at()),
        until: until.map(|until| until.until()),
        values: args.patch,
    };
    let progress = ui.progress(0, "reading the bucket");
    let history = ctx.until_interrupted(history(&bucket, &selection, options)).await?;
    drop(progress);
    let mut warnings = history.warnings.clone();
    if history.names == 0 {
        warnings.push(nothing_at(&args.paths, args.narrow.recursive, &selection));
    }
    for warning in &warnings {
        ui.warning(&text::line(warning));
    }
    if ui.is_json() {
        let question = LogQuestion {
            paths: &args.paths,
            recursive: args.narrow.recursive,
            since,
            until,
            bucket: bucket.name(),
            region: aws.region(),
            reveal: args.reveal.reveal,
        };
        ui.json(&LogReport::new(&question, &history, &warnings))?;
        return Ok(Exit::Done);
    }
    if history.is_empty() {
        ui.remark("no change is recorded");
        return Ok(Exit::Done);
    }
    let names = !matches!(selection.scopes(), [Scope::One(_)]);
    let layout = Layout { names, zone };
    let look = Look { width: ui.width(), colours: ui.colours_results(), reveal: args.reveal.reveal };
    let show = if args.patch { patches } else { table };
    ui.written(|out| show(out, &history, &layout, look))?;
    let told = history.entries().filter(|told| told.operation() != Operation::Unknown);
    let times: Vec<Timestamp> = told.filter_map(HistoryEntry::time).collect();
    let room = ui.width().map_or(CHART, |width| usize::from(width).saturating_sub(ENDS).min(CHART));
    if names && let Some(chart) = chart(&times, room) {
        ui.remark(&chart);
    }
    Ok(Exit::Done)
}
