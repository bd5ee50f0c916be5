//! `ssmbak-stack NAME delete`.

use serde_json::json;
use ssmbak_stack::{Deletion, Stack, StackStatus};

use super::{DeleteArgs, declined, must_confirm, of_lines, result, show, tell};
use crate::error::CliError;
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::ui::{Ui, text};

pub(super) async fn run(stack: &Stack, args: &DeleteArgs, ui: &Ui) -> Result<Exit, CliError> {
    let (name, region) = (stack.name(), stack.region());
    let deletion = stack.prepare_deletion().await?;
    if deletion.running {
        ui.remark(&format!("the stack {name} is being deleted already"));
    } else {
        ui.remark(&of_lines(&show::deletion_table(name, region, &deletion)));
        let question = format!("delete the stack {name} in {region}?");
        if !must_confirm(args.yes, &question, ui)? {
            return Err(declined());
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
            Ok(status?)
        }
        () = interrupts.next() => {
            let name = stack.name();
            Err(CliError::interrupted_with(format!(
                "no longer watching, CloudFormation goes on deleting: `ssmbak-stack {name} delete` watches again, and says \
                 so once the stack is gone"
            )))
        }
    }
}
