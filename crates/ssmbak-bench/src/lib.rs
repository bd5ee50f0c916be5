//! How fast ssmbak is.
//!
//! The emulators answer some hundred requests a second, which measures them and not their callers. So there is a server
//! of its own here, of the few read operations involved, with a latency that is set.
//!
//! - [`Spec`]: how large a history is, and how the bucket came to hold it.
//! - [`History`]: the parameters' lives, generated from a seed: nothing is stored, everything is worked out when asked
//!   for, so that a million versions need no memory.
//! - [`Bucket`]: the same lives as they were recorded in the bucket.
//! - [`Model`]: what a preview must say, known from the lives and not from the records.
//! - [`Server`]: S3 and Parameter Store over HTTP, with its requests counted.

mod bucket;
mod history;
mod model;
mod server;
mod spec;

pub use bucket::{Bucket, Kind, Row};
pub use history::{Deed, Done, History};
pub use model::{Expected, Model};
pub use server::{Conditions, Counts, NEIGHBOUR, Operation, Server};
pub use spec::{Spec, Variant};

/// The name of the one bucket.
pub const BUCKET: &str = "bench";
/// The path that all parameters are below.
pub const PATH: &str = "/bench/";
