//! The project's own tasks, run with `cargo xtask`.
#![allow(clippy::print_stdout, reason = "a task's output is for the person who runs it")]

mod as_code;
mod bench;
mod cargo;
mod compare;
mod demo;
mod dist;
mod elf;
mod failure;
mod function;
mod gateway;
mod local;
mod pipeline;
mod s3;
mod story;
mod terraform;
mod test;
mod third_party;
mod wheel;

use std::env;
use std::process::ExitCode;

use failure::{Failure, Outcome};

const USAGE: &str = "\
The project's own tasks.

usage: cargo xtask local [--port PORT] [--stale TIME] [--events TIME]
                                           the whole pipeline on this machine, until Ctrl-C (port 4566). With --stale 3s
                                           Parameter Store's reads show a write so much later, with --events 0.2s its
                                           events take so long: as on AWS
       cargo xtask demo                    the tutorial, on a pipeline of its own
       cargo xtask test [--quick|--full] [-- …]
                                           everything that continuous integration checks; --quick only lints and
                                           unit tests, --full fails every call of every command in every way, kills
                                           commands at random moments, adds a RADOS Gateway and the function's release
                                           build (two hours); what follows -- goes to `cargo test`
       cargo xtask function                builds the function for AWS and checks its size and C library
       cargo xtask terraform               the Terraform module, applied to a local AWS; needs terraform on the PATH and
                                           its provider for AWS
       cargo xtask dist [--functions DIR] [--dev]
                                           packs a release for this platform into target/dist: a wheel and a tar.gz with
                                           commands, function, man pages and completions, a source distribution, the
                                           stack's template, the function's zip, an archive of both with a Terraform
                                           module and a CDK example, and checksums. --functions packs
                                           DIR/ARCHITECTURE/ssmbak-lambda of every architecture that is there instead of
                                           building it; --dev packs the builds of the tests, to try the packages
       cargo xtask compare [--histories N] [--seed FIRST]
                                           ssmbak 0.5.2 and this tool on the same simulated histories (300, seeds from 0);
                                           writes docs/ORIGINAL.md
       cargo xtask s3-scale [--keys N] [--latency MS] [--dev]
                                           s3bak on a tree of N keys (100,000) with three versions each: time, memory
                                           and requests of a preview, a download and a restore
       cargo xtask s3-compare [--keys N] [--latency MS] [--dir DIR] [--dev]
                                           s3bak, s3-pit-restore 0.9 and rclone restore and download the same tree (2,000
                                           keys, 20 ms), into DIR (target/); --dev measures builds without optimisation
       cargo xtask bench [--quick] [--only NAME] [--reuse]
                                           ssmbak 0.5.2 and this tool side by side: time, memory, requests; writes
                                           docs/PERFORMANCE.md. --quick takes a tenth of every size and --only the
                                           works of that name (both write nothing), --reuse the original's figures of
                                           an earlier run
";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            print_error(&format!("{message}\n\n{USAGE}"));
            ExitCode::from(2)
        }
        Err(failure) => {
            print_error(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["local", rest @ ..] => local::run(&local::Options::parse(rest)?),
        ["demo"] => demo::run(),
        ["test", rest @ ..] => test::run(rest),
        ["compare", rest @ ..] => compare::run(rest),
        ["s3-scale", rest @ ..] => s3::scale(rest),
        ["s3-compare", rest @ ..] => s3::compare(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["dist", rest @ ..] => dist::run(rest),
        ["terraform"] => terraform::run(),
        ["function"] => function::build_and_check(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        [] => Err(Failure::Usage("a task is missing".to_owned())),
        _ => Err(Failure::Usage(format!("cannot understand `{}`", arguments.join(" ")))),
    }
}

#[allow(clippy::print_stderr, reason = "the one place where errors are printed")]
fn print_error(message: &str) {
    eprintln!("\nerror: {message}");
}
