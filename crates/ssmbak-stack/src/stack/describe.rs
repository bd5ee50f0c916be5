//! What a stack is: status, parameters, outputs, resources.

use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudformation::types;
use jiff::Timestamp;

use super::Stack;
use crate::call::Task;
use crate::error::StackError;
use crate::status::StackStatus;
use crate::template::{BUCKET, BUCKET_OUTPUT, FUNCTION, VAULT_BUCKET, VERSION_OUTPUT};

const READ: Task = Task::new("read the stack", "cloudformation:DescribeStacks");
const RESOURCES: Task = Task::new("read the stack's resources", "cloudformation:DescribeStackResources");

/// A stack as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// CloudFormation's id of it, good even after it is gone.
    pub id: String,
    /// Its status.
    pub status: StackStatus,
    /// Why it has that status, where CloudFormation says so.
    pub reason: Option<String>,
    /// Whether it is protected from being deleted.
    pub termination_protection: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its outputs.
    pub outputs: Vec<Output>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Description {
    /// The bucket with the history as the stack's output names it.
    pub fn bucket_output(&self) -> Option<String> {
        self.output(BUCKET_OUTPUT).map(str::to_owned)
    }

    /// The version of ssmbak that the stack's template is of; none for a template that names none, as that of ssmbak 0.5.2.
    pub fn version(&self) -> Option<&str> {
        self.output(VERSION_OUTPUT)
    }

    /// Whether the stack is a vault, and no pipeline.
    pub fn is_vault(&self) -> bool {
        self.output(VAULT_BUCKET).is_some()
    }

    /// A parameter of the stack.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.iter().find(|parameter| parameter.key == key).map(|parameter| parameter.value.as_str())
    }

    /// An output of the stack.
    pub fn output(&self, key: &str) -> Option<&str> {
        self.outputs.iter().find(|output| output.key == key).map(|output| output.value.as_str())
    }
}

/// A parameter of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// An output of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// A resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name in the template.
    pub logical_id: String,
    /// Its own name; empty as long as it has none.
    pub physical_id: String,
    /// Its type, such as `AWS::S3::Bucket`.
    pub resource_type: String,
    /// Its status, such as `CREATE_COMPLETE`.
    pub status: String,
    /// When that changed last.
    pub time: Option<Timestamp>,
}

impl Stack {
    /// The stack as a whole; none if it does not exist.
    ///
    /// # Errors
    /// [`StackError::Call`] if CloudFormation cannot be asked.
    pub async fn find(&self) -> Result<Option<Description>, StackError> {
        let described = self.client.describe_stacks().stack_name(&self.name);
        match described.send().await {
            Ok(described) => Ok(described.stacks.unwrap_or_default().into_iter().next().map(description)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(READ.failed(error).into()),
        }
    }

    /// The stack as a whole.
    ///
    /// # Errors
    /// [`StackError::Missing`] if it does not exist.
    pub async fn describe(&self) -> Result<Description, StackError> {
        self.find().await?.ok_or_else(|| self.missing())
    }

    /// The stack's resources (CloudFormation tells of up to 100 at once; the template has two dozen).
    ///
    /// # Errors
    /// [`StackError::Missing`] if the stack does not exist.
    pub async fn resources(&self) -> Result<Vec<Resource>, StackError> {
        let described = self.client.describe_stack_resources().stack_name(&self.name);
        match described.send().await {
            Ok(described) => {
                let resources = described.stack_resources.unwrap_or_default();
                Ok(resources.into_iter().map(resource).collect())
            }
            Err(error) if is_missing(&error) => Err(self.missing()),
            Err(error) => Err(RESOURCES.failed(error).into()),
        }
    }

    /// The bucket with the history: the stack's own, or the one that it was given.
    ///
    /// # Errors
    /// [`StackError::Missing`] if the stack does not exist, [`StackError::NoResource`] if it has none.
    pub async fn bucket_name(&self) -> Result<String, StackError> {
        match self.physical_id(BUCKET).await {
            Err(missing @ StackError::NoResource { .. }) => self.describe().await?.bucket_output().ok_or(missing),
            otherwise => otherwise,
        }
    }

    /// The function.
    ///
    /// # Errors
    /// [`StackError::Missing`] if the stack does not exist, [`StackError::NoResource`] if it has none.
    pub async fn function_name(&self) -> Result<String, StackError> {
        self.physical_id(FUNCTION).await
    }

    async fn physical_id(&self, logical_id: &'static str) -> Result<String, StackError> {
        let resources = self.resources().await?;
        let found = Resource::physical_id_of(&resources, logical_id).map(str::to_owned);
        found.ok_or_else(|| StackError::NoResource { name: self.name.clone(), resource: logical_id })
    }
}

impl Resource {
    /// A resource's own name, by its name in the template; none if it is not there or has none yet.
    pub fn physical_id_of<'a>(resources: &'a [Self], logical_id: &str) -> Option<&'a str> {
        let found = resources.iter().find(|resource| resource.logical_id == logical_id)?;
        Some(found.physical_id.as_str()).filter(|id| !id.is_empty())
    }
}

/// CloudFormation has no code of its own for a stack that does not exist.
pub(super) fn is_missing<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code() == Some("ValidationError") && error.message().is_some_and(|message| message.contains("does not exist"))
}

pub(super) fn description(stack: types::Stack) -> Description {
    let parameters = stack.parameters.unwrap_or_default().into_iter();
    let outputs = stack.outputs.unwrap_or_default().into_iter();
    let tags = stack.tags.unwrap_or_default().into_iter();
    Description {
        id: stack.stack_id.unwrap_or_default(),
        status: StackStatus::new(stack.stack_status.map_or(String::new(), |status| status.as_str().to_owned())),
        reason: stack.stack_status_reason.filter(|reason| !reason.is_empty()),
        termination_protection: stack.enable_termination_protection.unwrap_or_default(),
        parameters: parameters
            .map(|parameter| Parameter {
                key: parameter.parameter_key.unwrap_or_default(),
                value: parameter.parameter_value.unwrap_or_default(),
            })
            .collect(),
        outputs: outputs
            .map(|output| Output {
                key: output.output_key.unwrap_or_default(),
                value: output.output_value.unwrap_or_default(),
            })
            .collect(),
        tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
    }
}

fn resource(resource: types::StackResource) -> Resource {
    Resource {
        logical_id: resource.logical_resource_id.unwrap_or_default(),
        physical_id: resource.physical_resource_id.unwrap_or_default(),
        resource_type: resource.resource_type.unwrap_or_default(),
        status: resource.resource_status.map_or(String::new(), |status| status.as_str().to_owned()),
        time: resource.timestamp.as_ref().and_then(timestamp),
    }
}

/// The SDK's instant as ours; none where ours has no such instant, which no event of AWS comes near to.
pub(super) fn timestamp(time: &aws_sdk_cloudformation::primitives::DateTime) -> Option<Timestamp> {
    let nanoseconds = i32::try_from(time.subsec_nanos()).ok()?;
    Timestamp::new(time.secs(), nanoseconds).ok()
}
