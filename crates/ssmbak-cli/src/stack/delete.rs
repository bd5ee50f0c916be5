//! `ssmbak-stack NAME delete`.

use serde_json::json;
use ssmbak_stack::{Deletion, Stack, StackStatus};

use super::{DeleteArgs, StackCommandError, must_confirm, of_lines, result, show, tell};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

pub(super) async fn run(stack: &Stack, args: &DeleteArgs, ui: &Ui) -> Result<Exit, CliError> {
    let (name, region) = (stack.name(), stack.region());
    let deletion = stack.prepare_deletion().await.map_err(StackCommandError::from)?;
    if deletion.running {
        ui.remark(&format!("the stack {name} is being deleted already"));
    } else {
        ui.remark(&of_lines(&show::deletion_table(name, region, &deletion)));
        let question = format!("delete the stack {name} in {region}?");
        if !must_confirm(args.yes, &question, ui)? {
            return Err(StackCommandError::Declined.into());
        }
    }
    let status = delete(stack, &deletion, ui).await?;
    let mut object = json!({
        "StackName": name,
        "StackStatus": status.as_str(),
        "Deleted": show::resources_json(&deletion.goes),
        "Kept": show::resources_json(&deletion.stays),
    });
    if let Some(bucket) = &deletion.bucket {
        object["Bucket"] = json!(bucket);
    }
    result(ui, status.as_str(), &object)?;
    if let Some(bucket) = deletion.bucket.as_deref().map(text::line) {
        ui.remark(&format!("the bucket {bucket} with the history is kept\n{}", show::how_to_remove(&bucket, region)));
    }
    Ok(Exit::Done)
}

async fn delete(stack: &Stack, deletion: &Deletion, ui: &Ui) -> Result<StackStatus, CliError> {
    let mut interrupts = Interrupts::listen();
    tokio::select! {
        status = stack.delete(deletion, |event| tell(ui, event)) => {
            Ok(status.map_err(StackCommandError::from)?)
        }
        () = interrupts.next() => {
            Err(StackCommandError::InterruptedDeletion { name: stack.name().to_owned() }.into())
        }
    }
}
