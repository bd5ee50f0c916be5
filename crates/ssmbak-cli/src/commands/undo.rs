//! `ssmbak undo`: brings back what was there before a restore. It is a restore itself, so it can be undone.

use clap::Args;
use ssmbak::restore::journal::{restore_record, undo};
use ssmbak_core::instant::Instant;
use ssmbak_core::plan::Query;
use ssmbak_core::restore_record::{RestoreId, RestoreRecord, RestoreState};
use ssmbak_core::scope::Selection;

use super::apply::{self, ApplyRequest, Unasked};
use super::planned_restore::PlannedRestore;
use crate::arguments::rate;
use crate::aws::Aws;
use crate::bucket::{BucketArgs, must_keep_versions};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::query_args::{ResolvedQuery, RevealArgs};
use crate::report::table;
use crate::ui::{Ui, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak undo                              revert the latest restore; run again to redo it
  ssmbak undo 20260615T175658123Z-4f3a9c   revert one that `ssmbak restores` lists
";

/// Options of `ssmbak undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The restore [default: the latest].
    id: Option<String>,
    /// Skip the confirmation prompt.
    #[arg(short, long)]
    yes: bool,
    /// Maximum writes per second (0 = unlimited) [default: 3, the quota of AWS; no limit on this machine].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
    #[command(flatten)]
    bucket: BucketArgs,
    #[command(flatten)]
    reveal: RevealArgs,
}

pub(super) async fn run(args: &UndoArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let id = args.id.as_deref().map(RestoreId::parse).transpose();
    let id = id.map_err(|error| CliError::usage(error.to_string(), "`ssmbak restores` lists them"))?;
    let (planned, id) = ctx.until_interrupted(look_up(args, id.as_ref(), ctx.global, ui)).await?;
    if !ui.is_json() {
        ui.result(&table::plan(&planned.plan, planned.look(ui)))?;
    }
    let caller = ctx.until_interrupted(apply::confirm(&planned, args.yes, Unasked::Stops, ui)).await?;
    let request = ApplyRequest { caller, undoes: Some(id), put_rate: args.put_rate };
    let exit = apply::apply_and_report(&planned, request, ctx).await?;
    planned.earned(exit)
}

async fn look_up(
    args: &UndoArgs,
    id: Option<&RestoreId>,
    global: &GlobalArgs,
    ui: &Ui,
) -> Result<(PlannedRestore, RestoreId), CliError> {
    let aws = Aws::connect(global).await?;
    let bucket = args.bucket.named(&aws).await?;
    let record = restore_record(&bucket, id).await?;
    let id = record.id.clone();
    if record.place.region != aws.region() {
        let message = format!("restore {id} was made in region {}, not {}", record.place.region, aws.region());
        return Err(CliError::failure("OtherRegion", message, format!("give --region {}", record.place.region)));
    }
    ui.remark(&text::line(&meant(&record)));
    let at = Instant::exact(record.before);
    let query = Query { at: at.to_argument(), ..apply::before(&record.question) };
    let asked = ResolvedQuery {
        paths: query.paths.clone(),
        selection: Selection::of_names(record.touched()),
        at,
        warnings: warnings(&record),
    };
    let progress = ui.progress(0, "comparing the bucket with Parameter Store");
    let plan = undo(&aws.parameter_store(), &bucket, &record).await?;
    must_keep_versions(&bucket).await?;
    drop(progress);
    let warnings = asked.warnings.clone();
    for warning in warnings.iter().chain(&plan.warnings) {
        ui.warning(&text::line(warning));
    }
    Ok((PlannedRestore::new(asked, (aws, None), bucket, plan, warnings, (query, args.reveal.reveal)), id))
}

/// Which restore is undone, in a line.
fn meant(record: &RestoreRecord) -> String {
    let question = &record.question;
    let (paths, below) = (question.paths.join(" "), if question.recursive { " -R" } else { "" });
    format!("undoing restore {}, begun at {:.0}: {paths}{below} at {}", record.id, record.begun, question.at)
}

fn warnings(record: &RestoreRecord) -> Vec<String> {
    let mut warnings = Vec::new();
    if record.state == RestoreState::Begun {
        let since = ssmbak::clock::now().duration_since(record.begun).as_secs().max(0);
        warnings.push(format!(
            "restore {} began {since} seconds ago and has not said how it ended: it is under way, or was killed",
            record.id
        ));
    }
    warnings
}
