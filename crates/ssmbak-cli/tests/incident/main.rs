//! The commands of a bad night on moto: what happened, what differs, what is gone, and is the backup whole.
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

#[path = "../common/mod.rs"]
mod common;

mod changes;
mod completion;
mod evidence;
mod marks;
mod trash;
mod values;

use std::time::Duration;

use common::World;
use serde_json::Value;

/// Whatever is put from now on is of another second than what was put before.
async fn next_second() -> String {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let now = jiff::Timestamp::now().to_string();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    now
}

fn records(world: &World, path: &str) {
    let ran = world.run(&format!("ssmbak all -p {path} --do-it"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

fn of<'a>(rows: &'a Value, key: &str) -> Vec<&'a Value> {
    rows.as_array().unwrap().iter().map(|row| &row[key]).collect()
}

/// A tree with a past: an update, a secret that changed, a deletion, a re-creation, and nothing recorded of one.
async fn past(world: &World, root: &str) -> String {
    let name = |last: &str| format!("{root}/{last}");
    world.put(&name("host"), "alpha", "String").await;
    world.put(&name("key"), "hush-1", "SecureString").await;
    world.put(&name("pem"), "one\ntwo\nthree\n", "String").await;
    world.put(&name("gone"), "to be deleted\n", "String").await;
    records(world, root);
    let then = next_second().await;
    world.put(&name("host"), "omega", "String").await;
    world.put(&name("key"), "hush-22", "SecureString").await;
    world.put(&name("pem"), "one\nTWO\nthree\n", "String").await;
    world.put(&name("new"), "fresh", "String").await;
    world.delete(&name("gone")).await;
    then
}
