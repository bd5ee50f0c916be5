//! What the tests of ssmbak share.
//!
//! - The emulators and the original tool, from `ssmbak-emulators`: [`Moto`], [`Ministack`], [`Original`], [`S3Server`], [`binary`].
//! - [`ssm_client`] and [`s3_client`]: the official SDK, pointed at an emulator.
//! - [`CallRecorder`]: stands before an emulator and notes which operations are called.
//! - [`RuntimeApi`] and [`LambdaProcess`]: a Lambda Runtime API, and the real function run against it.

mod calls;
mod clients;
mod lambda;
mod runtime_api;
mod wire;

pub use calls::{Call, CallRecorder};
pub use clients::{create_versioned_bucket, s3_client, ssm_client};
pub use lambda::LambdaProcess;
pub use runtime_api::{InvocationError, InvocationOutcome, RuntimeApi};
pub use ssmbak_emulators::{
    Error, Ministack, Moto, Original, REGION, Result, S3Server, Venv, binary, clean, environment, find_binary, http,
    s3_server, target_dir, workspace_dir,
};
