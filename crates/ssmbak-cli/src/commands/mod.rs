//! The commands, one file each.

mod all;
pub(crate) mod apply;
mod browse;
mod complete_names;
mod completions;
mod destination;
mod diff;
pub(crate) mod doctor;
mod drastic;
mod drill;
mod export;
mod get;
mod log;
mod mark;
pub(crate) mod planned_restore;
mod preview;
mod restore;
mod restores;
mod saved_plan;
mod target;
mod trash;
mod undelete;
mod undo;
mod verify;
mod watch;

pub(crate) use planned_restore::as_of;

use clap::{Parser, Subcommand};

use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::s3::{self, S3Args};
use crate::stack::{self, StackArgs};
use crate::ui::Ui;

pub use apply::{new_restore_id, write_options};

/// Examples come first.
pub(crate) const TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// The forms of a time, for the help of commands that take one. Each is read by a test.
macro_rules! times {
    ($($more:literal)*) => {
        concat!(
            "\
Times, in UTC unless they say otherwise:
  2026-06-15T17:56:58Z   \"2026-06-15 17:56\"   \"2026-06-15 19:56 +02:00\"   2026-06-15
  \"15 June 2026 5:56pm\"   \"Mon, 15 Jun 2026 17:56:58 GMT\"   \"2026-06-15 19:56 local\"
  \"2 hours ago\"   90m   1h30m   3d   \"yesterday 18:00\"   \"last friday 8pm\"
  @1718309456   1718309456123   now",
            $($more)*
        )
    };
}
pub(crate) use times;

/// The forms of a time of `ssmbak`, which knows marks as well.
pub(crate) const TIMES: &str = times!("   mark:NAME");

/// Point-in-time recovery for AWS SSM Parameter Store.
#[derive(Debug, Parser)]
#[command(
    name = "ssmbak",
    version,
    disable_help_flag = true,
    help_template = TEMPLATE,
    before_help = "\
Examples:
  ssmbak preview /app/ -R \"2 hours ago\"            what restoring the tree would change
  ssmbak restore /app/ -R 2026-06-15T17:56:58      restore the tree
  ssmbak restore /app/db/password yesterday        one parameter as it was
  ssmbak undo                                      revert the latest restore
  ssmbak log /app/db/password                      what changed, when and by whom
  ssmbak diff /app/ -R yesterday                   what changed since then
  ssmbak browse /app/                              browse history on a terminal
  ssmbak undelete /app/db/password                 restore a deleted parameter
  ssmbak all --do-it                               record every parameter
  ssmbak doctor                                    check that changes are recorded
  ssmbak stack NAME create                         deploy the backup pipeline
",
    after_help = "\
Times without a zone are UTC: 2026-06-15T17:56:58, \"yesterday 18:00\", 90m, \"2 hours ago\", @1718309456, mark:NAME.
Exit codes: 0 done, 1 failure, 2 usage, 3 some changes failed, 4 difference or finding,
5 stale plan, 130 interrupted."
)]
pub struct SsmbakCli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Record what the bucket does not have yet: parameters older than the pipeline, and changes it missed.
#[derive(Debug, Parser)]
#[command(name = "ssmbak", bin_name = "ssmbak-all", version, disable_help_flag = true, help_template = TEMPLATE, before_help = all::EXAMPLES)]
pub struct AllCli {
    /// Options of the command.
    #[command(flatten)]
    pub all: all::AllArgs,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Deploy and manage the pipeline that records every change of Parameter Store.
#[derive(Debug, Parser)]
#[command(name = "ssmbak", bin_name = "ssmbak-stack", version, disable_help_flag = true, help_template = TEMPLATE, before_help = STACK_EXAMPLES, override_usage = "ssmbak-stack [OPTIONS] <NAME> <COMMAND>\n       ssmbak-stack [OPTIONS] list", arg_required_else_help = true)]
pub struct StackCli {
    /// Options of the command.
    #[command(flatten)]
    pub stack: StackArgs,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

const STACK_EXAMPLES: &str = "\
Examples:
  ssmbak-stack backups create         deploy the pipeline, and record what exists already
  ssmbak-stack list                   the stacks of the region
  ssmbak-stack backups status         show the stack's status
  ssmbak-stack backups bucketname     print the bucket's name
  ssmbak-stack backups update         update it; its bucket and history stay
  ssmbak-stack backups redrive        retry failed changes
  ssmbak-stack backups delete         remove it; its bucket and history stay
";

/// The commands of `ssmbak`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a restore would create, update and delete.
    #[command(help_template = TEMPLATE, before_help = preview::EXAMPLES, after_help = TIMES, override_usage = "ssmbak preview [OPTIONS] PATH... TIME")]
    Preview(preview::PreviewArgs),
    /// Restore parameters to a point in time.
    #[command(help_template = TEMPLATE, before_help = restore::EXAMPLES, after_help = TIMES, override_usage = "ssmbak restore [OPTIONS] PATH... TIME\n       ssmbak restore [OPTIONS] --plan FILE")]
    Restore(restore::RestoreArgs),
    /// Test a restore in a scratch path, verify every attribute, then clean up.
    #[command(help_template = TEMPLATE, before_help = drill::EXAMPLES, after_help = TIMES, override_usage = "ssmbak drill [OPTIONS] PATH... TIME\n       ssmbak drill --clean [OPTIONS]")]
    Drill(drill::DrillArgs),
    /// List past restores, latest first.
    #[command(help_template = TEMPLATE, before_help = restores::EXAMPLES)]
    Restores(restores::RestoresArgs),
    /// Revert a restore.
    #[command(help_template = TEMPLATE, before_help = undo::EXAMPLES)]
    Undo(undo::UndoArgs),
    /// Print one value as of TIME.
    #[command(help_template = TEMPLATE, before_help = get::EXAMPLES, after_help = TIMES)]
    Get(get::GetArgs),
    /// Show what changed, when and by whom.
    #[command(help_template = TEMPLATE, before_help = log::EXAMPLES, after_help = TIMES)]
    Log(log::LogArgs),
    /// Show what changed between two times, or since a time.
    #[command(help_template = TEMPLATE, before_help = diff::EXAMPLES, after_help = TIMES, override_usage = "ssmbak diff [OPTIONS] PATH... TIME [TIME]")]
    Diff(diff::DiffArgs),
    /// Browse history interactively.
    #[command(help_template = TEMPLATE, before_help = browse::EXAMPLES, after_help = browse::AFTER, override_usage = "ssmbak browse [OPTIONS] PATH... [TIME]")]
    Browse(browse::BrowseArgs),
    /// Export parameters as of TIME to JSON, YAML, dotenv, shell or tfvars.
    #[command(help_template = TEMPLATE, before_help = export::EXAMPLES, after_help = TIMES, override_usage = "ssmbak export [OPTIONS] --format FORMAT PATH... TIME")]
    Export(export::ExportArgs),
    /// List deleted parameters that can be restored.
    #[command(help_template = TEMPLATE, before_help = trash::EXAMPLES)]
    Trash(trash::TrashArgs),
    /// Restore the latest version of what was deleted.
    #[command(help_template = TEMPLATE, before_help = undelete::EXAMPLES)]
    Undelete(undelete::UndeleteArgs),
    /// Compare the bucket with Parameter Store and repair the record.
    #[command(help_template = TEMPLATE, before_help = verify::EXAMPLES)]
    Verify(verify::VerifyArgs),
    /// Name a point in time, for use as mark:NAME.
    #[command(help_template = TEMPLATE, before_help = mark::MARK_EXAMPLES, after_help = TIMES)]
    Mark(mark::MarkArgs),
    /// List marks or delete one.
    #[command(help_template = TEMPLATE, before_help = mark::MARKS_EXAMPLES)]
    Marks(mark::MarksArgs),
    /// Record what the bucket does not have yet (ssmbak-all).
    #[command(help_template = TEMPLATE, before_help = all::EXAMPLES)]
    All(all::AllArgs),
    /// Check the health of the backup pipeline.
    #[command(help_template = TEMPLATE, before_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArgs),
    /// Generate shell completions.
    #[command(help_template = TEMPLATE, before_help = completions::COMPLETIONS_EXAMPLES)]
    Completions(completions::CompletionsArgs),
    /// Print the names of parameters for a shell that completes one.
    #[command(hide = true)]
    CompleteNames(complete_names::CompleteNamesArgs),
    /// Print the manual page, or write one for every command.
    #[command(help_template = TEMPLATE, hide = true)]
    Man(completions::ManArgs),
    /// Deploy and manage the backup pipeline (ssmbak-stack).
    #[command(help_template = TEMPLATE, before_help = STACK_EXAMPLES, override_usage = "ssmbak stack [OPTIONS] <NAME> <COMMAND>\n       ssmbak stack [OPTIONS] list", arg_required_else_help = true)]
    Stack(StackArgs),
    /// Point-in-time recovery for versioned S3 buckets (s3bak).
    #[command(help_template = TEMPLATE, before_help = s3::EXAMPLES, after_help = s3::AFTER)]
    S3(S3Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// [`CliError`] if it could not do what it was asked for.
    pub async fn run(self, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
        // From then on Ctrl-C is the command's to answer.
        let ctx = || Context::new(global, ui);
        match self {
            // It listens itself, since CloudFormation goes on without it.
            Self::Stack(args) => stack::run(&args, global, ui).await,
            Self::S3(args) => args.command.run(&mut ctx()).await,
            Self::Preview(args) => preview::run(&args, &mut ctx()).await,
            Self::Restore(args) => restore::run(&args, &mut ctx()).await,
            Self::Drill(args) => drill::run(&args, &mut ctx()).await,
            Self::Restores(args) => restores::run(&args, &mut ctx()).await,
            Self::Undo(args) => undo::run(&args, &mut ctx()).await,
            Self::Get(args) => get::run(&args, &mut ctx()).await,
            Self::Doctor(args) => doctor::run(&args, &mut ctx()).await,
            Self::Completions(args) => completions::complete(&args, ui),
            Self::CompleteNames(args) => complete_names::run(&args, ui).await,
            Self::Man(args) => completions::man(&args, ui),
            Self::Log(args) => log::run(&args, &mut ctx()).await,
            Self::Diff(args) => diff::run(&args, &mut ctx()).await,
            Self::Browse(args) => browse::run(&args, &mut ctx()).await,
            Self::Export(args) => export::run(&args, &mut ctx()).await,
            Self::Trash(args) => trash::run(&args, &mut ctx()).await,
            Self::Undelete(args) => undelete::run(&args, &mut ctx()).await,
            Self::Verify(args) => verify::run(&args, &mut ctx()).await,
            Self::Mark(args) => mark::set(&args, &mut ctx()).await,
            Self::Marks(args) => mark::list(&args, &mut ctx()).await,
            Self::All(args) => all::run(&args, &mut ctx()).await,
        }
    }
}

#[cfg(test)]
mod tests;
