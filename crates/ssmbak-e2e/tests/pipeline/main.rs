//! The whole pipeline on one machine: the stack deployed by the real command, events, queue, the real function, the bucket,
//! and the real commands on it.

mod dead_letters;
mod delete;
mod deployment;
mod doctor;
mod history;
mod incident;
mod pipeline;
mod redrive;
mod regions;
mod rehearsal;
#[allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]
#[path = "../../../ssmbak-cli/tests/common/schema.rs"]
mod schema;
mod schemas;
mod scope;
mod stale;
mod sweep;
mod upgrade;
mod vault;
