//! A stack set at CloudFormation: the same stack in many accounts and regions of an organisation.
//!
//! Its permissions are service-managed: CloudFormation itself deploys to the accounts of organizational units, and to accounts
//! that join them later. [`plan`] decides what to do; the other files are one concern of CloudFormation each.

mod change;
mod delete;
mod describe;
mod error;
mod list;
mod operation;
pub mod plan;

use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::types::CallAs;

use crate::template::{TEMPLATE, is_stack_name};

pub use describe::{Deployed, Instance};
pub use error::StackSetError;
pub use list::list;
pub use operation::SetOperation;

/// The longest name that works: the functions are called like the stacks, `StackSet-NAME-` and 36 characters, and may have 64.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html>
pub const MAX_SET_NAME: usize = 18;

/// A stack set, existing or not.
#[derive(Clone, Debug)]
pub struct StackSet {
    client: Client,
    name: String,
    region: String,
    template: &'static str,
    call_as: CallAs,
    polling: Duration,
}

impl StackSet {
    /// Names a stack set of the client's region.
    ///
    /// # Errors
    /// [`StackSetError::Name`] if no stack set of ours can have the name.
    pub fn new(client: Client, name: &str, region: &str) -> Result<Self, StackSetError> {
        if !is_stack_name(name) || name.len() > MAX_SET_NAME {
            return Err(StackSetError::Name { name: name.to_owned() });
        }
        let (name, region) = (name.to_owned(), region.to_owned());
        Ok(Self {
            client,
            name,
            region,
            template: TEMPLATE,
            call_as: CallAs::SelfValue,
            polling: Duration::from_secs(5),
        })
    }

    /// Calls as a delegated administrator of the organisation, and not as its management account.
    #[must_use]
    pub fn as_delegated_admin(self, delegated: bool) -> Self {
        Self { call_as: call_as(delegated), ..self }
    }

    /// Sets how often CloudFormation is asked for news.
    #[must_use]
    pub fn polling(self, polling: Duration) -> Self {
        Self { polling, ..self }
    }

    /// The stack set's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The region that the stack set is in, which its stacks need not be.
    pub fn region(&self) -> &str {
        &self.region
    }

    fn missing(&self) -> StackSetError {
        StackSetError::Missing { name: self.name.clone(), region: self.region.clone() }
    }

    async fn pause(&self) {
        tokio::time::sleep(self.polling).await;
    }
}

fn call_as(delegated: bool) -> CallAs {
    if delegated { CallAs::DelegatedAdmin } else { CallAs::SelfValue }
}
