//! Beside the tool that this project replaces: buckets of ssmbak 0.5.2 read by us, ours read by it, and what it does wrong.
//!
//! All on moto, with the original's own handler, library and commands, our function's real binary and our real commands.

mod defects;
mod life;
mod mixed;
mod ours;
mod s3bak;
mod theirs;
