//! One policy for all requests of a run: how long AWS may keep it waiting, and that an interruption ends every wait.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// How long a run waits for an AWS that refuses everything, unless told otherwise.
const BUDGET: Duration = Duration::from_secs(300);
/// Throttling that passes sooner is not worth a word.
const TELL_AFTER: Duration = Duration::from_secs(3);
/// How often a wait that goes on is told of.
const TELL_EVERY: Duration = Duration::from_secs(15);

tokio::task_local! {
    static POLICY: RequestPolicy;
}

/// The policy of a run: every retry of [`crate`] asks it before it waits.
///
/// Run the whole of a command [within](RequestPolicy::scope) one; what runs outside of any waits as long for each request.
#[derive(Clone)]
pub struct RequestPolicy(Arc<Shared>);

struct Shared {
    budget: Duration,
    interrupted: watch::Sender<bool>,
    waiting: Mutex<Waiting>,
    observer: Option<Observer>,
    tell_after: Duration,
    remarks: Mutex<Vec<String>>,
}

/// Hears of a wait: why it goes on, and how long it has lasted.
type Observer = Box<dyn Fn(&str, Duration) + Send + Sync>;

#[derive(Debug, Default)]
struct Waiting {
    since: Option<Instant>,
    told: Option<Instant>,
}

impl RequestPolicy {
    /// Gives up on an AWS that has refused everything for this long.
    pub fn new(budget: Duration) -> Self {
        Self::of(budget, None)
    }

    /// As [`RequestPolicy::new`], and has an observer told why the run waits, and for how long already.
    pub fn observed(budget: Duration, observer: impl Fn(&str, Duration) + Send + Sync + 'static) -> Self {
        Self::of(budget, Some(Box::new(observer)))
    }

    fn of(budget: Duration, observer: Option<Observer>) -> Self {
        let (interrupted, _) = watch::channel(false);
        Self(Arc::new(Shared {
            budget,
            interrupted,
            waiting: Mutex::default(),
            observer,
            tell_after: TELL_AFTER,
            remarks: Mutex::default(),
        }))
    }

    /// The policy that the current task runs within; one of its own if there is none.
    pub fn current() -> Self {
        Self::of_task().unwrap_or_default()
    }

    pub(crate) fn of_task() -> Option<Self> {
        POLICY.try_with(Clone::clone).ok()
    }

    /// Runs something within the policy.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        POLICY.scope(self, work).await
    }

    /// Ends every wait, now and from now on: nothing is tried again any more.
    pub fn interrupt(&self) {
        self.0.interrupted.send_replace(true);
    }

    /// Whether it was interrupted.
    pub fn is_interrupted(&self) -> bool {
        *self.0.interrupted.borrow()
    }

    /// Waits until it is interrupted.
    pub async fn interrupted(&self) {
        let mut interrupted = self.0.interrupted.subscribe();
        // The sender lives as long as the policy.
        let _ = interrupted.wait_for(|interrupted| *interrupted).await;
    }

    /// Waits, unless it is interrupted. Whether the wait came to its end.
    pub async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.interrupted() => false,
            () = sleep(pause) => true,
        }
    }

    /// Notes that a request was refused because AWS is busy.
    pub fn refused(&self, why: &str) {
        self.lock().since.get_or_insert_with(Instant::now);
        self.tell(why);
    }

    /// Notes that a request succeeded that had been refused: AWS is there again.
    pub fn recovered(&self) {
        *self.lock() = Waiting::default();
    }

    /// Whether to try again what AWS was too busy for.
    pub fn may_wait(&self) -> bool {
        !self.is_interrupted() && self.lock().since.is_none_or(|since| since.elapsed() < self.0.budget)
    }

    /// Says why the run waits, where somebody wants to hear it and it has lasted.
    fn tell(&self, why: &str) {
        let Some(observer) = &self.0.observer else { return };
        let waited = {
            let mut waiting = self.lock();
            let waited = waiting.since.map_or(Duration::ZERO, |since| since.elapsed());
            if waited < self.0.tell_after || waiting.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
                return;
            }
            waiting.told = Some(Instant::now());
            waited
        };
        observer(why, waited);
    }

    /// Notes what whoever runs this should know, once.
    pub fn remark(&self, remark: &str) {
        let mut remarks = self.0.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        if !remarks.iter().any(|known| known == remark) {
            remarks.push(remark.to_owned());
        }
    }

    /// What was noted so.
    pub fn remarks(&self) -> Vec<String> {
        self.0.remarks.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says that a single request is waited for.
    pub fn slow(&self, why: &str, waited: Duration) {
        if let Some(observer) = &self.0.observer {
            observer(why, waited);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RequestPolicy {
    fn default() -> Self {
        Self::new(BUDGET)
    }
}

impl fmt::Debug for RequestPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestPolicy").field("budget", &self.0.budget).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::retry::{RetryPolicy, retry_throttled};
    use crate::{Error, ErrorKind};

    fn busy() -> Error {
        Error::new(ErrorKind::Throttled, "slow down")
    }

    const QUICK: RetryPolicy = RetryPolicy { attempts: 6, first_pause: Duration::from_millis(4) };

    #[tokio::test]
    async fn budget_is_shared_by_all_requests_of_a_run() {
        let policy = RequestPolicy::new(Duration::from_millis(60));
        let calls = AtomicUsize::new(0);
        let work = async {
            for _ in 0..40 {
                let failed: Result<(), Error> = retry_throttled(QUICK, || async {
                    calls.fetch_add(1, Ordering::Relaxed);
                    Err(busy())
                })
                .await;
                assert!(failed.is_err());
            }
        };
        policy.scope(work).await;
        let calls = calls.into_inner();
        assert!((40..=52).contains(&calls), "{calls}: once the budget is used up each request is made once");
    }

    #[tokio::test]
    async fn recovery_restores_the_budget() {
        let policy = RequestPolicy::new(Duration::from_millis(150));
        let work = async {
            for _ in 0..60 {
                let mut calls = 0;
                let answered = retry_throttled(QUICK, || {
                    calls += 1;
                    let again = calls < 2;
                    async move { if again { Err(busy()) } else { Ok(()) } }
                });
                assert_eq!(answered.await, Ok(()));
            }
        };
        policy.clone().scope(work).await;
        assert!(policy.may_wait());
    }

    #[tokio::test]
    async fn interruption_ends_a_wait() {
        let policy = RequestPolicy::default();
        let begun = Instant::now();
        let interrupt = async {
            sleep(Duration::from_millis(50)).await;
            policy.interrupt();
        };
        let retry = RetryPolicy { attempts: 9, first_pause: Duration::from_secs(60) };
        let work = policy.clone().scope(retry_throttled(retry, || async { Err::<(), _>(busy()) }));
        let (failed, ()) = tokio::join!(work, interrupt);
        assert_eq!(failed.map_err(|error| error.kind), Err(ErrorKind::Throttled));
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn a_long_wait_is_told_with_its_reason() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let observer = move |why: &str, _waited: Duration| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(why.to_owned());
        };
        let mut policy = RequestPolicy::observed(Duration::from_secs(60), observer);
        if let Some(shared) = Arc::get_mut(&mut policy.0) {
            shared.tell_after = Duration::from_millis(10);
        }
        let failed = policy.scope(retry_throttled(QUICK, || async { Err::<(), _>(busy()) })).await;
        assert!(failed.is_err());
        assert_eq!(*told.lock().unwrap_or_else(PoisonError::into_inner), ["slow down"]);
    }
}
