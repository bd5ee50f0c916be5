//! The project's own commands, run to their end.

use std::process::Command;

use serde_json::Value;
use ssmbak_testkit::{binary, clean};

use crate::Outcome;

/// What a command left behind.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// A command line of one of our commands (words separated by single spaces) with this environment and no other settings.
#[must_use]
pub fn command<'a>(line: &str, env: impl IntoIterator<Item = (&'a str, &'a str)>) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(binary(words.next().unwrap_or_default()));
    clean(&mut command).args(words).envs(env);
    command
}

impl Ran {
    /// Runs a command to its end.
    ///
    /// # Errors
    /// If it cannot be run, or does not write text.
    pub fn of(mut command: Command) -> Outcome<Self> {
        let output = command.output()?;
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        Ok(Self { code: output.status.code(), out, err })
    }

    /// Itself, if the command succeeded.
    ///
    /// # Errors
    /// If it did not, with all that it said.
    pub fn well(self) -> Outcome<Self> {
        if self.code == Some(0) { Ok(self) } else { Err(format!("it failed: {self:#?}").into()) }
    }

    /// Its standard output as JSON.
    ///
    /// # Errors
    /// If that is something else.
    pub fn json(&self) -> Outcome<Value> {
        serde_json::from_str(&self.out).map_err(|error| format!("no JSON ({error}): {self:#?}").into())
    }
}
