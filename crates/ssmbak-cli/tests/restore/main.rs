//! What belongs to restoring, on moto: saved plans, the records of restores, undoing them.
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

#[path = "../common/mod.rs"]
mod common;
mod consent;
mod cross_account;
mod destination;
mod drill;
mod plans;
mod tags;
mod undo;

use std::time::Duration;

use common::World;

/// Whatever is put from now on is of another second than what was put before.
async fn next_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

/// A tree that was recorded and has changed since: one row of each kind. Returns the time before the changes.
async fn changed(world: &World, root: &str) -> String {
    for name in ["changed", "gone"] {
        world.put(&format!("{root}/{name}"), "one", "String").await;
    }
    world.put(&format!("{root}/secret"), "hush-hush", "SecureString").await;
    records(world, root);
    next_second().await;
    let then = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    next_second().await;
    world.put(&format!("{root}/changed"), "two", "String").await;
    world.put(&format!("{root}/secret"), "louder", "SecureString").await;
    world.put(&format!("{root}/new"), "new", "String").await;
    records(world, root);
    // Nobody has heard of it: a sweep would find it missing, and not know since when.
    world.delete(&format!("{root}/gone")).await;
    next_second().await;
    then
}

/// The pipeline, on a good day.
fn records(world: &World, root: &str) {
    let ran = world.run(&format!("ssmbak-all --do-it -p {root}"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

/// What is there now, by the names in [`changed`].
async fn state(world: &World, root: &str) -> [Option<String>; 4] {
    let of = async |name: &str| world.value(&format!("{root}/{name}")).await;
    [of("changed").await, of("gone").await, of("new").await, of("secret").await]
}

fn some(values: [&str; 4]) -> [Option<String>; 4] {
    values.map(|value| Some(value.to_owned()).filter(|value| !value.is_empty()))
}
