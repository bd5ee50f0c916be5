//! A stack at CloudFormation: the thin side, one file per concern.

mod change;
mod delete;
mod describe;
mod list;
mod watch;

use std::time::Duration;

use aws_sdk_cloudformation::Client;

use crate::error::StackError;
use crate::template::{TEMPLATE, is_stack_name};

pub use change::Request;
pub use describe::{Description, Output, Parameter, Resource};
pub use list::{ListedStack, list};

/// How often CloudFormation is asked for news, unless told otherwise: often enough to watch, seldom enough for its quota.
const POLLING: Duration = Duration::from_secs(2);

/// A stack, existing or not.
#[derive(Clone, Debug)]
pub struct Stack {
    client: Client,
    name: String,
    region: String,
    template: &'static str,
    polling: Duration,
}

impl Stack {
    /// Names a stack. The region is the client's, for messages and for where the function's code has to be.
    ///
    /// # Errors
    /// [`StackError::Name`] if no stack of ours can have the name.
    pub fn new(client: Client, name: &str, region: &str) -> Result<Self, StackError> {
        if !is_stack_name(name) {
            return Err(StackError::Name { name: name.to_owned() });
        }
        Ok(Self { client, name: name.to_owned(), region: region.to_owned(), template: TEMPLATE, polling: POLLING })
    }

    /// Takes another template than the pipeline's.
    #[must_use]
    pub fn with_template(self, template: &'static str) -> Self {
        Self { template, ..self }
    }

    /// Sets how often CloudFormation is asked for news.
    #[must_use]
    pub fn polling(self, polling: Duration) -> Self {
        Self { polling, ..self }
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stack's region.
    pub fn region(&self) -> &str {
        &self.region
    }

    fn missing(&self) -> StackError {
        StackError::Missing { name: self.name.clone(), region: self.region.clone() }
    }

    async fn pause(&self) {
        tokio::time::sleep(self.polling).await;
    }
}
