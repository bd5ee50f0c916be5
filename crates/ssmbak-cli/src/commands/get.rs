//! `ssmbak get`: one value as it was.

use clap::Args;
use ssmbak::ParamPath;
use ssmbak_core::name::ParameterName;
use ssmbak_core::plan::{RecordedParameter, Target};
use ssmbak_core::scope::Selection;
use ssmbak_core::timeline::Absence;

use super::planned_restore::as_of;
use crate::aws::Aws;
use crate::bucket::{BucketArgs, must_keep_versions};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::query_args::{RevealArgs, not_yet, read_time, wrong_path};
use crate::report::json::ChangeReport;
use crate::time_args;
use crate::ui::{Ui, text};
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak get /app/db/host yesterday                        the value as it was
  ssmbak get /app/tls/key \"1 hour ago\" --reveal > key      byte for byte
  ssmbak get /app/db/host 90m --output json                with all that is recorded of it
";

/// Options of `ssmbak get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The parameter.
    name: String,
    /// The time.
    #[arg(required_unless_present = "at")]
    time: Option<String>,
    /// Time as an option: a time or mark:NAME.
    #[arg(long, value_name = "TIME", conflicts_with = "time")]
    at: Option<String>,
    /// On a terminal too, print the value byte for byte.
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    bucket: BucketArgs,
    #[command(flatten)]
    reveal: RevealArgs,
}

pub(super) async fn run(args: &GetArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    let (name, state) = ctx.until_interrupted(look_up(args, ctx.global, ui)).await?;
    if ui.is_json() {
        ui.json(&ChangeReport::of_state(name.as_str(), &state, args.reveal.reveal))?;
        return Ok(Exit::Done);
    }
    if state.parameter_type.is_secret() && !args.reveal.reveal {
        let message = format!("{name} was a SecureString, which is masked");
        return Err(CliError::failure("Masked", message, "give --reveal, or set SSMBAK_REVEAL=1"));
    }
    let value = state.value.expose();
    if ui.results_on_terminal() && !args.raw {
        let lines: Vec<String> = value.lines().map(text::line).collect();
        ui.result(&lines.join("\n"))?;
    } else {
        ui.bytes(value.as_bytes())?;
    }
    Ok(Exit::Done)
}

async fn look_up(args: &GetArgs, global: &GlobalArgs, ui: &Ui) -> Result<(ParameterName, RecordedParameter), CliError> {
    let now = ssmbak::clock::now();
    let name = ParameterName::parse(&args.name)
        .map_err(|error| CliError::usage(format!("{:?} is no parameter: {error}", args.name), ""))?;
    let time = args.time.as_deref().or(args.at.as_deref());
    let time = time_args::time(time, &args.bucket, global).await?.unwrap_or_default();
    let at = read_time(&time, now, &zone::local()?)?;
    let selection = Selection::new(&[name.as_str()], false, &[], &[]).map_err(|error| wrong_path(&error))?;
    let aws = Aws::connect(global).await?;
    let bucket = args.bucket.named(&aws).await?;
    ui.remark(&as_of(&at));
    if let Some(warning) = not_yet(&at, now) {
        ui.warning(&warning);
    }
    let path = ParamPath::new(aws.parameter_store(), bucket.clone(), selection, at);
    let target = path.version_in_effect(&name).await?;
    must_keep_versions(&bucket).await?;
    let (code, why) = match target {
        Target::Held(state) => return Ok((name, *state)),
        Target::Absent(Absence::Deleted(deleted)) => {
            ("NotFound", format!("{name} did not exist then: it had been gone since {deleted}"))
        }
        Target::Absent(Absence::NotYetCreated(first)) => {
            ("NotFound", format!("{name} did not exist then: created at {first}"))
        }
        // That it did not exist would be a guess.
        Target::Unknown(reason) => ("Unknown", format!("what {name} was then is not known: {reason}")),
    };
    Err(CliError::failure(code, why, ""))
}
