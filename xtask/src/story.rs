//! How the demonstration is told: real commands, their real output, and a check of each.

use std::fmt::Write as _;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use ssmbak_emulators::{Delays, http};

use crate::failure::{Failure, Outcome};
use crate::pipeline::{Pipeline, STACK};

/// A change takes a few milliseconds from Parameter Store to the bucket here; the first one starts the function.
const DELIVERY: Duration = Duration::from_secs(20);

/// A pipeline, and what is told about it.
pub struct Story {
    pipeline: Pipeline,
    bucket: String,
    chapter: usize,
}

impl Story {
    /// Begins, on a pipeline of its own.
    pub fn begin() -> Outcome<Self> {
        let pipeline = Pipeline::start(None, Delays::default())?;
        let mut story = Self { pipeline, bucket: String::new(), chapter: 0 };
        story.bucket = story.run("ssmbak-stack", &[STACK, "bucketname"])?.0.trim().to_owned();
        Ok(story)
    }

    /// Says what comes next.
    pub fn chapter(&mut self, text: &str) {
        self.chapter += 1;
        println!("{}. {text}\n", self.chapter);
    }

    /// Shows a command, runs it, shows all that it prints and returns its standard output; it must succeed.
    pub fn show(&self, program: &str, arguments: &[&str]) -> Outcome<String> {
        println!("   $ {}", typed(program, arguments));
        let (stdout, stderr) = self.run(program, arguments)?;
        for line in stdout.lines().chain(stderr.lines()) {
            println!("   {line}");
        }
        println!();
        Ok(stdout)
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Outcome<(String, String)> {
        let output = self
            .pipeline
            .command(program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(Failure::io(format!("run {program}")))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            return Ok((stdout, stderr));
        }
        Err(Failure::Unexpected {
            expected: format!("`{}` to succeed", typed(program, arguments)),
            seen: format!("{}\n{stdout}{stderr}", output.status),
        })
    }

    /// Waits until the bucket's present state is this: a value for each parameter, or `None` where it is deleted.
    pub fn await_recorded(&mut self, state: &[(&str, Option<&str>)]) -> Outcome {
        let started = Instant::now();
        let mut missing = self.unrecorded(state)?;
        while !missing.is_empty() {
            if started.elapsed() > DELIVERY {
                return Err(Failure::Unexpected {
                    expected: format!("the changes to reach the bucket within {} s", DELIVERY.as_secs()),
                    seen: missing,
                });
            }
            thread::sleep(Duration::from_millis(20));
            missing = self.unrecorded(state)?;
        }
        println!("   (recorded in s3://{} after {:.1} s)\n", self.bucket, started.elapsed().as_secs_f64());
        Ok(())
    }

    fn unrecorded(&mut self, state: &[(&str, Option<&str>)]) -> Outcome<String> {
        let port = self.pipeline.ministack().port();
        let mut missing = String::new();
        for (name, value) in state {
            let reply = http::request(port, "GET", &format!("/{}/{name}", self.bucket), &[], "")
                .map_err(Failure::io("ask the emulator for an object"))?;
            let recorded = (reply.status == 200).then_some(reply.body.as_str());
            if recorded != *value {
                // Writing to a string cannot fail.
                let _ = writeln!(missing, "{name}: the bucket has {recorded:?}, not {value:?}");
            }
        }
        Ok(missing)
    }
}

/// Stops the story if something it has shown is not so.
pub fn check(expected: &str, holds: bool, seen: &str) -> Outcome {
    if holds {
        return Ok(());
    }
    Err(Failure::Unexpected { expected: expected.to_owned(), seen: seen.to_owned() })
}

/// A command as a person would type it.
fn typed(program: &str, arguments: &[&str]) -> String {
    let quoted = arguments.iter().map(|argument| {
        let special = |c: char| c.is_whitespace() || "'\"[](){}*?$&|;<>`!".contains(c);
        if argument.contains(special) { format!("'{argument}'") } else { (*argument).to_owned() }
    });
    std::iter::once(program.to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}
