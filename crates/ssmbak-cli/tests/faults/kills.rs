//! Commands that are killed at random moments.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use crate::is_full;
use crate::tree::{Tree, now, then};

const BOUND: Duration = Duration::from_secs(60);

/// Up to so many milliseconds, by chance.
fn chance(most: u64) -> u64 {
    RandomState::new().hash_one(0) % most
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_restore_loses_nothing_and_is_finished_by_running_it_again() {
    let rounds: Vec<String> = (0..if is_full() { 150 } else { 3 }).map(|round| format!("killed{round}")).collect();
    for tree in Tree::several("bucket-killed", &rounds).await {
        let line = format!("ssmbak restore {}/ -R {} -y -o json", tree.root, tree.then);
        let mut child = tree.command(&line).spawn().unwrap();
        let after = chance(2_000);
        tokio::time::sleep(Duration::from_millis(after)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let state = tree.state().await;
        for (name, (_, value, _)) in now() {
            let there = state.get(&name).is_some_and(|(_, now, _)| *now == value);
            assert!(there || tree.recorded(&name).await.contains(&value), "{name} is lost after {after} ms");
        }
        let ran = tree.run(&line, BOUND).await.unwrap();
        assert_eq!((ran.code, tree.state().await), (Some(0), then()), "killed after {after} ms: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_recording_is_finished_by_running_it_again() {
    let rounds: Vec<String> = (0..if is_full() { 50 } else { 2 }).map(|round| format!("killedall{round}")).collect();
    for tree in Tree::several("bucket-killedall", &rounds).await {
        let line = format!("ssmbak-all -p {} --do-it -o json", tree.root);
        let mut child = tree.command(&line).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(chance(1_000))).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(tree.run(&line, BOUND).await.unwrap().code, Some(0));
        for (name, (_, value, _)) in now() {
            assert!(tree.recorded(&name).await.contains(&value), "{name} is not recorded");
        }
        assert_eq!(tree.state().await, now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_undo_is_finished_by_running_it_again() {
    let rounds: Vec<String> = (0..if is_full() { 100 } else { 2 }).map(|round| format!("killedundo{round}")).collect();
    for tree in Tree::several("bucket-killedundo", &rounds).await {
        let restore = format!("ssmbak restore {}/ -R {} -y -o json", tree.root, tree.then);
        let ran = tree.run(&restore, BOUND).await.unwrap();
        let id = ran.err.split_once("ssmbak undo ").unwrap().1.split_whitespace().next().unwrap().to_owned();
        let line = format!("ssmbak undo {id} -y -o json");
        let mut child = tree.command(&line).spawn().unwrap();
        let after = chance(2_000);
        tokio::time::sleep(Duration::from_millis(after)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let ran = tree.run(&line, BOUND).await.unwrap();
        assert_eq!((ran.code, tree.state().await), (Some(0), now()), "killed after {after} ms: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_drill_changes_nothing_and_the_next_one_succeeds() {
    let rounds: Vec<String> = (0..if is_full() { 100 } else { 2 }).map(|round| format!("killeddrill{round}")).collect();
    for tree in Tree::several("bucket-killeddrill", &rounds).await {
        let line = format!("ssmbak drill {}/ -R {} -y -o json", tree.root, tree.then);
        let mut child = tree.command(&line).spawn().unwrap();
        let after = chance(2_000);
        tokio::time::sleep(Duration::from_millis(after)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(tree.state().await, now(), "killed after {after} ms");
        let ran = tree.run(&line, BOUND).await.unwrap();
        assert_eq!((ran.code, tree.state().await), (Some(0), now()), "killed after {after} ms: {ran:?}");
    }
}
