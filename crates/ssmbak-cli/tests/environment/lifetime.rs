//! Credentials that end while a restore is at work.

use std::path::Path;
use std::process::Command;

use crate::common::{Outcome, Ran, World};

/// A program that prints credentials for thirteen seconds, so that they are asked for anew after three: the SDK does so ten
/// seconds before their end. It notes each call, and gives none once there is a file `ended`.
const PROGRAM: &str = r#"#!/bin/sh
cd "$(dirname "$0")"
echo call >> calls
if [ -e ended ]; then
    echo "the session has ended" >&2
    exit 1
fi
printf '{"Version":1,"AccessKeyId":"K","SecretAccessKey":"s","SessionToken":"t","Expiration":"%s"}' \
    "$(date -u -d '+13 seconds' +%Y-%m-%dT%H:%M:%SZ)"
"#;

/// A home whose default profile asks the program.
fn home() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("program");
    std::fs::write(&program, PROGRAM).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
    std::fs::create_dir(home.path().join(".aws")).unwrap();
    let config = format!("[default]\nregion = us-east-1\ncredential_process = {}\n", program.display());
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    home
}

fn restore(world: &World, home: &Path, tree: &str) -> Command {
    let mut command: Command = world.command(&format!("ssmbak restore {tree} 2024-02-01 -R --put-rate 1"));
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONFIG_FILE"] {
        command.env_remove(name);
    }
    command.env("HOME", home).env("PATH", "/usr/bin:/bin");
    command
}

/// How many parameters are restored, one a second.
const TREE: usize = 12;

async fn tree(world: &World, tree: &str) {
    for number in 0..TREE {
        world.recorded(&format!("{tree}{number}"), "then", "2024-01-01T10:00:00Z", "String", None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_outlives_its_credentials_asks_for_new_ones() -> Outcome {
    let world = World::new("lifetime-refresh").await;
    tree(&world, "/refreshed/").await;
    let home = home();
    let ran = Ran::of(&mut restore(&world, home.path(), "/refreshed/"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let calls = std::fs::read_to_string(home.path().join("calls"))?.lines().count();
    assert!(calls >= 3, "{calls} calls: {ran:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_whose_credentials_end_stops_says_what_is_done_and_goes_on_later() -> Outcome {
    let world = World::new("lifetime-end").await;
    tree(&world, "/ended/").await;
    let home = home();
    let ended = home.path().join("ended");
    let mut command = restore(&world, home.path(), "/ended/");
    let running = tokio::task::spawn_blocking(move || Ran::of(&mut command));
    while !running.is_finished() && world.value("/ended/1").await.is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    std::fs::write(&ended, "")?;
    let ran = running.await?;
    assert_eq!(ran.code, Some(3), "{ran:?}");
    let done = async || {
        let mut done = 0;
        for number in 0..TREE {
            done += usize::from(world.value(&format!("/ended/{number}")).await.is_some());
        }
        done
    };
    let first = done().await;
    assert!((1..TREE).contains(&first), "{first}: {ran:?}");
    assert!(ran.out.contains(&format!("{first} created, 1 failed, {} skipped", TREE - 1 - first)), "{ran:?}");
    assert!(
        ran.err.contains("hint: the credentials ended: log in again, then run the command again to finish"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("no AWS credentials were found"), "{ran:?}");
    std::fs::remove_file(&ended)?;
    let ran = Ran::of(&mut restore(&world, home.path(), "/ended/"));
    assert_eq!((ran.code, done().await), (Some(0), TREE), "{ran:?}");
    Ok(())
}
