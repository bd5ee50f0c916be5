//! `cargo xtask local`: the pipeline, kept running for a person to try.

use std::fmt::Write as _;
use std::fs;

use ssmbak_emulators::target_dir;

use crate::failure::{Failure, Outcome};
use crate::pipeline::Pipeline;

/// Where emulators of AWS usually listen.
pub const DEFAULT_PORT: u16 = 4566;

/// Starts the pipeline, says how to use it, and waits for Ctrl-C.
pub fn run(port: u16) -> Outcome {
    let mut pipeline = Pipeline::start(Some(port))?;
    let exports = exports(&pipeline);
    let file = target_dir().join("local").join("env.sh");
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
fn exports(pipeline: &Pipeline) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "export PATH={}:$PATH", quoted(&pipeline.commands().display().to_string()));
    // Settings of the terminal that would come before those below.
    let _ =
        writeln!(text, "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL_S3 AWS_ENDPOINT_URL_SSM SSMBAK_BUCKET");
    for (name, value) in pipeline.env() {
        let _ = writeln!(text, "export {name}={}", quoted(&value));
    }
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
    use super::quoted;

    #[test]
    fn values_survive_the_shell() {
        assert_eq!(quoted("http://127.0.0.1:4566"), "http://127.0.0.1:4566");
        assert_eq!(quoted("/my dir/it's"), r"'/my dir/it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
