//! Creating and updating a stack set, and adding stacks to it.

use aws_sdk_cloudformation::types::{
    self, AccountFilterType, AutoDeployment, Capability, DeploymentTargets, PermissionModels, Tag,
};

use super::operation::preferences;
use super::plan::{Plan, SetChange, Targets};
use super::{SetOperation, StackSet, StackSetError};
use crate::call::Task;

const CREATE: Task = Task::new("create the stack set", "cloudformation:CreateStackSet");
const UPDATE: Task = Task::new("update the stack set", "cloudformation:UpdateStackSet");
const ADD: Task = Task::new("add stacks to the stack set", "cloudformation:CreateStackInstances");

impl StackSet {
    /// Carries a plan out and waits until every operation has ended. How it went in each account and region, the stacks
    /// tell; see [`StackSet::describe`].
    ///
    /// Whoever stops waiting stops nothing but that: the operation that runs goes on.
    ///
    /// # Errors
    /// [`StackSetError`] if CloudFormation refuses.
    pub async fn apply(
        &self,
        plan: &Plan,
        mut on_change: impl FnMut(&SetOperation),
    ) -> Result<Vec<SetOperation>, StackSetError> {
        let mut operations = Vec::new();
        match &plan.set {
            SetChange::Create => self.create(plan).await?,
            SetChange::Update(_) => {
                let id = self.update(plan).await?;
                operations.push(self.wait(&id, &mut on_change).await?);
            }
            SetChange::Keep => {}
        }
        for targets in &plan.additions {
            let id = self.add(targets).await.map_err(|error| {
                if plan.set == SetChange::Create && operations.is_empty() {
                    StackSetError::WithoutStacks { name: self.name.clone(), reason: Box::new(error) }
                } else {
                    error
                }
            })?;
            operations.push(self.wait(&id, &mut on_change).await?);
        }
        Ok(operations)
    }

    async fn create(&self, plan: &Plan) -> Result<(), StackSetError> {
        let auto = AutoDeployment::builder().enabled(plan.auto_deployment);
        // An account that leaves keeps its history; without automatic deployment, this must not be given.
        let auto = auto.set_retain_stacks_on_account_removal(plan.auto_deployment.then_some(true)).build();
        let create = self
            .client
            .create_stack_set()
            .stack_set_name(&self.name)
            .description("Records every change of Parameter Store (ssmbak)")
            .template_body(self.template)
            .set_parameters(Some(parameters(plan)))
            .set_tags(Some(tags(plan)))
            .capabilities(Capability::CapabilityIam)
            .permission_model(PermissionModels::ServiceManaged)
            .auto_deployment(auto)
            .call_as(self.call_as.clone());
        let created = create.send().await;
        created.map_err(|error| StackSetError::of(CREATE, &self.name, error))?;
        Ok(())
    }

    async fn update(&self, plan: &Plan) -> Result<String, StackSetError> {
        let update = async || {
            self.client
                .update_stack_set()
                .stack_set_name(&self.name)
                .template_body(self.template)
                .set_parameters(Some(parameters(plan)))
                .set_tags(Some(tags(plan)))
                .capabilities(Capability::CapabilityIam)
                .operation_preferences(preferences())
                .call_as(self.call_as.clone())
                .send()
                .await
        };
        Ok(self.when_free(UPDATE, update).await?.operation_id.unwrap_or_default())
    }

    async fn add(&self, targets: &Targets) -> Result<String, StackSetError> {
        let add = async || {
            self.client
                .create_stack_instances()
                .stack_set_name(&self.name)
                .deployment_targets(deployment_targets(targets))
                .set_regions(Some(targets.regions.clone()))
                .operation_preferences(preferences())
                .call_as(self.call_as.clone())
                .send()
                .await
        };
        Ok(self.when_free(ADD, add).await?.operation_id.unwrap_or_default())
    }
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/account-level-targets.html>
pub(super) fn deployment_targets(targets: &Targets) -> DeploymentTargets {
    let units = DeploymentTargets::builder().set_organizational_unit_ids(Some(targets.organizational_units.clone()));
    if targets.accounts.is_empty() {
        return units.build();
    }
    let within = units.set_accounts(Some(targets.accounts.clone()));
    within.account_filter_type(AccountFilterType::Intersection).build()
}

fn parameters(plan: &Plan) -> Vec<types::Parameter> {
    let one =
        |(key, value): &(String, String)| types::Parameter::builder().parameter_key(key).parameter_value(value).build();
    plan.parameters.iter().map(one).collect()
}

fn tags(plan: &Plan) -> Vec<Tag> {
    plan.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
