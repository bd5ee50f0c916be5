//! `ssmbak-stack NAME status` and `ssmbak-stack list`: what is deployed, and how it is.

use futures_util::future::join_all;
use serde_json::{Value, json};
use ssmbak_stack::ListedStack;
use ssmbak_stack::doctor::Status;

use super::places::{Done, Place, Places, RegionsArgs, exit};
use super::stack_set::Listed;
use super::{result, show};
use crate::aws::Aws;
use crate::commands::doctor;
use crate::error::CliError;
use crate::exit::Exit;
use crate::global::GlobalArgs;
use crate::ui::{Ui, text};

/// `ssmbak-stack NAME status`.
pub(super) async fn status(places: &Places, ui: &Ui) -> Result<Exit, CliError> {
    places.report(places.each(status_of).await, ui)
}

async fn status_of(place: &Place) -> Result<Done, CliError> {
    let (stack, described) = (&place.stack, place.stack.describe().await?);
    let status = described.status.as_str();
    let mut object = json!({"StackName": stack.name(), "StackStatus": status});
    if let Some(reason) = &described.reason {
        object["StackStatusReason"] = json!(reason);
    }
    Ok(Done {
        lines: status.to_owned(),
        row: [status.to_owned(), described.reason.as_deref().map(text::line).unwrap_or_default()],
        object,
        hint: described.status.way_out(stack.name(), stack.region()),
        remark: described.reason,
        sweep: None,
    })
}

/// `ssmbak-stack list`: the stacks of the region; of several regions with their health, which takes some requests each.
pub(super) async fn list(args: &RegionsArgs, global: &GlobalArgs, ui: &Ui) -> Result<Exit, CliError> {
    let regions = args.connect(global).await?;
    if args.regions.is_empty() {
        for aws in &regions {
            list_region(aws, ui).await?;
        }
        return Ok(Exit::Done);
    }
    let (listed, sets) =
        tokio::join!(join_all(regions.iter().map(with_health)), join_all(regions.iter().map(Listed::of)));
    let (mut rows, mut set_rows, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for ((aws, listed), sets) in regions.iter().zip(&listed).zip(&sets) {
        let region = aws.region();
        let mut entry = |mut entry: Value| {
            entry["Region"] = json!(region);
            entries.push(entry);
        };
        match listed {
            Ok(stacks) => {
                for (stack, health) in stacks {
                    let [name, status, version, bucket] = show::stack_row(stack);
                    rows.push([region.to_owned(), name, status, version, health.as_str().to_owned(), bucket]);
                    let mut object = show::stack_json(stack);
                    object["Health"] = json!(health.as_str());
                    entry(object);
                }
            }
            // Of a region that cannot be read, its stack sets say nothing more.
            Err(error) => {
                ui.warning(&text::line(&format!("{region}: {error}")));
                entry(json!(error.report()));
                continue;
            }
        }
        sets.warn(region, ui);
        let row = |[name, status, told]: [String; 3]| [region.to_owned(), name, status, told];
        set_rows.extend(sets.rows().into_iter().map(row));
        entries.extend(sets.json(region));
    }
    if rows.is_empty() && set_rows.is_empty() && !ui.is_json() {
        let names: Vec<&str> = regions.iter().map(Aws::region).collect();
        ui.remark(&format!("no ssmbak stack found in {}", names.join(", ")));
    } else {
        result(ui, &tables(&rows, &set_rows), &json!(entries))?;
    }
    Ok(exit(&listed))
}

async fn list_region(aws: &Aws, ui: &Ui) -> Result<(), CliError> {
    let cloudformation = aws.cloudformation();
    let (stacks, sets) = tokio::join!(ssmbak_stack::list(&cloudformation), Listed::of(aws));
    let (stacks, set_rows) = (stacks?, sets.rows());
    if stacks.is_empty() && set_rows.is_empty() && !ui.is_json() {
        ui.remark(&format!("no ssmbak stack in {}: `ssmbak-stack NAME create` deploys one", aws.region()));
    } else {
        let rows: Vec<[String; 4]> = stacks.iter().map(show::stack_row).collect();
        let entries = stacks.iter().map(show::stack_json).chain(sets.json(aws.region()));
        result(ui, &tables(&rows, &set_rows), &entries.collect())?;
    }
    sets.warn(aws.region(), ui);
    Ok(())
}

/// The stacks, and below them the stack sets.
fn tables<const N: usize, const M: usize>(stacks: &[[String; N]], sets: &[[String; M]]) -> String {
    let tables = [show::columns_of(stacks), show::columns_of(sets)];
    tables.into_iter().filter(|table| !table.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The stacks of a region, each with the worst that `ssmbak doctor` finds.
async fn with_health(aws: &Aws) -> Result<Vec<(ListedStack, Status)>, CliError> {
    let stacks = ssmbak_stack::list(&aws.cloudformation()).await?;
    let health = join_all(stacks.iter().map(|stack| doctor::health(aws, &stack.name))).await;
    Ok(stacks.into_iter().zip(health).collect())
}
