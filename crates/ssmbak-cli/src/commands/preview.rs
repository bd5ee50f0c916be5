//! `ssmbak preview`: what a restore would do.

use clap::Args;

use super::view::View;
use crate::again;
use crate::asked::AskedArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::report::json::PlanReport;
use crate::report::table;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak preview /app/db/host 2026-06-15T17:56:58    one parameter
  ssmbak preview /app/ \"yesterday 18:00\"             those directly under /app/
  ssmbak preview /app/ -R \"2 hours ago\"              the whole tree
  ssmbak preview / -R 90m --include '*_token'        every token there is
";

/// Options of `ssmbak preview`.
#[derive(Debug, Args)]
pub struct PreviewArgs {
    #[command(flatten)]
    asked: AskedArgs,
}

pub(super) async fn run(
    args: &PreviewArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    let view = interrupts.or(View::plan(&args.asked, global, false, ui)).await?;
    if ui.is_json() {
        ui.json(&PlanReport::of_plan(&view.question(), &view.plan, &view.warnings))?;
        return view.known().map(|()| Exit::Done);
    }
    ui.result(&table::plan(&view.plan, view.look(ui)))?;
    view.hint_at_unknown(&args.asked, ui);
    view.known()?;
    if !view.plan.changes.is_empty() {
        let time = view.asked.at.spelling();
        ui.remark(&format!("to do it: {}", again::restore(&args.asked, &view.asked.paths, &time, global)));
    }
    Ok(Exit::Done)
}
