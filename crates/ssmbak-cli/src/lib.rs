//! The commands `ssmbak`, `ssmbak-all`, `ssmbak-stack` and `s3bak`.
//!
//! A command reads its arguments, asks the library for a plan, prints it and has it applied. [`ui`] alone owns the
//! terminal, [`report`] decides how things look, [`aws`] is the way to AWS, [`error`] and [`exit`] say how it ends.

pub mod arguments;
pub mod arn;
pub mod aws;
mod browse;
pub mod bucket;
pub mod commands;
pub mod context;
pub mod error;
pub mod exit;
pub mod export;
mod function_file;
pub mod global;
pub mod interrupt;
pub mod logging;
pub mod output_file;
mod panics;
pub mod query_args;
pub mod report;
mod run;
pub mod s3;
pub mod selection_args;
pub mod stack;
pub mod suggested_command;
pub mod time_args;
pub mod ui;
pub mod zone;

pub use run::{main_all, main_s3bak, main_ssmbak, main_stack};
