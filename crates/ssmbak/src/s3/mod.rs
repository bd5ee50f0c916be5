//! Any versioned bucket at any instant: one key ([`S3Path`]) and trees ([`tree`]).
//!
//! What is decided is decided in [`ssmbak_core::object`]; one file here per operation of S3 or concern.

mod compare;
mod copy;
mod download;
mod head;
mod list;
mod multipart;
mod object_bucket;
mod raw_order;
mod rehydrate;
mod s3_path;
pub mod tree;
mod undelete;
mod verify;

pub use copy::{CopyOptions, Destination, Kept};
pub use download::part_file;
pub use object_bucket::{ObjectBucket, Versioning};
pub use rehydrate::{Readiness, RehydrateOptions, Tier, readiness};
pub use s3_path::{Restored, S3Path};
pub use undelete::Undeletable;
