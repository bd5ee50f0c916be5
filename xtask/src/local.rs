//! `cargo xtask local`: the pipeline, kept running for a person to try.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use ssmbak_emulators::{Delays, OTHER_ACCOUNTS, target_dir};

use crate::failure::{Failure, Outcome};
use crate::pipeline::Pipeline;

/// Where emulators of AWS usually listen.
const DEFAULT_PORT: u16 = 4566;

/// What `cargo xtask local` is asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    port: u16,
    delays: Delays,
}

impl Options {
    /// Reads the arguments after `local`.
    pub fn parse(arguments: &[&str]) -> Outcome<Self> {
        let mut options = Self { port: DEFAULT_PORT, delays: Delays::default() };
        let mut left = arguments.iter();
        while let Some(flag) = left.next() {
            let value = left.next().ok_or_else(|| Failure::Usage(format!("{flag} needs a value")))?;
            match *flag {
                "--port" => {
                    options.port = value.parse().map_err(|_| Failure::Usage(format!("{value} is not a port")))?;
                }
                "--stale" => options.delays.reads = duration(value)?,
                "--events" => options.delays.events = duration(value)?,
                _ => return Err(Failure::Usage(format!("cannot understand `local {flag}`"))),
            }
        }
        Ok(options)
    }
}

/// Seconds or milliseconds: `3s`, `0.2s`, `200ms`.
fn duration(text: &str) -> Outcome<Duration> {
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1e-3),
        (None, Some(number)) => (number, 1.0),
        (None, None) => ("", 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| Failure::Usage(format!("{text} is not a time like 3s, 0.2s or 200ms")))
}

/// Starts the pipeline, says how to use it, and waits for Ctrl-C.
pub fn run(options: &Options) -> Outcome {
    let mut pipeline = Pipeline::start(Some(options.port), options.delays)?;
    let dir = target_dir().join("local");
    let configuration = dir.join("config");
    fs::write(&configuration, OTHER_ACCOUNTS).map_err(Failure::io(format!("write {}", configuration.display())))?;
    let exports = exports(&pipeline, &configuration);
    let file = dir.join("env.sh");
    fs::write(&file, &exports).map_err(Failure::io(format!("write {}", file.display())))?;
    println!("The pipeline is up. In another terminal, paste this, or `. {}`:\n", file.display());
    println!("{exports}");
    println!("Then, for example:\n");
    for line in EXAMPLE {
        println!("  {line}");
    }
    println!("\nemulator's log: {}", pipeline.ministack().log().display());
    println!("Ctrl-C ends it; nothing is kept.");
    // Ctrl-C ends this process, and with it the emulator, which watches over its parent.
    let status = pipeline.ministack().wait()?;
    println!("ministack ended by itself with {status}.");
    Ok(())
}

const EXAMPLE: [&str; 6] = [
    "aws ssm put-parameter --name /app/greeting --type String --value hello",
    "sleep 1; T=$(date -u +%FT%TZ); sleep 1",
    "aws ssm put-parameter --name /app/greeting --type String --value goodbye --overwrite",
    "ssmbak preview /app/ $T",
    "ssmbak restore /app/ $T",
    "aws ssm get-parameter --name /app/greeting --query Parameter.Value --output text",
];

/// The shell commands that make a terminal use the pipeline.
fn exports(pipeline: &Pipeline, configuration: &Path) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "export PATH={}:$PATH", quoted(&pipeline.commands().display().to_string()));
    // Settings of the terminal that would come before those below.
    let _ =
        writeln!(text, "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_SSM SSMBAK_BUCKET");
    for (name, value) in pipeline.env() {
        let _ = writeln!(text, "export {name}={}", quoted(&value));
    }
    let _ = writeln!(text, "export AWS_CONFIG_FILE={}", quoted(&configuration.display().to_string()));
    text
}

/// As one word of a shell, as it is where that is possible.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._,-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Delays, Options, quoted};

    #[test]
    fn flags_of_local_are_read_in_any_order() {
        let seconds = Duration::from_secs_f64;
        let parsed = Options::parse(&["--events", "200ms", "--port", "5000", "--stale", "3s"]).unwrap();
        let delays = Delays { reads: seconds(3.0), events: seconds(0.2) };
        assert_eq!(parsed, Options { port: 5000, delays });
        assert_eq!(Options::parse(&[]).unwrap().delays, Delays::default());
        for wrong in [["--stale", "3"], ["--stale", "-1s"], ["--events", "s"], ["--port", "x"], ["--late", "1s"]] {
            assert!(Options::parse(&wrong).is_err(), "{wrong:?}");
        }
        assert!(Options::parse(&["--stale"]).is_err());
    }

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(quoted("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
        assert_eq!(quoted("/my dir/it's"), r"'/my dir/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
