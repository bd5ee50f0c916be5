//! Point-in-time recovery for AWS SSM Parameter Store, as a library.
//!
//! [`ParamPath`] previews and restores a parameter, a path or a tree to an instant; [`Capture`] brings the bucket up to
//! date with Parameter Store, for one event or for all parameters. Both work over [`ParameterStore`] and
//! [`BackupBucket`], which [`store::SsmParameterStore`] and [`bucket::S3BackupBucket`] implement with the AWS SDK.
//!
//! [`S3Path`] and [`s3`] do the same for the objects of any versioned bucket.
//!
//! The library reads no environment, prints nothing and asks no clock but the one it is given. What is decided is decided
//! in [`ssmbak_core`]; here it is carried out.

pub mod bucket;
pub mod capture;
pub mod clock;
mod concurrency_limiter;
pub mod destination;
pub mod diff;
pub mod drill;
mod error;
#[cfg(test)]
mod futures_are_send;
pub mod history;
pub mod mark;
mod param_path;
mod policy;
mod rate_limiter;
pub mod read;
pub mod recording_scope;
pub mod rehearsal;
pub mod restore;
mod retry;
pub mod s3;
mod spawn;
pub mod store;
pub mod sweep;
pub mod trash;
pub mod verify;

pub use bucket::BackupBucket;
pub use capture::Capture;
pub use concurrency_limiter::ConcurrencyLimiter;
pub use error::{Error, ErrorKind};
pub use param_path::ParamPath;
pub use policy::RequestPolicy;
pub use s3::S3Path;
pub use ssmbak_core as core;
pub use store::ParameterStore;

/// How many requests are under way at once, where nothing else bounds them.
///
/// Enough to hide the latency of S3, few enough for a common limit of 1,024 open files.
pub(crate) const CONCURRENCY: usize = 64;

/// How many requests to Parameter Store are under way at once: its read quota is 40 a second per account and region.
pub(crate) const STORE_CONCURRENCY: usize = 16;
