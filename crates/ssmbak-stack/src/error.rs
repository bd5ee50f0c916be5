//! What can go wrong with a stack.

use crate::artifacts::ArtifactsError;
use crate::call::CallError;
use crate::event::FirstCause;
use crate::existing_bucket::ExistingBucketError;
use crate::function_code::CodeError;
use crate::parameters::ParameterError;
use crate::stack_set::StackSetError;
use crate::status::StackStatus;
use crate::template::MAX_STACK_NAME;

/// Whatever can go wrong in this crate. Each message is one sentence with what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The function's executable cannot be deployed.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// A parameter cannot be set.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The existing bucket cannot be used.
    #[error(transparent)]
    ExistingBucket(#[from] ExistingBucketError),
    /// The function's code cannot be stored.
    #[error(transparent)]
    Artifacts(#[from] ArtifactsError),
    /// The stack does not allow it, or failed.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The stack set does not allow it, or failed.
    #[error(transparent)]
    StackSet(#[from] StackSetError),
}

impl Error {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Code(error) => error.code(),
            Self::Parameter(ParameterError::Unknown { .. }) => "ParameterUnknown",
            Self::Parameter(ParameterError::FilledIn { .. } | ParameterError::Followed) => "ParameterFilledIn",
            Self::Parameter(ParameterError::Scope(_)) => "Scope",
            Self::ExistingBucket(error) => error.code(),
            Self::Artifacts(error) => error.code(),
            Self::Stack(error) => error.code(),
            Self::StackSet(error) => error.code(),
        }
    }
}

/// The stack does not allow it, or failed.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The name is none that a stack of ours can have.
    #[error(
        "{name:?} cannot be the name of a stack: take letters, digits and hyphens, a letter first, at most {MAX_STACK_NAME} of them"
    )]
    Name {
        /// The name that was given.
        name: String,
    },
    /// There is no such stack.
    #[error(
        "there is no stack {name} in {region}: create it with `ssmbak-stack {name} create`, or choose another region with --region"
    )]
    Missing {
        /// The stack.
        name: String,
        /// The region that was asked.
        region: String,
    },
    /// There is no such stack, which was to be deleted.
    #[error(
        "there is no stack {name} in {region}, so nothing was deleted: check the name, or choose another region with --region"
    )]
    NothingToDelete {
        /// The stack.
        name: String,
        /// The region that was asked.
        region: String,
    },
    /// It is protected from being deleted.
    #[error(
        "the stack {name} is protected from deletion, so nothing was deleted: take the protection off with `aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name {name} --region {region}`, and delete it then"
    )]
    Protected {
        /// The stack.
        name: String,
        /// Its region.
        region: String,
    },
    /// The bucket with the history would be deleted with the stack, or a key that it is encrypted with.
    #[error(
        "the template that the stack {name} was deployed with would have {resource} ({physical_id}), and the history with it, deleted along with the stack, and nothing was deleted: run `ssmbak-stack {name} update` first, which makes it stay"
    )]
    WouldDeleteHistory {
        /// The stack.
        name: String,
        /// The resource's name in the template.
        resource: String,
        /// Its own name.
        physical_id: String,
    },
    /// It is to be created and exists.
    #[error("the stack {name} exists already ({status}): bring it up to date with `ssmbak-stack {name} update`")]
    Exists {
        /// The stack.
        name: String,
        /// Its status.
        status: StackStatus,
    },
    /// It is being worked on.
    #[error(
        "the stack {name} is being worked on ({status}): wait until `ssmbak-stack {name} status` says that it is complete"
    )]
    Busy {
        /// The stack.
        name: String,
        /// Its status.
        status: StackStatus,
    },
    /// An earlier creation failed and left an empty stack.
    #[error(
        "an earlier creation of the stack {name} failed and left it empty: `ssmbak-stack {name} create` removes it and starts anew"
    )]
    FailedCreation {
        /// The stack.
        name: String,
    },
    /// CloudFormation cannot go on by itself.
    #[error("the stack {name} is stuck ({status}): {way_out}")]
    Stuck {
        /// The stack.
        name: String,
        /// Its status.
        status: StackStatus,
        /// The one command that helps.
        way_out: String,
    },
    /// CloudFormation cannot work out what to change.
    #[error("failed to create a change set for the stack {name}: {reason}; fix that and run the command again")]
    ChangeSet {
        /// The stack.
        name: String,
        /// What CloudFormation says.
        reason: String,
    },
    /// The bucket with the history would be exchanged for an empty one.
    #[error(
        "the update of the stack {name} would put another bucket in the place of {bucket} and was not made: nothing has changed, please report this"
    )]
    WouldLoseBucket {
        /// The stack.
        name: String,
        /// The bucket.
        bucket: String,
    },
    /// It was carried out and failed; CloudFormation has put things back.
    #[error("the stack {name} ended in {status}: {}", cause_or_silence(cause.as_ref()))]
    Failed {
        /// The stack.
        name: String,
        /// Where it ended.
        status: StackStatus,
        /// What failed first, if that is known.
        cause: Option<FirstCause>,
    },
    /// The stack has no such resource, so it is none of ours.
    #[error("the stack {name} has no resource {resource}, so it is not one of ssmbak: check the name")]
    NoResource {
        /// The stack.
        name: String,
        /// The resource's name in the template.
        resource: &'static str,
    },
    /// It is a vault, and was to become a pipeline.
    #[error("the stack {name} is a vault: bring it up to date with `ssmbak-stack {name} create-vault`")]
    IsVault {
        /// The stack.
        name: String,
    },
    /// It exists and is no vault.
    #[error("the stack {name} exists already and is not a vault: choose another name for the vault")]
    NotVault {
        /// The stack.
        name: String,
    },
    /// The vault keeps the history of another account or region, whose parameters may have the same names.
    #[error(
        "the vault {name} keeps the history of {account} in {region} and of nothing else: create another vault for this one"
    )]
    VaultTaken {
        /// The stack.
        name: String,
        /// The account.
        account: String,
        /// The region.
        region: String,
    },
    /// The stack keeps nothing that failed.
    #[error(
        "the stack {name} keeps no failures that could be put back: `ssmbak-stack {name} update` gives it queues for them"
    )]
    NoFailuresKept {
        /// The stack.
        name: String,
    },
    /// A call to AWS failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl StackError {
    /// A stable name of the error, for programs.
    pub fn code(&self) -> &str {
        match self {
            Self::Name { .. } => "StackName",
            Self::Missing { .. } | Self::NothingToDelete { .. } => "StackMissing",
            Self::Protected { .. } => "StackProtected",
            Self::WouldDeleteHistory { .. } => "StackWouldDeleteHistory",
            Self::Exists { .. } => "StackExists",
            Self::Busy { .. } => "StackBusy",
            Self::FailedCreation { .. } => "StackCreationFailed",
            Self::Stuck { .. } => "StackStuck",
            Self::ChangeSet { .. } => "ChangeSetFailed",
            Self::WouldLoseBucket { .. } => "StackWouldLoseBucket",
            Self::Failed { .. } => "StackFailed",
            Self::NoResource { .. } => "StackForeign",
            Self::IsVault { .. } | Self::NotVault { .. } => "StackExists",
            Self::VaultTaken { .. } => "VaultTaken",
            Self::NoFailuresKept { .. } => "NoFailuresKept",
            Self::Call(error) => error.code(),
        }
    }
}

fn cause_or_silence(cause: Option<&FirstCause>) -> String {
    match cause {
        Some(cause) => cause.to_string(),
        None => "CloudFormation gives no reason; look at its events in the console".to_owned(),
    }
}
