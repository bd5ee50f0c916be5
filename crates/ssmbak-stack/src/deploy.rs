//! From the function's code and some settings to a change set that waits to be executed.

use aws_sdk_s3::Client as S3;
use aws_sdk_sts::Client as Sts;

use crate::artifacts::{Artifacts, ArtifactsError};
use crate::change_set::Prepared;
use crate::error::Error;
use crate::existing_bucket;
use crate::function_code::FunctionCode;
use crate::parameters;
use crate::stack::Stack;
use crate::status::Operation;

/// Checks that the operation can be had, stores the function's code and has the change set worked out.
///
/// What can be refused without a trace is refused first; after that, the code in the artifacts bucket is all that stays
/// if the change set is not executed.
///
/// # Errors
/// [`Error`]: a setting is unknown, the stack's status does not allow the operation, an existing bucket that is to be used
/// keeps no versions, the code cannot be stored, or
/// CloudFormation cannot work out the changes.
pub async fn prepare(
    stack: &Stack,
    s3: &S3,
    sts: &Sts,
    operation: Operation,
    code: &FunctionCode,
    settings: &[(String, String)],
) -> Result<Prepared, Error> {
    parameters::check(settings)?;
    let found = stack.find().await?;
    let status = found.as_ref().map(|found| &found.status);
    operation.check(stack.name(), stack.region(), status)?;
    if let Some(bucket) = existing_bucket::asked(settings) {
        existing_bucket::check(s3, bucket).await?;
    }

    let artifacts = Artifacts::of_caller(s3, sts, stack.region()).await;
    let artifacts = artifacts.map_err(ArtifactsError::from)?;
    let uploaded = artifacts.store(code).await?;
    tracing::debug!(bucket = artifacts.bucket(), key = code.key(), uploaded, "function's code stored");

    let current = match operation {
        Operation::Create => Vec::new(),
        Operation::Update => found.map_or(Vec::new(), |found| found.parameters),
    };
    let current: Vec<String> = current.into_iter().map(|parameter| parameter.key).collect();
    let parameters = parameters::resolve(settings, &current, &artifacts.bucket(), &code.key(), code.architecture());
    Ok(stack.prepare(operation, parameters).await?)
}
