//! Requests as tasks of their own, so that all cores share the work of making them.
//!
//! A request costs a fifth of a millisecond of processor time (docs/PERFORMANCE.md), and futures that are awaited together
//! are polled by one core.

use std::future::Future;

use tokio::task::{JoinError, JoinHandle};

use crate::policy::RequestPolicy;
use crate::{Error, ErrorKind};

/// Runs a request as a task, which ends when nobody waits for it any more.
pub(crate) async fn spawn_abort_on_drop<T: Send + 'static>(
    request: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let policy = RequestPolicy::of_task();
    // The task is part of the same run.
    let request = async move {
        match policy {
            Some(policy) => policy.scope(request).await,
            None => request.await,
        }
    };
    let mut task = Task(tokio::spawn(request));
    (&mut task.0).await.unwrap_or_else(|error| Err(ended(&error)))
}

/// Aborts what it holds when it is dropped.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn ended(error: &JoinError) -> Error {
    let how =
        if error.is_cancelled() { "was given up, because the program ends" } else { "ended in a defect of ssmbak" };
    Error::new(ErrorKind::Other, format!("a request {how}"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn its_outcome_is_the_requests() {
        assert_eq!(spawn_abort_on_drop(async { Ok(7) }).await, Ok(7));
        let failed: Result<(), Error> =
            spawn_abort_on_drop(async { Err(Error::new(ErrorKind::Throttled, "slow down")) }).await;
        assert_eq!(failed.map_err(|error| error.kind), Err(ErrorKind::Throttled));
    }

    #[tokio::test]
    async fn it_ends_when_nobody_waits_any_more() {
        let done = Arc::new(AtomicBool::new(false));
        let of_task = Arc::clone(&done);
        let request = spawn_abort_on_drop(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            of_task.store(true, Ordering::Relaxed);
            Ok(())
        });
        assert!(tokio::time::timeout(Duration::from_millis(5), request).await.is_err());
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert!(!done.load(Ordering::Relaxed));
    }
}
