//! `cargo xtask s3-scale`: a large tree planned, restored, downloaded, with memory and requests.

use std::process::Command;

use ssmbak_emulators::{clean, environment, target_dir};

use super::bucket::{BUCKET, MOMENT, PREFIX, delay, start, wrong};
use super::{measure, not_restored, numbers, s3bak};
use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

/// Builds `s3bak`, makes the tree and measures.
pub fn run(arguments: &[&str]) -> Outcome {
    let [keys, latency] = numbers(arguments, ["--keys", "--latency"], [100_000, 0])?;
    let mut steps = Steps::default();
    let s3bak = s3bak(&mut steps, arguments)?;
    println!("==> {keys} keys of 3 versions, every tenth deleted; {latency} ms a request");
    let server = start(keys)?;
    delay(&server, latency);
    let state = target_dir().join("s3-scale");
    drop(std::fs::remove_dir_all(&state));
    std::fs::create_dir_all(&state).map_err(Failure::io("make a directory"))?;
    let command = |line: &[&str]| {
        let mut command = Command::new(&s3bak);
        clean(&mut command).args(line).envs(environment(&server.endpoint())).env("SSMBAK_BUCKET", BUCKET);
        command.env("XDG_STATE_HOME", &state).current_dir(&state);
        command
    };
    let preview = measure::run("preview", &mut command(&["preview", PREFIX, MOMENT, "-R", "--summary"]), &server)?;
    println!("{}", preview.line("preview --summary"));
    let restore = measure::run("restore", &mut command(&["restore", PREFIX, MOMENT, "-R", "--yes"]), &server)?;
    println!("{}", restore.line("restore"));
    let wrong = wrong(&server, keys);
    if wrong > 0 {
        return Err(not_restored(wrong, keys));
    }
    println!("all {keys} keys are what they were");
    let get = measure::run("get", &mut command(&["get", PREFIX, MOMENT, "--to-dir", "was"]), &server)?;
    println!("{}", get.line("get --to-dir"));
    drop(std::fs::remove_dir_all(&state));
    Ok(())
}
