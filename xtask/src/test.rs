//! `cargo xtask test`: everything that continuous integration checks.

use ssmbak_emulators::Venv;

use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};
use crate::{dist, function, gateway};

/// Runs the checks, the quickest first.
pub fn run(arguments: &[&str]) -> Outcome {
    let (ours, for_cargo) = match arguments.iter().position(|argument| *argument == "--") {
        Some(at) => (&arguments[..at], &arguments[at + 1..]),
        None => (arguments, &[][..]),
    };
    let (quick, full) = match ours {
        [] => (false, false),
        ["--quick"] => (true, false),
        ["--full"] => (false, true),
        _ => return Err(Failure::Usage(format!("cannot understand `test {}`", ours.join(" ")))),
    };

    let mut steps = Steps::default();
    steps.cargo("format", &["fmt", "--all", "--check"])?;
    steps.cargo("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if quick {
        steps.cargo("unit tests", &[&["test", "--workspace", "--lib"], for_cargo].concat())?;
        steps.summarise();
        return Ok(());
    }
    // The end-to-end tests run the commands, which `cargo test` builds only for the package under test. Together with the
    // tests, because alone they would be built with other features of their dependencies, and all twice.
    steps.cargo("build", &["build", "--workspace", "--bins", "--tests"])?;
    // Here rather than inside of the first test that needs it, which would look as if it hung.
    steps.step("Python environment", |_| Ok(Venv::ready().map(drop)?))?;
    steps.cargo("tests", &[&["test", "--workspace"], for_cargo].concat())?;
    dist::of_tests(&mut steps)?;
    if full {
        let matrix = ["test", "--workspace", "--test", "faults", "--", "--nocapture", "--test-threads", "1"];
        steps.cargo_with("every fault at every call, and kills", &matrix, &[("SSMBAK_TEST_FULL", "1")])?;
        let rows = ["test", "--workspace", "--test", "s3", "rows_go_through_batch_jobs", "--", "--nocapture"];
        steps.cargo_with("a million rows through batch jobs", &rows, &[("SSMBAK_TEST_FULL", "1")])?;
        let linter = ["test", "--workspace", "--test", "it", "--", "the_security_linter", "the_cdk_example"];
        steps.cargo_with("security linter and CDK", &linter, &[("SSMBAK_TEST_FULL", "1")])?;
        let runs = ["test", "--workspace", "--lib", "random_runs_never_end_well", "--", "--nocapture"];
        steps.cargo_with("a hundred thousand restores", &runs, &[("S3BAK_RUNS", "100000")])?;
        gateway::steps(&mut steps)?;
        function::steps(&mut steps)?;
    }
    steps.cargo_with("documentation", &["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])?;
    steps.summarise();
    Ok(())
}
