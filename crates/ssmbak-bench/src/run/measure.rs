//! A command as a process: its time, its memory, its requests.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ssmbak_bench::Spec;
use ssmbak_emulators::http;
use wait4::Wait4 as _;

use super::Outcome;

/// What a process needed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// Seconds from its start to its end.
    pub wall: f64,
    /// Seconds of user and system time.
    pub cpu: f64,
    /// The most memory that was resident, in megabytes of 10^6 bytes.
    pub megabytes: f64,
    /// Requests by operation.
    pub requests: BTreeMap<String, u64>,
    /// Connections that it opened.
    pub connections: u64,
}

impl Measured {
    /// All requests.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// The one of the median time; `None`: there is none.
    pub fn median(mut all: Vec<Self>) -> Option<Self> {
        all.sort_by(|a, b| a.wall.total_cmp(&b.wall));
        let middle = all.len() / 2;
        (!all.is_empty()).then(|| all.swap_remove(middle))
    }
}

/// Runs a command to its end; what it prints is returned. Its requests are the served one's from now on.
pub fn measure(mut command: Command, served: Option<&Served>, dir: &Path) -> Outcome<(Measured, Vec<u8>)> {
    if let Some(served) = served {
        served.reset()?;
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let log = dir.join("stderr.log");
    command.stdout(Stdio::piped()).stderr(File::create(&log)?);
    let began = Instant::now();
    let mut child = command.spawn()?;
    let mut output = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut output)?;
    }
    let used = child.wait4()?;
    let wall = began.elapsed().as_secs_f64();
    if !used.status.success() {
        return Err(format!("{program} ended with {}: see {}", used.status, log.display()).into());
    }
    let (requests, connections) = served.map(Served::counts).transpose()?.unwrap_or_default();
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    let megabytes = used.rusage.maxrss as f64 / 1e6;
    Ok((Measured { wall, cpu, megabytes, requests, connections }, output))
}

/// The server, as a process of its own so that its work is not counted; it ends when dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    endpoint: String,
    port: u16,
}

impl Served {
    /// Starts it.
    pub fn start(spec: &Spec, latency: u64) -> Outcome<Self> {
        let mut child = Command::new(env::current_exe()?)
            .arg("serve")
            .arg(format!("--latency={latency}"))
            .args(spec.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let endpoint = line.trim().to_owned();
        let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| io::Error::other("the server did not start"))?;
        Ok(Self { child, endpoint, port })
    }

    /// Its URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Begins to count at zero.
    pub fn reset(&self) -> Outcome {
        http::request(self.port, "POST", "/_bench/reset", &[], "")?;
        Ok(())
    }

    /// Requests by operation, and connections, without the one that asks for this.
    pub fn counts(&self) -> Outcome<(BTreeMap<String, u64>, u64)> {
        let reply = http::request(self.port, "GET", "/_bench/counts", &[], "")?;
        let counts: Value = serde_json::from_str(&reply.body)?;
        let requests = counts.get("Requests").and_then(Value::as_object).into_iter().flatten();
        let requests = requests.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect();
        let connections = counts.get("Connections").and_then(Value::as_u64).unwrap_or(0).saturating_sub(1);
        Ok((requests, connections))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let deadline = Instant::now() + Duration::from_secs(2);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                // Both fail only if it is gone already.
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Measured;

    #[test]
    fn the_median_is_the_middle_one() {
        let of = |walls: &[f64]| walls.iter().map(|wall| Measured { wall: *wall, ..Measured::default() }).collect();
        assert_eq!(Measured::median(of(&[3.0, 1.0, 2.0])).map(|m| m.wall), Some(2.0));
        assert_eq!(Measured::median(of(&[5.0])).map(|m| m.wall), Some(5.0));
        assert!(Measured::median(Vec::new()).is_none());
    }
}
