//! What the crate promises, seen from outside: the template as a tree, the stack and its bucket against a scripted AWS.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod alarms;
mod artifacts;
mod bucket;
mod cdk;
mod conditions;
mod costs;
mod delete;
mod existing_bucket;
mod first_sweep;
mod lint;
mod list;
mod pairs;
mod redrive;
mod role;
mod script;
mod security;
mod stack;
mod template;
mod terraform;
mod tree;
mod vault;
