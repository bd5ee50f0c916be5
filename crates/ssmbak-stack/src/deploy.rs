//! From the function's code and some settings to a change set that waits to be executed.

use aws_sdk_s3::Client as S3;
use aws_sdk_sts::Client as Sts;

use crate::artifacts::{Artifacts, ArtifactsError};
use crate::change_set::{ParameterChange, Prepared};
use crate::error::{Error, StackError};
use crate::existing_bucket;
use crate::function_code::{CodeError, FunctionCode};
use crate::parameters;
use crate::stack::{Description, Request, Stack};
use crate::status::Operation;
use crate::tags;

/// Where the function's code comes from.
#[allow(clippy::large_enum_variant, reason = "made once in a run")]
pub enum Code {
    /// This code, with the template of this version.
    New(FunctionCode),
    /// The code and the template that the stack has.
    Deployed {
        /// Why there is no other code: the error where the stack has none to keep.
        otherwise: CodeError,
    },
}

/// What a deployment is to bring about.
pub struct Deployment<'a> {
    /// Whether the stack is made or brought up to date.
    pub operation: Operation,
    /// The function's code.
    pub code: &'a Code,
    /// Parameters of the stack.
    pub settings: &'a [(String, String)],
    /// Tags of the stack and of everything in it. Those that it has stay.
    pub tags: &'a [(String, String)],
    /// The role that CloudFormation takes on.
    pub role_arn: Option<&'a str>,
}

/// Checks that the operation can be had, stores the function's code and has the change set worked out.
///
/// What can be refused without a trace is refused first; after that, the code in the artifacts bucket is all that stays
/// if the change set is not executed.
///
/// # Errors
/// [`Error`]: a setting is unknown, the stack's status does not allow the operation, an existing bucket that is to be used
/// keeps no versions, the code cannot be stored or kept, or CloudFormation cannot work out the changes.
pub async fn prepare(stack: &Stack, s3: &S3, sts: &Sts, deployment: &Deployment<'_>) -> Result<Prepared, Error> {
    let Deployment { operation, settings, .. } = *deployment;
    parameters::check(settings)?;
    let settings = &parameters::completed(settings);
    let found = stack.find().await?;
    let status = found.as_ref().map(|found| &found.status);
    if found.as_ref().is_some_and(Description::is_vault) {
        return Err(StackError::IsVault { name: stack.name().to_owned() }.into());
    }
    operation.check(stack.name(), stack.region(), status)?;
    if let Some(bucket) = existing_bucket::asked(settings) {
        existing_bucket::check(s3, bucket).await?;
    }

    let (current, current_tags) = match (operation, found) {
        (Operation::Update, Some(found)) => (found.parameters, found.tags),
        _ => (Vec::new(), Vec::new()),
    };
    let names: Vec<String> = current.iter().map(|parameter| parameter.key.clone()).collect();
    let parameters = match deployment.code {
        Code::New(code) => {
            let artifacts = Artifacts::of_caller(s3, sts, stack.region()).await;
            let artifacts = artifacts.map_err(ArtifactsError::from)?;
            let uploaded = artifacts.store(code).await?;
            tracing::debug!(bucket = artifacts.bucket(), key = code.key(), uploaded, "function's code stored");
            parameters::resolve(settings, &names, &artifacts.bucket(), &code.key(), code.architecture())
        }
        Code::Deployed { otherwise } => {
            parameters::resolve_deployed(settings, &names).ok_or_else(|| Error::from(otherwise.clone()))?
        }
    };
    let request = Request {
        parameters,
        tags: tags::resolve(deployment.tags, &current_tags),
        role_arn: deployment.role_arn.map(str::to_owned),
        keep_template: matches!(deployment.code, Code::Deployed { .. }),
    };
    let mut prepared = stack.prepare(operation, request).await?;
    if let Prepared::Changes(change_set) = &mut prepared {
        change_set.parameters = ParameterChange::all(settings, &current);
    }
    Ok(prepared)
}
