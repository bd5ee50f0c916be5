//! The Python environment that the emulators and the original live in.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Error, Result, target_dir, workspace_dir};

/// The original needs this one.
const OLDEST_PYTHON: (u32, u32) = (3, 11);

/// A Python environment with exactly what `local/requirements.txt` asks for.
#[derive(Debug, Clone)]
pub struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// The environment `target/venv`, created and filled first if it is missing or made for other requirements.
    ///
    /// Safe to call from any number of threads and processes: one does the work, the others wait for it.
    ///
    /// # Errors
    /// If there is no Python 3.11 or newer, or pip cannot install.
    pub fn ready() -> Result<Self> {
        let target = target_dir();
        let venv = Self { dir: target.join("venv") };
        let wanted = requirements()?;
        fs::create_dir_all(&target).map_err(Error::io(format!("create {}", target.display())))?;
        let lock_path = target.join("venv.lock");
        let lock = File::create(&lock_path).map_err(Error::io(format!("create {}", lock_path.display())))?;
        // Released when the file is closed, however this ends.
        lock.lock().map_err(Error::io(format!("lock {}", lock_path.display())))?;
        if !venv.holds(&wanted) {
            venv.install()?;
            // Last: what was interrupted before this line is done again.
            fs::write(venv.stamp(), &wanted).map_err(Error::io("write the environment's stamp"))?;
        }
        Ok(venv)
    }

    /// Whether [`Venv::ready`] would return at once (otherwise it takes a minute, which is worth saying).
    #[must_use]
    pub fn is_ready() -> bool {
        let venv = Self { dir: target_dir().join("venv") };
        requirements().is_ok_and(|wanted| venv.holds(&wanted))
    }

    /// Its interpreter.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.executable("python")
    }

    /// A command installed in it: `aws`, or the original's `ssmbak`.
    #[must_use]
    pub fn executable(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    /// A script of `local/`, to be run by its interpreter.
    #[must_use]
    pub fn script(&self, name: &str) -> Command {
        let mut command = Command::new(self.python());
        // -B: no compiled files among the sources.
        command.arg("-B").arg(workspace_dir().join("local").join(name));
        command
    }

    fn stamp(&self) -> PathBuf {
        self.dir.join("requirements.installed")
    }

    fn holds(&self, wanted: &str) -> bool {
        // The interpreter is a link, which breaks when the system's Python is replaced.
        self.python().exists() && fs::read_to_string(self.stamp()).is_ok_and(|installed| installed == wanted)
    }

    fn install(&self) -> Result<()> {
        check_python()?;
        let log = self.dir.with_extension("log");
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&self.dir), &log)?;
        let file = workspace_dir().join("local/requirements.txt");
        run(
            Command::new(self.python())
                .args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--requirement"])
                .arg(file),
            &log,
        )
    }
}

/// The text of the requirement files, which identifies what is installed.
fn requirements() -> Result<String> {
    let mut text = String::new();
    for name in ["requirements.txt", "constraints.txt"] {
        let path = workspace_dir().join("local").join(name);
        text += &fs::read_to_string(&path).map_err(Error::io(format!("read {}", path.display())))?;
    }
    Ok(text)
}

fn check_python() -> Result<()> {
    let (major, minor) = OLDEST_PYTHON;
    let needed = format!("python3 of version {major}.{minor} or newer is needed on the PATH");
    let output = Command::new("python3")
        .args(["-c", "import sys; print(*sys.version_info[:2])"])
        .output()
        .map_err(|error| Error::Venv { reason: format!("{needed} ({error})") })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_PYTHON => Ok(()),
        _ => Err(Error::Venv { reason: format!("{needed}, found {}", text.trim().replace(' ', ".")) }),
    }
}

/// Runs a command with its output in a file; the error quotes the file's last line.
fn run(command: &mut Command, log: &Path) -> Result<()> {
    let file = File::create(log).map_err(Error::io(format!("create {}", log.display())))?;
    let errors = file.try_clone().map_err(Error::io("share the log file"))?;
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdout(file).stderr(errors).status().map_err(Error::io(format!("run {program}")))?;
    if status.success() {
        return Ok(());
    }
    let output = fs::read_to_string(log).unwrap_or_default();
    let last = output.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output");
    Err(Error::Venv { reason: format!("{last} (everything is in {})", log.display()) })
}
