//! `ssmbak-stack NAME …` for a stack set: the same stack in the accounts of an organisation.

mod list;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};
use ssmbak_stack::artifacts::{Artifacts, ArtifactsError};
use ssmbak_stack::stack_set::plan::{Asked, Plan, Reason, SetChange, SharedCode, Targets, decide, without_stacks};
use ssmbak_stack::stack_set::{Deployed, Instance, SetOperation};
use ssmbak_stack::{
    Architecture, CodeError, FunctionCode, Operation, ParameterChange, StackSet, StackSetError, parameters, template,
};

pub(super) use list::{Listed, list};

use super::deploy::{as_asked, failed, no_function};
use super::places::RegionsArgs;
use super::{DeleteArgs, DeployArgs, StatusArgs, account_id, confirm, declined, must_confirm, of_lines, result, show};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::function_file;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

/// Whether a name is that of a stack set, and how to get at it.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SetArgs {
    /// NAME is a stack set: the same stack in many accounts of an organisation.
    #[arg(long)]
    pub stack_set: bool,
    /// The caller's account is a delegated administrator for stack sets, not the organisation's management account.
    #[arg(long)]
    pub delegated_admin: bool,
}

impl SetArgs {
    /// # Errors
    /// An option of stack sets, and no stack set.
    pub(super) fn is_asked(self) -> Result<bool, CliError> {
        if self.delegated_admin && !self.stack_set {
            return Err(CliError::usage("--delegated-admin is for stack sets", "add --stack-set, or leave it out"));
        }
        Ok(self.stack_set)
    }
}

/// Where the stacks of a stack set are to be.
#[derive(Debug, Default, Args)]
pub struct TargetArgs {
    /// Deploy to the accounts of these organizational units (ou-…, or the root r-…) as a stack set; `update` adds to it.
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = unit_id)]
    pub org_units: Vec<String>,
    /// Of these units only these accounts; accounts that join later get no stack by themselves then.
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = some_account_id)]
    pub accounts: Vec<String>,
    /// Organisation that may read the function's code, such as o-a1b2c3d4e5 [default: the one that may already].
    #[arg(long, value_name = "ID", value_parser = organization_id)]
    pub org: Option<String>,
}

impl TargetArgs {
    /// Whether they mean a stack set.
    ///
    /// # Errors
    /// Options of stack sets that do not go together.
    pub(super) fn is_asked(&self, set: SetArgs, operation: Operation) -> Result<bool, CliError> {
        let set = SetArgs { stack_set: set.stack_set || !self.org_units.is_empty(), ..set };
        if self.org_units.is_empty() && operation == Operation::Create && (set.stack_set || !self.accounts.is_empty()) {
            return Err(CliError::usage(
                "--org-units is missing: a stack set is deployed to organizational units, and --accounts narrows them",
                "give the units that the accounts are in, or the organisation's root (r-…), with --org-units",
            ));
        }
        if !set.stack_set && (self.org.is_some() || !self.accounts.is_empty()) {
            return Err(CliError::usage("--accounts and --org are for stack sets", "add --stack-set"));
        }
        set.is_asked()
    }
}

fn unit_id(text: &str) -> Result<String, String> {
    let is_id = (text.starts_with("ou-") || text.starts_with("r-")) && is_word(text);
    is_id.then(|| text.to_owned()).ok_or_else(|| "expected ou-… or r-…".to_owned())
}

fn organization_id(text: &str) -> Result<String, String> {
    let is_id = text.starts_with("o-") && is_word(text);
    is_id.then(|| text.to_owned()).ok_or_else(|| "expected o-…".to_owned())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn some_account_id(text: &str) -> Result<String, String> {
    account_id(text).and_then(|id| if id.is_empty() { Err("expected twelve digits".to_owned()) } else { Ok(id) })
}

fn named(aws: &Aws, name: &str, args: SetArgs) -> Result<StackSet, CliError> {
    let polling = if aws.is_emulated("CloudFormation") { Duration::from_millis(50) } else { Duration::from_secs(5) };
    let set = StackSet::new(aws.cloudformation(), name, aws.region())?;
    Ok(set.polling(polling).as_delegated_admin(args.delegated_admin))
}

/// `create` and `update`.
pub(super) async fn deploy(
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
        exit = if exit == Exit::Done { Exit::Partly } else { exit };
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

fn stacks(count: usize) -> String {
    if count == 1 { "1 stack".to_owned() } else { format!("{count} stacks") }
}

fn tell_operation(operation: &SetOperation, ui: &Ui) {
    ui.remark(&text::line(&operation_line(operation)));
}

fn operation_line(operation: &SetOperation) -> String {
    let reason = operation.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    format!("{} {} (operation {}){reason}", operation.action, operation.status, operation.id)
}

/// Goes on until it is done, or until Ctrl-C ends the waiting.
async fn watched<T>(name: &str, work: impl Future<Output = Result<T, StackSetError>>) -> Result<T, CliError> {
    let mut interrupts = Interrupts::listen();
    tokio::select! {
        done = work => Ok(done?),
        () = interrupts.next() => {
            let status = format!("`ssmbak-stack {name} status --stack-set` says how far it is");
            Err(CliError::interrupted_with(format!("no longer watching, an operation that runs goes on: {status}")))
        },
    }
}

/// `status`.
pub(super) async fn status(name: &str, args: &StatusArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    refuse_regions(&args.regions, "the status of a stack set shows all of its regions")?;
    let args = args.set;
    let aws = Aws::connect(global).await?;
    let set = named(&aws, name, args)?;
    let deployed = set.describe().await?;
    let last = set.last_operation().await?;
    if let Some(last) = &last {
        ui.remark(&text::line(&format!("last operation: {}", operation_line(last))));
    }
    let operations: Vec<SetOperation> = last.into_iter().collect();
    report(&set, &deployed, &operations, ui)?;
    let unchecked =
        deployed.instances.iter().any(|instance| instance.drift != "DRIFTED" && instance.drift != "IN_SYNC");
    if unchecked {
        let call_as = if args.delegated_admin { " --call-as DELEGATED_ADMIN" } else { "" };
        let region = set.region();
        ui.hint(&format!(
            "drift is as of the last look: `aws cloudformation detect-stack-set-drift --stack-set-name {name} --region \
             {region}{call_as}` looks again"
        ));
    }
    let is_well = |instance: &Instance| instance.is_current() && !instance.has_drifted();
    let is_deployed = !deployed.instances.is_empty();
    Ok(if is_deployed && deployed.instances.iter().all(is_well) { Exit::Done } else { Exit::Difference })
}

fn refuse_regions(args: &RegionsArgs, why: &str) -> Result<(), CliError> {
    if args.regions.is_empty() { Ok(()) } else { Err(CliError::usage(why, "leave --regions out")) }
}

/// `delete`.
pub(super) async fn delete(name: &str, args: &DeleteArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    refuse_regions(&args.regions, "a stack set is deleted in all of its regions")?;
    let aws = Aws::connect(global).await?;
    let set = named(&aws, name, args.set)?;
    let found = set.prepare_deletion().await?;
    ui.remark(&of_lines(&format!("deletion of the stack set {name} and its {}:", stacks(found.instances.len()))));
    ui.remark(&of_lines(&table(&found.instances)));
    ui.remark(
        "nothing will record changes there any more; the bucket with the history of each account and region is kept",
    );
    let question = format!("delete the stack set {name} with its {}?", stacks(found.instances.len()));
    if !must_confirm(args.yes, &question, ui)? {
        return Err(declined());
    }
    let left = watched(name, set.delete(&found, |operation| tell_operation(operation, ui))).await?;
    if !left.instances.is_empty() {
        ui.warning(&format!("the stack set {name} is kept: {} could not be deleted", stacks(left.instances.len())));
        let mut object = object(&set, &left, &[]);
        object["Deleted"] = gone(&found, &left);
        result(ui, &table(&left.instances), &object)?;
        return Ok(if left.instances.len() == found.instances.len() { Exit::Failed } else { Exit::Partly });
    }
    let object = json!({
        "StackSetName": name, "StackSetStatus": "DELETED", "Region": set.region(), "Operations": [], "Instances": [],
        "Deleted": gone(&found, &left),
    });
    result(ui, "DELETED", &object)?;
    Ok(Exit::Done)
}

fn gone(before: &Deployed, after: &Deployed) -> Value {
    let is_gone = |instance: &&Instance| {
        let same = |left: &Instance| (&left.account, &left.region) == (&instance.account, &instance.region);
        !after.instances.iter().any(same)
    };
    let one = |instance: &Instance| json!({"Account": instance.account, "Region": instance.region});
    before.instances.iter().filter(is_gone).map(one).collect()
}

fn summary(deployed: &Deployed) -> String {
    let count = |is: fn(&Instance) -> bool| deployed.instances.iter().filter(|instance| is(instance)).count();
    let accounts: BTreeSet<&str> = deployed.instances.iter().map(|instance| instance.account.as_str()).collect();
    let not_current = count(|instance| !instance.is_current());
    let drifted = count(Instance::has_drifted);
    let stacks = stacks(deployed.instances.len());
    format!("{stacks}, {} accounts, {not_current} not current, {drifted} drifted", accounts.len())
}

/// What is not as it should be comes first.
fn ordered(instances: &[Instance]) -> Vec<&Instance> {
    let mut all: Vec<&Instance> = instances.iter().collect();
    all.sort_by_key(|instance| (instance.is_current(), !instance.has_drifted()));
    all
}

fn table(instances: &[Instance]) -> String {
    let rows: Vec<[String; 5]> = ordered(instances)
        .into_iter()
        .map(|instance| {
            let reason = instance.reason.as_deref().map(text::line).unwrap_or_default();
            let Instance { account, region, drift, .. } = instance;
            [account.clone(), region.clone(), instance.state().to_owned(), drift.clone(), reason]
        })
        .collect();
    show::columns_of(&rows)
}

fn object(set: &StackSet, deployed: &Deployed, operations: &[SetOperation]) -> Value {
    let operation = |operation: &SetOperation| {
        let mut object = json!({"OperationId": operation.id, "Action": operation.action, "Status": operation.status});
        if let Some(reason) = &operation.reason {
            object["StatusReason"] = json!(reason);
        }
        object
    };
    let instance = |instance: &Instance| {
        let mut object = json!({
            "Account": instance.account, "Region": instance.region, "Status": instance.status,
            "Current": instance.is_current(),
        });
        for (key, value) in [
            ("OrganizationalUnitId", Some(&instance.organizational_unit)),
            ("DetailedStatus", Some(&instance.last_outcome)),
            ("StatusReason", instance.reason.as_ref()),
            ("DriftStatus", Some(&instance.drift)),
            ("StackId", Some(&instance.stack_id)),
        ] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                object[key] = json!(value);
            }
        }
        object
    };
    json!({
        "StackSetName": set.name(), "StackSetStatus": deployed.status, "Region": set.region(),
        "AutoDeployment": deployed.auto_deployment,
        "Operations": operations.iter().map(operation).collect::<Value>(),
        "Instances": ordered(&deployed.instances).into_iter().map(instance).collect::<Value>(),
    })
}

/// Prints how it went in every account and region.
fn report(set: &StackSet, deployed: &Deployed, operations: &[SetOperation], ui: &Ui) -> Result<Exit, CliError> {
    if deployed.instances.is_empty() && !ui.is_json() {
        ui.warning("the stack set has no stacks");
    } else {
        result(ui, &table(&deployed.instances), &object(set, deployed, operations))?;
    }
    ui.remark(&summary(deployed));
    let failed = deployed.instances.iter().filter(|instance| !instance.is_current()).count();
    if failed > 0 {
        ui.hint(&format!(
            "`ssmbak-stack {} update --stack-set` tries the stacks that are not current again",
            set.name()
        ));
    }
    Ok(exit(deployed, operations))
}

/// 0 if every stack is current, 1 if none is, 3 if some are.
fn exit(deployed: &Deployed, operations: &[SetOperation]) -> Exit {
    let current = deployed.instances.iter().filter(|instance| instance.is_current()).count();
    let is_well = operations.iter().all(SetOperation::is_success);
    match current {
        all if all == deployed.instances.len() && is_well => Exit::Done,
        0 => Exit::Failed,
        _ => Exit::Partly,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(status: &str, outcome: &str, drift: &str) -> Instance {
        Instance {
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            status: status.to_owned(),
            last_outcome: outcome.to_owned(),
            drift: drift.to_owned(),
            ..Instance::default()
        }
    }

    #[test]
    fn exit_code_says_whether_every_stack_is_current() {
        let good = || instance("CURRENT", "SUCCEEDED", "NOT_CHECKED");
        let bad = || instance("OUTDATED", "FAILED", "NOT_CHECKED");
        let ended = |status: &str| SetOperation { status: status.to_owned(), ..SetOperation::default() };
        let exit = |instances: Vec<Instance>, status: &str| {
            exit(&Deployed { instances, ..Deployed::default() }, &[ended(status)])
        };
        assert_eq!(exit(vec![good(), good()], "SUCCEEDED"), Exit::Done);
        assert_eq!(exit(vec![good(), bad()], "SUCCEEDED"), Exit::Partly);
        assert_eq!(exit(vec![bad(), bad()], "SUCCEEDED"), Exit::Failed);
        assert_eq!(exit(vec![good(), good()], "STOPPED"), Exit::Partly);
        assert_eq!(exit(vec![], "FAILED"), Exit::Failed);
    }

    #[test]
    fn what_is_not_as_it_should_be_comes_first() {
        let all = [
            instance("CURRENT", "SUCCEEDED", "IN_SYNC"),
            instance("CURRENT", "SUCCEEDED", "DRIFTED"),
            instance("OUTDATED", "", "NOT_CHECKED"),
        ];
        insta::assert_snapshot!(table(&all), @r"
        111122223333  eu-central-1  OUTDATED  NOT_CHECKED
        111122223333  eu-central-1  CURRENT   DRIFTED
        111122223333  eu-central-1  CURRENT   IN_SYNC
        ");
    }
}
