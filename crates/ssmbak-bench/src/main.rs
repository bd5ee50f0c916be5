//! The server of generated histories as a program of its own, and what is measured against it.
#![allow(clippy::print_stdout, reason = "what is measured is for the person who runs it")]

fn main() {}
