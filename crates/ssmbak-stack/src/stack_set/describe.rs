//! What a stack set is: its parameters, tags and template, and a stack for each account and region.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types::{self, PermissionModels};

use super::{StackSet, StackSetError};
use crate::call::Task;
use crate::stack::Parameter;
use crate::template::MANAGED_TAG;

const READ: Task = Task::new("read the stack set", "cloudformation:DescribeStackSet");
const INSTANCES: Task = Task::new("list the stacks of the stack set", "cloudformation:ListStackInstances");

/// How often what an operation has led to is looked at, at one polling interval each: half a minute at AWS.
const LOOKS: usize = 6;

/// A stack set as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// CloudFormation's id of it.
    pub id: String,
    /// Its status, `ACTIVE` while it exists.
    pub status: String,
    /// Whether CloudFormation has its permissions from the organisation.
    pub is_service_managed: bool,
    /// Whether accounts that join get a stack by themselves.
    pub auto_deployment: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Its template.
    pub template: String,
    /// The organizational units that it is deployed to.
    pub organizational_units: Vec<String>,
    /// Its stacks.
    pub instances: Vec<Instance>,
}

impl Deployed {
    /// Whether a deployment of ssmbak has made it.
    pub fn is_ours(&self) -> bool {
        self.is_service_managed && self.tags.iter().any(|(key, value)| (key.as_str(), value.as_str()) == MANAGED_TAG)
    }

    /// A parameter.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|parameter| parameter.key == key).map(|parameter| parameter.value.as_str())
    }
}

/// A stack of a stack set, as the stack set knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The organizational unit by which the account was meant.
    pub organizational_unit: String,
    /// `CURRENT`, `OUTDATED` or `INOPERABLE`.
    pub status: String,
    /// How the last operation ended in this account and region, such as `FAILED`; empty if CloudFormation does not say.
    pub last_outcome: String,
    /// Why.
    pub reason: Option<String>,
    /// `IN_SYNC`, `DRIFTED`, `NOT_CHECKED` or `UNKNOWN`, as of the last time that someone looked.
    pub drift: String,
    /// CloudFormation's id of the stack; empty if there is none.
    pub stack_id: String,
}

impl Instance {
    /// Whether it has what the stack set has, and the last operation got there.
    pub fn is_current(&self) -> bool {
        self.status == "CURRENT" && matches!(self.last_outcome.as_str(), "" | "SUCCEEDED")
    }

    /// Whether the last operation got nowhere with it.
    pub fn has_failed(&self) -> bool {
        matches!(
            self.last_outcome.as_str(),
            "FAILED" | "CANCELLED" | "INOPERABLE" | "SKIPPED_SUSPENDED_ACCOUNT" | "FAILED_IMPORT"
        )
    }

    /// Whether an operation has not come to it yet, or has not ended.
    pub fn is_unsettled(&self) -> bool {
        matches!(self.last_outcome.as_str(), "PENDING" | "RUNNING")
    }

    /// Whether somebody has changed it by hand.
    pub fn has_drifted(&self) -> bool {
        self.drift == "DRIFTED"
    }

    /// The status in one word: how it failed, where it did.
    pub fn state(&self) -> &str {
        match self.last_outcome.as_str() {
            "" | "SUCCEEDED" => &self.status,
            outcome => outcome,
        }
    }
}

impl StackSet {
    /// The stack set as a whole; none if it does not exist.
    ///
    /// # Errors
    /// [`StackSetError`] if CloudFormation cannot be asked.
    pub async fn find(&self) -> Result<Option<Deployed>, StackSetError> {
        let described = self.client.describe_stack_set().stack_set_name(&self.name).call_as(self.call_as.clone());
        let set = match described.send().await {
            Ok(described) => described.stack_set.unwrap_or_else(|| types::StackSet::builder().build()),
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(StackSetError::of(READ, &self.name, error)),
        };
        // The name of a deleted one may be asked for, too.
        if set.status == Some(types::StackSetStatus::Deleted) {
            return Ok(None);
        }
        Ok(Some(Deployed { instances: self.instances().await?, ..deployed(set) }))
    }

    /// The stack set as a whole, one of ours.
    ///
    /// # Errors
    /// [`StackSetError::Missing`] if it does not exist, [`StackSetError::Foreign`] if something else has made it.
    pub async fn describe(&self) -> Result<Deployed, StackSetError> {
        let found = self.find().await?.ok_or_else(|| self.missing())?;
        if found.is_ours() { Ok(found) } else { Err(StackSetError::Foreign { name: self.name.clone() }) }
    }

    /// The stack set as a whole, after an operation: looked at again for a while, until it is as it is expected to be. What
    /// CloudFormation lists may be older than the end of the operation.
    ///
    /// # Errors
    /// As [`StackSet::describe`].
    pub async fn describe_until(&self, is_expected: impl Fn(&Deployed) -> bool) -> Result<Deployed, StackSetError> {
        let mut found = self.describe().await?;
        for _ in 1..LOOKS {
            if is_expected(&found) {
                break;
            }
            self.pause().await;
            found = self.describe().await?;
        }
        Ok(found)
    }

    /// The stacks, by account and region.
    pub(super) async fn instances(&self) -> Result<Vec<Instance>, StackSetError> {
        let mut instances = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self.client.list_stack_instances().stack_set_name(&self.name).call_as(self.call_as.clone());
            let page = page.set_next_token(token.clone()).send().await;
            let page = page.map_err(|error| StackSetError::of(INSTANCES, &self.name, error))?;
            instances.extend(page.summaries.unwrap_or_default().into_iter().map(instance));
            token = INSTANCES.next_page(token.as_deref(), page.next_token)?;
            if token.is_none() {
                break;
            }
        }
        instances.sort();
        Ok(instances)
    }
}

fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("StackSetNotFoundException")
}

fn deployed(set: types::StackSet) -> Deployed {
    let parameters = set.parameters.unwrap_or_default().into_iter();
    let tags = set.tags.unwrap_or_default().into_iter();
    Deployed {
        id: set.stack_set_id.unwrap_or_default(),
        status: set.status.map_or(String::new(), |status| status.as_str().to_owned()),
        is_service_managed: set.permission_model == Some(PermissionModels::ServiceManaged),
        auto_deployment: set.auto_deployment.and_then(|auto| auto.enabled).unwrap_or_default(),
        parameters: parameters
            .map(|parameter| Parameter {
                key: parameter.parameter_key.unwrap_or_default(),
                value: parameter.parameter_value.unwrap_or_default(),
            })
            .collect(),
        tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
        template: set.template_body.unwrap_or_default(),
        organizational_units: set.organizational_unit_ids.unwrap_or_default(),
        instances: Vec::new(),
    }
}

fn instance(summary: types::StackInstanceSummary) -> Instance {
    let outcome = summary.stack_instance_status.and_then(|status| status.detailed_status);
    Instance {
        account: summary.account.unwrap_or_default(),
        region: summary.region.unwrap_or_default(),
        organizational_unit: summary.organizational_unit_id.unwrap_or_default(),
        status: summary.status.map_or(String::new(), |status| status.as_str().to_owned()),
        last_outcome: outcome.map_or(String::new(), |outcome| outcome.as_str().to_owned()),
        reason: summary.status_reason.filter(|reason| !reason.is_empty()),
        drift: summary.drift_status.map_or(String::new(), |drift| drift.as_str().to_owned()),
        stack_id: summary.stack_id.unwrap_or_default(),
    }
}
