//! `ssmbak export`: a tree as it was, as a file that other programs read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use ssmbak::read::{described, states_beside};
use ssmbak::{Error, ErrorKind};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::plan::Target;
use ssmbak_core::timeline::Unknown;

use super::planned_restore::{as_of, nothing_at_one, nothing_found};
use crate::aws::Aws;
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::export::{ExportError, Format, Naming, export, misread};
use crate::global::GlobalArgs;
use crate::output_file::Sink;
use crate::query_args::{QueryArgs, ResolvedQuery, RevealArgs};
use crate::report::columns::count;
use crate::selection_args::nothing_at;
use crate::time_args;
use crate::ui::{Ui, text};
use crate::zone;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak export /app/ -R yesterday --format json                     all values of the tree, by name
  ssmbak export /app/ now --format dotenv --reveal -f .env           DB_HOST='…' for /app/db-host, secrets included
  eval \"$(ssmbak export /app/ 1h --format shell --no-secrets)\"       into the environment of a shell
";

/// Options of `ssmbak export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    asked: QueryArgs,
    /// Output format of the file.
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    /// Write to this file, which only its owner may read, instead of stdout (-).
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Prefix of variable names, such as APP_.
    #[arg(long, value_name = "PREFIX", value_parser = prefix)]
    prefix: Option<String>,
    /// Write variables for a shell that would change how it works, such as PATH or LD_PRELOAD.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    reveal: RevealArgs,
    /// Leave out SecureString parameters.
    #[arg(long, conflicts_with = "reveal")]
    no_secrets: bool,
}

/// The beginning of a variable's name.
fn prefix(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && text.starts_with(|c: char| !c.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("give letters, digits and _, no digit first, such as APP_".to_owned())
}

/// What is to be written, and what cannot be.
#[derive(Default)]
struct Found {
    values: BTreeMap<ParameterName, ParameterValue>,
    secrets: BTreeMap<ParameterName, ParameterValue>,
    unknown: Vec<(ParameterName, String)>,
    warnings: Vec<String>,
    /// Whether neither the bucket nor Parameter Store has any name there.
    nothing: bool,
    /// At which of several paths they have none.
    nothing_at: Vec<String>,
}

pub(super) async fn run(args: &ExportArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let ui = ctx.ui;
    if args.prefix.is_some() && !args.format.has_variables() {
        return Err(CliError::usage("--prefix is for formats with variables", "take --format dotenv, shell or tfvars"));
    }
    let asked = ctx
        .until_interrupted(time_args::asked(&args.asked, ctx.global))
        .await?
        .read(ssmbak::clock::now(), &zone::local()?)?;
    let mut found = ctx.until_interrupted(look_up(args, &asked, ctx.global, ui)).await?;
    let left_out = found.secrets.len();
    if args.reveal.reveal {
        found.values.append(&mut found.secrets);
    } else if left_out > 0 && !args.no_secrets {
        let secrets = count(left_out, "SecureString");
        let message = format!("the selection has {secrets}, and secrets are written only with --reveal");
        return Err(CliError::failure(
            "Masked",
            message,
            "give --reveal to write them, or --no-secrets to leave them out",
        ));
    } else if left_out > 0 {
        ui.warning(&format!("left out: {}", count(left_out, "SecureString")));
    }
    if found.nothing {
        nothing_found(&asked.paths, nothing_at(&asked.paths, args.asked.narrow.recursive, &asked.selection))?;
    }
    let naming = Naming { prefix: args.prefix.clone().unwrap_or_default(), force: args.force };
    let text = export(args.format, &asked.selection, &found.values, &naming).map_err(|error| {
        let hint = match &error {
            ExportError::Collision(..) => "leave one out with --exclude, give a longer path, or take --format json",
            ExportError::Nul(..) => "leave it out with --exclude, or take --format json",
            ExportError::Dangerous(_) => "give --prefix APP_ to rename all of them, --exclude, or --force",
        };
        CliError::failure("Export", error.to_string(), hint)
    })?;
    match &args.file {
        Some(path) => {
            let written = Sink::of(path).and_then(|sink| sink.write(text.as_bytes()));
            written.map_err(|error| {
                let message = format!("cannot write {}: {error}", path.display());
                CliError::failure("Output", message, "check the path given with -f")
            })?;
        }
        None => ui.bytes(text.as_bytes())?,
    }
    for (name, readers) in misread(args.format, &found.values) {
        let told =
            format!("the value of {name} is read otherwise by {}; take --format json for them", readers.join(", "));
        if ui.is_json() { ui.note(&told) } else { ui.warning(&told) }
    }
    for warning in &found.warnings {
        ui.warning(&text::line(warning));
    }
    for (name, reason) in &found.unknown {
        let told = text::line(&format!("{name} is missing, what it was is not known: {reason}"));
        // The exported file cannot say it, so programs get a note.
        if ui.is_json() { ui.note(&told) } else { ui.warning(&told) }
    }
    if found.values.is_empty() && left_out == 0 && found.unknown.is_empty() {
        ui.warning(&nothing_at(&asked.paths, args.asked.narrow.recursive, &asked.selection));
    }
    if let Some(path) = &args.file {
        ui.remark(&format!(
            "{} written to {}",
            count(found.values.len(), "value"),
            text::line(&path.to_string_lossy())
        ));
    }
    Ok(Exit::Done.partly_if(!found.unknown.is_empty() || !found.nothing_at.is_empty()))
}

async fn look_up(args: &ExportArgs, asked: &ResolvedQuery, global: &GlobalArgs, ui: &Ui) -> Result<Found, CliError> {
    let aws = Aws::connect(global).await?;
    let bucket = args.asked.narrow.bucket.find(&aws).await?;
    ui.remark(&as_of(&asked.at));
    let mut found = Found { warnings: asked.warnings.clone(), ..Found::default() };
    let store = aws.parameter_store();
    // What Parameter Store has now is evidence too, and a parameter that was never recorded may have existed then.
    let present = match described(&store, &asked.selection).await {
        Ok(present) => present,
        Err(Error { kind: ErrorKind::AccessDenied, .. }) => {
            let warning = "Parameter Store may not be listed: parameters that were never recorded would not be noticed"
                .to_owned();
            found.warnings.push(warning);
            BTreeMap::new()
        }
        Err(error) => return Err(error.into()),
    };
    let (targets, warnings, present) =
        states_beside((&store, &bucket), &asked.selection, &asked.at, std::future::ready(Ok(present))).await?;
    found.warnings.extend(warnings);
    let known: BTreeSet<ParameterName> = targets.keys().cloned().collect();
    for (name, target) in targets {
        match target {
            Target::Held(state) if state.parameter_type.is_secret() => drop(found.secrets.insert(name, state.value)),
            Target::Held(state) => drop(found.values.insert(name, state.value)),
            Target::Absent(_) => {}
            Target::Unknown(reason) => found.unknown.push((name, reason.message)),
        }
    }
    found.nothing = known.is_empty() && present.is_empty();
    found.nothing_at = asked.selection.scopes_without(known.iter().chain(present.keys()));
    found.warnings.extend(found.nothing_at.iter().map(|path| nothing_at_one(path)));
    let never = present.into_keys().filter(|name| !known.contains(name));
    found.unknown.extend(never.map(|name| (name, Unknown::NothingRecorded.to_string())));
    found.unknown.sort();
    Ok(found)
}
