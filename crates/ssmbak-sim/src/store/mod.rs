//! Parameter Store by its documentation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use ssmbak::store::PutParameter;
use ssmbak::{Error, ErrorKind};
use ssmbak_core::name::ParameterName;
use ssmbak_core::parameter::ParameterVersion;

use crate::{Clock, Faults, Lag};

mod calls;
mod habits;
mod state;

pub use habits::{Habits, KEPT_VERSIONS};
use state::State;

/// The default key of a SecureString.
pub const DEFAULT_KEY: &str = "alias/aws/ssm";

/// The errors that this Parameter Store throws, by operation. A test compares them with AWS's service models.
pub const THROWN: [(&str, &str); 9] = [
    ("PutParameter", "AccessDeniedException"),
    ("PutParameter", "HierarchyTypeMismatchException"),
    ("PutParameter", "InvalidKeyId"),
    ("PutParameter", "ParameterAlreadyExists"),
    ("PutParameter", "ValidationException"),
    ("GetParameters", "InvalidKeyId"),
    ("AddTagsToResource", "AccessDeniedException"),
    ("AddTagsToResource", "InvalidResourceId"),
    ("DeleteParameters", "ValidationException"),
];

/// The error that an operation is answered with.
fn thrown(operation: &str, code: &str, what: &str) -> Error {
    debug_assert!(THROWN.contains(&(operation, code)), "{operation} does not throw {code}");
    Error::new(ErrorKind::of_code(code), format!("cannot {what}: {code}"))
}

/// A Parameter Store in memory.
#[derive(Clone, Debug)]
pub struct FakeStore {
    clock: Clock,
    faults: Faults,
    lag: Lag,
    state: Arc<Mutex<State>>,
    reads: Arc<Mutex<Vec<HistoryRead>>>,
}

/// A read of a history.
#[derive(Clone, Debug)]
pub struct HistoryRead {
    /// The parameter.
    pub name: ParameterName,
    /// Its versions, without a value where it cannot be decrypted; none: the parameter did not exist.
    pub versions: Vec<ParameterVersion>,
}

impl FakeStore {
    /// An empty one.
    pub fn new(clock: Clock, faults: Faults) -> Self {
        Self { clock, faults, lag: Lag::default(), state: Arc::default(), reads: Arc::default() }
    }

    /// The age of its answers.
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    /// The reads of histories since the last call.
    pub fn take_reads(&self) -> Vec<HistoryRead> {
        std::mem::take(&mut self.reads.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same store, with its own list of reads.
    #[must_use]
    pub fn with_own_reads(&self) -> Self {
        Self { reads: Arc::default(), ..self.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, and the time at which a read shows it.
    fn read(&self) -> (Timestamp, MutexGuard<'_, State>) {
        let as_of = self.clock.now().checked_sub(self.lag.next()).unwrap_or(Timestamp::MIN);
        (as_of, self.lock())
    }

    /// Changes the habits.
    pub fn with_habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.lock().habits);
    }

    /// When puts began, where they take their time.
    pub fn put_starts(&self) -> Vec<std::time::Instant> {
        self.lock().put_starts.clone()
    }

    /// What was written, in order: `put /a`, `delete /a`, `tag /a`.
    pub fn journal(&self) -> Vec<String> {
        self.lock().journal.clone()
    }

    /// The versions kept of a parameter, whatever its keys; no call is counted.
    pub fn versions(&self, name: &ParameterName) -> Option<Vec<ParameterVersion>> {
        self.lock().parameters.get(name).map(|parameter| parameter.versions.clone())
    }

    /// The parameter's present version and tags; no call is counted.
    pub fn present(&self, name: &ParameterName) -> Option<(ParameterVersion, BTreeMap<String, String>)> {
        let state = self.lock();
        let parameter = state.parameters.get(name)?;
        Some((parameter.versions.last()?.clone(), parameter.tags.clone()))
    }

    /// All names; no call is counted.
    pub fn names(&self) -> Vec<ParameterName> {
        self.lock().parameters.keys().cloned().collect()
    }

    /// A write from outside: no fault, no count.
    ///
    /// # Errors
    /// Parameter Store's refusals.
    pub fn put_now(&self, put: &PutParameter) -> Result<(), Error> {
        let now = self.clock.now();
        self.lock().put(put, now)
    }

    /// A deletion from outside; returns whether the parameter existed.
    pub fn delete_now(&self, name: &ParameterName) -> bool {
        let now = self.clock.now();
        let mut state = self.lock();
        let deleted = state.parameters.remove(name).is_some();
        state.remember(name, now);
        deleted
    }
}
