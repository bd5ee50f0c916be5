//! The state of the screens, and what keys and answers do to it.

mod answer;
mod dialog;
mod effect;
mod key;
mod look;
mod time;

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak_core::instant::Instant;
use ssmbak_core::name::ParameterName;

pub use effect::{Answer, Effect, Lines, Looked, Proposal};
pub(crate) use look::Look;

use crate::data::Data;
use crate::equal::Equal;
use crate::input::Input;
use crate::status::Status;
use crate::tree::{Kind, Row, matches, rows};

/// With at most so many names all folders are open at first.
const FEW: usize = 40;

/// What is looked at, and how.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The paths as they were given.
    pub paths: Vec<String>,
    /// The path that all names lie below, with its slash at the end.
    pub root: String,
    /// The paths, each with a slash at its end, of which everything below is shown: such a folder may stand for all that is
    /// in it. None if globs leave something out.
    pub whole: Vec<String>,
    /// The AWS region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// Whether secrets are shown.
    pub reveal: bool,
    /// The zone of local times.
    pub zone: TimeZone,
}

/// What the keys are for at the moment.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// Moving about.
    Browse,
    /// Typing a filter.
    Filter(Input),
    /// Typing a time; what was wrong with the last one.
    Time(Input, Option<String>),
    /// Choosing a mark.
    Marks(usize),
    /// Reading the help.
    Help(usize),
    /// Waiting for a plan.
    Planning,
    /// Deciding on a plan.
    Confirm(Proposal, usize),
    /// A restore is under way.
    Restoring {
        /// Rows that are settled.
        done: usize,
        /// All rows.
        total: usize,
        /// Whether it is being stopped.
        stopping: bool,
    },
    /// Reading what became of something.
    Notice(Lines, usize),
}

/// The screens of `ssmbak browse`.
#[derive(Clone, Debug)]
pub struct State {
    pub(crate) subject: Subject,
    pub(crate) data: Option<Data>,
    pub(crate) at: Instant,
    pub(crate) statuses: Vec<Status>,
    equal: Equal,
    pub(crate) rows: Vec<Row>,
    pub(crate) cursor: usize,
    open: BTreeSet<String>,
    pub(crate) filter: String,
    matched: Option<Vec<bool>>,
    pub(crate) marked: BTreeSet<ParameterName>,
    pub(crate) mode: Mode,
    pub(crate) loading: bool,
    pub(crate) message: Option<String>,
    pub(crate) look: Look,
    pub(crate) scroll: usize,
    pub(crate) ticks: usize,
}

impl State {
    /// Nothing is read yet; the first effect says what to read. The time is the one that is shown first.
    pub fn new(subject: Subject, at: Instant) -> (Self, Vec<Effect>) {
        let state = Self {
            subject,
            data: None,
            at,
            statuses: Vec::new(),
            equal: Equal::default(),
            rows: Vec::new(),
            cursor: 0,
            open: BTreeSet::new(),
            filter: String::new(),
            matched: None,
            marked: BTreeSet::new(),
            mode: Mode::Browse,
            loading: true,
            message: None,
            look: Look::default(),
            scroll: 0,
            ticks: 0,
        };
        (state, vec![Effect::Load])
    }

    /// Whether something is under way, so that [`State::tick`] is to be called now and then.
    pub fn is_busy(&self) -> bool {
        self.loading || self.look.is_awaited() || matches!(self.mode, Mode::Planning | Mode::Restoring { .. })
    }

    /// Time goes by.
    pub fn tick(&mut self) {
        self.ticks = self.ticks.wrapping_add(1);
    }

    /// The time that is shown.
    pub fn at(&self) -> &Instant {
        &self.at
    }

    /// What is read; `None`: nothing yet.
    pub fn data(&self) -> Option<&Data> {
        self.data.as_ref()
    }

    /// The row under the cursor.
    pub(crate) fn row(&self) -> Option<&Row> {
        self.rows.get(self.cursor)
    }

    /// The parameter under the cursor.
    pub(crate) fn selected(&self) -> Option<usize> {
        match self.row()?.kind {
            Kind::Parameter(name) => Some(name),
            Kind::Folder { .. } => None,
        }
    }

    /// Whether a name is among those that the filter leaves.
    pub(crate) fn is_matched(&self, name: usize) -> bool {
        self.matched.as_ref().is_none_or(|matched| matched.get(name).copied().unwrap_or(false))
    }

    /// The names that a row stands for, as the filter leaves them.
    pub(crate) fn members<'a>(&'a self, row: &Row) -> impl Iterator<Item = usize> + 'a {
        row.names().filter(|name| self.is_matched(*name))
    }

    /// The times of the changes below a row, each once, in order.
    pub(crate) fn moments(&self, row: &Row) -> Vec<Timestamp> {
        let (names, moments) = (row.names(), self.data.as_ref().map(Data::moments).unwrap_or_default());
        let within = moments.iter().filter(|moment| names.contains(&moment.name) && self.is_matched(moment.name));
        let mut times: Vec<Timestamp> = within.map(|moment| moment.time).collect();
        times.dedup();
        times
    }

    pub(crate) fn is_marked(&self, name: usize) -> bool {
        let name = self.data.as_ref().and_then(|data| data.names().get(name));
        name.is_some_and(|name| self.marked.contains(name))
    }

    /// Makes the rows anew and stays where the cursor was, or near it.
    fn lay_out(&mut self) {
        let Some(data) = &self.data else { return };
        let stood = self.rows.get(self.cursor).map(|row| row.path.clone());
        self.matched =
            (!self.filter.is_empty()).then(|| data.names().iter().map(|name| matches(name, &self.filter)).collect());
        self.rows = rows(data.names(), &self.subject.root, &self.open, self.matched.as_deref());
        let found = stood.and_then(|path| self.rows.iter().position(|row| row.path == path));
        self.cursor = found.unwrap_or(self.cursor).min(self.rows.len().saturating_sub(1));
    }

    fn compare(&mut self) {
        if let Some(data) = &self.data {
            self.statuses = self.equal.statuses(data, self.at.until());
        }
    }

    /// The cursor goes to a row.
    fn go(&mut self, row: usize) {
        self.cursor = row.min(self.rows.len().saturating_sub(1));
        self.scroll = 0;
    }
}

#[cfg(test)]
mod tests;
