//! What can go wrong with a stack set.

use std::error::Error;

use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ProvideErrorMetadata, SdkError};

use super::MAX_SET_NAME;
use crate::call::{CallError, Task};

/// The stack set does not allow it, or failed.
#[derive(Debug, thiserror::Error)]
pub enum StackSetError {
    /// The name is none that a stack set of ours can have.
    #[error(
        "{name:?} cannot be the name of a stack set: take letters, digits and hyphens, a letter first, at most {MAX_SET_NAME} of them"
    )]
    Name {
        /// The name that was given.
        name: String,
    },
    /// There is no such stack set.
    #[error(
        "there is no stack set {name} in {region}: create it with `ssmbak-stack {name} create --org-units …`, or choose another region with --region"
    )]
    Missing {
        /// The stack set.
        name: String,
        /// The region that was asked.
        region: String,
    },
    /// It is to be created and has stacks.
    #[error(
        "the stack set {name} exists already: update it, and add to it, with `ssmbak-stack {name} update --stack-set`"
    )]
    Exists {
        /// The stack set.
        name: String,
    },
    /// Something else has deployed it.
    #[error("the stack set {name} is not one of ssmbak with service-managed permissions: choose another name")]
    Foreign {
        /// The stack set.
        name: String,
    },
    /// Nothing says where its stacks are to be.
    #[error("the stack set {name} has no stacks yet: say where they go with --org-units and --regions")]
    NoTargets {
        /// The stack set.
        name: String,
    },
    /// A parameter names something of one account and region.
    #[error(
        "the parameter {parameter} is of one account and region, and cannot be set for a stack set: deploy a stack of its own there"
    )]
    OfOnePlace {
        /// The parameter.
        parameter: String,
    },
    /// The caller's account may not have such stack sets.
    #[error(
        "stack sets of an organisation belong to its management account or a delegated administrator: use the credentials of one (a delegated administrator adds --delegated-admin, and is registered with `aws organizations register-delegated-administrator --service-principal member.org.stacksets.cloudformation.amazonaws.com --account-id ID`)"
    )]
    NotAdministrator,
    /// CloudFormation has no access to the organisation.
    #[error(
        "CloudFormation has no access to the organisation yet: run `aws cloudformation activate-organizations-access` with credentials of the management account (in the console: AWS Organizations, Services, CloudFormation StackSets), and this command again"
    )]
    NoTrustedAccess,
    /// Another operation runs and does not end.
    #[error(
        "another operation on the stack set {name} is still running: run the command again when `ssmbak-stack {name} status --stack-set` says that it has ended"
    )]
    Busy {
        /// The stack set.
        name: String,
    },
    /// Somebody else has changed it in between.
    #[error(
        "the stack set {name} was changed by someone else meanwhile: look at its status, and run the command again"
    )]
    Stale {
        /// The stack set.
        name: String,
    },
    /// It was created, and then refused its stacks.
    #[error(
        "the stack set {name} was created, but has no stacks: {reason}; `ssmbak-stack {name} create` goes on where it failed"
    )]
    WithoutStacks {
        /// The stack set.
        name: String,
        /// Why.
        reason: Box<StackSetError>,
    },
    /// The buckets with the history would be deleted with the stacks.
    #[error(
        "the template of the stack set {name} would have the buckets with the history deleted along with its stacks, and nothing was deleted: run `ssmbak-stack {name} update --stack-set` first, which makes them stay"
    )]
    WouldDeleteHistory {
        /// The stack set.
        name: String,
    },
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl StackSetError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Name { .. } => "StackName",
            Self::Missing { .. } => "StackSetMissing",
            Self::Exists { .. } => "StackSetExists",
            Self::Foreign { .. } => "StackSetForeign",
            Self::NoTargets { .. } => "StackSetTargets",
            Self::OfOnePlace { .. } => "StackSetParameter",
            Self::NotAdministrator => "StackSetNotAdministrator",
            Self::NoTrustedAccess => "StackSetNoTrustedAccess",
            Self::Busy { .. } => "StackSetBusy",
            Self::Stale { .. } => "StackSetStale",
            Self::WithoutStacks { reason, .. } => reason.code(),
            Self::WouldDeleteHistory { .. } => "StackWouldDeleteHistory",
            Self::Call(error) => error.code(),
        }
    }

    /// The error of a call about a stack set that failed.
    pub(super) fn of<E>(task: Task, name: &str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match (error.code(), error.message()) {
            (Some("StaleRequestException"), _) => Self::Stale { name: name.to_owned() },
            (_, Some(message)) if is_not_administrator(message) => Self::NotAdministrator,
            (_, Some(message)) if lacks_trusted_access(message) => Self::NoTrustedAccess,
            _ => task.failed(error).into(),
        }
    }
}

/// There is no code for these two: both are a `ValidationError`, told apart by their words.
fn is_not_administrator(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("delegated admin") && (message.contains("management account") || message.contains("master"))
}

fn lacks_trusted_access(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("enable organizations access") || message.contains("trusted access")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_by_their_words() {
        // As others have reported them: hashicorp/terraform-provider-aws#22867, pepperize/cdk-organizations#1718.
        for words in [
            "You must be the management account or delegated admin account of an organization before operating a SERVICE_MANAGED stack set",
            "You must be the master or delegated admin account of an organization before operating a SERVICE_MANAGED stack set",
        ] {
            assert!(is_not_administrator(words) && !lacks_trusted_access(words), "{words}");
        }
        let access = "You must enable organizations access to operate a service managed stack set";
        assert!(lacks_trusted_access(access) && !is_not_administrator(access));
    }
}
