//! The deletion of a stack: what it would do, and doing it.

use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;

use super::Stack;
use super::describe::is_missing;
use crate::call::Task;
use crate::deletion::{self, Deletion};
use crate::deployed::DeployedTemplate;
use crate::error::StackError;
use crate::event::StackEvent;
use crate::status::StackStatus;

const READ_TEMPLATE: Task = Task::new("read the stack's template", "cloudformation:GetTemplate");
const DELETE: Task = Task::new("delete the stack", "cloudformation:DeleteStack");

impl Stack {
    /// The template that the stack was deployed with.
    ///
    /// # Errors
    /// [`StackError::Missing`] if the stack does not exist.
    pub async fn deployed_template(&self) -> Result<String, StackError> {
        match self.client.get_template().stack_name(&self.name).send().await {
            Ok(output) => Ok(output.template_body.unwrap_or_default()),
            Err(error) if is_missing(&error) => Err(self.missing()),
            Err(error) => Err(READ_TEMPLATE.failed(error).into()),
        }
    }

    /// Finds out what a deletion would take away. Nothing is changed.
    ///
    /// # Errors
    /// [`StackError`] if there is nothing to delete, something else is under way, the stack is protected, or the history
    /// would go with it.
    pub async fn prepare_deletion(&self) -> Result<Deletion, StackError> {
        let found = self.find().await?;
        deletion::check(&self.name, &self.region, found.as_ref())?;
        let Some(found) = found else { return Err(self.missing()) };
        let resources = self.resources().await?;
        // A stack that never got beyond its first change set has no template that could be asked for.
        let template = match resources.is_empty() {
            true => DeployedTemplate::default(),
            false => DeployedTemplate::parse(&self.deployed_template().await?),
        };
        deletion::sort_out(&self.name, &found, resources, &template)
    }

    /// Deletes the stack, or watches the deletion that is under way, and tells of every event until it is gone.
    ///
    /// Whoever stops waiting stops nothing but that: another [`Stack::prepare_deletion`] finds the deletion under way.
    ///
    /// # Errors
    /// [`StackError::Failed`] with the first cause.
    pub async fn delete(
        &self,
        deletion: &Deletion,
        on_event: impl FnMut(&StackEvent),
    ) -> Result<StackStatus, StackError> {
        let id = &deletion.stack_id;
        let after = if deletion.running {
            self.before_deletion(id).await?
        } else {
            let last = self.last_event(id).await?;
            self.request_deletion(id).await?;
            last
        };
        self.watch(id, after, on_event).await
    }

    async fn request_deletion(&self, stack_id: &str) -> Result<(), StackError> {
        match self.client.delete_stack().stack_name(stack_id).send().await {
            Ok(_) => Ok(()),
            // Protected since it was looked at.
            Err(error) if error.message().is_some_and(|said| said.contains("TerminationProtection")) => {
                Err(StackError::Protected { name: self.name.clone(), region: self.region.clone() })
            }
            Err(error) => Err(DELETE.failed(error).into()),
        }
    }
}
