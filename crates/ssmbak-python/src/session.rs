//! A way to AWS, found with the first call and kept for the next ones.

use std::borrow::Cow;
use std::mem;
use std::process;
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use ssmbak::RequestPolicy;
use ssmbak::bucket::S3BackupBucket;
use ssmbak_cli::aws::Aws;
use ssmbak_cli::error::CliError;
use ssmbak_cli::global::GlobalArgs;

use crate::calls::Counter;
use crate::operations;
use crate::runtime::{Stop, run};

/// Region, profile and endpoint, and the connections made with them.
#[pyclass(frozen)]
pub struct Session {
    global: GlobalArgs,
    connection: Mutex<Option<(u32, Connection)>>,
}

/// The configured way to AWS, and what bounds the waits of its calls.
#[derive(Clone)]
pub struct Connection {
    pub aws: Aws,
    policy: RequestPolicy,
}

impl Connection {
    /// S3, whose requests are counted.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        aws_sdk_s3::Client::from_conf(self.aws.s3().config().to_builder().interceptor(Counter).build())
    }

    /// The bucket with the history.
    ///
    /// # Errors
    /// [`CliError`] if none is given and the stack left no name.
    pub async fn bucket(&self, name: Option<&str>) -> Result<S3BackupBucket, CliError> {
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            return Ok(S3BackupBucket::new(self.s3(), name));
        }
        let found = ssmbak_cli::bucket::BucketArgs::default().named(&self.aws).await?;
        Ok(S3BackupBucket::new(self.s3(), found.name()))
    }
}

#[pymethods]
impl Session {
    #[new]
    #[pyo3(signature = (region=None, profile=None, endpoint_url=None))]
    fn new(region: Option<String>, profile: Option<String>, endpoint_url: Option<String>) -> Self {
        let global = GlobalArgs { region, profile, endpoint_url, is_silent: true, ..GlobalArgs::default() };
        Self { global, connection: Mutex::new(None) }
    }

    /// Carries out an operation. Arguments and result are JSON; a failure is a result with the key `Error`.
    fn call(&self, py: Python<'_>, operation: String, arguments: String) -> PyResult<String> {
        let outcome = self.connected(py, move |connection, stop| async move {
            operations::run(&connection, &operation, &arguments, stop).await
        })?;
        Ok(outcome.map_or_else(|error| failure(&error), |value| value.to_string()))
    }

    /// The bytes of a version; a failure is told as by [`Session::call`], as text.
    fn body(&self, py: Python<'_>, bucket: String, key: String, version_id: String) -> PyResult<Answer> {
        let outcome = self.connected(py, move |connection, _| async move {
            operations::body(&connection, &bucket, &key, &version_id).await
        })?;
        Ok(match outcome {
            Ok(bytes) => Answer::Bytes(Cow::Owned(bytes)),
            Err(error) => Answer::Failure(failure(&error)),
        })
    }
}

/// Bytes, or why there are none.
#[derive(IntoPyObject)]
enum Answer {
    Bytes(Cow<'static, [u8]>),
    Failure(String),
}

fn failure(error: &CliError) -> String {
    serde_json::to_string(&error.report()).unwrap_or_default()
}

impl Session {
    fn connected<T, F>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(Connection, Stop) -> F + Send + 'static,
    ) -> PyResult<Result<T, CliError>>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, CliError>> + Send + 'static,
    {
        let stop = Stop::default();
        let connection = match self.kept() {
            Some(connection) => connection,
            None => {
                let (policy, global) = (RequestPolicy::default(), self.global.clone());
                let aws = match run(py, &policy, &stop, async move { Aws::connect(&global).await })? {
                    Ok(aws) => aws,
                    Err(error) => return Ok(Err(error)),
                };
                let connection = Connection { aws, policy };
                self.keep(Some(connection.clone()));
                connection
            }
        };
        let policy = connection.policy.clone();
        let outcome = run(py, &policy, &stop, work(connection, stop.clone()));
        if outcome.is_err() {
            // An interruption ends the waits of all calls that share the policy, so that the next call needs another one.
            self.keep(None);
        }
        outcome
    }

    /// The connection of this process: a parent's belongs to threads that a child of `fork` does not have.
    fn kept(&self) -> Option<Connection> {
        let held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().filter(|(process, _)| *process == process::id()).map(|(_, connection)| connection.clone())
    }

    fn keep(&self, connection: Option<Connection>) {
        let connection = connection.map(|connection| (process::id(), connection));
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let before = mem::replace(&mut *held, connection);
        if before.as_ref().is_some_and(|(process, _)| *process != process::id()) {
            mem::forget(before);
        }
    }
}
