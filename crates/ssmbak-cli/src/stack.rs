//! `ssmbak-stack NAME …`: deploys the pipeline and tells about it.
//!
//! Results go to `out`, one word where there is one; what is about to happen and what happens goes to `err`.

mod show;

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use aws_types::SdkConfig;
use clap::{Args, Subcommand};
use serde_json::json;
use ssmbak_stack::{
    ChangeSet, Error, FunctionCode, Operation, Prepared, Resource, Stack, StackError, StackEvent, StackStatus, prepare,
    template,
};

/// Deploy the pipeline that records every change of Parameter Store, and look after it.
#[derive(Debug, Args)]
pub struct StackArgs {
    /// Name of the CloudFormation stack.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// What to do.
    #[command(subcommand)]
    pub command: StackCommand,
}

/// What can be done with a stack.
#[derive(Debug, Subcommand)]
pub enum StackCommand {
    /// Create the stack.
    Create(DeployArgs),
    /// Bring the stack up to date: template, function, parameters. Its bucket and history stay.
    Update(DeployArgs),
    /// Print the stack's status.
    Status,
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
    /// Set a parameter of the stack, such as RetentionDays=365; may be repeated. What is not set stays as it is.
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = key_value)]
    pub params: Vec<(String, String)>,
    /// Do not ask, even on a terminal.
    #[arg(long, short)]
    pub yes: bool,
}

/// Why the command failed.
#[derive(Debug, thiserror::Error)]
pub enum StackCommandError {
    /// The stack, its bucket or the function's code.
    #[error(transparent)]
    Stack(#[from] Error),
    /// No region is known.
    #[error("no region is known: give one with --region, AWS_REGION or the profile")]
    NoRegion,
    /// Where this command lies, and so where the function's executable is to be found, is unknown.
    #[error("cannot find the function's executable: {0}; say where it is with --lambda")]
    NoLambda(std::io::Error),
    /// The question on the terminal was answered with no.
    #[error("nothing was changed: answer y to go on, or give --yes")]
    Declined,
    /// Ctrl-C while CloudFormation was at work.
    #[error("no longer watching, CloudFormation goes on: `ssmbak-stack {name} status` says how far it is")]
    Interrupted {
        /// The stack.
        name: String,
    },
    /// The output cannot be written, or the terminal cannot be asked.
    #[error("cannot write the output: {0}; check where it goes")]
    Output(#[from] std::io::Error),
}

impl From<StackError> for StackCommandError {
    fn from(error: StackError) -> Self {
        Self::Stack(error.into())
    }
}

impl StackCommandError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Stack(error) => error.code(),
            Self::NoRegion => "NoRegion",
            Self::NoLambda(_) => "LambdaUnreadable",
            Self::Declined => "Declined",
            Self::Interrupted { .. } => "Interrupted",
            Self::Output(_) => "Output",
        }
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted { .. } => 130,
            _ => 1,
        }
    }
}

/// What the command writes to, and how.
pub struct Terminal<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Everything else.
    pub err: &'a mut dyn Write,
    /// Whether results are for programs.
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// [`StackCommandError`], in one sentence with what to do next.
pub async fn run(args: &StackArgs, config: &SdkConfig, terminal: &mut Terminal<'_>) -> Result<(), StackCommandError> {
    let region = config.region().ok_or(StackCommandError::NoRegion)?.as_ref();
    let client = aws_sdk_cloudformation::Client::new(config);
    // An emulator is done in no time and has no quota.
    let polling = if config.endpoint_url().is_some() { Duration::from_millis(100) } else { Duration::from_secs(2) };
    let stack = Stack::new(client, &args.name, region)?.polling(polling);
    match &args.command {
        StackCommand::Create(deploy) => self::deploy(&stack, Operation::Create, deploy, config, terminal).await,
        StackCommand::Update(deploy) => self::deploy(&stack, Operation::Update, deploy, config, terminal).await,
        StackCommand::Status => {
            let described = stack.describe().await?;
            let status = described.status.as_str();
            let mut object = json!({"StackName": stack.name(), "StackStatus": status});
            if let Some(reason) = &described.reason {
                object["StackStatusReason"] = json!(reason);
            }
            terminal.result(status, &object)
        }
        StackCommand::Bucketname => {
            let name = stack.bucket_name().await?;
            terminal.result(&name, &json!({"Bucket": name}))
        }
        StackCommand::Lambdaname => {
            let name = stack.function_name().await?;
            terminal.result(&name, &json!({"Lambda": name}))
        }
        StackCommand::Region => terminal.result(region, &json!({"Region": region})),
        StackCommand::Params => {
            let parameters = stack.describe().await?.parameters;
            terminal.result(&show::parameters_table(&parameters), &show::parameters_json(&parameters))
        }
        StackCommand::Resources => {
            let resources = stack.resources().await?;
            terminal.result(&show::resources_table(&resources), &show::resources_json(&resources))
        }
        StackCommand::Template => Ok(terminal.out.write_all(template::TEMPLATE.as_bytes())?),
    }
}

async fn deploy(
    stack: &Stack,
    operation: Operation,
    args: &DeployArgs,
    config: &SdkConfig,
    terminal: &mut Terminal<'_>,
) -> Result<(), StackCommandError> {
    let emulated = config.endpoint_url().is_some();
    let path = args.lambda.clone().map_or_else(lambda_beside, Ok)?;
    // An emulator runs the function on this machine, where a build for this machine is good enough.
    let code = FunctionCode::from_file(&path, !emulated).map_err(Error::from)?;
    if let Some(misfit) = code.misfit() {
        writeln!(terminal.err, "warning: on AWS this would be refused: {misfit}")?;
    }
    if operation == Operation::Create {
        remove_failed_creation(stack, terminal).await?;
    }
    let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(emulated).build();
    let s3 = aws_sdk_s3::Client::from_conf(s3);
    let sts = aws_sdk_sts::Client::new(config);
    let changes = match prepare(stack, &s3, &sts, operation, &code, &args.params).await? {
        Prepared::Nothing => {
            writeln!(terminal.err, "the stack {} is up to date, there is nothing to change", stack.name())?;
            Vec::new()
        }
        Prepared::Changes(change_set) => {
            write!(terminal.err, "{}", show::changes_table(stack.name(), &change_set.changes))?;
            if !confirmed(args.yes)? {
                stack.discard(&change_set).await?;
                return Err(StackCommandError::Declined);
            }
            execute(stack, &change_set, terminal).await?;
            change_set.changes
        }
    };
    let status = stack.describe().await?.status;
    let resources = stack.resources().await?;
    let name_of = |id: &str| Resource::physical_id_of(&resources, id).unwrap_or_default();
    let (bucket, function, log_group) =
        (name_of(template::BUCKET), name_of(template::FUNCTION), name_of(template::LOG_GROUP));
    let object = json!({
        "StackName": stack.name(), "StackStatus": status.as_str(), "Changes": show::changes_json(&changes),
        "Bucket": bucket, "Lambda": function, "LogGroup": log_group,
    });
    if operation == Operation::Update {
        return terminal.result(status.as_str(), &object);
    }
    let text = format!("Lambda: {function}\nBucket: {bucket}\nCloudwatch log group: {log_group}");
    terminal.result(&text, &object)?;
    writeln!(
        terminal.err,
        "next: `ssmbak-all --do-it` records what Parameter Store holds (without --do-it it lists it)"
    )?;
    Ok(())
}

async fn remove_failed_creation(stack: &Stack, terminal: &mut Terminal<'_>) -> Result<(), StackCommandError> {
    let found = stack.find().await?;
    if found.is_some_and(|found| found.status.is_failed_creation()) {
        writeln!(terminal.err, "removing what an earlier, failed creation of {} left", stack.name())?;
        stack.remove_failed_creation(|event| terminal.event(event)).await?;
    }
    Ok(())
}

async fn execute(
    stack: &Stack,
    change_set: &ChangeSet,
    terminal: &mut Terminal<'_>,
) -> Result<StackStatus, StackCommandError> {
    tokio::select! {
        status = stack.execute(change_set, |event| terminal.event(event)) => Ok(status?),
        Ok(()) = tokio::signal::ctrl_c() => Err(StackCommandError::Interrupted { name: stack.name().to_owned() }),
    }
}

/// Asks on a terminal, goes on off one.
fn confirmed(yes: bool) -> Result<bool, StackCommandError> {
    if yes || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(true);
    }
    let question = dialoguer::Confirm::new().with_prompt("carry these changes out?").default(false);
    match question.interact() {
        Ok(answer) => Ok(answer),
        Err(dialoguer::Error::IO(error)) => Err(error.into()),
    }
}

fn lambda_beside() -> Result<PathBuf, StackCommandError> {
    let command = std::env::current_exe().map_err(StackCommandError::NoLambda)?;
    Ok(command.with_file_name("ssmbak-lambda"))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

impl Terminal<'_> {
    fn result(&mut self, text: &str, object: &serde_json::Value) -> Result<(), StackCommandError> {
        if self.json {
            writeln!(self.out, "{object:#}")?
        } else {
            writeln!(self.out, "{text}")?
        }
        Ok(())
    }

    fn event(&mut self, event: &StackEvent) {
        // Whether anybody can read along must not decide what becomes of the stack.
        let _ = writeln!(self.err, "{}", show::event_line(event));
    }
}
