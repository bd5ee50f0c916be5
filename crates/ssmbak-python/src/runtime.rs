//! One runtime per process, and calls that Ctrl-C ends.

use std::mem;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use ssmbak::RequestPolicy;
use tokio::runtime::{Builder, Runtime};

/// How often it is looked whether somebody pressed Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);
/// How long what is being written may take after Ctrl-C.
const GRACE: Duration = Duration::from_millis(500);

static RUNTIME: Mutex<Option<(u32, Arc<Runtime>)>> = Mutex::new(None);

/// The runtime of this process: a child of `fork` has none of its parent's threads and begins with a new one.
fn runtime() -> PyResult<Arc<Runtime>> {
    let mut held = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    let this = process::id();
    if let Some((process, runtime)) = &*held
        && *process == this
    {
        return Ok(Arc::clone(runtime));
    }
    let runtime = Builder::new_multi_thread().enable_all().thread_name("ssmbak").build();
    let runtime = Arc::new(runtime.map_err(|error| PyRuntimeError::new_err(format!("cannot start: {error}")))?);
    // To drop the parent's would wait for threads that do not exist here.
    mem::forget(held.replace((this, Arc::clone(&runtime))));
    Ok(runtime)
}

/// What ends a call before its end.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether nothing more is to be begun.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs a future to its end while other threads of Python go on.
///
/// # Errors
/// The exception of a signal's handler, as a rule KeyboardInterrupt; RuntimeError for a defect.
pub fn run<T: Send + 'static>(
    py: Python<'_>,
    policy: &RequestPolicy,
    stop: &Stop,
    work: impl Future<Output = T> + Send + 'static,
) -> PyResult<T> {
    let runtime = runtime()?;
    let (sender, receiver) = mpsc::channel();
    let scoped = policy.clone().scope(work);
    let task = runtime.spawn(async move {
        // Nobody waits any more, if it cannot be sent.
        let _ = sender.send(scoped.await);
    });
    py.detach(move || {
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(done) => return Ok(done),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(PyRuntimeError::new_err("this is a defect of ssmbak: a call ended without a result"));
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(interruption) = Python::attach(|py| py.check_signals()) {
                        stop.0.store(true, Ordering::Relaxed);
                        policy.interrupt();
                        // What is being written comes to its end, as far as it takes no longer than that.
                        let _ = receiver.recv_timeout(GRACE);
                        task.abort();
                        return Err(interruption);
                    }
                }
            }
        }
    })
}
