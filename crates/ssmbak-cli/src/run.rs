//! From the command line to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches};

use crate::arguments::{early, prepared};
use crate::arn;
use crate::aws;
use crate::commands::{AllCli, Command, SsmbakCli, StackCli};
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::logging;
use crate::panics;
use crate::s3::{S3Args, S3bakCli};
use crate::ui::Ui;

/// `ssmbak`, or the command whose name it was called by: one file with links to it is all four.
pub fn main_ssmbak() -> ExitCode {
    match called_by().as_deref() {
        Some("ssmbak-all") => main_all(),
        Some("ssmbak-stack") => main_stack(),
        Some("s3bak") => main_s3bak(),
        _ => launch::<SsmbakCli>(same, |cli| (cli.global, cli.command)),
    }
}

/// The name of the command, without a path and an extension.
fn called_by() -> Option<String> {
    let called = std::path::PathBuf::from(std::env::args_os().next()?);
    called.file_stem()?.to_str().map(str::to_owned)
}

/// `ssmbak-all`.
pub fn main_all() -> ExitCode {
    launch::<AllCli>(same, |cli| (cli.global, Command::All(cli.all)))
}

/// `s3bak`.
pub fn main_s3bak() -> ExitCode {
    launch::<S3bakCli>(S3bakCli::adjusted, |cli| {
        let output = cli.global.output;
        (cli.global, Command::S3(S3Args { output, command: cli.command }))
    })
}

/// `ssmbak-stack`.
pub fn main_stack() -> ExitCode {
    launch::<StackCli>(same, |cli| (cli.global, Command::Stack(cli.stack)))
}

fn same(command: clap::Command) -> clap::Command {
    command
}

fn launch<C: CommandFactory + FromArgMatches>(
    adjust: impl FnOnce(clap::Command) -> clap::Command,
    split: impl FnOnce(C) -> (GlobalArgs, Command),
) -> ExitCode {
    let arguments = prepared(std::env::args_os());
    panics::end_as_a_sentence(is_for_programs(&arguments));
    let (arguments, arns) = arn::named(arguments);
    let color = match early(&arguments, "--color", None) {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let parsed = adjust(C::command())
        .color(color)
        .try_get_matches_from(&arguments)
        .and_then(|found| C::from_arg_matches(&found));
    match parsed {
        Ok(cli) => {
            let (mut global, command) = split(cli);
            global.arns = arns;
            run(&global, command).into()
        }
        Err(error) => refused(&error, &arguments).into(),
    }
}

fn run(global: &GlobalArgs, command: Command) -> Exit {
    logging::start(global.verbose);
    let ui = Ui::new(global);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let error = CliError::failure("Runtime", format!("cannot start: {error}"), "");
            ui.error(&error);
            return error.exit();
        }
    };
    let outcome = match aws::policy(ui) {
        Ok(policy) => {
            let outcome = runtime.block_on(policy.clone().scope(command.run(global, &ui)));
            for remark in policy.remarks() {
                ui.hint(&remark);
            }
            outcome
        }
        Err(error) => Err(error),
    };
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        ui.error(&error);
        error.exit()
    })
}

/// Whether the command line asks for results for programs, before it is read.
fn is_for_programs(arguments: &[OsString]) -> bool {
    // Where buckets are asked, -o is a file.
    let is_s3 = arguments.iter().take(2).any(|word| {
        let name = std::path::Path::new(word).file_stem().and_then(|name| name.to_str());
        matches!(name, Some("s3bak" | "s3"))
    });
    early(arguments, "--output", Some("-o").filter(|_| !is_s3)) == Some("json")
}

/// Help and version are asked for; all else is a wrong call.
fn refused(error: &clap::Error, arguments: &[OsString]) -> Exit {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if is_for_programs(arguments) && !asked_for {
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
