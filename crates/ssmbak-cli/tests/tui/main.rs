//! The real commands on a terminal, as somebody in front of it sees them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

#[path = "../common/mod.rs"]
mod common;

mod browse;
mod captures;
mod confirm;
mod shop;
mod terminal;

use std::time::Duration;

use common::World;

/// Whatever is put from now on is of another second than what was put before.
async fn next_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// The pipeline, on a good day.
fn records(world: &World, root: &str) {
    let ran = world.run(&format!("ssmbak-all --do-it -p {root}"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}
