//! `ssmbak restore`: does what a preview says.

use clap::Args;

use super::carry_out;
use super::view::View;
use crate::asked::AskedArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::report::table;
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak restore /app/db/host 2026-06-15T17:56:58    one parameter
  ssmbak restore /app/ -R \"2 hours ago\"              the whole tree
  ssmbak restore /app/ -R 90m --no-delete            and leave what is new
  ssmbak restore /app/ -R 90m --yes                  without asking
";

/// Options of `ssmbak restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    asked: AskedArgs,
    /// Do not ask, even on a terminal.
    #[arg(short, long)]
    yes: bool,
    /// Delete nothing: leave parameters that did not exist at that time.
    #[arg(long)]
    no_delete: bool,
    /// Most parameters written in a second, 0 for no limit [default: 3, the quota of AWS; no limit on other endpoints].
    #[arg(long, value_name = "N", value_parser = rate)]
    put_rate: Option<f64>,
}

pub(super) async fn run(
    args: &RestoreArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    let view = interrupts.or(View::plan(&args.asked, global, args.no_delete, ui)).await?;
    if !ui.is_json() {
        ui.result(&table::plan(&view.plan, view.look(ui)))?;
        view.hint_at_unknown(&args.asked, ui);
    }
    carry_out::confirm(&view, args.yes, ui)?;
    let exit = carry_out::carry_out(&view, &args.asked, args.put_rate, global, ui, interrupts).await?;
    view.known().map(|()| exit)
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate: Option<f64> = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate >= 0.0);
    rate.ok_or_else(|| "give a number, such as 3 or 0.5".to_owned())
}
