//! Instants, as people give them.
//!
//! A time given to the second means that whole second, since that is the resolution of most of the evidence: an event
//! at `17:56:58` belongs to the state at `17:56:58`. A finer time means what it says, to its last digit.

mod civil;
mod relative;

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Unit};

use crate::name::shown;

/// The moment at which a state is asked for: a point in time with the resolution it was given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instant {
    at: Timestamp,
    until: Timestamp,
}

/// The nearest whole millisecond, which is how finely Parameter Store tells time.
pub fn to_millisecond(time: Timestamp) -> Timestamp {
    // It fails at the end of time alone.
    time.round(Unit::Millisecond).unwrap_or(time)
}

/// Why a text is no instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstantError {
    /// Nothing was given.
    #[error("no time was given; give one like 2024-06-15T17:56:58 or \"2 hours ago\"")]
    Empty,
    /// A text of no known form.
    #[error("cannot read {} as a time", shown(.text))]
    Unreadable {
        /// The text as it was given.
        text: String,
    },
    /// A date or a time of day that no calendar or clock has.
    #[error("{} names a date or a time of day that does not exist; check its numbers", shown(.text))]
    NoSuchMoment {
        /// The text as it was given.
        text: String,
    },
    /// Before the year 1 or after the year 9999.
    #[error("{} lies outside of the years 1 to 9999; check its numbers", shown(.text))]
    OutOfRange {
        /// The text as it was given.
        text: String,
    },
    /// A local time in the hour that a change of the clocks repeats or leaves out.
    #[error(
        "{} happens twice or not at all where the local clocks change; give it in UTC or with an offset like +02:00",
        shown(.text)
    )]
    Ambiguous {
        /// The text as it was given.
        text: String,
    },
    /// A time of day, a weekday or a date without its year that may mean one of several.
    #[error("{} may mean more than one day; give the date, such as 2024-06-15 17:56 or \"yesterday 17:56\"", shown(.text))]
    WhichDay {
        /// The text as it was given.
        text: String,
    },
    /// An abbreviation that is not the local zone's at that time. Several zones may share it.
    #[error("{} has a time zone that is not the one of this machine; give its offset, such as +02:00", shown(.text))]
    Abbreviation {
        /// The text as it was given.
        text: String,
    },
}

impl InstantError {
    /// The forms that are understood, with an example of each, as one line for a hint.
    pub fn hint(&self) -> &'static str {
        "accepted: 2024-06-15T17:56:58Z, 2024-06-15T19:56:58+02:00, \"2024-06-15 17:56\" and 2024-06-15 (UTC), \
         \"15 June 2024 17:56\", \"Sat, 15 Jun 2024 17:56:58 GMT\", \"Jun 14 09:56\", \"2024-06-15 19:56 local\", now, 90m, \
         1h30m, 3d, \"2 weeks ago\", \"an hour ago\", 3am, \"today 09:30\", \"yesterday 18:00\", monday, \"last friday 8pm\", \
         @1718309456, 1718309456123"
    }
}

/// What is wrong with a text; [`Instant::parse`] adds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Unreadable,
    NoSuchMoment,
    OutOfRange,
    Ambiguous,
    WhichDay,
    Abbreviation,
}

impl Fault {
    fn in_text(self, text: &str) -> InstantError {
        let text = text.to_owned();
        match self {
            Self::Unreadable => InstantError::Unreadable { text },
            Self::NoSuchMoment => InstantError::NoSuchMoment { text },
            Self::OutOfRange => InstantError::OutOfRange { text },
            Self::Ambiguous => InstantError::Ambiguous { text },
            Self::WhichDay => InstantError::WhichDay { text },
            Self::Abbreviation => InstantError::Abbreviation { text },
        }
    }
}

/// Longest text that is looked at, in bytes; every form is far shorter.
const MAX: usize = 200;

impl Instant {
    /// Reads a time, in any case and with any spacing:
    ///
    /// - RFC 3339: `2024-06-15T17:56:58Z`, `2024-06-15 19:56:58.5+02:00`, up to nine decimals;
    /// - without a zone, which is **UTC**, as in ssmbak 0.5.2: `2024-06-15T17:56:58`, `2024-06-15 17:56`,
    ///   `2024-06-15 8pm`, `15 June 2024 17:56`, `June 15, 2024`;
    /// - `today`, `yesterday`, `tomorrow` or `last friday` (the latest one before today) with a time of day;
    /// - what consoles and `date` print: `October 6, 2021, 11:58:32 (UTC-05:00)`, `Wed, 06 Oct 2021 16:58:32 GMT`,
    ///   `Thu Nov 26 16:56:12 CET 2026`, where the abbreviation has to be the local zone's at that time;
    /// - a time of day that has been today, a weekday before today, a day of this year that has been: `3am`, `monday`,
    ///   `Nov 26 16:56`;
    /// - `@1718309456`: seconds since 1970, up to nine decimals; `1718309456123`: milliseconds;
    /// - `now`, and times before it: `90m`, `1h30m`, `-15m`, `3d`, `2 hours ago`, `a month ago`. Months and years
    ///   are those of the calendar, in UTC.
    ///
    /// A date without a time of day is its 00:00:00, a time to the minute its first second. A time of day may end in
    /// `UTC`, `Z`, an offset, or `local`, which stands for the zone `local`.
    ///
    /// Times to the second or finer, to their last digit, include what that digit leaves open. `now` and what is
    /// relative to it are exact.
    ///
    /// # Errors
    ///
    /// [`InstantError`] if the text is of none of these forms, or names no moment of the years 1 to 9999.
    pub fn parse(text: &str, now: Timestamp, local: &TimeZone) -> Result<Self, InstantError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(InstantError::Empty);
        }
        let read = if trimmed.len() > MAX {
            Err(Fault::Unreadable)
        } else if trimmed.eq_ignore_ascii_case("now") {
            Ok(Self::exact(now))
        } else if let Some(seconds) = trimmed.strip_prefix('@') {
            since_epoch(seconds)
        } else if is_milliseconds(trimmed) {
            since_epoch_in_milliseconds(trimmed)
        } else if let Some(ago) = relative::parse(trimmed) {
            ago.and_then(|ago| ago.before(now)).map(Self::exact)
        } else {
            civil::parse(trimmed, now, local)
        };
        let checked = read.and_then(|instant| if instant.is_in_range() { Ok(instant) } else { Err(Fault::OutOfRange) });
        checked.map_err(|fault| fault.in_text(trimmed))
    }

    /// Exactly this moment, to the nanosecond.
    pub fn exact(at: Timestamp) -> Self {
        Self { at, until: at }
    }

    /// The moment `at` as given with so many decimals of a second: it reaches to the end of what the last one leaves
    /// open.
    fn to_decimals(at: Timestamp, decimals: u32) -> Self {
        let width = 10_i64.pow(9_u32.saturating_sub(decimals));
        let until = at.checked_add(SignedDuration::from_nanos(width - 1)).unwrap_or(Timestamp::MAX);
        Self { at, until }
    }

    /// The moment as given: what is echoed and recorded. Its `Display` is RFC 3339 in UTC.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The last nanosecond that the moment includes.
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether what happened at `time` belongs to the state at this instant.
    pub fn includes(&self, time: Timestamp) -> bool {
        time <= self.until
    }

    /// Whether it has not come yet, so that the latest state stands for it.
    pub fn is_future(&self, now: Timestamp) -> bool {
        self.at > now
    }

    /// A spelling from which [`Self::parse`] makes this very instant again, resolution included; for commands that
    /// are printed to be typed.
    pub fn to_argument(&self) -> String {
        let width = self.until.duration_since(self.at).as_nanos();
        let decimals = (0..=9).find(|decimals| 10_i128.pow(9 - decimals) <= width + 1).unwrap_or(9);
        format!("{:.1$}", self.at, decimals as usize)
    }

    fn is_in_range(&self) -> bool {
        (1..=9999).contains(&self.at.to_zoned_datetime(TimeZone::UTC).year())
    }
}

/// The moment as given, RFC 3339 in UTC.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

/// Whether digits count milliseconds since the epoch, as programs print them: of these years there are thirteen, and no date
/// has as many.
fn is_milliseconds(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|b| b.is_ascii_digit())
}

fn since_epoch_in_milliseconds(text: &str) -> Result<Instant, Fault> {
    let milliseconds = text.parse().map_err(|_| Fault::OutOfRange)?;
    let at = Timestamp::from_millisecond(milliseconds).map_err(|_| Fault::OutOfRange)?;
    Ok(Instant::to_decimals(at, 3))
}

/// Seconds since the epoch with up to nine decimals, or milliseconds.
fn since_epoch(text: &str) -> Result<Instant, Fault> {
    if is_milliseconds(text) {
        return since_epoch_in_milliseconds(text);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let (nanos, decimals) = decimals(fraction).ok_or(Fault::Unreadable)?;
    if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::Unreadable);
    }
    let seconds = whole.parse().map_err(|_| Fault::OutOfRange)?;
    let at = Timestamp::new(seconds, nanos).map_err(|_| Fault::OutOfRange)?;
    Ok(Instant::to_decimals(at, if text.contains('.') { decimals } else { 0 }))
}

/// The digits after a decimal point as nanoseconds, and how many there are; `None` unless there are one to nine.
fn decimals(digits: &str) -> Option<(i32, u32)> {
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count = u32::try_from(digits.len()).ok()?;
    let nanos = digits.parse::<i32>().ok()? * 10_i32.pow(9 - count);
    Some((nanos, count))
}

#[cfg(test)]
mod tests;
