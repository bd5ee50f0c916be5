//! `cargo xtask s3-compare`: `s3bak` beside s3-pit-restore 0.9 and rclone on the same trees, one after the other.

use std::path::{Path, PathBuf};
use std::process::Command;

use ssmbak_emulators::{Venv, clean, environment, target_dir};

use super::bucket::{BUCKET, MOMENT, PREFIX, delay, start, wrong};
use super::measure::{self, Took};
use super::{not_restored, numbers, s3bak};
use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

const OTHER: &str = "s3-pit-restore";
const VERSION: &str = "0.9";

/// Builds and installs both, and lets each restore a tree of its own.
pub fn run(arguments: &[&str]) -> Outcome {
    let (dir, arguments) = match arguments.iter().position(|argument| *argument == "--dir") {
        Some(at) if at + 1 < arguments.len() => {
            (PathBuf::from(arguments[at + 1]), &[&arguments[..at], &arguments[at + 2..]].concat()[..])
        }
        _ => (target_dir(), arguments),
    };
    let [keys, latency] = numbers(arguments, ["--keys", "--latency"], [2_000, 20])?;
    let mut steps = Steps::default();
    let s3bak = s3bak(&mut steps, arguments)?;
    let script = install()?;
    println!("==> {keys} keys of 3 versions, every tenth deleted; {latency} ms a request; restored in their place");
    let theirs = |workers: &str| {
        one(keys, latency, || {
            let mut command = Command::new(Venv::ready()?.python());
            command.arg(&script).args(["-b", BUCKET, "-B", BUCKET, "-p", PREFIX]);
            command.args(["-t", &format!("{MOMENT}+00:00"), "--max-workers", workers]);
            Ok(command)
        })
    };
    let state = dir.join("s3-compare");
    drop(std::fs::remove_dir_all(&state));
    std::fs::create_dir_all(&state).map_err(Failure::io("make a directory"))?;
    let server = start(keys)?;
    delay(&server, latency);
    let ours = |name: &'static str, line: &[&str]| {
        let mut command = Command::new(&s3bak);
        clean(command.args(line)).envs(environment(&server.endpoint())).env("SSMBAK_BUCKET", BUCKET);
        let took = measure::run(name, command.env("XDG_STATE_HOME", &state).current_dir(&state), &server)?;
        println!("{}", took.line(&format!("s3bak {name}")));
        Ok::<Took, Failure>(took)
    };
    let restore = ours("restore", &["restore", PREFIX, MOMENT, "-R", "--yes"])?;
    match wrong(&server, keys) {
        0 => {}
        wrong => return Err(not_restored(wrong, keys)),
    }
    let preview = ours("preview", &["preview", PREFIX, MOMENT, "-R", "--summary"])?;
    let repeat = ours("restore again", &["restore", PREFIX, MOMENT, "-R", "--yes"])?;
    let get = ours("get", &["get", PREFIX, MOMENT, "--to-dir", "ours"])?;
    let rclone = match rclone()? {
        true => {
            let mut command = Command::new("rclone");
            let at = format!("{MOMENT}Z");
            command.args(["copy", &format!(":s3:{BUCKET}/{PREFIX}"), "theirs", "--s3-version-at", &at, "--fast-list"]);
            command.args(["--transfers", "128", "--checkers", "128", "--config", ""]);
            clean(&mut command).envs(environment(&server.endpoint())).current_dir(&state);
            command.envs([("RCLONE_S3_PROVIDER", "Other"), ("RCLONE_S3_ENV_AUTH", "true")]);
            command.env("RCLONE_S3_ENDPOINT", server.endpoint());
            let took = measure::run("rclone", &mut command, &server)?;
            println!("{}", took.line("rclone copy --transfers 128"));
            let (ours, theirs) = (files(&state.join("ours")), files(&state.join("theirs")));
            if (ours, theirs) != (keys, keys) {
                let seen = format!("{ours} files of s3bak's and {theirs} of rclone's");
                return Err(Failure::Unexpected { expected: format!("{keys} files"), seen });
            }
            Some(took)
        }
        false => {
            println!("!!! SKIPPED: rclone is not installed, and cannot be");
            None
        }
    };
    let fast = one(keys, latency, || {
        let mut command = Command::new(&s3bak);
        command.args(["restore", PREFIX, MOMENT, "-R", "--yes", "--fast", "-b", BUCKET]).env("XDG_STATE_HOME", &state);
        Ok(command)
    })?;
    println!("{}", fast.line("s3bak restore --fast"));
    drop(std::fs::remove_dir_all(&state));
    let default = theirs("10")?;
    println!("{}", default.line("s3-pit-restore (10 workers, its default)"));
    let many = theirs("128")?;
    println!("{}", many.line("s3-pit-restore --max-workers 128"));
    println!("s3bak reads each version's head as well, for what a plain copy loses; the other one does not.");
    let ratio = |of: &Took, to: &Took| of.time.as_secs_f64() / to.time.as_secs_f64();
    let best = if default.time < many.time { &default } else { &many };
    println!("restore: {:.1} times as fast as s3-pit-restore at its best", ratio(best, &restore));
    println!("restore --fast, which reads no head either: {:.1} times", ratio(best, &fast));
    println!("the same restore again: {:.2} times its preview", ratio(&repeat, &preview));
    if let Some(rclone) = rclone {
        println!("get: {:.1} times as fast as rclone", ratio(&rclone, &get));
    }
    Ok(())
}

/// Whether there is rclone, from Debian's package if need be.
fn rclone() -> Outcome<bool> {
    let is_there = || Command::new("rclone").arg("version").output().is_ok();
    if !is_there() {
        // Fails where there is no apt, and for whoever is not root.
        let install = "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rclone";
        let installed = Command::new("sh").args(["-c", install]).output();
        installed.map_err(Failure::io("run apt-get"))?;
    }
    Ok(is_there())
}

/// How many files there are in a directory and those below it.
fn files(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

/// Lets the other tool restore a tree of its own, and makes sure that all of it came back.
fn one(keys: u64, latency: u64, command: impl FnOnce() -> Outcome<Command>) -> Outcome<Took> {
    let server = start(keys)?;
    delay(&server, latency);
    let mut command = command()?;
    clean(&mut command).envs(environment(&server.endpoint()));
    let took = measure::run("restore", &mut command, &server)?;
    match wrong(&server, keys) {
        0 => Ok(took),
        wrong => Err(not_restored(wrong, keys)),
    }
}

/// Installs the other tool beside the emulators' Python environment, which has all that it needs.
fn install() -> Outcome<PathBuf> {
    let dir = target_dir().join(OTHER);
    let script = dir.join("bin").join(OTHER);
    if !script.is_file() {
        let mut pip = Command::new(Venv::ready()?.python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"]);
        pip.arg("--target").arg(&dir).arg(format!("{OTHER}=={VERSION}"));
        let status = pip.status().map_err(Failure::io("run pip"))?;
        if !status.success() || !script.is_file() {
            return Err(Failure::Step { name: "install s3-pit-restore", command: "pip install".to_owned() });
        }
    }
    Ok(script)
}
