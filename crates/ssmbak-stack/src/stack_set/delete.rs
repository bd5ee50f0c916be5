//! The deletion of a stack set: its stacks, then itself.

use super::change::deployment_targets;
use super::operation::preferences;
use super::plan::{Targets, occupied};
use super::{Deployed, Instance, SetOperation, StackSet, StackSetError};
use crate::call::Task;
use crate::deployed::DeployedTemplate;
use crate::template::BUCKET;

const STACKS: Task = Task::new("delete the stacks of the stack set", "cloudformation:DeleteStackInstances");
const SET: Task = Task::new("delete the stack set", "cloudformation:DeleteStackSet");

impl StackSet {
    /// Finds out what a deletion would take away. Nothing is changed.
    ///
    /// # Errors
    /// [`StackSetError`] if there is nothing to delete, or the history would go with it.
    pub async fn prepare_deletion(&self) -> Result<Deployed, StackSetError> {
        let found = self.describe().await?;
        if !found.instances.is_empty() && !DeployedTemplate::parse(&found.template).keeps(BUCKET) {
            return Err(StackSetError::WouldDeleteHistory { name: self.name.clone() });
        }
        Ok(found)
    }

    /// Deletes the stacks in every account and region, and the stack set if none is left. Returns those that are.
    ///
    /// # Errors
    /// [`StackSetError`] if CloudFormation refuses.
    pub async fn delete(
        &self,
        found: &Deployed,
        mut on_change: impl FnMut(&SetOperation),
    ) -> Result<Deployed, StackSetError> {
        for targets in occupied(found) {
            let id = self.delete_stacks(&targets).await?;
            self.wait(&id, &mut on_change).await?;
        }
        let left = self.describe_until(|left| left.instances.iter().all(Instance::has_failed)).await?;
        if left.instances.is_empty() {
            let delete = async || {
                let delete = self.client.delete_stack_set().stack_set_name(&self.name);
                delete.call_as(self.call_as.clone()).send().await
            };
            self.when_free(SET, delete).await?;
        }
        Ok(left)
    }

    async fn delete_stacks(&self, targets: &Targets) -> Result<String, StackSetError> {
        let delete = async || {
            self.client
                .delete_stack_instances()
                .stack_set_name(&self.name)
                .deployment_targets(deployment_targets(targets))
                .set_regions(Some(targets.regions.clone()))
                .retain_stacks(false)
                .operation_preferences(preferences())
                .call_as(self.call_as.clone())
                .send()
                .await
        };
        Ok(self.when_free(STACKS, delete).await?.operation_id.unwrap_or_default())
    }
}
