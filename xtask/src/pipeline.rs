//! The whole pipeline on one machine: our commands built, ministack started, our stack deployed into it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use ssmbak_emulators::{Delays, Ministack, Venv, find_binary, target_dir};

use crate::cargo::Steps;
use crate::failure::{Failure, Outcome};

const COMMANDS: [&str; 4] = ["ssmbak", "ssmbak-all", "ssmbak-stack", "s3bak"];
/// What runs, and the smallest test there is: where a test is built, the SDK is built with the features that `cargo xtask test`
/// builds it with, and so only once by whoever runs both.
const BUILD: [&str; 14] = [
    "build",
    "--workspace",
    "--bin",
    "ssmbak",
    "--bin",
    "ssmbak-all",
    "--bin",
    "ssmbak-stack",
    "--bin",
    "s3bak",
    "--bin",
    "ssmbak-lambda",
    "--test",
    "error_codes",
];
/// The name of the stack, that of the book.
pub const STACK: &str = "backups";

/// A running pipeline; it ends when dropped, and nothing of it is kept.
#[derive(Debug)]
pub struct Pipeline {
    ministack: Ministack,
    commands: PathBuf,
}

impl Pipeline {
    /// Builds what is needed, starts ministack (on a free port if none is given) and deploys the stack.
    pub fn start(port: Option<u16>, delays: Delays) -> Outcome<Self> {
        let mut steps = Steps::default();
        steps.cargo("build", &BUILD)?;
        if !Venv::is_ready() {
            println!("==> Python environment (once; about a minute)");
        }
        let venv = Venv::ready()?;
        let started = Instant::now();
        let pipeline = Self { ministack: Ministack::start_delayed(port, delays)?, commands: link_commands(&venv)? };
        println!("==> ministack on {} after {:.1} s", pipeline.ministack.endpoint(), started.elapsed().as_secs_f64());
        pipeline.deploy()?;
        Ok(pipeline)
    }

    fn deploy(&self) -> Outcome {
        let arguments = [STACK, "create", "--yes"];
        let shown = format!("ssmbak-stack {}", arguments.join(" "));
        println!("==> {shown}");
        let started = Instant::now();
        if !self
            .command("ssmbak-stack")
            .args(arguments)
            .status()
            .map_err(Failure::io(format!("run {shown}")))?
            .success()
        {
            return Err(Failure::Step { name: "the stack's deployment", command: shown });
        }
        println!("    deployed in {:.1} s\n", started.elapsed().as_secs_f64());
        Ok(())
    }

    /// A command that uses this pipeline: one of ours, the stock AWS CLI, or any other.
    pub fn command(&self, program: &str) -> Command {
        let own = self.commands.join(program);
        self.ministack.command(if own.exists() { own } else { program.into() })
    }

    /// The directory with our commands and the stock AWS CLI.
    pub fn commands(&self) -> &Path {
        &self.commands
    }

    /// The variables with which a command uses this pipeline.
    pub fn env(&self) -> Vec<(&'static str, String)> {
        self.ministack.env()
    }

    /// The emulator itself.
    pub fn ministack(&mut self) -> &mut Ministack {
        &mut self.ministack
    }
}

/// A directory of links to exactly the commands that belong on the PATH: the Python environment's own directory also
/// has the original's `ssmbak`, and a `python` that would take the place of the person's.
fn link_commands(venv: &Venv) -> Outcome<PathBuf> {
    let dir = target_dir().join("local").join("bin");
    fs::create_dir_all(&dir).map_err(Failure::io(format!("create {}", dir.display())))?;
    let mut links = vec![("aws", venv.executable("aws"))];
    for name in COMMANDS {
        links.push((name, find_binary(name)?));
    }
    for (name, target) in links {
        let link = dir.join(name);
        if fs::read_link(&link).is_ok_and(|current| current == target) {
            continue;
        }
        // It may point elsewhere, or not be there.
        let _ = fs::remove_file(&link);
        symlink(&target, &link).map_err(Failure::io(format!("create {}", link.display())))?;
    }
    Ok(dir)
}
