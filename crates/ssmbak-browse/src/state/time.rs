//! Moving through time.

use jiff::{SignedDuration, Timestamp};
use ssmbak_core::instant::{Instant, InstantError};
use ssmbak_core::mark::MarkName;

use super::State;

/// Where to go from the time that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To the change before.
    Back,
    /// To the change after.
    Forward,
}

impl State {
    /// Goes to the previous or next change, of the whole tree or of the entry under the cursor.
    pub(super) fn step(&mut self, step: Step, everywhere: bool) {
        let row = if everywhere { self.rows.first() } else { self.row() };
        let Some(row) = row.cloned() else { return };
        let (times, until) = (self.moments(&row), self.at.until());
        let found = match step {
            Step::Back => times.iter().rev().find(|time| **time < until),
            Step::Forward => times.iter().find(|time| **time > until),
        };
        let of = if row.depth == 0 { "" } else { " of this" };
        match (found, step) {
            (Some(time), _) => self.set_time(Instant::exact(*time)),
            (None, Step::Back) => self.message = Some(format!("no earlier change{of} is recorded")),
            (None, Step::Forward) => self.message = Some(format!("no later change{of} is recorded; n goes to now")),
        }
    }

    /// Goes some time back or forth, not beyond now.
    pub(super) fn shift(&mut self, by: SignedDuration, now: Timestamp) {
        let there = self.at.at().saturating_add(by).unwrap_or(now).min(now);
        if there < Timestamp::UNIX_EPOCH {
            self.message = Some("there is nothing earlier".to_owned());
        } else {
            self.set_time(Instant::exact(there));
        }
    }

    pub(super) fn set_time(&mut self, at: Instant) {
        self.at = at;
        self.scroll = 0;
        self.compare();
    }

    /// Goes to a time that was typed.
    ///
    /// # Errors
    /// Why it is no time.
    pub(super) fn go_to(&mut self, text: &str, now: Timestamp) -> Result<(), String> {
        let at = match MarkName::in_time(text) {
            Some(name) => {
                let name = name.map_err(|error| error.to_string())?;
                let marks = self.data.iter().flat_map(|data| &data.marks);
                let found = marks.filter(|mark| mark.name == name).map(|mark| mark.at).next();
                found.ok_or_else(|| format!("there is no mark {name}"))?
            }
            None => Instant::parse(text, now, &self.subject.zone).map_err(|error| told(&error))?,
        };
        if at.is_future(now) {
            self.message = Some(format!("{at} has not come yet: the latest recorded state is shown"));
        }
        self.set_time(at);
        Ok(())
    }
}

/// Why a text is no time, with forms that are.
fn told(error: &InstantError) -> String {
    match error {
        InstantError::Unreadable { .. } => {
            format!(
                "{error}; give it like 2024-06-15T17:56:58 (UTC), \"2 hours ago\", \"yesterday 18:00\" or @1718309456"
            )
        }
        error => error.to_string(),
    }
}
