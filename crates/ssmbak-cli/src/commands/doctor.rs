//! `ssmbak doctor`: whether the pipeline does its work.

mod canary;
mod report;

use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use ssmbak_stack::doctor::{self, Clients, Facts, Finding, Look, Reference, Status, examine};
use ssmbak_stack::{Architecture, FunctionCode, template};

use crate::aws::Aws;
use crate::bucket::{self, STACK_PARAMETER};
use crate::context::Context;
use crate::error::CliError;
use crate::exit::Exit;
use crate::function_file;
use crate::stack;
use crate::ui::text;

pub(super) const EXAMPLES: &str = "\
Examples:
  ssmbak doctor                           check the whole pipeline
  ssmbak doctor --canary                  also send a change through it
  ssmbak doctor --watch                   look again every 30 seconds, and print what changed
  ssmbak doctor --stack backups -o json   for programs: 4 is a problem, 3 if not all was checked
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
    /// Check again at this interval until interrupted, and print the findings that changed.
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "30s",
        conflicts_with = "canary", value_parser = timeout)]
    watch: Option<Duration>,
}

/// What is looked at, and with what.
struct Pipeline<'a> {
    name: &'a str,
    aws: &'a Aws,
}

impl Pipeline<'_> {
    async fn look(&self) -> Result<(Facts, Vec<Finding>), CliError> {
        let (name, aws) = (self.name, self.aws);
        let stack = stack::of(aws, name)?;
        let clients = Clients {
            cloudwatch: aws.cloudwatch(),
            sqs: aws.sqs(),
            eventbridge: aws.eventbridge(),
            lambda: aws.lambda(),
            s3: aws.s3(),
        };
        // Boxed: it is too large for the stack of the main thread.
        let facts = Box::pin(doctor::look(&stack, &clients)).await?;
        let own_code = own_code(&facts);
        let reference =
            Reference { name, region: aws.region(), now: ssmbak::clock::now(), own_code: own_code.as_deref() };
        let findings = examine(&facts, &reference);
        if findings.iter().all(|finding| finding.status == Status::Unknown) {
            let why = findings.first().map_or(String::new(), |finding| finding.message.clone());
            let hint =
                "ask for the permissions of who looks after it (Permissions, in the book), or use another --profile";
            let message = format!("nothing of the stack {name} may be looked at: {why}");
            return Err(CliError::failure("AccessDenied", message, hint));
        }
        Ok((facts, findings))
    }

    /// Checks again and again, and prints the findings that changed. On a terminal only an interruption ends it: a check
    /// that fails is a warning, and the next one may succeed.
    async fn watch(
        &self,
        mut seen: Vec<Finding>,
        bucket: Option<&str>,
        interval: Duration,
        ctx: &mut Context<'_>,
    ) -> Result<Exit, CliError> {
        let ui = ctx.ui;
        loop {
            let pause = async {
                tokio::time::sleep(interval).await;
                Ok::<(), CliError>(())
            };
            ctx.until_interrupted(pause).await?;
            let findings = match ctx.until_interrupted(self.look()).await {
                Ok((_, findings)) => findings,
                Err(error) if error.exit() == Exit::Interrupted => return Err(error),
                // A program learns of it as of every failure.
                Err(error) if ui.is_json() => return Err(error),
                Err(error) => {
                    ui.warning(&text::line(&error.to_string()));
                    continue;
                }
            };
            let changed = changed(&seen, &findings);
            if !changed.is_empty() {
                report::print(self.name, self.aws.region(), bucket, &changed, ui)?;
            }
            seen = findings;
        }
    }
}

/// The worst of all findings about a stack: `Unknown` only if nothing is known to be wrong.
pub(crate) async fn health(aws: &Aws, name: &str) -> Status {
    let Ok((_, findings)) = (Pipeline { name, aws }).look().await else { return Status::Unknown };
    let order = [Status::Problem, Status::Warning, Status::Unknown];
    let worst = order.into_iter().find(|status| findings.iter().any(|finding| finding.status == *status));
    worst.unwrap_or(Status::Ok)
}

/// The findings that are of another status than before, and those about problems whose message is another.
fn changed(before: &[Finding], now: &[Finding]) -> Vec<Finding> {
    let same = |finding: &Finding| {
        before.iter().any(|seen| {
            seen.check == finding.check
                && seen.status == finding.status
                && (finding.status == Status::Ok || seen.message == finding.message)
        })
    };
    now.iter().filter(|finding| !same(finding)).cloned().collect()
}

pub(super) async fn run(args: &DoctorArgs, ctx: &mut Context<'_>) -> Result<Exit, CliError> {
    let aws = ctx.connect().await?;
    let name = match args.stack.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => name.to_owned(),
        None => ctx.until_interrupted(of_the_region(&aws)).await?,
    };
    let pipeline = Pipeline { name: &name, aws: &aws };
    let progress = ctx.ui.progress(0, "looking at the pipeline");
    let (facts, mut findings) = ctx.until_interrupted(pipeline.look()).await?;
    drop(progress);
    if args.canary {
        findings.extend(canary(args, &facts, &aws, ctx).await?);
    }
    let bucket = facts.bucket_name.as_deref();
    report::print(&name, aws.region(), bucket, &findings, ctx.ui)?;
    if let Some(interval) = args.watch {
        return pipeline.watch(findings, bucket, interval, ctx).await;
    }
    Ok(exit(&findings))
}

/// 4 if something is wrong, else 3 if a look failed or was refused: what it would have shown may be wrong.
fn exit(findings: &[Finding]) -> Exit {
    match () {
        () if findings.iter().any(|finding| finding.status == Status::Problem) => Exit::Difference,
        () if findings.iter().any(|finding| finding.is_unseen) => Exit::Partly,
        () => Exit::Done,
    }
}

async fn canary(args: &DoctorArgs, facts: &Facts, aws: &Aws, ctx: &mut Context<'_>) -> Result<Vec<Finding>, CliError> {
    let Some(bucket) = &facts.bucket_name else {
        return Ok(vec![Finding::unseen(canary::CHECK, "the bucket's name is not known, so nothing was sent")]);
    };
    let canary = canary::Canary::new(aws, bucket, args.timeout);
    let mut findings = vec![canary.sing(ctx).await?];
    if facts.replication.is_some() && findings.iter().all(|finding| finding.status == Status::Ok) {
        findings.push(canary.await_replicas(ctx).await?);
    }
    Ok(findings)
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
    let path = function_file::find(Architecture::of_name(&architecture.value)?).ok()?;
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
    fn refused_look_is_no_clean_bill() {
        let (ok, unseen) = (Finding::ok("Rule", "on"), Finding::unseen("Queue", "not allowed to look"));
        let nothing_yet = Finding::unknown("LastSweep", "none yet");
        assert_eq!(exit(&[ok.clone(), nothing_yet]), Exit::Done);
        assert_eq!(exit(&[ok.clone(), unseen.clone()]), Exit::Partly);
        assert_eq!(exit(&[ok, unseen, Finding::problem("Rule", "off", "do something")]), Exit::Difference);
    }

    #[test]
    fn watching_prints_what_changed() {
        let (ok, queue) =
            (Finding::ok("Rule", "on"), |waiting: u32| Finding::ok("Queue", format!("{waiting} waiting")));
        let problem = |message: &str| Finding::problem("Rule", message, "do something");
        let before = [ok.clone(), queue(1)];
        assert_eq!(changed(&before, &[ok.clone(), queue(2)]), []);
        assert_eq!(changed(&before, &[problem("off"), queue(2)]), [problem("off")]);
        assert_eq!(changed(&[problem("off")], &[problem("gone")]), [problem("gone")]);
        assert_eq!(changed(&[problem("off")], std::slice::from_ref(&ok)), std::slice::from_ref(&ok));
    }

    #[test]
    fn a_timeout_is_a_time_with_a_unit() {
        assert_eq!(timeout("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(timeout("5m"), Ok(Duration::from_secs(300)));
        for wrong in ["", "5", "-5m", "0s", "soon", "größe"] {
            assert!(timeout(wrong).is_err(), "{wrong}");
        }
    }
}
