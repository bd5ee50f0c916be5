//! Beside the tool that this project replaces: buckets of ssmbak 0.5.2 read by us, ours read by it, and what it does wrong.
//!
//! All on moto, with the original's own handler, library and commands, our function's real binary and our real commands.

mod defects;
mod mixed;
mod original_reads_our_bucket;
mod s3bak;
mod scenario;
mod we_read_its_bucket;
