//! `ssmbak-stack list`: the stack sets of a region, beside its stacks or alone.

use serde_json::{Value, json};
use ssmbak_stack::StackSet;
use ssmbak_stack::stack_set::{self, Deployed};

use super::report::{object, stacks, summary};
use super::{SetArgs, named, refuse_regions};
use crate::aws::Aws;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::stack::places::RegionsArgs;
use crate::stack::{result, show};
use crate::ui::{Ui, text};

/// Stack sets of ssmbak.
type Found = Vec<(StackSet, Deployed)>;

/// `ssmbak-stack list --stack-set`.
pub(in crate::stack) async fn list(
    args: SetArgs,
    regions: &RegionsArgs,
    global: &GlobalArgs,
    ui: &Ui,
) -> Result<Exit, CliError> {
    refuse_regions(regions, "stack sets are listed in one region: that of --region")?;
    let aws = Aws::connect(global).await?;
    let found = find(&aws, args).await?;
    if found.is_empty() && !ui.is_json() {
        ui.remark(&format!("no ssmbak stack set in {}", aws.region()));
        return Ok(Exit::Done);
    }
    // The same object as that of `status`, without operations.
    let rows: Vec<[String; 3]> = found
        .iter()
        .map(|(set, deployed)| [set.name().to_owned(), deployed.status.clone(), summary(deployed)])
        .collect();
    let entries = found.iter().map(|(set, deployed)| object(set, deployed, &[]));
    result(ui, &show::columns_of(&rows), &entries.collect())?;
    Ok(Exit::Done)
}

async fn find(aws: &Aws, args: SetArgs) -> Result<Found, CliError> {
    let mut found = Vec::new();
    for name in stack_set::list(&aws.cloudformation(), args.delegated_admin).await? {
        // A name that ours cannot have is somebody else's.
        let Ok(set) = named(aws, &name, args) else { continue };
        if let Some(deployed) = set.find().await?.filter(Deployed::is_ours) {
            found.push((set, deployed));
        }
    }
    Ok(found)
}

/// The stack sets of a region, for the list of its stacks.
pub(in crate::stack) struct Listed(Result<Found, CliError>);

impl Listed {
    /// Looks for them. Most accounts have none, and whoever lists stacks need not be allowed to list stack sets: that they
    /// could not be listed is a warning, and no error.
    pub(in crate::stack) async fn of(aws: &Aws) -> Self {
        Self(match find(aws, SetArgs::default()).await {
            // An emulator without stack sets.
            Err(error) if aws.is_emulated("CloudFormation") && error.code() == "InvalidAction" => Ok(Vec::new()),
            found => found,
        })
    }

    /// Name, status and how the stacks are, of each.
    pub(in crate::stack) fn rows(&self) -> Vec<[String; 3]> {
        let row = |(set, deployed): &(StackSet, Deployed)| {
            let [all, failed, outdated] = counts(deployed);
            let told = format!("stack set: {}, {failed} failed, {outdated} outdated", stacks(all));
            [set.name().to_owned(), deployed.status.clone(), told]
        };
        self.0.iter().flatten().map(row).collect()
    }

    /// The same for programs; that they could not be listed is an entry of its own.
    pub(in crate::stack) fn json(&self, region: &str) -> Vec<Value> {
        let one = |(set, deployed): &(StackSet, Deployed)| {
            let [all, failed, outdated] = counts(deployed);
            json!({
                "StackSetName": set.name(), "StackSetStatus": deployed.status, "Region": region,
                "Stacks": all, "Failed": failed, "Outdated": outdated,
            })
        };
        match &self.0 {
            Ok(found) => found.iter().map(one).collect(),
            Err(error) => {
                let mut entry = json!(error.report());
                entry["Region"] = json!(region);
                entry["StackSets"] = json!("unknown");
                vec![entry]
            }
        }
    }

    /// Says that they could not be listed, if so.
    pub(in crate::stack) fn warn(&self, region: &str, ui: &Ui) {
        if let Err(error) = &self.0 {
            ui.warning(&text::line(&format!("the stack sets in {region} could not be listed: {error}")));
        }
    }
}

/// How many stacks there are, in how many the last operation failed, and how many others do not have what the stack set has.
fn counts(deployed: &Deployed) -> [usize; 3] {
    let failed = deployed.instances.iter().filter(|instance| instance.has_failed()).count();
    let behind = deployed.instances.iter().filter(|instance| !instance.has_failed() && !instance.is_current());
    [deployed.instances.len(), failed, behind.count()]
}
