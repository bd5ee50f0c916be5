//! `ssmbak-stack NAME …` for a stack set: the same stack in the accounts of an organisation.

mod args;
mod deploy;
mod list;
mod report;

use std::time::Duration;

use serde_json::{Value, json};
use ssmbak_stack::stack_set::{Deployed, Instance, SetOperation};
use ssmbak_stack::{StackSet, StackSetError};

pub use args::{SetArgs, TargetArgs};
pub(super) use deploy::deploy;
pub(super) use list::{Listed, list};

use super::places::RegionsArgs;
use super::{DeleteArgs, StatusArgs, declined, must_confirm, of_lines, result};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};
use report::{object, report, stacks, table};

fn named(aws: &Aws, name: &str, args: SetArgs) -> Result<StackSet, CliError> {
    let polling = if aws.is_emulated("CloudFormation") { Duration::from_millis(50) } else { Duration::from_secs(5) };
    let set = StackSet::new(aws.cloudformation(), name, aws.region())?;
    Ok(set.polling(polling).as_delegated_admin(args.delegated_admin))
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
