//! Whatever fails, nothing is lost, and what is said is so: commands whose calls fail, one at a time.
//!
//! The sample runs with all other tests; `cargo xtask test --full` fails every operation at its first, second, middle and
//! last call in every way, and prints the table of docs/FAULTS.md.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "what a test cannot do is its failure")]

#[path = "../common/mod.rs"]
mod common;
mod interruption;
mod kills;
mod matrix;
mod refusals;
mod tree;

/// Whether every combination is to be tried.
fn is_full() -> bool {
    std::env::var_os("SSMBAK_TEST_FULL").is_some()
}
