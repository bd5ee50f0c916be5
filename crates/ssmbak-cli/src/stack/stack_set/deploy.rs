//! `create` and `update` of a stack set.

use futures_util::future::join_all;
use ssmbak_stack::artifacts::{Artifacts, ArtifactsError};
use ssmbak_stack::stack_set::plan::{Asked, Plan, Reason, SetChange, SharedCode, Targets, decide, without_stacks};
use ssmbak_stack::stack_set::{Deployed, Instance};
use ssmbak_stack::{Architecture, CodeError, FunctionCode, Operation, ParameterChange, parameters, template};

use super::report::{report, stacks};
use super::{named, tell_operation, watched};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::function_file;
use crate::global::GlobalArgs;
use crate::stack::deploy::{as_asked, failed, no_function};
use crate::stack::places::RegionsArgs;
use crate::stack::{DeployArgs, confirm, declined, of_lines, show};
use crate::ui::Ui;

/// `create` and `update`.
pub(in crate::stack) async fn deploy(
    name: &str,
    operation: Operation,
    args: &DeployArgs,
    global: &GlobalArgs,
    ui: &Ui,
) -> Result<Exit, CliError> {
    check(operation, args)?;
    let aws = Aws::connect(global).await?;
    let set = named(&aws, name, args.set)?;
    let settings = args.settings();
    parameters::check(&settings).map_err(failed)?;
    let found = set.find().await?;
    let code = code(args, found.as_ref(), &aws)?;
    if let Some(incompatibility) = code.incompatibility() {
        ui.warning(&format!("on AWS this would be refused: {incompatibility}"));
    }
    let (s3, sts) = (aws.s3(), aws.sts());
    let artifacts = Artifacts::of_caller(&s3, &sts, aws.region()).await.map_err(ArtifactsError::from);
    let artifacts = artifacts.map_err(failed)?;
    let asked = Asked {
        operation,
        targets: Targets {
            organizational_units: args.targets.org_units.clone(),
            accounts: args.targets.accounts.clone(),
            regions: args.regions.regions.clone(),
        },
        template: template::TEMPLATE,
        code: SharedCode { bucket_prefix: artifacts.prefix(), key: code.key(), architecture: code.architecture() },
        settings: &settings,
        tags: &args.tags,
    };
    let plan = decide(set.name(), set.region(), found.as_ref(), &asked)?;
    if plan.is_nothing() {
        ui.remark(&format!("the stack set {name} is up to date, there is nothing to change"));
        return report(&set, &set.describe().await?, &[], ui);
    }
    tell(name, &plan, ui);
    if !confirm(args.yes, "carry these changes out?", ui)? {
        return Err(declined());
    }
    store(&plan, &code, args.targets.org.as_deref(), global).await?;
    let operations = watched(name, set.apply(&plan, |operation| tell_operation(operation, ui))).await?;
    let settled = |deployed: &Deployed| {
        without_stacks(&plan.additions, deployed).is_empty() && !deployed.instances.iter().any(Instance::is_unsettled)
    };
    let deployed = set.describe_until(settled).await?;
    let mut exit = report(&set, &deployed, &operations, ui)?;
    for Targets { organizational_units, regions, .. } in without_stacks(&plan.additions, &deployed) {
        ui.warning(&format!(
            "{} got no stack in {}: no account is there, or CloudFormation lists it late; look again with `ssmbak-stack \
             {name} status --stack-set`",
            organizational_units.join(", "),
            regions.join(", ")
        ));
        exit = exit.partly_if(true);
    }
    if plan.set == SetChange::Create && !deployed.instances.is_empty() {
        ui.remark(
            "each stack records what Parameter Store already holds with its first daily sweep; `ssmbak-all --do-it` in an \
             account records it now",
        );
    }
    Ok(exit)
}

fn check(operation: Operation, args: &DeployArgs) -> Result<(), CliError> {
    if operation == Operation::Create && args.regions.regions.is_empty() {
        return Err(CliError::usage("no regions were given for the stack set", "name them with --regions"));
    }
    if operation == Operation::Create && args.targets.org.is_none() {
        return Err(CliError::usage(
            "--org is missing: the organisation's accounts have to read the function's code",
            "`aws organizations describe-organization --query Organization.Id` prints it",
        ));
    }
    if args.role_arn.is_some() {
        return Err(CliError::usage("a stack set has no role of its own", "leave --role-arn out"));
    }
    Ok(())
}

fn code(args: &DeployArgs, found: Option<&Deployed>, aws: &Aws) -> Result<FunctionCode, CliError> {
    let strict = !aws.is_emulated("CloudFormation");
    let path = match &args.lambda {
        Some(path) => path.clone(),
        None => {
            let deployed = found.and_then(|found| Architecture::of_name(found.parameter(template::ARCHITECTURE)?));
            let usual = if strict { function_file::CHEAPER } else { function_file::HOST };
            function_file::find(args.architecture.or(deployed).unwrap_or(usual)).map_err(no_function)?
        }
    };
    let code = FunctionCode::from_file(&path, strict).map_err(|error: CodeError| failed(error))?;
    as_asked(code, args.architecture)
}

/// Puts the package into a bucket of every region before any account asks for it.
async fn store(plan: &Plan, code: &FunctionCode, org: Option<&str>, global: &GlobalArgs) -> Result<(), CliError> {
    let all = RegionsArgs { regions: plan.regions.clone() };
    // The region of the stack set itself is of no account here.
    let all = all.connect(&GlobalArgs { region: None, ..global.clone() }).await?;
    let clients: Vec<_> = all.iter().map(|aws| (aws.s3(), aws.sts(), aws.region())).collect();
    let buckets = join_all(clients.iter().map(async |(s3, sts, region)| {
        let artifacts = Artifacts::of_caller(s3, sts, region).await.map_err(ArtifactsError::from)?;
        let organization = if org.is_some() { None } else { artifacts.organization().await? };
        Ok::<_, ArtifactsError>((artifacts, organization))
    }));
    let buckets: Vec<_> = buckets.await.into_iter().collect::<Result<_, _>>().map_err(failed)?;
    let known = buckets.iter().find_map(|(_, organization)| organization.clone());
    let Some(organization) = org.map(str::to_owned).or(known) else {
        return Err(CliError::usage(
            "which organisation may read the function's code is unknown",
            "give it with --org",
        ));
    };
    let stored =
        join_all(buckets.into_iter().map(async |(artifacts, _)| artifacts.store_for(&organization, code).await));
    stored.await.into_iter().collect::<Result<Vec<bool>, _>>().map_err(failed)?;
    Ok(())
}

fn tell(name: &str, plan: &Plan, ui: &Ui) {
    let mut lines = vec![format!("changes of the stack set {name}:")];
    match &plan.set {
        SetChange::Create => lines.push("+  create the stack set".to_owned()),
        SetChange::Update(reasons) => {
            let reasons: Vec<String> = reasons.iter().map(|reason| why(*reason)).collect();
            lines.push(format!("~  update it and its {}: {}", stacks(plan.stacks), reasons.join(", ")));
        }
        SetChange::Keep => {}
    }
    for Targets { organizational_units, accounts, regions } in &plan.additions {
        let accounts = match accounts.is_empty() {
            true => "every account".to_owned(),
            false => format!("the accounts {}", accounts.join(", ")),
        };
        lines.push(format!("+  {accounts} of {} in {}", organizational_units.join(", "), regions.join(", ")));
    }
    ui.remark(&of_lines(&lines.join("\n")));
    for change in &plan.changes {
        ui.remark(&of_lines(&show::parameter_line(change)));
    }
    if let Some(days) = plan.changes.iter().find_map(ParameterChange::expires_after) {
        ui.warning(&show::expiry(days));
    }
    if plan.set == SetChange::Create {
        ui.remark(match plan.auto_deployment {
            true => {
                "accounts that join these units get a stack by themselves; one that leaves keeps its stack and history. \
                 The management account never gets one"
            }
            false => "accounts that join these units later get no stack by themselves",
        });
    }
}

fn why(reason: Reason) -> String {
    match reason {
        Reason::Template => "template".to_owned(),
        Reason::Code => "function".to_owned(),
        Reason::Parameters => "parameters".to_owned(),
        Reason::Tags => "tags".to_owned(),
        Reason::NotCurrent(count) => format!("{} not current", stacks(count)),
    }
}
