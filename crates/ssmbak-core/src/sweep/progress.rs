//! How far a sweep is, when it goes on, and when it ends.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::record::{FAILED_NAMES, SweepRecord};
use crate::name::ParameterName;

/// The message that starts a sweep.
pub const START: &str = r#"{"ssmbak":"sweep"}"#;

/// The field by which a message for ssmbak itself is known, and what it says for a sweep.
const FIELD: &str = "ssmbak";
const SWEEP: &str = "sweep";

/// No sweep takes longer: the next one has begun by then.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// How far the clocks of two invocations may lie apart.
const CLOCKS: SignedDuration = SignedDuration::from_secs(3);
/// How many invocations in a row may get nothing done (because AWS asks to slow down) before the sweep is given up.
const MOST_IDLE: u32 = 5;
/// How often listing the parameters may begin anew because Parameter Store does not know its own page token any more.
const MOST_RESTARTS: u32 = 3;
/// The first pause after an invocation that got nothing done; each next one is twice as long.
const FIRST_PAUSE: u32 = 60;
/// The longest delay of a message that SQS allows, in seconds.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const LONGEST_PAUSE: u32 = 900;

/// Where a sweep goes on.
///
/// DescribeParameters documents no order, so the order of the parameters is that of its pages, and within a page that of
/// the names. The keys of the bucket have an order of their own, S3's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// Among the parameters of Parameter Store.
    #[serde(rename_all = "camelCase")]
    Parameters {
        /// The token of the page; `None`: the first one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// The last name of that page that is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ParameterName>,
    },
    /// Among the keys of the bucket, which know parameters that are gone.
    #[serde(rename_all = "camelCase")]
    Keys {
        /// The last key that is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}

impl Place {
    /// Where every sweep begins.
    pub const START: Self = Self::Parameters { token: None, after: None };
}

/// The key after which to list on: the key itself, or the end of what lies beside it where that can be no parameter's
/// (`ssmbak-sidecar/…`, foreign objects in folders), so that it is passed over in one step.
pub fn key_after(key: &str) -> String {
    match key.split_once('/') {
        Some((folder, _)) if !folder.is_empty() => format!("{folder}/{}", char::MAX),
        _ => key.to_owned(),
    }
}

/// What became of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The bucket had it all.
    Unchanged,
    /// Something was written.
    Written,
    /// It could not be brought up to date.
    Failed,
}

/// How far a sweep is: all that one invocation tells the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// When the sweep began, by the clock of whoever swept, taken before looking.
    pub started: Timestamp,
    /// Where it goes on.
    pub at: Place,
    names: u64,
    written: u64,
    failed: u64,
    #[serde(default)]
    failed_names: Vec<ParameterName>,
    #[serde(default)]
    idle: u32,
    #[serde(default)]
    restarts: u32,
}

/// How an invocation's share of a sweep ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// There is more to do, after so many seconds.
    Continue {
        /// The delay.
        seconds: u32,
    },
    /// It is done.
    Finished(SweepRecord),
    /// It is given up.
    GivenUp(GivenUp),
}

/// Why a sweep is given up. The next one begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GivenUp {
    /// Nothing got done, time after time.
    #[error("the sweep made no progress in {MOST_IDLE} invocations and was given up; look at what they failed at")]
    NoProgress,
    /// It goes on for too long, or its message is of another time.
    #[error("the sweep was not done within a day and was given up; the next one begins anew")]
    TooLong,
    /// Not one name could be brought up to date.
    #[error("the sweep failed at every single name; look at the permissions of the function's role")]
    AllFailed,
    /// Its listing could not be continued.
    #[error("the sweep was given up because Parameter Store did not accept its own page token {MOST_RESTARTS} times")]
    TokenRefused,
}

impl Progress {
    /// A sweep that begins now.
    pub fn start(now: Timestamp) -> Self {
        Self {
            started: now,
            at: Place::START,
            names: 0,
            written: 0,
            failed: 0,
            failed_names: Vec::new(),
            idle: 0,
            restarts: 0,
        }
    }

    /// Counts what became of a name; `again`: the name had its turn among the parameters already, and is compared once
    /// more because a listing in pages may skip what moves.
    pub fn count(&mut self, name: &ParameterName, outcome: Outcome, again: bool) {
        self.names += u64::from(!again);
        match outcome {
            Outcome::Unchanged => {}
            Outcome::Written => self.written += 1,
            Outcome::Failed if self.failed_names.contains(name) => {}
            Outcome::Failed => {
                self.failed += 1;
                // One more than is kept: so that it shows that there were too many.
                if self.failed_names.len() <= FAILED_NAMES {
                    self.failed_names.push(name.clone());
                }
            }
        }
    }

    /// Lists the parameters from the beginning, because the token is not accepted.
    ///
    /// # Errors
    /// [`GivenUp::TokenRefused`] the fourth time.
    pub fn restart(&mut self) -> Result<(), GivenUp> {
        if self.restarts >= MOST_RESTARTS {
            return Err(GivenUp::TokenRefused);
        }
        self.restarts += 1;
        self.names = 0;
        self.at = Place::START;
        Ok(())
    }

    /// Whether to begin with a share of the work at all.
    ///
    /// # Errors
    /// [`GivenUp::TooLong`] if the sweep is too old, or of the future.
    pub fn check(&self, now: Timestamp) -> Result<(), GivenUp> {
        let age = now.duration_since(self.started);
        if age > LONGEST || age < -CLOCKS { Err(GivenUp::TooLong) } else { Ok(()) }
    }

    /// What follows a share of the work that began at `began` and ended at [`Self::at`], `complete`: at the end of all.
    pub fn ended(&mut self, began: &Place, complete: bool, now: Timestamp) -> Ended {
        if complete && self.names > 0 && self.failed >= self.names {
            return Ended::GivenUp(GivenUp::AllFailed);
        }
        if complete {
            let counts = (self.names, self.written, self.failed);
            return Ended::Finished(SweepRecord::new(self.started, now, counts, &self.failed_names));
        }
        if *began != self.at {
            self.idle = 0;
            return Ended::Continue { seconds: 0 };
        }
        self.idle += 1;
        if self.idle >= MOST_IDLE {
            return Ended::GivenUp(GivenUp::NoProgress);
        }
        Ended::Continue { seconds: LONGEST_PAUSE.min(FIRST_PAUSE << (self.idle - 1)) }
    }

    /// The body of the message by which the sweep goes on.
    pub fn message(&self) -> String {
        json!({FIELD: SWEEP, "progress": self}).to_string()
    }

    /// How many names had their turn.
    pub fn names(&self) -> u64 {
        self.names
    }
}

/// Reads a message for ssmbak itself: `{"ssmbak":"sweep"}` begins a sweep (`Some(Ok(None))`), with a `progress` it goes
/// on; `None`: it is another kind of message; an error: it cannot be read.
pub(crate) fn read(message: &Value) -> Option<Result<Option<Progress>, ()>> {
    let asked = message.get(FIELD)?;
    if asked.as_str() != Some(SWEEP) {
        return Some(Err(()));
    }
    Some(match message.get("progress") {
        None | Some(Value::Null) => Ok(None),
        Some(progress) => Progress::deserialize(progress).map(Some).map_err(drop),
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
