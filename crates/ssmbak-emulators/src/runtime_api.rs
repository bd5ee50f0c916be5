//! The Lambda Runtime API: what hands events to a `bootstrap` and takes its answers.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::wire::{Connection, Request};

const PREFIX: &str = "/2018-06-01/runtime/";
/// How often a waiting connection looks whether its client is still there.
const LOOK: Duration = Duration::from_millis(50);
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:ssmbak";
const TRACE: &str = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0";

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function answered.
    Response(Value),
    /// The function reported an error (`errorType`, `errorMessage`).
    Error(Value),
}

/// Why an invocation has no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvocationError {
    /// Nobody answered in time.
    Timeout(Duration),
    /// The function failed before it asked for its first event, and said this.
    Init(Value),
}

impl fmt::Display for InvocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(timeout) => write!(f, "the function did not answer within {timeout:?}"),
            Self::Init(error) => write!(f, "the function failed to start: {error}"),
        }
    }
}

impl std::error::Error for InvocationError {}

type Answer = Result<InvocationOutcome, InvocationError>;

#[derive(Debug)]
struct Job {
    id: String,
    event: String,
    deadline_ms: u128,
}

#[derive(Debug, Default)]
struct State {
    invocations: u64,
    pending: VecDeque<Job>,
    awaited: HashMap<String, Sender<Answer>>,
    init_error: Option<Value>,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere must not hide its own message behind this one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running Runtime API; it stops when dropped.
#[derive(Debug)]
pub struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl RuntimeApi {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// If the system gives it no port.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if served.lock().stopped {
                    break;
                }
                let shared = Arc::clone(&served);
                // A connection that breaks is the client's affair: the invocation it carried times out.
                thread::spawn(move || drop(serve(&shared, Connection::new(stream))));
            }
        });
        Ok(Self { address, shared })
    }

    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands an event to the function and waits for its answer.
    ///
    /// # Errors
    /// If it does not come in time, or the function failed to start.
    pub fn invoke(&self, event: &Value, timeout: Duration) -> Answer {
        let deadline = SystemTime::now() + timeout;
        let (sender, receiver) = mpsc::channel();
        let mut state = self.shared.lock();
        if let Some(error) = &state.init_error {
            return Err(InvocationError::Init(error.clone()));
        }
        state.invocations += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.invocations);
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
        state.pending.push_back(Job { id: id.clone(), event: event.to_string(), deadline_ms });
        state.awaited.insert(id.clone(), sender);
        drop(state);
        self.shared.changed.notify_all();
        receiver.recv_timeout(timeout).unwrap_or_else(|_| {
            let mut state = self.shared.lock();
            state.pending.retain(|job| job.id != id);
            state.awaited.remove(&id);
            Err(InvocationError::Timeout(timeout))
        })
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(shared: &Shared, mut connection: Connection) -> io::Result<()> {
    while let Some(request) = connection.read()? {
        let route = request.path.strip_prefix(PREFIX).unwrap_or_default();
        match (request.method.as_str(), route.split('/').collect::<Vec<_>>().as_slice()) {
            ("GET", ["invocation", "next"]) => {
                let Some(job) = next(shared, &connection) else { return Ok(()) };
                let headers = [
                    ("Lambda-Runtime-Aws-Request-Id", job.id.as_str()),
                    ("Lambda-Runtime-Deadline-Ms", &job.deadline_ms.to_string()),
                    ("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN),
                    ("Lambda-Runtime-Trace-Id", TRACE),
                ];
                connection.write("200 OK", &headers, &job.event)?;
            }
            ("POST", ["init", "error"]) => {
                fail_all(shared, &body(&request));
                connection.write("202 Accepted", &[], "{}")?;
            }
            ("POST", ["invocation", id, kind @ ("response" | "error")]) => {
                let outcome = match *kind {
                    "response" => InvocationOutcome::Response(body(&request)),
                    _ => InvocationOutcome::Error(body(&request)),
                };
                let awaited = shared.lock().awaited.remove(*id);
                // Nobody waits for it any more, or it is the second answer: AWS refuses both.
                let accepted = awaited.is_some_and(|sender| sender.send(Ok(outcome)).is_ok());
                let status = if accepted { "202 Accepted" } else { "400 Bad Request" };
                connection.write(status, &[], "{}")?;
            }
            _ => connection.write("404 Not Found", &[], "{}")?,
        }
        if request.last {
            break;
        }
    }
    Ok(())
}

/// Waits for an event; `None` if there is nobody left to give it to.
fn next(shared: &Shared, connection: &Connection) -> Option<Job> {
    let mut state = shared.lock();
    loop {
        // Before an event is taken: one given to a function that was killed meanwhile would be lost.
        if state.stopped || connection.is_closed() {
            return None;
        }
        if let Some(job) = state.pending.pop_front() {
            return Some(job);
        }
        state = shared.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn fail_all(shared: &Shared, error: &Value) {
    let mut state = shared.lock();
    state.init_error = Some(error.clone());
    state.pending.clear();
    for (_, sender) in state.awaited.drain() {
        let _ = sender.send(Err(InvocationError::Init(error.clone())));
    }
}

fn body(request: &Request) -> Value {
    // What is not JSON is shown as it is, in the test's message.
    serde_json::from_slice(&request.body).unwrap_or_else(|_| String::from_utf8_lossy(&request.body).into())
}
