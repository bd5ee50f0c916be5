//! Any versioned bucket at any instant: one key ([`S3Path`]) and trees ([`tree`]).
//!
//! What is decided is decided in [`ssmbak_core::object`]; one file here per operation of S3 or concern.

mod acl;
mod batch;
mod byte_rate;
mod compare;
mod copy;
mod delete;
mod download;
pub(crate) mod get;
pub(crate) mod head;
mod headers;
pub(crate) mod list;
mod multipart;
pub(crate) mod object_bucket;
mod part_files;
pub(crate) mod put;
mod raw_order;
mod rehydrate;
mod requester_pays;
mod s3_path;
mod stream_copy;
mod tags;
pub mod tree;
mod undelete;
mod verify;

pub use batch::BatchControl;
pub use byte_rate::ByteRate;
pub use copy::{CopyOptions, Destination, Encryption, Kept};
pub use download::DownloadOptions;
pub use object_bucket::{ObjectBucket, Versioning};
pub use part_files::part_file;
pub use rehydrate::{Readiness, RehydrateOptions, Tier, readiness};
pub use s3_path::{Restored, S3Path};
pub use undelete::Undeletable;
