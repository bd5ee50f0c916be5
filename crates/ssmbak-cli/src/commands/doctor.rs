//! `ssmbak doctor`: whether the pipeline does its work.

mod canary;
mod report;

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use ssmbak_stack::doctor::{self, Clients, Facts, Finding, Look, Reference, Status, examine};
use ssmbak_stack::{FunctionCode, template};

use crate::aws::Aws;
use crate::bucket::{self, STACK_PARAMETER};
use crate::error::CliError;
use crate::exit::Exit;
use crate::function_file;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::stack::{self, StackCommandError};
use crate::ui::Ui;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak doctor                           look at the whole pipeline
  ssmbak doctor --canary                  and send a change through it
  ssmbak doctor --stack backups -o json   for programs: exit code 4 if something is wrong
";

/// Options of `ssmbak doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The CloudFormation stack [default: the parameter /newvoll/ssmbak/stackname].
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// Create, change and delete a parameter /newvoll/ssmbak/canary-…, and wait until each is recorded.
    #[arg(long)]
    canary: bool,
    /// How long to wait for each, such as 90s or 5m.
    #[arg(long, value_name = "TIME", default_value = "2m", requires = "canary", value_parser = timeout)]
    timeout: Duration,
}

pub(super) async fn run(
    args: &DoctorArgs,
    global: &GlobalArgs,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Exit, CliError> {
    let aws = interrupts.or(Aws::connect(global)).await?;
    let name = match args.stack.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => interrupts.or(of_the_region(&aws)).await?,
    };
    let stack = stack::of(&aws, &name)?;
    let clients = Clients { sqs: aws.sqs(), eventbridge: aws.eventbridge(), lambda: aws.lambda(), s3: aws.s3() };
    let progress = ui.progress(0, "looking at the pipeline");
    let facts = interrupts.or(async { doctor::look(&stack, &clients).await.map_err(StackCommandError::from) }).await?;
    let own_code = own_code(&facts);
    drop(progress);
    let reference =
        Reference { name: &name, region: aws.region(), now: ssmbak::clock::now(), own_code: own_code.as_deref() };
    let mut findings = examine(&facts, &reference);
    if findings.iter().all(|finding| finding.status == Status::Unknown) {
        let why = findings.first().map_or(String::new(), |finding| finding.message.clone());
        let hint = "ask for the permissions of who looks after it (Permissions, in the book), or use another --profile";
        return Err(CliError::failure(
            "AccessDenied",
            format!("nothing of the stack {name} may be looked at: {why}"),
            hint,
        ));
    }
    if args.canary {
        findings.push(canary(args, &facts, &aws, ui, interrupts).await?);
    }
    report::print(&name, aws.region(), facts.bucket_name.as_deref(), &findings, ui)?;
    let wrong = findings.iter().any(|finding| finding.status == Status::Problem);
    Ok(if wrong { Exit::Difference } else { Exit::Done })
}

async fn canary(
    args: &DoctorArgs,
    facts: &Facts,
    aws: &Aws,
    ui: &Ui,
    interrupts: &mut Interrupts,
) -> Result<Finding, CliError> {
    let Some(bucket) = &facts.bucket_name else {
        return Ok(Finding::unknown(canary::CHECK, "the bucket's name is not known, so nothing was sent"));
    };
    canary::Canary::new(aws, bucket, args.timeout).sing(ui, interrupts).await
}

/// The stack that has left its name in the region.
async fn of_the_region(aws: &Aws) -> Result<String, CliError> {
    let found = bucket::left_by_stack(aws, STACK_PARAMETER, "stack's name").await?;
    found.ok_or_else(|| {
        CliError::failure(
            "NoStack",
            format!("there is no parameter {STACK_PARAMETER} in {}, so no stack is known", aws.region()),
            "name it with --stack, choose another --region, or deploy the pipeline with ssmbak-stack NAME create",
        )
    })
}

/// What would be deployed from beside this command, if it was built for what the stack runs on.
fn own_code(facts: &Facts) -> Option<String> {
    let Look::Seen(stack) = &facts.stack else { return None };
    let architecture = stack.parameters.iter().find(|parameter| parameter.key == template::ARCHITECTURE)?;
    let path = function_file::find().ok()?;
    let code = FunctionCode::from_file(&path, false).ok()?;
    (code.architecture().as_str() == architecture.value).then(|| code.sha256_base64())
}

fn timeout(text: &str) -> Result<Duration, String> {
    let wrong = || "give a time such as 90s or 5m".to_owned();
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).ok().filter(|timeout| !timeout.is_zero()).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_time_with_a_unit() {
        assert_eq!(timeout("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(timeout("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "5", "-5m", "0s", "soon", "größe"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }
}
