//! A command as a process: its time, its memory, its requests.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ssmbak_bench::{NEIGHBOUR, Spec};
use ssmbak_emulators::{Venv, http};
use wait4::Wait4 as _;

use super::Outcome;
use super::road::Road;

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
    /// How many of them were refused.
    #[serde(default)]
    pub refused: u64,
    /// Connections that it opened.
    pub connections: u64,
    /// What a neighbour asked meanwhile, and how much of it was refused.
    #[serde(default)]
    pub neighbour: (u64, u64),
    /// The most requests of one second by each API of Parameter Store.
    #[serde(default)]
    pub peaks: BTreeMap<String, u64>,
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
    let neighbour = served.and_then(Served::neighbour);
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
    drop(neighbour);
    let counts = served.map(Served::counts).transpose()?.unwrap_or_default();
    let cpu = (used.rusage.utime + used.rusage.stime).as_secs_f64();
    let megabytes = used.rusage.maxrss as f64 / 1e6;
    Ok((Measured { wall, cpu, megabytes, ..counts }, output))
}

/// The server, as a process of its own so that its work is not counted; it ends when dropped.
#[derive(Debug)]
pub struct Served {
    child: Child,
    endpoint: String,
    port: u16,
    road: Road,
    certificate: Option<PathBuf>,
}

impl Served {
    /// Starts it.
    pub fn start(spec: &Spec, latency: u64, road: Road, dir: &Path) -> Outcome<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.arg("serve").arg(format!("--latency={latency}")).args(spec.arguments());
        command.args(road.conditions(spec.parameters).arguments());
        if road.is_encrypted() {
            if !Venv::ready()?.script("certificate.py").arg(dir).status()?.success() {
                return Err("there is no certificate".into());
            }
            command.arg("--tls").arg(dir);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let mut urls = line.split_whitespace();
        let plain = urls.next().unwrap_or_default();
        let port = plain.rsplit(':').next().and_then(|port| port.parse().ok());
        let port = port.ok_or_else(|| io::Error::other("the server did not start"))?;
        let endpoint = urls.next().unwrap_or(plain).to_owned();
        let certificate = road.is_encrypted().then(|| dir.join("ca.pem"));
        Ok(Self { child, endpoint, port, road, certificate })
    }

    /// The file of the certificate that it shows, if any.
    pub fn certificate(&self) -> Option<&Path> {
        self.certificate.as_deref()
    }

    /// Another application of the account, which reads until it is dropped; `None`: there is none on this road.
    pub fn neighbour(&self) -> Option<Neighbour> {
        self.road.has_quotas().then(|| Neighbour::start(self.port))
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

    /// The bodies of messages that were sent to a queue since this was asked last.
    pub fn messages(&self) -> Outcome<Vec<String>> {
        let reply = http::request(self.port, "GET", "/_bench/messages", &[], "")?;
        Ok(serde_json::from_str(&reply.body)?)
    }

    /// Requests by operation, refusals, connections without the one that asks for this, and the neighbour's.
    pub fn counts(&self) -> Outcome<Measured> {
        let reply = http::request(self.port, "GET", "/_bench/counts", &[], "")?;
        let counts: Value = serde_json::from_str(&reply.body)?;
        let requests = counts.get("Requests").and_then(Value::as_object).into_iter().flatten();
        let requests = requests.filter_map(|(name, count)| Some((name.clone(), count.as_u64()?))).collect();
        let peaks = counts.get("Peaks").cloned().map(serde_json::from_value).transpose()?.unwrap_or_default();
        let number = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
        let refused = counts.get("Refused").and_then(Value::as_object).into_iter().flatten();
        let refused = refused.map(|(_, count)| number(Some(count))).sum();
        let neighbour = [0, 1].map(|at: usize| number(counts.get("Neighbour").and_then(|both| both.get(at))));
        // Each of its requests is a connection.
        let connections = number(counts.get("Connections")).saturating_sub(1 + neighbour[0]);
        Ok(Measured { requests, refused, connections, neighbour: neighbour.into(), peaks, ..Measured::default() })
    }
}

/// Reads 30 parameters a second.
#[derive(Debug)]
pub struct Neighbour {
    ended: Arc<AtomicBool>,
    reading: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn start(port: u16) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let headers = [("x-amz-target", "AmazonSSM.GetParameter"), (NEIGHBOUR, "1")];
        let reading = std::thread::spawn(move || {
            let mut next = Instant::now();
            while !end.load(Ordering::Relaxed) {
                // One that is not there is one that was read.
                let _ = http::request(port, "POST", "/", &headers, r#"{"Name":"/neighbour"}"#);
                next += Duration::from_secs(1) / 30;
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
            }
        });
        Self { ended, reading: Some(reading) }
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(reading) = self.reading.take() {
            // It has no result.
            let _ = reading.join();
        }
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
