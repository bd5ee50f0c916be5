//! The emulators of AWS and the original tool, as processes: prepared, started, awaited and ended.
//!
//! Nothing in here knows the AWS SDK, so that the project's own tasks (`cargo xtask`) compile in seconds. What the tests
//! need beyond it (clients) is in `ssmbak-testkit`.
//!
//! - [`Venv`]: the Python environment under `target/`, installed once from `local/requirements.txt`.
//! - [`Moto`] and [`Ministack`]: the two emulators, on loopback, in memory, ended with their owner.
//! - [`CallRecorder`]: stands before an emulator and notes which operations are called.
//! - [`FaultProxy`]: stands before an emulator and fails the calls that it is told to.
//! - [`RuntimeApi`] and [`LambdaProcess`]: a Lambda Runtime API, and the real function run against it.
//! - [`Original`]: ssmbak 0.5.2, the tool that this project replaces, as a peer.
//! - [`s3_server::S3Server`]: a small S3 for versioned buckets, with latency and faults.
//! - [`StackSets`]: the stack sets of an organisation, as far as CloudFormation's API goes.
//! - [`AwsErrors`]: the error codes that AWS names.
//! - [`binary`]: the project's own commands, as built.

mod aws_errors;
mod calls;
mod emulators;
mod environment;
mod error;
mod faults;
pub mod http;
mod lambda;
mod original;
mod places;
mod process;
mod runtime_api;
pub mod s3_server;
mod stack_sets;
mod venv;
mod wire;

pub use aws_errors::AwsErrors;
pub use calls::{Call, CallRecorder};
pub use emulators::{Delays, Ministack, Moto};
pub use environment::{ACCESS_KEY, OTHER_ACCOUNTS, REGION, SECRET_KEY, clean, environment};
pub use error::{Error, Result};
pub use faults::{Fault, FaultProxy, REQUEST_ID};
pub use lambda::LambdaProcess;
pub use original::Original;
pub use places::{binary, find_binary, target_dir, workspace_dir};
pub use runtime_api::{InvocationError, InvocationOutcome, RuntimeApi};
pub use s3_server::S3Server;
pub use stack_sets::StackSets;
pub use venv::Venv;
