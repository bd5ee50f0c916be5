//! What the tests of ssmbak share.
//!
//! - The emulators, the Lambda Runtime API and the original tool, from `ssmbak-emulators`: [`Moto`], [`Ministack`],
//!   [`RuntimeApi`], [`Original`], [`S3Server`], [`binary`], …
//! - [`ssm_client`], [`tagging_client`] and [`s3_client`]: the official SDK, pointed at an emulator.
//! - [`CallRecorder`]: stands before an emulator and notes which operations are called.

mod clients;

pub use clients::{create_versioned_bucket, s3_client, ssm_client, tagging_client};
pub use ssmbak_emulators::{
    AwsErrors, Call, CallRecorder, Delays, Error, Fault, FaultProxy, InvocationError, InvocationOutcome, LambdaProcess,
    Ministack, Moto, OTHER_ACCOUNTS, Original, REGION, REQUEST_ID, Result, RuntimeApi, S3Server, StackSets, Venv,
    binary, clean, environment, find_binary, http, s3_server, target_dir, workspace_dir,
};
