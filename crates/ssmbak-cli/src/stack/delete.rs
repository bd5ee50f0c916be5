//! `ssmbak-stack NAME delete`.

use serde_json::json;
use ssmbak_stack::{Deletion, StackStatus};

use super::places::{Done, Place, Places};
use super::{DeleteArgs, declined, must_confirm, show};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

pub(super) async fn run(places: &Places, args: &DeleteArgs, ui: &Ui) -> Result<Exit, CliError> {
    let prepared = places.each(async |place| Ok(place.stack.prepare_deletion().await?)).await;
    let prepared = places.settled(prepared)?;
    for (place, deletion) in places.all.iter().zip(&prepared) {
        let (name, region) = (place.stack.name(), place.stack.region());
        match deletion {
            Ok(deletion) if deletion.running => {
                ui.remark(&place.labelled(&format!("the stack {name} is being deleted already")));
            }
            Ok(deletion) => ui.remark(&place.labelled(&show::deletion_table(name, region, deletion))),
            Err(error) => ui.warning(&place.labelled(&error.to_string())),
        }
    }
    if prepared.iter().flatten().any(|deletion| !deletion.running) {
        let name = places.all.first().map_or("", |place| place.stack.name());
        let question = format!("delete the stack {name} in {}?", places.described());
        if !must_confirm(args.yes, &question, ui)? {
            return Err(declined());
        }
    }
    let outcomes = places.each_with(prepared, async |place, deletion| done(place, &deletion, ui).await).await;
    places.report(outcomes, ui)
}

async fn done(place: &Place, deletion: &Deletion, ui: &Ui) -> Result<Done, CliError> {
    let status = delete(place, deletion, ui).await?;
    let mut object = json!({
        "StackName": place.stack.name(),
        "StackStatus": status.as_str(),
        "Deleted": show::resources_json(&deletion.goes),
        "Kept": show::resources_json(&deletion.stays),
    });
    let mut done = Done { lines: status.to_string(), row: [status.to_string(), String::new()], ..Done::default() };
    if let Some(bucket) = &deletion.bucket {
        object["Bucket"] = json!(bucket);
        let bucket = text::line(bucket);
        let kept = format!("the bucket {bucket} with the history is kept");
        done.remark = Some(format!("{kept}\n{}", show::how_to_remove(&bucket, place.stack.region())));
        done.row[1] = kept;
    }
    Ok(Done { object, ..done })
}

async fn delete(place: &Place, deletion: &Deletion, ui: &Ui) -> Result<StackStatus, CliError> {
    let mut interrupts = Interrupts::listen();
    tokio::select! {
        status = place.stack.delete(deletion, |event| place.tell(ui, event)) => {
            Ok(status?)
        }
        () = interrupts.next() => {
            let name = place.stack.name();
            Err(CliError::interrupted_with(format!(
                "no longer watching, CloudFormation goes on deleting: `ssmbak-stack {name} delete` watches again, and says \
                 so once the stack is gone"
            )))
        }
    }
}
