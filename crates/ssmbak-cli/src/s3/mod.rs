//! `s3bak`, which is also `ssmbak s3`: any versioned bucket at any instant. One file per subcommand.

mod batch;
mod body;
mod diff;
mod get;
mod log;
mod ls;
mod preview;
mod question;
mod report;
mod restore;
mod trash;
mod tree;
mod tree_report;
mod undelete;

use clap::{Args, Parser, Subcommand};

use crate::commands::{TEMPLATE, times};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::{GlobalArgs, OutputFormat};

/// Point-in-time recovery for any versioned S3 bucket.
#[derive(Debug, Parser)]
#[command(
    name = "ssmbak",
    bin_name = "s3bak",
    version,
    disable_help_flag = true,
    help_template = TEMPLATE,
    before_help = EXAMPLES,
    after_help = AFTER
)]
pub struct S3bakCli {
    /// What to do.
    #[command(subcommand)]
    pub command: S3Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

impl S3bakCli {
    /// The command line, in which `-o` is the file of `body`, as in ssmbak 0.5.2. It reads no parameters.
    pub fn adjusted(command: clap::Command) -> clap::Command {
        command.mut_arg("output", |output| output.short(None)).mut_arg("max_rps", |rate| rate.hide(true))
    }
}

/// Options of `ssmbak s3`.
#[derive(Debug, Args)]
pub struct S3Args {
    /// Output format: table for people, json for programs.
    // Without a letter: -o is the file of `body`.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Global options")]
    pub output: OutputFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: S3Command,
}

/// Examples of `s3bak`.
pub const EXAMPLES: &str = "\
Examples:
  s3bak preview data/report.csv \"2 hours ago\" -b BUCKET    which version was current then
  s3bak body data/report.csv yesterday -b BUCKET -o old    its bytes
  s3bak restore data/report.csv 90m -b BUCKET              make it current again
  s3bak restore data/ -R 90m -b BUCKET                     a whole tree
  s3bak get data/ yesterday -b BUCKET --to-dir was         download it as it was
  s3bak undelete data/report.csv -b BUCKET                 bring it back, without a date
";

/// What all help texts of `s3bak` end with.
pub const AFTER: &str = "\
Times without a zone are UTC: 2026-06-15T17:56:58, \"yesterday 18:00\", 90m, \"2 hours ago\", @1718309456.
Exit codes: 0 done, 1 failure, 2 usage, 3 some changes failed, 4 differences found, 130 interrupted.";

/// The forms of a time of `s3bak`.
const TIMES: &str = times!();

/// The commands of `s3bak`.
#[derive(Debug, Subcommand)]
pub enum S3Command {
    /// Show which version of a key was current at a time, or what a restore of a tree would do.
    #[command(help_template = TEMPLATE, before_help = preview::EXAMPLES, after_help = TIMES, override_usage = "s3bak preview [OPTIONS] <KEY>... <TIME>")]
    Preview(preview::PreviewArgs),
    /// Write the bytes that a key had at a time to a file or to stdout.
    #[command(help_template = TEMPLATE, before_help = body::EXAMPLES, after_help = TIMES)]
    Body(body::BodyArgs),
    /// Make a key or a tree what it was at a time.
    #[command(help_template = TEMPLATE, before_help = restore::EXAMPLES, after_help = TIMES, override_usage = "s3bak restore [OPTIONS] <KEY>... <TIME>")]
    Restore(restore::RestoreArgs),
    /// Download a tree as it was at a time.
    #[command(help_template = TEMPLATE, before_help = get::EXAMPLES, after_help = TIMES, override_usage = "s3bak get [OPTIONS] <PREFIX>... <TIME>")]
    Get(get::GetArgs),
    /// List what a tree held at a time.
    #[command(help_template = TEMPLATE, before_help = ls::EXAMPLES, after_help = TIMES, override_usage = "s3bak ls [OPTIONS] <PREFIX>... <TIME>")]
    Ls(ls::LsArgs),
    /// Write what a restore would do as manifests for S3 Batch Operations.
    #[command(help_template = TEMPLATE, before_help = batch::MANIFEST_EXAMPLES, after_help = TIMES, override_usage = "s3bak manifest [OPTIONS] --out <DIR> <PREFIX>... <TIME>")]
    Manifest(batch::ManifestArgs),
    /// Restore billions of objects by S3 Batch Operations.
    #[command(help_template = TEMPLATE, before_help = batch::BATCH_EXAMPLES)]
    Batch(batch::BatchArgs),
    /// List the versions of a key.
    #[command(help_template = TEMPLATE, before_help = log::EXAMPLES)]
    Log(log::LogArgs),
    /// Compare a tree at two times; exit code 4 if it differs.
    #[command(help_template = TEMPLATE, before_help = diff::EXAMPLES, after_help = TIMES)]
    Diff(diff::DiffArgs),
    /// List deleted keys that can be restored.
    #[command(help_template = TEMPLATE, before_help = trash::EXAMPLES)]
    Trash(trash::TrashArgs),
    /// Restore the latest version of what was deleted.
    #[command(help_template = TEMPLATE, before_help = undelete::EXAMPLES)]
    Undelete(undelete::UndeleteArgs),
}

impl S3Command {
    /// Runs the command.
    ///
    /// # Errors
    /// [`CliError`] if it could not do what it was asked for.
    pub async fn run(&self, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
        let (global, ui) = (ctx.global, ctx.ui);
        match self {
            Self::Preview(args) => ctx.until_interrupted(preview::run(args, global, ui)).await,
            Self::Body(args) => ctx.until_interrupted(body::run(args, global, ui)).await,
            Self::Restore(args) => restore::run(args, ctx).await,
            Self::Get(args) => get::run(args, ctx).await,
            Self::Ls(args) => ctx.until_interrupted(ls::run(args, global, ui)).await,
            Self::Manifest(args) => ctx.until_interrupted(batch::manifest(args, global, ui)).await,
            Self::Batch(args) => batch::batch(args, ctx).await,
            Self::Log(args) => ctx.until_interrupted(log::run(args, global, ui)).await,
            Self::Diff(args) => ctx.until_interrupted(diff::run(args, global, ui)).await,
            Self::Trash(args) => ctx.until_interrupted(trash::run(args, global, ui)).await,
            Self::Undelete(args) => undelete::run(args, ctx).await,
        }
    }
}

#[cfg(test)]
mod tests;
