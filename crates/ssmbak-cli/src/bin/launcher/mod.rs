//! The other commands are `ssmbak` under their own names: one executable to build, to ship and to sign.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// Becomes the `ssmbak` that lies beside this file, or beside the file that a link to it names.
pub fn launch(name: &str) -> ExitCode {
    let program = beside();
    let error = Command::new(&program).arg0(name).args(env::args_os().skip(1)).exec();
    fail(name, &format!("failed to run {}: {error}", program.display()))
}

fn beside() -> PathBuf {
    let own = env::current_exe().and_then(|path| path.canonicalize()).unwrap_or_default();
    own.with_file_name("ssmbak")
}

#[expect(clippy::print_stderr, reason = "nothing else of the command line is linked into a launcher")]
fn fail(name: &str, message: &str) -> ExitCode {
    eprintln!("error: {message}\nhint: install {name} and ssmbak in the same directory");
    ExitCode::FAILURE
}
