//! One invocation's share of a sweep: name after name until time is short, then a message to go on with.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use ssmbak::recording_scope::{note_scope, note_swept};
use ssmbak::sweep::{self, SweepItem};
use ssmbak::{BackupBucket, Capture, Error, ErrorKind, ParameterStore};
use ssmbak_core::recording_scope::{RecordingScope, ScopeRecord};
use ssmbak_core::sweep::{Ended, GivenUp, Outcome, Place, Progress, SweepRecord};
use tokio::time::{Instant, sleep, timeout_at};

use crate::failure::Failure;
use crate::message_outcome;
use crate::queue::OwnQueue;

/// How many names are worked on at once: few, because reading histories is throttled and changes come first.
const CONCURRENCY: usize = 4;
/// The first pause when AWS asks to slow down; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// How long to work where no deadline is known.
const UNLIMITED: Duration = Duration::from_secs(45);

/// What sending the message takes at most.
const FOR_MESSAGE: Duration = Duration::from_secs(1);

/// With less time than this no share is begun: it would blame a name for what is the time's fault.
const SHORTEST: Duration = Duration::from_secs(3);

/// When to stop.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// No name is begun after this.
    begin: Instant,
    /// What is not done by then is left.
    end: Instant,
}

impl Limits {
    /// Three quarters of the time to begin names, most of the rest to end them, and what is left to send the message.
    fn of(now: Instant, limit: Option<Instant>) -> Self {
        let time = limit.map_or(UNLIMITED, |limit| limit.saturating_duration_since(now));
        let begin = time * 3 / 4;
        let end = (time * 19 / 20).min(time.saturating_sub(FOR_MESSAGE)).max(begin);
        Self { begin: now + begin, end: now + end }
    }
}

/// What an invocation's share came to, as the log tells it.
#[derive(Debug)]
pub enum Share {
    /// A message was sent to go on with.
    Continued {
        /// How many names have had their turn since the sweep began.
        names: u64,
        /// How long the message waits, in seconds.
        seconds: u32,
    },
    /// The sweep is done, and its record stored.
    Finished {
        /// The record.
        record: SweepRecord,
        /// Whether the bucket had none before: then what was written is no drift, but what existed already.
        is_first: bool,
    },
    /// The sweep is given up; delivering its message again would not help.
    GivenUp(GivenUp),
}

/// Does as much of a sweep as `limit` leaves time for, and sees to it that the rest is done.
///
/// # Errors
/// What concerns all names alike: the message is to be delivered again.
pub async fn share<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    queue: Option<&OwnQueue>,
    scope: &RecordingScope,
    progress: Option<Progress>,
    limit: Option<Instant>,
) -> Result<Share, Failure> {
    let limits = Limits::of(Instant::now(), limit);
    if limit.is_some_and(|limit| limit.saturating_duration_since(Instant::now()) < SHORTEST) {
        return Err(Failure::OutOfTime);
    }
    let mut progress = progress.unwrap_or_else(|| Progress::start(ssmbak::clock::now()));
    if let Err(given_up) = progress.check(ssmbak::clock::now()) {
        return Ok(Share::GivenUp(given_up));
    }
    let began = progress.at.clone();
    // A sweep that begins goes by this scope from its beginning.
    let now = if began == Place::START { progress.started } else { ssmbak::clock::now() };
    let known = async || {
        let scope = note_scope(capture.bucket(), scope, now).await?;
        Ok((scope, sweep::last(capture.bucket()).await?))
    };
    let (scope, last) = match retry_throttled(limits.begin, known).await {
        Ok(known) => known,
        Err(error) => return stop(&mut progress, &began, queue, error).await,
    };
    let worked = work(capture, &mut progress, (&scope, last.as_ref()), limits).await;
    let complete = match worked {
        Ok(complete) => complete,
        Err(Stop::Error(error)) => return stop(&mut progress, &began, queue, error).await,
        Err(Stop::GivenUp(given_up)) => return Ok(Share::GivenUp(given_up)),
    };
    let share = end(capture, &mut progress, &began, complete, last.is_none(), queue).await?;
    if let Share::Finished { record, .. } = &share {
        note_swept(capture.bucket(), &scope, record.started).await?;
    }
    Ok(share)
}

/// Why a share ends before its time.
enum Stop {
    Error(Error),
    GivenUp(GivenUp),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// After an error that concerns all names: a passing one lets the sweep go on later, from where it is.
async fn stop(
    progress: &mut Progress,
    began: &Place,
    queue: Option<&OwnQueue>,
    error: Error,
) -> Result<Share, Failure> {
    if !is_passing(&error) {
        return Err(error.into());
    }
    tracing::warn!(outcome = "paused", code = error.kind.code(), "the sweep pauses: {error}");
    match progress.ended(began, false, ssmbak::clock::now()) {
        Ended::GivenUp(given_up) => Ok(Share::GivenUp(given_up)),
        Ended::Continue { seconds } => go_on(progress, queue, seconds).await,
        // Only what is complete is finished.
        Ended::Finished(_) => Err(error.into()),
    }
}

async fn end<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    progress: &mut Progress,
    began: &Place,
    complete: bool,
    is_first: bool,
    queue: Option<&OwnQueue>,
) -> Result<Share, Failure> {
    match progress.ended(began, complete, ssmbak::clock::now()) {
        Ended::Finished(record) => {
            capture.bucket().put_sweep(&record).await?;
            Ok(Share::Finished { record, is_first })
        }
        Ended::Continue { seconds } => go_on(progress, queue, seconds).await,
        Ended::GivenUp(given_up) => Ok(Share::GivenUp(given_up)),
    }
}

async fn go_on(progress: &Progress, queue: Option<&OwnQueue>, seconds: u32) -> Result<Share, Failure> {
    let queue = queue.ok_or(Failure::NoQueue)?;
    queue.send(progress.message(), seconds).await?;
    Ok(Share::Continued { names: progress.names(), seconds })
}

/// Page after page; true: there are no more.
async fn work<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    progress: &mut Progress,
    (scope, last): (&ScopeRecord, Option<&SweepRecord>),
    limits: Limits,
) -> Result<bool, Stop> {
    // The first name is begun however short the time: else nothing might ever be.
    let mut any = false;
    loop {
        if any && Instant::now() >= limits.begin {
            return Ok(false);
        }
        let resumed = matches!(&progress.at, Place::Parameters { token: Some(_), .. });
        let page = match retry_throttled(limits.begin, || sweep::page(capture, &progress.at, last)).await {
            Err(error) if resumed && error.kind == ErrorKind::Refused => {
                progress.restart().map_err(Stop::GivenUp)?;
                continue;
            }
            page => page?,
        };
        let names = page.names.into_iter().filter(|turn| scope.contains(&turn.name)).collect();
        if !turns(capture, names, progress, (scope, last), limits, &mut any).await? {
            return Ok(false);
        }
        match page.next {
            Some(next) => progress.at = next,
            None => return Ok(true),
        }
        any = true;
    }
}

/// Name after name; false: time is up before all had their turn.
async fn turns<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    names: Vec<SweepItem>,
    progress: &mut Progress,
    (scope, last): (&ScopeRecord, Option<&SweepRecord>),
    limits: Limits,
    any: &mut bool,
) -> Result<bool, Error> {
    let mut first = !*any;
    let mut waiting = names.clone().into_iter();
    let begun = names.into_iter().take_while(|_| std::mem::take(&mut first) || Instant::now() < limits.begin);
    // In order, so that what is done is all that comes before what is not.
    let done = stream::iter(begun)
        .map(|turn| async move {
            // Of a name that was left out, the last sweep says nothing.
            let last = last.filter(|_| scope.excluded_since(&turn.name).is_none());
            (bring_up_to_date(capture, &turn, last, limits.begin).await, turn)
        })
        .buffered(CONCURRENCY);
    let mut done = std::pin::pin!(done);
    loop {
        match timeout_at(limits.end, done.next()).await {
            Ok(Some((Ok(outcome), turn))) => {
                progress.count(&turn.name, outcome, turn.again);
                progress.at = turn.then;
                *any = true;
                waiting.next();
            }
            Ok(Some((Err(error), _))) => return Err(error),
            Ok(None) => return Ok(waiting.next().is_none()),
            // With all the time of an invocation for itself it was not done: it never will be.
            Err(_) if !*any => {
                if let Some(turn) = waiting.next() {
                    message_outcome::log_swept(&turn.name, &Err(Failure::OutOfTime));
                    progress.count(&turn.name, Outcome::Failed, turn.again);
                    progress.at = turn.then;
                }
                return Ok(false);
            }
            Err(_) => return Ok(false),
        }
    }
}

/// One name; what concerns it alone is logged and counted, what would fail the others as well is an error.
async fn bring_up_to_date<S: ParameterStore, B: BackupBucket>(
    capture: &Capture<S, B>,
    turn: &SweepItem,
    last: Option<&SweepRecord>,
    until: Instant,
) -> Result<Outcome, Error> {
    let captured = retry_throttled(until, || sweep::process(capture, turn, last, ssmbak::clock::now())).await;
    match captured {
        Err(error) if is_passing(&error) || concerns_all(&error) => Err(error),
        Err(error) => {
            message_outcome::log_swept(&turn.name, &Err(error.into()));
            Ok(Outcome::Failed)
        }
        Ok(captured) => {
            let outcome = if captured.writes.is_empty() { Outcome::Unchanged } else { Outcome::Written };
            message_outcome::log_swept(&turn.name, &Ok(captured));
            Ok(outcome)
        }
    }
}

/// Tries again, with growing pauses, while AWS asks to slow down or does not answer, and time is left.
async fn retry_throttled<T>(until: Instant, mut attempt: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Err(error) if is_passing(&error) && Instant::now() + pause < until => {
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
            other => return other,
        }
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Throttled | ErrorKind::Unreachable)
}

fn concerns_all(error: &Error) -> bool {
    matches!(error.kind, ErrorKind::Credentials | ErrorKind::BucketMissing | ErrorKind::BucketNotVersioned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_the_time_is_for_beginning_and_some_is_left_for_the_message() {
        let now = Instant::now();
        let after = |seconds: u64| now + Duration::from_secs(seconds);
        let limits = Limits::of(now, Some(after(60)));
        assert_eq!((limits.begin, limits.end), (after(45), after(57)));
        let limits = Limits::of(now, None);
        assert!(limits.begin > now && limits.begin < limits.end && limits.end < after(60));
        let limits = Limits::of(after(60), Some(now));
        assert_eq!((limits.begin, limits.end), (after(60), after(60)));
    }

    #[test]
    fn what_passes_and_what_concerns_all_is_no_names_own_failure() {
        let kinds = |of: fn(&Error) -> bool| {
            let all = [
                ErrorKind::Credentials,
                ErrorKind::AccessDenied,
                ErrorKind::Unreachable,
                ErrorKind::BucketMissing,
                ErrorKind::NotFound,
                ErrorKind::Throttled,
                ErrorKind::KeyUnusable,
                ErrorKind::Unreadable,
                ErrorKind::Other,
            ];
            all.into_iter().filter(|kind| of(&Error::new(*kind, "x"))).collect::<Vec<_>>()
        };
        assert_eq!(kinds(is_passing), [ErrorKind::Unreachable, ErrorKind::Throttled]);
        assert_eq!(kinds(concerns_all), [ErrorKind::Credentials, ErrorKind::BucketMissing]);
    }
}
