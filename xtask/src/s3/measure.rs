//! A command, run to its end: its time and the most memory it had.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ssmbak_emulators::S3Server;

use crate::failure::{Failure, Outcome};

/// What a command took.
#[derive(Clone, Debug)]
pub struct Took {
    /// From its start to its end.
    pub time: Duration,
    /// The most memory it had resident, in KiB; 0 where the system does not tell.
    pub memory: u64,
    /// Requests by kind.
    pub requests: Vec<(&'static str, u64)>,
    /// The most at once.
    pub at_once: u64,
}

/// Runs a command; its output is not shown unless it fails.
pub fn run(name: &'static str, command: &mut Command, server: &S3Server) -> Outcome<Took> {
    server.forget_counts();
    let program = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(Failure::io(format!("run {program}")))?;
    let (id, mut memory) = (child.id(), 0);
    let status = loop {
        memory = memory.max(resident(id));
        if let Some(status) = child.try_wait().map_err(Failure::io(format!("wait for {program}")))? {
            break status;
        }
        thread::sleep(Duration::from_millis(5));
    };
    let time = started.elapsed();
    if !status.success() {
        return Err(Failure::Step { name, command: program });
    }
    Ok(Took { time, memory, requests: server.counts().into_iter().collect(), at_once: server.most_at_once() })
}

/// The most memory that a process has had so far.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.split_whitespace().next()).and_then(|text| text.parse().ok()).unwrap_or(0)
}

impl Took {
    /// As a line of a table.
    pub fn line(&self, name: &str) -> String {
        let requests: Vec<String> = self.requests.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let mib = self.memory.div_ceil(1_024);
        let (seconds, at_once) = (self.time.as_secs_f64(), self.at_once);
        format!("{name:<44} {seconds:>8.1} s  {mib:>5} MiB  at most {at_once:>3} at once: {}", requests.join(", "))
    }
}
