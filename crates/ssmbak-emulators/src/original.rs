//! The tool that this project replaces, run for real.

use std::io::Write;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::{Error, Result, Venv, clean, environment};

/// ssmbak 0.5.2 against an emulator and a bucket.
#[derive(Debug, Clone)]
pub struct Original {
    venv: Venv,
    endpoint: String,
    bucket: String,
}

impl Original {
    /// The original, using the emulator at `endpoint` and the bucket given.
    ///
    /// # Errors
    /// If the Python environment cannot be prepared.
    pub fn new(endpoint: impl Into<String>, bucket: impl Into<String>) -> Result<Self> {
        Ok(Self { venv: Venv::ready()?, endpoint: endpoint.into(), bucket: bucket.into() })
    }

    /// Has its Lambda handler process an event (`{"Records": [{"body": …}]}`), and returns what it returns.
    ///
    /// # Errors
    /// [`Error::Original`] with its traceback if it raises.
    pub fn handle(&self, event: &Value) -> Result<Value> {
        self.script("handle an event", &["handle"], &event.to_string())
    }

    /// What its library's `ParamPath(path, time).preview()` returns; `time` is like `2022-08-03T21:10:00`.
    ///
    /// # Errors
    /// [`Error::Original`] with its traceback if it raises.
    pub fn preview(&self, path: &str, time: &str, recursive: bool) -> Result<Value> {
        self.act("preview", path, time, recursive)
    }

    /// As [`Original::preview`], but it restores.
    ///
    /// # Errors
    /// [`Error::Original`] with its traceback if it raises.
    pub fn restore(&self, path: &str, time: &str, recursive: bool) -> Result<Value> {
        self.act("restore", path, time, recursive)
    }

    /// Runs one of its commands (`ssmbak`, `ssmbak-all`, `s3bak`) as a person would.
    ///
    /// # Errors
    /// If it cannot be run at all; its exit code is in the output.
    pub fn cli(&self, program: &str, arguments: &[&str]) -> Result<Output> {
        self.command(program).args(arguments).output().map_err(Error::io(format!("run the original's {program}")))
    }

    /// One of its commands, to be run by the caller.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.venv.executable(program));
        self.configure(&mut command);
        command
    }

    /// Its Lambda handler as a process that reads the event from its standard input.
    #[must_use]
    pub fn handler(&self) -> Command {
        let mut command = self.venv.script("original.py");
        self.configure(&mut command).arg("handle");
        command
    }

    /// Its `s3bak`, which takes many command lines in one process: a JSON array a line on its standard input, answered by an
    /// object with Code, Out and Err a line.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn s3bak(&self) -> Result<Child> {
        let mut command = self.venv.script("original_s3bak.py");
        self.configure(&mut command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::io("run the original's s3bak"))
    }

    fn act(&self, action: &str, path: &str, time: &str, recursive: bool) -> Result<Value> {
        let mut arguments = vec![action, path, time];
        if recursive {
            arguments.push("-R");
        }
        self.script(&format!("{action} {path}"), &arguments, "")
    }

    fn script(&self, action: &str, arguments: &[&str], input: &str) -> Result<Value> {
        let mut command = self.venv.script("original.py");
        let output = self
            .configure(&mut command)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .and_then(|mut child| {
                if let Some(mut stdin) = child.stdin.take() {
                    // If it ends before it has read this, its traceback says more than our broken pipe.
                    let _ = stdin.write_all(input.as_bytes());
                }
                child.wait_with_output()
            })
            .map_err(Error::io("run the original"))?;
        let failed = |stderr: String| Error::Original { action: action.to_owned(), stderr };
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| failed(format!("its output is not JSON: {error}")))
    }

    fn configure<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        clean(command).envs(environment(&self.endpoint)).env("SSMBAK_BUCKET", &self.bucket)
    }
}
