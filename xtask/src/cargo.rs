//! Steps: one cargo command each, announced, timed, and stopping everything when they fail.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use ssmbak_emulators::workspace_dir;

use crate::failure::{Failure, Outcome};

/// What was done, and how long it took.
#[derive(Debug, Default)]
pub struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Runs `cargo` with these arguments.
    pub fn cargo(&mut self, name: &'static str, arguments: &[&str]) -> Outcome {
        self.cargo_with(name, arguments, &[])
    }

    /// Runs `cargo` with these arguments and additional environment variables.
    pub fn cargo_with(&mut self, name: &'static str, arguments: &[&str], env: &[(&str, &str)]) -> Outcome {
        self.step(name, |name| {
            println!("    cargo {}", arguments.join(" "));
            let status =
                cargo().args(arguments).envs(env.iter().copied()).status().map_err(Failure::io("run cargo"))?;
            if status.success() {
                return Ok(());
            }
            Err(Failure::Step { name, command: format!("cargo {}", arguments.join(" ")) })
        })
    }

    /// Runs anything else as a step.
    pub fn step(&mut self, name: &'static str, run: impl FnOnce(&'static str) -> Outcome) -> Outcome {
        println!("==> {name}");
        let started = Instant::now();
        run(name)?;
        let took = started.elapsed();
        println!("    {name}: {:.1} s\n", took.as_secs_f64());
        self.done.push((name, took));
        Ok(())
    }

    /// Prints all steps with their times.
    pub fn summarise(&self) {
        for (name, took) in &self.done {
            println!("{:>8.1} s  {name}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        println!("{:>8.1} s  in all", total.as_secs_f64());
    }
}

/// For what is shipped. Functions that compile to the same instructions are linked once. Rust links by LLD there; other linkers may not know it.
pub const LINK_ARGS: &[(&str, &str)] = if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
    &[("SSMBAK_LINK_ARGS", "-Wl,--icf=all")]
} else {
    &[]
};

/// `cargo` in the workspace.
fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace_dir());
    for (name, _) in env::vars_os() {
        // `cargo run` tells us about our own package. Build scripts that watch these variables (ring's does) would run
        // again, and half the workspace be rebuilt, each time a command is run by hand and then from here.
        let ours = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        });
        if ours {
            command.env_remove(name);
        }
    }
    command
}
