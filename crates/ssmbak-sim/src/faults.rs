//! Calls that fail, at the moment the test chooses.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ssmbak::{Error, ErrorKind};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done and AWS says so.
    Throttled,
    /// Nothing is done: the connection broke before.
    Before,
    /// It is done, and the answer is lost.
    After,
    /// It is done, then the function is killed: every later call fails until [`Faults::revive`].
    Kill,
}

/// Which calls fail, counted over all calls of a world.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: u64,
    planned: BTreeMap<u64, Fault>,
    dead: bool,
    counts: BTreeMap<&'static str, u64>,
    interleaved: bool,
}

impl Faults {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the call that is `ahead` calls away (0: the next one) fail.
    pub fn plan(&self, ahead: u64, fault: Fault) {
        let mut state = self.lock();
        let call = state.calls + ahead;
        state.planned.insert(call, fault);
    }

    /// Forgets what is planned, and lets calls be answered again.
    pub fn revive(&self) {
        let mut state = self.lock();
        state.planned.clear();
        state.dead = false;
    }

    /// How often an operation was called, by the name of its method.
    pub fn count(&self, operation: &str) -> u64 {
        self.lock().counts.get(operation).copied().unwrap_or(0)
    }

    /// How many calls were made.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Whether every call yields first, so that two futures interleave at every call.
    pub fn interleave(&self, interleaved: bool) {
        self.lock().interleaved = interleaved;
    }

    /// Yields once, if calls are interleaved.
    async fn yield_once(&self) {
        let mut given = !self.lock().interleaved;
        std::future::poll_fn(move |context| {
            if std::mem::replace(&mut given, true) {
                return std::task::Poll::Ready(());
            }
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
    }

    /// Makes a call: `effect` happens unless the fault comes before it.
    pub(crate) async fn call<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.yield_once().await;
        let fault = {
            let mut state = self.lock();
            if state.dead {
                return Err(broken(operation));
            }
            let call = state.calls;
            state.calls += 1;
            *state.counts.entry(operation).or_default() += 1;
            let fault = state.planned.remove(&call);
            state.dead |= fault == Some(Fault::Kill);
            fault
        };
        match fault {
            None => effect(),
            Some(Fault::Throttled) => {
                Err(Error::new(ErrorKind::Throttled, format!("cannot {operation}: throttled by AWS")))
            }
            Some(Fault::Before) => Err(broken(operation)),
            Some(Fault::After | Fault::Kill) => {
                effect()?;
                Err(broken(operation))
            }
        }
    }
}

fn broken(operation: &str) -> Error {
    Error::new(ErrorKind::Unreachable, format!("cannot {operation}: the connection broke"))
}
