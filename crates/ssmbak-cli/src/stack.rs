//! `ssmbak-stack NAME …`: deploys the pipeline, tells about it, looks after it and removes it.

pub mod create_vault;
mod delete;
mod deploy;
mod first_sweep;
mod look;
mod places;
mod redrive;
mod show;
mod stack_set;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use ssmbak_core::recording_scope::RecordingScope;
use ssmbak_stack::{Architecture, Operation, Stack, template};

pub use places::RegionsArgs;
pub use stack_set::{SetArgs, TargetArgs};

use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Ui, text};

/// Deploy and manage the pipeline that records every change of Parameter Store.
#[derive(Debug, Args)]
pub struct StackArgs {
    /// Name of the CloudFormation stack; `list` without a command lists the stacks of the region.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// With `list`: the regions to list.
    #[command(flatten)]
    pub regions: RegionsArgs,
    /// With `list`: list the stack sets.
    #[command(flatten)]
    pub set: SetArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<StackCommand>,
}

/// In the place of a stack's name, without a command: list the stacks.
const LIST: &str = "list";

/// What can be done with a stack.
#[derive(Debug, Subcommand)]
pub enum StackCommand {
    /// Create the stack.
    Create(DeployArgs),
    /// Bring the stack up to date: template, function, parameters. Its bucket and history stay.
    Update(DeployArgs),
    /// Create a vault, or bring it up to date: a locked bucket that another stack's bucket is replicated into.
    CreateVault(create_vault::CreateVaultArgs),
    /// Delete the stack. The bucket with the history stays.
    Delete(DeleteArgs),
    /// Put back into the queue what failed: dead letters and undelivered events.
    Redrive(RedriveArgs),
    /// Print the stack's status; of a stack set, that of every stack.
    Status(StatusArgs),
    /// Print the name of the bucket with the history.
    Bucketname,
    /// Print the name of the function.
    Lambdaname,
    /// Print the region.
    Region,
    /// Print the stack's parameters.
    Params,
    /// Print the stack's resources.
    Resources,
    /// Print the CloudFormation template.
    Template,
}

/// How to create or update a stack.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The function's executable [default: `ssmbak-lambda` beside this command].
    #[arg(long, value_name = "FILE")]
    pub lambda: Option<PathBuf>,
    /// Architecture of the function: arm64 or x86_64 [default: the stack's; for a new one arm64 where the packages have both].
    #[arg(long, value_name = "NAME", conflicts_with = "lambda", value_parser = architecture)]
    pub architecture: Option<Architecture>,
    /// Set a parameter of the stack, such as RetentionDays=365; may be repeated. What is not set stays as it is.
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub params: Vec<(String, String)>,
    /// Replicate the bucket into this one, of another account or region, which `create-vault` makes (VaultBucketArn).
    #[arg(long, value_name = "ARN", value_parser = bucket_arn)]
    pub vault_bucket: Option<String>,
    /// Account that owns the vault's bucket, if it is another one (VaultAccountId).
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub vault_account: Option<String>,
    /// Tag the stack and every resource in it, such as team=platform; may be repeated. The other tags of a stack stay.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = key_value)]
    pub tags: Vec<(String, String)>,
    /// Record only names matching GLOB, such as '/prod/**' (repeatable; replaces what the stack has; '' for all).
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub include: Vec<String>,
    /// Never record names matching GLOB, such as '*_token' (repeatable; replaces what the stack has; '' for none).
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    pub exclude: Vec<String>,
    /// Role that CloudFormation deploys with [default: the stack's, else your own permissions].
    #[arg(long, value_name = "ARN", value_parser = role_arn)]
    pub role_arn: Option<String>,
    /// Where to deploy.
    #[command(flatten)]
    pub regions: RegionsArgs,
    /// The stack set.
    #[command(flatten)]
    pub set: SetArgs,
    /// To which accounts.
    #[command(flatten)]
    pub targets: TargetArgs,
    /// Skip the first sweep, which records what Parameter Store already holds.
    #[arg(long)]
    pub no_sweep: bool,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub yes: bool,
}

impl DeployArgs {
    /// The stack's parameters that are asked for.
    fn settings(&self) -> Vec<(String, String)> {
        let globs = [(template::INCLUDE, &self.include), (template::EXCLUDE, &self.exclude)];
        let scope = globs.into_iter().filter(|(_, globs)| !globs.is_empty());
        let scope = scope.map(|(name, globs)| (name.to_owned(), globs.join(" ").trim().to_owned()));
        let vault = [(template::VAULT_BUCKET, &self.vault_bucket), (template::VAULT_ACCOUNT, &self.vault_account)];
        let vault = vault.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        self.params.iter().cloned().chain(scope).chain(vault).collect()
    }
}

/// One glob, or nothing: the stack's parameter has spaces between several.
fn glob(text: &str) -> Result<String, String> {
    if text.contains(char::is_whitespace) {
        return Err("a name has no spaces: repeat the option for each glob".to_owned());
    }
    RecordingScope::parse("", text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn architecture(text: &str) -> Result<Architecture, String> {
    Architecture::of_name(text).ok_or_else(|| "Lambda knows arm64 and x86_64".to_owned())
}

/// Which status.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Where to look.
    #[command(flatten)]
    pub regions: RegionsArgs,
    /// The stack set.
    #[command(flatten)]
    pub set: SetArgs,
}

/// How to delete a stack.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// Where to delete.
    #[command(flatten)]
    pub regions: RegionsArgs,
    /// The stack set.
    #[command(flatten)]
    pub set: SetArgs,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub yes: bool,
}

/// How to put back what failed.
#[derive(Debug, Args)]
pub struct RedriveArgs {
    /// Count what failed, and do nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Skip the confirmation prompt.
    #[arg(long, short)]
    pub yes: bool,
}

/// Runs the command.
///
/// # Errors
/// [`CliError`], in one sentence with what to do next.
pub async fn run(args: &StackArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let Some(command) = &args.command else {
        return if args.name != LIST {
            Err(no_command(&args.name))
        } else if args.set.is_asked()? {
            stack_set::list(args.set, &args.regions, global, ui).await
        } else {
            look::list(&args.regions, global, ui).await
        };
    };
    if !args.regions.regions.is_empty() {
        return Err(CliError::usage(
            "--regions stands before the command",
            "give it after create, update, delete or status",
        ));
    }
    if args.set.is_asked()? {
        return Err(CliError::usage(
            "--stack-set stands before the command",
            "give it after create, update, delete or status",
        ));
    }
    // The template is part of this program.
    if matches!(command, StackCommand::Template) {
        return ui.result(template::TEMPLATE).map(|()| Exit::Done);
    }
    let name = args.name.as_str();
    match command {
        StackCommand::Create(deploy) if deploy.targets.is_asked(deploy.set, Operation::Create)? => {
            return stack_set::deploy(name, Operation::Create, deploy, global, ui).await;
        }
        StackCommand::Update(deploy) if deploy.targets.is_asked(deploy.set, Operation::Update)? => {
            return stack_set::deploy(name, Operation::Update, deploy, global, ui).await;
        }
        StackCommand::Delete(delete) if delete.set.is_asked()? => {
            return stack_set::delete(name, delete, global, ui).await;
        }
        StackCommand::Status(status) if status.set.is_asked()? => {
            return stack_set::status(name, status, global, ui).await;
        }
        StackCommand::Create(deploy) => {
            let places = deploy.regions.places(name, global).await?;
            return deploy::run(&places, Operation::Create, deploy, ui).await;
        }
        StackCommand::Update(deploy) => {
            let places = deploy.regions.places(name, global).await?;
            return deploy::run(&places, Operation::Update, deploy, ui).await;
        }
        StackCommand::Delete(delete) => {
            return delete::run(&delete.regions.places(name, global).await?, delete, ui).await;
        }
        StackCommand::Status(status) => return look::status(&status.regions.places(name, global).await?, ui).await,
        _ => {}
    }
    let aws = match command {
        StackCommand::Region => Aws::configure(global).await?,
        _ => Aws::connect(global).await?,
    };
    let stack = of(&aws, name)?;
    let done = |()| Exit::Done;
    match command {
        StackCommand::CreateVault(vault) => create_vault::run(aws, stack, vault, ui).await,
        StackCommand::Redrive(redrive) => redrive::run(&stack, redrive, &aws, ui).await,
        StackCommand::Bucketname => {
            let name = stack.bucket_name().await?;
            result(ui, &name, &json!({"Bucket": name})).map(done)
        }
        StackCommand::Lambdaname => {
            let name = stack.function_name().await?;
            result(ui, &name, &json!({"Lambda": name})).map(done)
        }
        StackCommand::Region => result(ui, aws.region(), &json!({"Region": aws.region()})).map(done),
        StackCommand::Params => {
            let parameters = stack.describe().await?.parameters;
            result(ui, &show::parameters_table(&parameters), &show::parameters_json(&parameters)).map(done)
        }
        StackCommand::Resources => {
            let resources = stack.resources().await?;
            result(ui, &show::resources_table(&resources), &show::resources_json(&resources)).map(done)
        }
        StackCommand::Create(_)
        | StackCommand::Update(_)
        | StackCommand::Delete(_)
        | StackCommand::Status(_)
        | StackCommand::Template => Ok(Exit::Done),
    }
}

fn no_command(name: &str) -> CliError {
    let name = text::line(name);
    CliError::usage(
        format!("no command was given for the stack {name}"),
        "see --help; `ssmbak-stack list` lists the stacks of the region",
    )
}

/// A stack by its name.
///
/// # Errors
/// [`CliError`] if no stack of ours can have the name.
pub fn of(aws: &Aws, name: &str) -> Result<Stack, CliError> {
    // An emulator is done in no time and has no quota.
    let polling = if aws.is_emulated("CloudFormation") { Duration::from_millis(100) } else { Duration::from_secs(2) };
    Ok(Stack::new(aws.cloudformation(), name, aws.region())?.polling(polling))
}

fn result(ui: &Ui, text: &str, object: &Value) -> Result<(), CliError> {
    if ui.is_json() { ui.json(object) } else { ui.result(&of_lines(text)) }
}

/// Lines as they are, with whatever in them would steer a terminal made harmless.
fn of_lines(lines: &str) -> String {
    lines.lines().map(text::line).collect::<Vec<_>>().join("\n")
}

/// Asks on a terminal, goes on off one.
fn confirm(yes: bool, question: &str, ui: &Ui) -> Result<bool, CliError> {
    Ok(yes || !ui.can_ask() || ui.confirm(question)?)
}

/// As [`confirm`], but an error where nobody can be asked.
fn must_confirm(yes: bool, question: &str, ui: &Ui) -> Result<bool, CliError> {
    if yes || ui.can_ask() {
        return confirm(yes, question, ui);
    }
    ui.piped_answer().ok_or_else(|| {
        CliError::usage("not confirmed, nothing changed: there is no terminal to ask on".to_owned(), "add --yes")
    })
}

/// The question on the terminal was answered with no.
fn declined() -> CliError {
    CliError::failure("Declined", "cancelled, nothing changed: answer y to go on, or give --yes", "")
}

fn role_arn(text: &str) -> Result<String, String> {
    let is_role = text.starts_with("arn:") && text.contains(":iam::") && text.contains(":role/");
    is_role.then(|| text.to_owned()).ok_or_else(|| "expected arn:aws:iam::ACCOUNT:role/NAME".to_owned())
}

/// Empty for no vault any more.
fn bucket_arn(text: &str) -> Result<String, String> {
    let is_bucket = text.is_empty() || text.starts_with("arn:") && text.contains(":s3:::") && !text.contains('/');
    is_bucket.then(|| text.to_owned()).ok_or_else(|| "expected arn:aws:s3:::BUCKET".to_owned())
}

fn account_id(text: &str) -> Result<String, String> {
    let is_account = text.is_empty() || text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_account.then(|| text.to_owned()).ok_or_else(|| "expected the twelve digits of an account".to_owned())
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}
