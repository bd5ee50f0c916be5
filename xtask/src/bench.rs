//! `cargo xtask bench`: builds what is measured as it is shipped, and has `ssmbak-bench` measure it.

use std::process::Command;

use ssmbak_emulators::{Venv, target_dir};

use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

/// Builds and measures; the arguments are those of `ssmbak-bench run`.
pub fn run(arguments: &[&str]) -> Outcome {
    let mut steps = Steps::default();
    steps.cargo(
        "commands and server",
        &[
            "build",
            "--release",
            "--package",
            "ssmbak-cli",
            "--package",
            "ssmbak-bench",
            "--bin",
            "ssmbak",
            "--bin",
            "ssmbak-bench",
        ],
    )?;
    let mut bench = Command::new(target_dir().join("release").join("ssmbak-bench"));
    bench.arg("run").args(arguments);
    // Of single works only those about the function need it, and its build takes minutes.
    if measures_function(arguments) {
        steps.cargo("function", &["build", "--profile", "function", "--package", "ssmbak-lambda"])?;
        bench.arg("--function").arg(target_dir().join("function").join("ssmbak-lambda"));
    }
    steps.step("Python environment", |_| Ok(Venv::ready().map(drop)?))?;
    steps.step("measurements", |name| {
        let status = bench.status().map_err(Failure::io("run ssmbak-bench"))?;
        match status.code() {
            Some(0) => Ok(()),
            Some(2) => Err(Failure::Usage(format!("cannot understand `bench {}`", arguments.join(" ")))),
            _ => Err(Failure::Step { name, command: format!("ssmbak-bench run {}", arguments.join(" ")) }),
        }
    })
}

fn measures_function(arguments: &[&str]) -> bool {
    if arguments.contains(&"--function") {
        return false;
    }
    match arguments.iter().position(|argument| *argument == "--only") {
        Some(only) => {
            arguments.get(only + 1).is_some_and(|name| ["function", "sweep"].iter().any(|work| work.contains(name)))
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::measures_function;

    #[test]
    fn the_function_is_built_where_it_is_measured() {
        for (arguments, built) in [
            (&[][..], true),
            (&["--quick"], true),
            (&["--only", "function"], true),
            (&["--only", "sweep"], true),
            (&["--only", "1000"], false),
            (&["--quick", "--only", "start"], false),
            (&["--function", "file"], false),
        ] {
            assert_eq!(measures_function(arguments), built, "{arguments:?}");
        }
    }
}
