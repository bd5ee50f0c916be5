//! The reference model: the true history of each parameter, and the evidence of it that anybody could have recorded.
//!
//! The model learns of every change as it happens and, separately, which evidence reached the bucket: the versions that
//! reads of Parameter Store's history returned, and the changes whose event was handled. From this evidence it derives
//! which answers may be unknown, without any of the product's code.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_core::record::READ_LAG;

mod demand;

pub use demand::Demand;

/// A change of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When it happened.
    pub time: Timestamp,
    /// The version it created; `None`: a deletion.
    pub left: Option<ParameterVersion>,
    /// The event's number.
    pub id: u64,
}

/// A version's number and date.
type Identity = (u64, Timestamp);

/// The true history of one parameter, and the evidence of it.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    changes: Vec<Change>,
    /// Changes whose event was handled.
    events: BTreeSet<u64>,
    /// Changes whose event was handled while the parameter existed, with the date of the oldest version at that time.
    events_while_alive: BTreeMap<u64, Timestamp>,
    /// Changes whose event may have been recorded: its handling failed.
    failed_events: BTreeSet<u64>,
    /// Versions that were recorded.
    seen: BTreeSet<Identity>,
    /// Versions that were recorded together with their predecessor.
    linked: BTreeSet<Identity>,
    /// Versions that may have been recorded: the handling failed, or read again since.
    shown: BTreeSet<Identity>,
    /// The newest version that may have been recorded.
    newest: Option<Timestamp>,
    /// Versions that were recorded after their second had ended, so that no other version of that second was missed.
    settled: BTreeSet<Identity>,
}

/// The versions that can be decrypted: of the others only their existence is recorded.
fn readable(history: &[ParameterVersion]) -> Vec<ParameterVersion> {
    history.iter().filter(|version| version.value.is_some()).cloned().collect()
}

impl Truth {
    /// Adds a change.
    pub fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Adds a read of Parameter Store's history that may have been recorded.
    pub fn maybe_recorded(&mut self, history: &[ParameterVersion]) {
        let history = readable(history);
        self.newest = self.newest.max(history.last().map(|shown| shown.details.modified));
        self.shown.extend(history.iter().map(ParameterVersion::identity));
    }

    /// Adds a read of Parameter Store's history that was recorded at `now`.
    ///
    /// A read that is older than what was seen before leaves no trace: nothing is written over what is newer.
    pub fn recorded(&mut self, history: &[ParameterVersion], now: Timestamp) {
        let history = readable(history);
        let shown = history.last().map(|shown| shown.details.modified);
        let older = shown.is_some_and(|shown| self.newest.is_some_and(|newest| newest > shown));
        self.maybe_recorded(&history);
        if older {
            return;
        }
        for (index, version) in history.iter().enumerate() {
            // A second read of a recorded version leaves no trace.
            let new = self.seen.insert(version.identity());
            // The answer may be as old as a read may be.
            let shown = now.checked_sub(READ_LAG).unwrap_or(now);
            if new && shown.as_second() > version.details.modified.as_second() {
                self.settled.insert(version.identity());
            }
            let before = index.checked_sub(1).and_then(|before| history.get(before));
            if before.is_some_and(|before| before.details.version + 1 == version.details.version) {
                self.linked.insert(version.identity());
            }
        }
    }

    /// Adds an event whose handling failed, and may have recorded it.
    pub fn event_failed(&mut self, id: u64) {
        self.failed_events.insert(id);
    }

    /// Adds an event that was handled, when this was Parameter Store's history.
    pub fn event_handled(&mut self, id: u64, history: &[ParameterVersion]) {
        self.events.insert(id);
        if let Some(oldest) = history.first() {
            self.events_while_alive.entry(id).or_insert(oldest.details.modified);
        }
    }

    /// The version in effect at `time`, `None`: the parameter did not exist.
    pub fn state(&self, time: Timestamp) -> Option<&ParameterVersion> {
        self.left(self.last_by(time)?)
    }

    /// Whether a change with this event happened.
    pub fn has(&self, id: u64) -> bool {
        self.changes.iter().any(|change| change.id == id)
    }

    /// Whether the second of `time` has a change known by its event alone: events carry whole seconds, so the state
    /// within that second is unknown.
    pub fn has_event_only_change_in_second(&self, time: Timestamp) -> bool {
        let in_second = |change: &Change| change.time.as_second() == time.as_second();
        self.indices().any(|index| self.changes.get(index).is_some_and(in_second) && !self.is_seen(index))
    }

    /// Whether `time` lies where the parameter was deleted and created again within three seconds: events and versions
    /// are matched to about two, so their order may be unknown.
    pub fn below_resolution(&self, time: Timestamp) -> bool {
        let near = |a: Timestamp, b: Timestamp| a.as_second().abs_diff(b.as_second()) <= 3;
        self.changes.windows(2).any(|pair| match pair {
            [gone, back] => {
                gone.left.is_none() && near(gone.time, back.time) && (near(gone.time, time) || near(back.time, time))
            }
            _ => false,
        })
    }

    /// Whether three or more changes happened within three seconds around the change in effect or the next one: which
    /// event belongs to which change may then be unknown.
    pub fn crowded(&self, time: Timestamp) -> bool {
        let at = self.last_by(time);
        let ends = at.map_or(0, |index| index + 1);
        at.into_iter().chain([ends]).filter_map(|index| self.changes.get(index)).any(|change| {
            let near = |other: &&Change| other.time.as_second().abs_diff(change.time.as_second()) <= 3;
            self.changes.iter().filter(near).count() >= 3
        })
    }

    fn indices(&self) -> std::ops::Range<usize> {
        0..self.changes.len()
    }

    fn last_by(&self, time: Timestamp) -> Option<usize> {
        self.changes.iter().rposition(|change| change.time <= time)
    }

    /// The version that a change created.
    fn left(&self, index: usize) -> Option<&ParameterVersion> {
        self.changes.get(index)?.left.as_ref()
    }

    /// The number of the version that a change created.
    fn number(&self, index: usize) -> Option<u64> {
        self.left(index).map(|version| version.details.version)
    }

    fn is_deletion(&self, index: usize) -> bool {
        self.changes.get(index).is_some_and(|change| change.left.is_none())
    }

    fn is_creation(&self, index: usize) -> bool {
        self.number(index) == Some(1)
    }

    fn is_seen(&self, index: usize) -> bool {
        self.left(index).is_some_and(|version| self.seen.contains(&version.identity()))
    }

    /// Whether nothing else of its second can have been missed: it was recorded after that second, or is alone in it.
    fn is_settled(&self, index: usize) -> bool {
        let settled = self.left(index).is_some_and(|version| self.settled.contains(&version.identity()));
        settled || (self.is_seen(index) && (self.is_alone(index) || self.outlived_its_second(index)))
    }

    /// Whether the next version, of a later second, was recorded together with it.
    fn outlived_its_second(&self, index: usize) -> bool {
        let (Some(change), Some(next)) = (self.changes.get(index), self.changes.get(index + 1)) else { return false };
        let linked = next.left.as_ref().is_some_and(|version| self.linked.contains(&version.identity()));
        linked && self.is_seen(index + 1) && next.time.as_second() > change.time.as_second()
    }

    fn is_alone(&self, index: usize) -> bool {
        let second = |change: &Change| change.time.as_second();
        let of = self.changes.get(index).map(second);
        self.changes.iter().filter(|change| Some(second(change)) == of).count() == 1
    }

    /// Whether the event of a change was handled and identifies the change.
    ///
    /// Events carry whole seconds and are matched to versions within about two. So an event whose own version nobody saw
    /// is taken for the event of another version seen near that time; and the order of a deletion and an unseen
    /// creation near the same time is unknown.
    fn is_known_by_event(&self, index: usize) -> bool {
        let Some(change) = self.changes.get(index) else { return false };
        // The event's time is the beginning of the change's second.
        let near = |time: Timestamp| {
            let apart = time.as_nanosecond() - i128::from(change.time.as_second()) * 1_000_000_000;
            (-2_000_000_000..3_000_000_000).contains(&apart)
        };
        let ambiguous = match &change.left {
            Some(version) => {
                let first = version.details.version == 1;
                let shadows =
                    |other: &Identity| *other != version.identity() && (other.0 == 1) == first && near(other.1);
                !self.is_seen(index)
                    && (self.seen.union(&self.shown).any(shadows) || (!first && self.beside_a_creation(change)))
            }
            None => self.beside_a_creation(change) || self.beside_an_unsettled_creation(change),
        };
        self.events.contains(&change.id) && !ambiguous
    }

    /// Whether a creation of the same second was never recorded after that second: the deletion may be of either
    /// incarnation, unless the new one existed when the deletion's event was handled.
    fn beside_an_unsettled_creation(&self, deleted: &Change) -> bool {
        let oldest = self.events_while_alive.get(&deleted.id);
        let of_second = |change: &Change| {
            change.time.as_second() == deleted.time.as_second() && oldest.is_none_or(|oldest| change.time < *oldest)
        };
        let unsettled = |at: usize| self.is_creation(at) && self.is_seen(at) && !self.is_settled(at);
        self.indices().any(|at| self.changes.get(at).is_some_and(of_second) && unsettled(at))
    }

    /// Whether an unseen creation of the same second is known by its event: an update of that second may be of either
    /// incarnation.
    fn beside_a_creation(&self, of: &Change) -> bool {
        let of_second = |change: &Change| change.time.as_second() == of.time.as_second();
        self.indices().any(|index| {
            self.is_creation(index)
                && self.changes.get(index).is_some_and(of_second)
                && !self.is_seen(index)
                && self.is_known_by_event(index)
        })
    }

    fn leaves_trace(&self, index: usize) -> bool {
        self.is_seen(index) || self.is_known_by_event(index)
    }
}

/// The true histories of all parameters.
pub type Model = BTreeMap<usize, Truth>;
