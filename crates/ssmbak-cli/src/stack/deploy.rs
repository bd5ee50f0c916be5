//! `ssmbak-stack NAME create` and `update`.

use serde_json::json;
use ssmbak_stack::{
    Architecture, ChangeSet, Code, CodeError, Deployment, Error, FunctionCode, Operation, ParameterChange, Prepared,
    Resource, Stack, StackStatus, first_sweep, prepare, template, vault,
};

use super::first_sweep::FirstSweep;
use super::places::{Done, Place, Places};
use super::{DeployArgs, confirm, declined, show};
use crate::aws::Aws;
use crate::bucket::{STACK_PARAMETER, left_by_stack};
use crate::error::CliError;
use crate::exit::Exit;
use crate::function_file;
use crate::interrupt::Interrupts;
use crate::ui::Ui;

/// That a stack has a vault from now on.
const REPLICATED: &str =
    "changes are replicated into the vault from now on; `ssmbak doctor --canary` shows that they arrive";

/// Has the changes worked out in every region, asks once, and carries them out everywhere at the same time.
pub(super) async fn run(places: &Places, operation: Operation, args: &DeployArgs, ui: &Ui) -> Result<Exit, CliError> {
    let plans = places.each(async |place| plan(place, operation, args, ui).await).await;
    let plans = places.settled(plans)?;
    for (place, plan) in places.all.iter().zip(&plans) {
        match plan {
            Ok(plan) => show_plan(place, plan, ui),
            Err(error) => ui.warning(&place.labelled(&error.to_string())),
        }
    }
    if plans.iter().any(|plan| matches!(plan, Ok(Prepared::Changes(_)))) {
        match confirm(args.yes, &places.question(), ui) {
            Ok(true) => {}
            answer => {
                let discard = async |place: &Place, plan| match plan {
                    Prepared::Changes(change_set) => Ok(place.stack.discard(&change_set).await.map_err(failed)),
                    Prepared::Nothing => Ok(Ok(())),
                };
                let discarded = places.each_with(plans, discard).await;
                discarded.into_iter().flatten().collect::<Result<(), _>>()?;
                return answer.and(Err(declined()));
            }
        }
    }
    let carried_out = places.each_with(plans, async |place, plan| carry_out(place, operation, args, plan, ui).await);
    places.report(carried_out.await, ui)
}

/// What would change in a region. Nothing is changed yet but for the remains of a failed creation.
async fn plan(place: &Place, operation: Operation, args: &DeployArgs, ui: &Ui) -> Result<Prepared, CliError> {
    let Place { aws, stack, .. } = place;
    // An emulator runs the function on this machine, where a build for this machine is good enough.
    let strict = !aws.is_emulated("CloudFormation");
    let path = match &args.lambda {
        Some(path) => path.clone(),
        None => {
            let preferred = preferred_architecture(stack, operation, args, strict).await?;
            function_file::find(preferred).map_err(no_function)?
        }
    };
    let code = match FunctionCode::from_file(&path, strict) {
        Ok(code) => Code::New(as_asked(code, args.architecture)?),
        Err(otherwise @ CodeError::Unreadable { .. }) if keeps_code(operation, args) => Code::Deployed { otherwise },
        Err(error) => return Err(failed(error)),
    };
    match &code {
        Code::New(code) => {
            if let Some(incompatibility) = code.incompatibility() {
                ui.warning(&place.labelled(&format!("on AWS this would be refused: {incompatibility}")));
            }
        }
        Code::Deployed { .. } => {
            let kept = "no ssmbak-lambda next to this command: the stack keeps its code and its template";
            ui.remark(&place.labelled(kept));
        }
    }
    if operation == Operation::Create {
        check_no_other_pipeline(stack, aws).await?;
        remove_failed_creation(place, ui).await?;
    }
    let settings = args.settings();
    let deployment = Deployment {
        operation,
        code: &code,
        settings: &settings,
        tags: &args.tags,
        role_arn: args.role_arn.as_deref(),
    };
    prepare(stack, &aws.s3(), &aws.sts(), &deployment).await.map_err(failed)
}

pub(super) fn show_plan(place: &Place, plan: &Prepared, ui: &Ui) {
    let name = place.stack.name();
    match plan {
        Prepared::Nothing => {
            ui.remark(&place.labelled(&format!("the stack {name} is up to date, there is nothing to change")));
        }
        Prepared::Changes(change_set) => {
            ui.remark(place.labelled(&show::changes_table(name, &change_set.changes)).trim_end());
            for change in &change_set.parameters {
                ui.remark(&place.labelled(&show::parameter_line(change)));
            }
            if let Some(days) = change_set.parameters.iter().find_map(ParameterChange::expires_after) {
                ui.warning(&place.labelled(&show::expiry(days)));
            }
        }
    }
}

async fn carry_out(
    place: &Place,
    operation: Operation,
    args: &DeployArgs,
    plan: Prepared,
    ui: &Ui,
) -> Result<Done, CliError> {
    let stack = &place.stack;
    let (changes, parameters) = match plan {
        Prepared::Nothing => (Vec::new(), Vec::new()),
        Prepared::Changes(change_set) => {
            execute(place, &change_set, ui).await?;
            (change_set.changes, change_set.parameters)
        }
    };
    let described = stack.describe().await.map_err(failed)?;
    let status = described.status.clone();
    let resources = stack.resources().await.map_err(failed)?;
    let name_of = |id: &str| Resource::physical_id_of(&resources, id).unwrap_or_default();
    // The bucket may be one that was there before.
    let given = described.bucket_output().unwrap_or_default();
    let bucket = Some(name_of(template::BUCKET)).filter(|name| !name.is_empty()).unwrap_or(&given);
    let (function, log_group) = (name_of(template::FUNCTION), name_of(template::LOG_GROUP));
    let mut object = json!({
        "StackName": stack.name(), "StackStatus": status.as_str(), "Changes": show::changes_json(&changes),
        "Bucket": bucket, "Lambda": function, "LogGroup": log_group,
    });
    if !parameters.is_empty() {
        object["Parameters"] = show::parameter_changes_json(&parameters);
    }
    let is_due = first_sweep::is_due(&changes, &parameters);
    let is_skipped = args.no_sweep && !first_sweep::changes_scope(&parameters);
    let sweep = FirstSweep::start(is_due, is_skipped, name_of(template::QUEUE), &place.aws).await;
    if let Some(sweep) = &sweep {
        sweep.add_to(&mut object);
    }
    let lines = match operation {
        Operation::Create => format!("Lambda: {function}\nBucket: {bucket}\nCloudwatch log group: {log_group}"),
        Operation::Update => status.as_str().to_owned(),
    };
    let gets_vault = parameters.iter().any(|change| change.key == template::VAULT_BUCKET && !change.after.is_empty());
    let role = described.output(template::REPLICATION_ROLE_OUTPUT).filter(|_| gets_vault);
    let remark = role.map(|_| REPLICATED.to_owned());
    let hint = role.map(|role| {
        let copy = vault::copy_command(bucket, role, stack.region());
        format!("what was recorded before is not in the vault; copy it once: {copy}")
    });
    Ok(Done { lines, row: [status.to_string(), bucket.to_owned()], object, remark, hint, sweep })
}

/// What is asked for, else what the stack has, else what costs least or runs here.
async fn preferred_architecture(
    stack: &Stack,
    operation: Operation,
    args: &DeployArgs,
    is_aws: bool,
) -> Result<Architecture, CliError> {
    let deployed = match (args.architecture, operation) {
        (Some(architecture), _) => return Ok(architecture),
        (None, Operation::Create) => None,
        (None, Operation::Update) => stack.find().await.map_err(failed)?,
    };
    let deployed = deployed.and_then(|stack| {
        let mut parameters = stack.parameters.into_iter();
        Architecture::of_name(&parameters.find(|parameter| parameter.key == template::ARCHITECTURE)?.value)
    });
    Ok(deployed.unwrap_or(if is_aws { function_file::CHEAPER } else { function_file::HOST }))
}

/// The code, if it is of the architecture that was asked for.
pub(super) fn as_asked(code: FunctionCode, architecture: Option<Architecture>) -> Result<FunctionCode, CliError> {
    match architecture {
        Some(wanted) if code.architecture() != wanted => Err(CliError::usage(
            format!("the function at hand is built for {}, not for {}", code.architecture().as_str(), wanted.as_str()),
            "name one that is with --lambda",
        )),
        _ => Ok(code),
    }
}

/// Both stacks would have parameters of one name: CloudFormation finds that out after minutes, and rolls all back. Where
/// this cannot be asked, it still does.
async fn check_no_other_pipeline(stack: &Stack, aws: &Aws) -> Result<(), CliError> {
    let Ok(Some(other)) = left_by_stack(aws, STACK_PARAMETER, "stack's name").await else { return Ok(()) };
    if other == stack.name() {
        return Ok(());
    }
    // A read of Parameter Store may be older than the deletion of that stack.
    let Ok(named) = super::of(aws, &other) else { return Ok(()) };
    match named.find().await {
        Ok(Some(_)) => {
            let region = stack.region();
            let message = format!(
                "the stack {other} already records {region}, and a region can have one: update it with `ssmbak-stack \
                 {other} update`, or delete it first with `ssmbak-stack {other} delete`, which keeps its bucket"
            );
            Err(CliError::failure("StackExists", message, ""))
        }
        Ok(None) | Err(_) => Ok(()),
    }
}

pub(super) async fn remove_failed_creation(place: &Place, ui: &Ui) -> Result<(), CliError> {
    let stack = &place.stack;
    let found = stack.find().await.map_err(failed)?;
    if found.is_some_and(|found| found.status.is_failed_creation()) {
        ui.remark(&place.labelled(&format!("removing what an earlier, failed creation of {} left", stack.name())));
        stack.remove_failed_creation(|event| place.tell(ui, event)).await.map_err(failed)?;
    }
    Ok(())
}

pub(super) async fn execute(place: &Place, change_set: &ChangeSet, ui: &Ui) -> Result<StackStatus, CliError> {
    let stack = &place.stack;
    let mut interrupts = Interrupts::listen();
    tokio::select! {
        status = stack.execute(change_set, |event| place.tell(ui, event)) => status.map_err(failed),
        () = interrupts.next() => {
            let status = format!("`ssmbak-stack {} status` says how far it is", stack.name());
            Err(CliError::interrupted_with(format!("no longer watching, CloudFormation goes on: {status}")))
        },
    }
}

pub(super) fn failed(error: impl Into<Error>) -> CliError {
    error.into().into()
}

/// Where this command lies, and so where the function's executable is to be found, is unknown.
pub(super) fn no_function(error: std::io::Error) -> CliError {
    let message = format!("cannot find the function's executable: {error}; say where it is with --lambda");
    CliError::failure("LambdaUnreadable", message, "")
}

/// Whether an update can do without the function's executable: other things were asked for, and it was not.
fn keeps_code(operation: Operation, args: &DeployArgs) -> bool {
    let asked = !args.settings().is_empty() || !args.tags.is_empty();
    operation == Operation::Update && args.lambda.is_none() && asked
}
