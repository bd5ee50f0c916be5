//! The pipeline of ssmbak as a CloudFormation stack: its template, the function's code, and the stack's life.
//!
//! Deciding is apart from doing. Pure, over plain values: the [`template`] itself, the [`parameters`] to give it, what an
//! executable was built for ([`elf`]), the function's package ([`function_code`]), what a stack's [`status`] allows, what
//! a change set means ([`change_set`]) and what made a stack fail ([`event`]). Thin, one per concern, over injected
//! clients: the [`artifacts`] bucket, the [`Stack`] and the [`StackSet`]. [`prepare`] puts them together.
//!
//! A deployment goes in three steps, so that whoever runs it can look before anything happens: read the code
//! ([`FunctionCode::from_file`]), [`prepare`] the change set, [`Stack::execute`] it.
//!
//! The crate reads no environment, prints nothing and keeps no state.

pub mod artifacts;
mod call;
pub mod change_set;
pub mod deletion;
mod deploy;
mod deployed;
pub mod doctor;
pub mod elf;
mod error;
pub mod event;
pub mod existing_bucket;
pub mod first_sweep;
pub mod function_code;
pub mod parameters;
mod queue;
pub mod redrive;
mod stack;
pub mod stack_set;
pub mod status;
pub mod tags;
pub mod template;
pub mod vault;

pub use call::CallError;
pub use change_set::{Change, ChangeSet, ParameterChange, Prepared};
pub use deletion::Deletion;
pub use deploy::{Code, Deployment, prepare};
pub use deployed::DeployedTemplate;
pub use elf::Architecture;
pub use error::{Error, StackError};
pub use event::{FirstCause, StackEvent};
pub use function_code::{CodeError, FunctionCode};
pub use parameters::ParameterError;
pub use queue::QueueState;
pub use stack::{Description, ListedStack, Output, Parameter, Request, Resource, Stack, list};
pub use stack_set::{StackSet, StackSetError};
pub use status::{Operation, StackStatus};
