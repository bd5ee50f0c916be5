//! From the command line to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches};

use crate::arguments::{early, prepared};
use crate::commands::{AllCli, Command, SsmbakCli, StackCli};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::logging;
use crate::ui::Ui;

/// `ssmbak`.
pub fn main_ssmbak() -> ExitCode {
    launch::<SsmbakCli>(|cli| (cli.global, cli.command))
}

/// `ssmbak-all`.
pub fn main_all() -> ExitCode {
    launch::<AllCli>(|cli| (cli.global, Command::All(cli.all)))
}

/// `ssmbak-stack`.
pub fn main_stack() -> ExitCode {
    launch::<StackCli>(|cli| (cli.global, Command::Stack(cli.stack)))
}

fn launch<C: CommandFactory + FromArgMatches>(split: impl FnOnce(C) -> (GlobalArgs, Command)) -> ExitCode {
    let arguments = prepared(std::env::args_os());
    let color = match early(&arguments, "--color", None) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let parsed =
        C::command().color(color).try_get_matches_from(&arguments).and_then(|found| C::from_arg_matches(&found));
    match parsed {
        Ok(cli) => {
            let (global, command) = split(cli);
            run(&global, command).into()
        }
        Err(error) => refused(&error, &arguments).into(),
    }
}

fn run(global: &GlobalArgs, command: Command) -> Exit {
    logging::start(global.verbose);
    let ui = Ui::new(global);
    // One thread is as fast as two here: it waits for answers.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = CliError::failure("Runtime", format!("cannot start: {error}"), "");
            ui.error(&error);
            return error.exit();
        }
    };
    let outcome = runtime.block_on(command.run(global, &ui));
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        ui.error(&error);
        error.exit()
    })
}

/// Help and version are asked for; all else is a wrong call.
fn refused(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let for_programs = early(arguments, "--output", Some("-o")) == Some("json");
    if for_programs && !asked_for {
        let text = error.to_string();
        let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let message = lines.join(" ").trim_start_matches("error: ").to_owned();
        let error = CliError::usage(message, "see --help");
        Ui::new(&GlobalArgs { output: crate::global::OutputFormat::Json, ..GlobalArgs::default() }).error(&error);
    } else if error.print().is_err() {
        // Nobody reads it.
        return if asked_for { Exit::Done } else { Exit::Usage };
    }
    if asked_for { Exit::Done } else { Exit::Usage }
}
