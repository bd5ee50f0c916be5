//! One emulator process: started on loopback, awaited, ended with its owner.

use std::collections::HashSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::{ACCESS_KEY, Error, REGION, Result, SECRET_KEY, Venv, http, target_dir};

/// Half a second is usual; a busy machine and cold files take far longer.
const START_DEADLINE: Duration = Duration::from_secs(90);
/// Somebody else may take a free port between our choice and the emulator's bind.
const ATTEMPTS: usize = 3;
const LOG_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What distinguishes one emulator from the other.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) script: &'static str,
    pub(crate) health: &'static str,
    pub(crate) reset: &'static str,
}

/// A running emulator.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// The process ends itself when this is closed, which the system does even if we are killed.
    lifeline: Option<ChildStdin>,
    port: u16,
    log: PathBuf,
    temp: PathBuf,
}

impl Process {
    /// Starts it on a free port.
    pub(crate) fn start(kind: &Kind, settings: &[(&str, String)]) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::start_on(kind, free_port()?, settings) {
                Err(Error::Start { .. } | Error::PortInUse(_)) if attempt < ATTEMPTS => attempt += 1,
                result => return result,
            }
        }
    }

    /// Starts it on the port given, with further variables.
    pub(crate) fn start_on(kind: &Kind, port: u16, settings: &[(&str, String)]) -> Result<Self> {
        let venv = Venv::ready()?;
        // Asked now, because an emulator that finds its port taken would be mistaken for the one that has it.
        TcpListener::bind(("127.0.0.1", port)).map_err(|_| Error::PortInUse(port))?;
        let dir = target_dir().join("emulators");
        let temp = dir.join(format!("{}-{port}.tmp", kind.name));
        // Of one that was killed together with its owner.
        let _ = fs::remove_dir_all(&temp);
        fs::create_dir_all(&temp).map_err(Error::io(format!("create {}", temp.display())))?;
        forget_old_logs(&dir);
        let log = dir.join(format!("{}-{port}.log", kind.name));
        let output = File::create(&log).map_err(Error::io(format!("create {}", log.display())))?;
        let errors = output.try_clone().map_err(Error::io("share the log file"))?;
        let mut child = command(&venv, kind, port, &temp)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(Error::io(format!("start {}", kind.name)))?;
        let lifeline = child.stdin.take();
        let mut process = Self { child, lifeline, port, log, temp };
        process.await_health(kind)?;
        Ok(process)
    }

    fn await_health(&mut self, kind: &Kind) -> Result<()> {
        let failed = |reason: String, log: &Path| Error::Start { name: kind.name, reason, log: log.to_path_buf() };
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(failed(format!("it ended with {status}"), &self.log));
            }
            if http::request(self.port, "GET", kind.health, &[], "").is_ok_and(|reply| reply.status == 200) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(failed(format!("no answer within {} s", START_DEADLINE.as_secs()), &self.log));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Forgets everything the emulator was told.
    pub(crate) fn reset(&self, kind: &Kind) -> Result<()> {
        let reply =
            http::request(self.port, "POST", kind.reset, &[], "").map_err(Error::io(format!("reset {}", kind.name)))?;
        if reply.status == 200 {
            return Ok(());
        }
        Err(Error::Http { path: kind.reset.to_owned(), reason: format!("status {}", reply.status) })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Waits until it ends, which it does not by itself.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        // This closes the child's standard input, were it not for `start_on`, which took the lifeline out.
        self.child.wait().map_err(Error::io("wait for the emulator"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                // Nothing is left to do about failures here: the process is gone or beyond our reach.
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = fs::remove_dir_all(&self.temp);
    }
}

fn command(venv: &Venv, kind: &Kind, port: u16, temp: &Path) -> Command {
    let mut command = venv.script(kind.script);
    command
        .arg(port.to_string())
        .arg("--stop-with-stdin")
        // A function that an emulator runs inherits its environment: it gets nothing of ours.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", temp)
        .env("TMPDIR", temp)
        .env("LC_ALL", "C.UTF-8")
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("MINISTACK_REGION", REGION);
    command
}

fn free_port() -> Result<u16> {
    static HANDED_OUT: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(Error::io("find a free port"))?;
        let port = listener.local_addr().map_err(Error::io("find a free port"))?.port();
        let mut ports = HANDED_OUT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Two threads may be offered the same port, as neither keeps it bound.
        if ports.get_or_insert_default().insert(port) {
            return Ok(port);
        }
    }
}

/// Ports are random and logs are named after them, so they would pile up. Best effort.
fn forget_old_logs(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).map(|time| SystemTime::now().duration_since(time));
        if age.is_ok_and(|age| age.is_ok_and(|age| age > LOG_LIFE)) {
            let _ = fs::remove_file(entry.path());
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
