//! `cargo xtask s3-compare`: `s3bak` and s3-pit-restore 0.9 on the same tree, one after the other.

use std::path::PathBuf;
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
    let [keys, latency] = numbers(arguments, ["--keys", "--latency"], [2_000, 20])?;
    let mut steps = Steps::default();
    let s3bak = s3bak(&mut steps, arguments)?;
    let script = install()?;
    println!("==> {keys} keys of 3 versions, every tenth deleted; {latency} ms a request; restored in their place");
    let theirs = |workers: &str| {
        one(keys, latency, |_| {
            let mut command = Command::new(Venv::ready()?.python());
            command.arg(&script).args(["-b", BUCKET, "-B", BUCKET, "-p", PREFIX]);
            command.args(["-t", &format!("{MOMENT}+00:00"), "--max-workers", workers]);
            Ok(command)
        })
    };
    let ours = one(keys, latency, |state| {
        let mut command = Command::new(&s3bak);
        command.args(["restore", PREFIX, MOMENT, "-R", "--yes", "-b", BUCKET]).env("XDG_STATE_HOME", state);
        Ok(command)
    })?;
    println!("{}", ours.line("s3bak"));
    let default = theirs("10")?;
    println!("{}", default.line("s3-pit-restore (10 workers, its default)"));
    let many = theirs("128")?;
    println!("{}", many.line("s3-pit-restore --max-workers 128"));
    println!("s3bak reads each version's head as well, for what a plain copy loses; the other one does not.");
    Ok(())
}

/// Runs one of them on a tree of its own, and makes sure that all of it came back.
fn one(keys: u64, latency: u64, command: impl FnOnce(&std::path::Path) -> Outcome<Command>) -> Outcome<Took> {
    let server = start(keys)?;
    delay(&server, latency);
    let state = target_dir().join("s3-compare");
    std::fs::create_dir_all(&state).map_err(Failure::io("make a directory"))?;
    let mut command = command(&state)?;
    clean(&mut command).envs(environment(&server.endpoint()));
    let took = measure::run("restore", &mut command, &server)?;
    drop(std::fs::remove_dir_all(&state));
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
