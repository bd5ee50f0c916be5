//! A stack set for people, for programs, and as an exit code.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use ssmbak_stack::StackSet;
use ssmbak_stack::stack_set::{Deployed, Instance, SetOperation};

use crate::error::CliError;
use crate::exit::Exit;
use crate::stack::{result, show};
use crate::ui::{Ui, text};

pub(super) fn stacks(count: usize) -> String {
    if count == 1 { "1 stack".to_owned() } else { format!("{count} stacks") }
}

pub(super) fn summary(deployed: &Deployed) -> String {
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

pub(super) fn table(instances: &[Instance]) -> String {
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

pub(super) fn object(set: &StackSet, deployed: &Deployed, operations: &[SetOperation]) -> Value {
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
pub(super) fn report(
    set: &StackSet,
    deployed: &Deployed,
    operations: &[SetOperation],
    ui: &Ui,
) -> Result<Exit, CliError> {
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
