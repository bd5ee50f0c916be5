//! `ssmbak verify`: whether the bucket says what Parameter Store says.

use clap::Args;
use ssmbak::Capture;
use ssmbak::verify::{repair, verify};

use super::planned_restore::{nothing_found, nothing_known_at};
use crate::bucket::must_keep_new_versions;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::report::columns::count;
use crate::report::table::Look;
use crate::report::verify::{Repair, VerifyReport};
use crate::selection_args::SelectionArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak verify                     the whole account and region; exit code 0 in sync, 4 findings
  ssmbak verify /app/               one tree
  ssmbak verify /app/ --repair      record what is missing, and print what is left
";

/// That names were not looked at.
pub(super) fn excluded(names: usize) -> String {
    format!("not checked, because the stack excludes them from recording: {}", count(names, "parameter"))
}

/// Options of `ssmbak verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Only these parameters and all below them [default: /].
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    #[command(flatten)]
    narrow: SelectionArgs,
    /// Record what the bucket lacks, as `ssmbak all --do-it` does for these names.
    #[arg(long)]
    repair: bool,
}

pub(super) async fn run(args: &VerifyArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let paths = if args.paths.is_empty() { vec!["/".to_owned()] } else { args.paths.clone() };
    let selection = SelectionArgs { recursive: true, ..args.narrow.clone() }.select(&paths)?;
    let (aws, bucket) = ctx.connect_to_bucket(&args.narrow.bucket).await?;
    let store = aws.parameter_store();
    let progress = ui.progress(0, "comparing the bucket with Parameter Store");
    let found = ctx.until_interrupted(verify(&store, &bucket, &selection)).await?;
    drop(progress);
    let repairable = found.repairable();
    let repaired = if args.repair && !repairable.is_empty() {
        ctx.until_interrupted(must_keep_new_versions(&bucket)).await?;
        let progress = ui.progress(0, "recording what the bucket lacks");
        let capture = Capture::new(store.clone(), bucket.clone());
        // What is written stays written, so that Ctrl-C may come at any time.
        let failed = ctx.until_interrupted(repair(&capture, repairable, ssmbak::clock::now)).await?;
        let left = ctx.until_interrupted(verify(&store, &bucket, &selection)).await?;
        drop(progress);
        Some(Repair { left, failed })
    } else {
        None
    };
    let nothing = found.findings.is_empty() && found.verified == 0 && found.excluded == 0;
    let told = nothing_known_at(&paths.join(" "));
    let mut warnings = if nothing { vec![told.clone()] } else { Vec::new() };
    if !nothing {
        for path in &found.nothing_at {
            let warning = nothing_known_at(path);
            if !ui.is_json() {
                ui.warning(&warning);
            }
            warnings.push(warning);
        }
    }
    if found.excluded > 0 {
        let warning = excluded(found.excluded);
        if !ui.is_json() {
            ui.warning(&warning);
        }
        warnings.push(warning);
    }
    let place = (bucket.name(), aws.region());
    let report = VerifyReport::new(&paths, place, &found, repaired.as_ref(), warnings);
    if ui.is_json() {
        ui.json(&report)?;
    } else {
        let look = Look { width: ui.width(), colours: ui.colours_results(), reveal: false };
        ui.result(&report.table(look))?;
        if report.may_be_repaired() {
            ui.hint("--repair records what can be recorded; a change of the last minute may still be on its way");
        }
    }
    if nothing {
        nothing_found(&paths, told)?;
    }
    Ok(report.exit().partly_if(!found.nothing_at.is_empty()))
}
