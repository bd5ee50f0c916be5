//! The reference model: what Parameter Store held at every moment, and what anybody could know of it.
//!
//! The model is told every deed as it happens and, separately, which evidence reached the bucket: which versions were seen
//! in which look at Parameter Store's history, and of which deeds an event was handled. From the latter it says which
//! answers may be unknown, without any of the product's code.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ssmbak_core::parameter::ParameterVersion;
use ssmbak_core::record::READ_LAG;

/// What a deed left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub time: Timestamp,
    /// The version it made; `None`: the parameter was gone.
    pub left: Option<ParameterVersion>,
    /// The event's number.
    pub id: u64,
}

/// The true history of one parameter, and the evidence of it.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    deeds: Vec<Deed>,
    /// Of which deeds an event was handled.
    told: BTreeSet<u64>,
    /// Of which deeds an event was handled while the parameter existed, and of when the oldest version was by then.
    told_alive: BTreeMap<u64, Timestamp>,
    /// Which versions were seen, and with which of them together the one before.
    seen: BTreeSet<(u64, Timestamp)>,
    linked: BTreeSet<(u64, Timestamp)>,
    /// Which versions were shown to somebody who may have recorded them: it failed, or read again since.
    shown: BTreeSet<(u64, Timestamp)>,
    /// Of which deeds an event was handled by somebody who failed, and may have recorded it.
    perhaps_told: BTreeSet<u64>,
    /// The newest version that anybody may have recorded.
    newest: Option<Timestamp>,
    /// Which versions were seen when their second was over, so that none of that second was missed.
    settled: BTreeSet<(u64, Timestamp)>,
}

/// The versions that can be decrypted: of the others only that they exist is recorded.
fn readable(history: &[ParameterVersion]) -> Vec<ParameterVersion> {
    history.iter().filter(|version| version.value.is_some()).cloned().collect()
}

/// What an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The evidence tells: the answer must be the truth.
    Exact,
    /// The evidence shows that something is missing: the truth or unknown, never a wrong answer.
    MayBeUnknown,
    /// The deed in effect left no trace at all (its event was lost, and it was deleted before anybody looked), so the
    /// state before it is all that anybody could name.
    Untraceable,
}

impl Truth {
    /// A deed happened.
    pub fn happened(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// Somebody looked at Parameter Store's history, and may have recorded it.
    pub fn glanced(&mut self, history: &[ParameterVersion]) {
        let history = readable(history);
        self.newest = self.newest.max(history.last().map(|shown| shown.details.modified));
        self.shown.extend(history.iter().map(ParameterVersion::identity));
    }

    /// Somebody looked at Parameter Store's history at `now` and recorded it.
    ///
    /// A read that is older than what was seen before leaves no trace: nothing is written over what is newer.
    pub fn looked(&mut self, history: &[ParameterVersion], now: Timestamp) {
        let history = readable(history);
        let shown = history.last().map(|shown| shown.details.modified);
        let older = shown.is_some_and(|shown| self.newest.is_some_and(|newest| newest > shown));
        self.glanced(&history);
        if older {
            return;
        }
        for (index, version) in history.iter().enumerate() {
            // Of a version that is recorded already, looking again leaves no trace.
            let new = self.seen.insert(version.identity());
            // What was read may be as old as a read may be.
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

    /// The event of a deed was handled by somebody who failed.
    pub fn was_perhaps_told(&mut self, id: u64) {
        self.perhaps_told.insert(id);
    }

    /// The event of a deed was handled, when this was Parameter Store's history.
    pub fn was_told(&mut self, id: u64, history: &[ParameterVersion]) {
        self.told.insert(id);
        if let Some(oldest) = history.first() {
            self.told_alive.entry(id).or_insert(oldest.details.modified);
        }
    }

    /// The version in effect at `time`, `None`: it did not exist.
    pub fn state(&self, time: Timestamp) -> Option<&ParameterVersion> {
        self.last_by(time).and_then(|index| self.deeds.get(index)?.left.as_ref())
    }

    fn last_by(&self, time: Timestamp) -> Option<usize> {
        self.deeds.iter().rposition(|deed| deed.time <= time)
    }

    /// Whether the second of `time` has a deed that is known by its event alone: events tell the second only, so a moment
    /// within it is not told.
    pub fn told_in_second(&self, time: Timestamp) -> bool {
        (0..self.deeds.len()).any(|index| {
            self.deeds.get(index).is_some_and(|deed| deed.time.as_second() == time.as_second()) && !self.is_seen(index)
        })
    }

    /// Whether `time` lies where the parameter was deleted and created again within three seconds: events and versions
    /// are matched to about two, so which came first may not be told.
    pub fn below_resolution(&self, time: Timestamp) -> bool {
        let near = |a: Timestamp, b: Timestamp| a.as_second().abs_diff(b.as_second()) <= 3;
        self.deeds.windows(2).any(|pair| match pair {
            [gone, back] => {
                gone.left.is_none() && near(gone.time, back.time) && (near(gone.time, time) || near(back.time, time))
            }
            _ => false,
        })
    }

    fn is_seen(&self, index: usize) -> bool {
        let left = self.deeds.get(index).and_then(|deed| deed.left.as_ref());
        left.is_some_and(|version| self.seen.contains(&version.identity()))
    }

    /// Whether nothing of its second can have been missed: it was seen when that was over, or nothing else happened in it.
    fn is_settled(&self, index: usize) -> bool {
        let left = self.deeds.get(index).and_then(|deed| deed.left.as_ref());
        let settled = left.is_some_and(|version| self.settled.contains(&version.identity()));
        settled || (self.is_seen(index) && (self.is_alone(index) || self.outlived_its_second(index)))
    }

    /// Whether the next version, of a later second, was seen together with it.
    fn outlived_its_second(&self, index: usize) -> bool {
        let (Some(deed), Some(next)) = (self.deeds.get(index), self.deeds.get(index + 1)) else { return false };
        let linked = next.left.as_ref().is_some_and(|version| self.linked.contains(&version.identity()));
        linked && self.is_seen(index + 1) && next.time.as_second() > deed.time.as_second()
    }

    fn is_alone(&self, index: usize) -> bool {
        let second = |deed: &Deed| deed.time.as_second();
        let of = self.deeds.get(index).map(second);
        self.deeds.iter().filter(|deed| Some(second(deed)) == of).count() == 1
    }

    /// Whether this deed happened.
    pub fn has(&self, id: u64) -> bool {
        self.deeds.iter().any(|deed| deed.id == id)
    }

    /// Whether the event of a deed was handled and can be told from others of its moment.
    ///
    /// Events carry whole seconds and are matched to versions within about two. So an event whose own version nobody saw
    /// is taken for the event of a version that was seen of that moment; and of a deletion and an unseen creation in the
    /// same moment nobody can say which came first.
    fn is_told(&self, index: usize) -> bool {
        let Some(deed) = self.deeds.get(index) else { return false };
        // The event's time is the beginning of the deed's second.
        let near = |time: Timestamp| {
            let apart = time.as_nanosecond() - i128::from(deed.time.as_second()) * 1_000_000_000;
            (-2_000_000_000..3_000_000_000).contains(&apart)
        };
        let ambiguous = match &deed.left {
            Some(version) => {
                let first = version.details.version == 1;
                let shadows =
                    |other: &(u64, Timestamp)| *other != version.identity() && (other.0 == 1) == first && near(other.1);
                !self.is_seen(index)
                    && (self.seen.union(&self.shown).any(shadows) || (!first && self.beside_a_creation(deed)))
            }
            None => self.beside_a_creation(deed) || self.beside_an_unsettled_creation(index),
        };
        self.told.contains(&deed.id) && !ambiguous
    }

    /// Whether a creation of the same second was never seen after that second: the deletion may be
    /// of either life, unless the new one lived when the deletion's event was handled.
    fn beside_an_unsettled_creation(&self, index: usize) -> bool {
        let Some(deleted) = self.deeds.get(index) else { return false };
        let second = deleted.time.as_second();
        let unsettled = |at: usize| {
            let first = self.deeds.get(at).and_then(|d| d.left.as_ref()).is_some_and(|v| v.details.version == 1);
            first && self.is_seen(at) && !self.is_settled(at)
        };
        let alive = self.told_alive.get(&deleted.id);
        let of_second = |deed: &Deed| deed.time.as_second() == second && alive.is_none_or(|oldest| deed.time < *oldest);
        (0..self.deeds.len()).any(|at| self.deeds.get(at).is_some_and(of_second) && unsettled(at))
    }

    /// Whether an unseen creation of the same second was told of: an update of that second may be of either life.
    fn beside_a_creation(&self, of: &Deed) -> bool {
        (0..self.deeds.len()).any(|index| {
            let created = self.deeds.get(index).is_some_and(|deed| {
                let first = deed.left.as_ref().is_some_and(|version| version.details.version == 1);
                first && deed.time.as_second() == of.time.as_second()
            });
            created && !self.is_seen(index) && self.is_told(index)
        })
    }

    fn leaves_trace(&self, index: usize) -> bool {
        self.is_seen(index) || self.is_told(index)
    }

    /// Whether three or more things happened within three seconds around the deed in effect or the one that ended it:
    /// which event is whose may then be beyond telling.
    pub fn crowded(&self, time: Timestamp) -> bool {
        let at = self.last_by(time);
        let ends = at.map_or(0, |index| index + 1);
        at.into_iter().chain([ends]).filter_map(|index| self.deeds.get(index)).any(|deed| {
            let near = |other: &&Deed| other.time.as_second().abs_diff(deed.time.as_second()) <= 3;
            self.deeds.iter().filter(near).count() >= 3
        })
    }

    /// What the answer for `time` has to be.
    pub fn demand(&self, time: Timestamp) -> Demand {
        let at = self.last_by(time);
        let begins = match at {
            None => true,
            Some(index) if self.deeds.get(index).is_some_and(|deed| deed.left.is_some()) => self.is_settled(index),
            Some(index) => self.is_told(index),
        };
        let next = at.map_or(0, |index| index + 1);
        if begins && self.ends(next) {
            return Demand::Exact;
        }
        match at {
            Some(index) if !self.leaves_trace(index) => self.untraced(index),
            Some(index) if self.looks_ended_at_once(index) => Demand::Untraceable,
            _ => Demand::MayBeUnknown,
        }
    }

    /// Whether all that is known of a life is that it began in the second of a deletion, which ended a life of which nothing
    /// is known: that is what is known of a parameter that was created and deleted within one second.
    fn looks_ended_at_once(&self, index: usize) -> bool {
        let start = self.life_start(index);
        let Some(began) = self.deeds.get(start).map(|deed| deed.time.as_second()) else { return false };
        let ended = |at: &usize| {
            self.deeds.get(*at).is_some_and(|deed| {
                deed.left.is_none() && deed.time.as_second() == began && self.told.contains(&deed.id)
            })
        };
        let Some(deleted) = (0..start).find(ended) else { return false };
        !self.is_settled(start) && (0..deleted).all(|at| !self.leaves_trace(at))
    }

    /// Whether it is known that the state before this deed lasted until it.
    fn ends(&self, next: usize) -> bool {
        let Some(deed) = self.deeds.get(next) else { return true };
        match &deed.left {
            Some(version) if version.details.version == 1 => self.leaves_trace(next),
            // A number alone does not tell one life from the next.
            Some(version) if self.is_seen(next) => self.linked.contains(&version.identity()),
            // One that may have been recorded may have been without the one before.
            Some(version) if self.shown.contains(&version.identity()) => false,
            Some(_) => self.is_told(next) && self.numbers_agree(next),
            None => self.is_told(next),
        }
    }

    /// The positions of the nearest seen versions of the same life before and after `index`.
    fn seen_around(&self, index: usize) -> (Option<usize>, Option<usize>) {
        let alive = |at: &usize| self.deeds.get(*at).is_some_and(|deed| deed.left.is_some());
        let first = |at: &usize| {
            self.deeds.get(*at).and_then(|d| d.left.as_ref()).is_some_and(|version| version.details.version == 1)
        };
        let mut before = None;
        for at in (0..index).rev().take_while(alive) {
            if first(&(at + 1)) {
                break;
            }
            if self.is_seen(at) {
                before = Some(at);
                break;
            }
        }
        let after = (index + 1..self.deeds.len()).take_while(alive).find(|&at| self.is_seen(at));
        (before, after)
    }

    /// Whether the numbers of the versions around show no more missing ones than were told of.
    fn numbers_agree(&self, index: usize) -> bool {
        match self.seen_around(index) {
            (before, Some(after)) => {
                let start = before.map_or_else(|| self.life_start(index), |at| at + 1);
                (start..after).all(|at| self.is_told(at))
            }
            (before, None) => !self.may_be_of_the_next_life(index, before),
        }
    }

    /// Whether the updates that were told of from `index` on and never seen may as well be of the next life that was
    /// seen: no deletion was told of in between, and that life has numbers enough for them.
    fn may_be_of_the_next_life(&self, index: usize, before: Option<usize>) -> bool {
        let number = |at: usize| self.deeds.get(at).and_then(|deed| Some(deed.left.as_ref()?.details.version));
        let mut told = 0;
        for at in index..self.deeds.len() {
            match number(at) {
                Some(next) if self.is_seen(at) => {
                    let continues = before.and_then(number).is_some_and(|before| before + told + 1 == next);
                    return told + 2 <= next && !continues;
                }
                Some(1) | None if self.is_told(at) => return false,
                Some(_) if self.is_told(at) => told += 1,
                _ => {}
            }
        }
        false
    }

    /// Whether the version that was seen at `after`, and the updates told of before it, continue the numbers of a life
    /// that ended without a trace before `index`.
    fn fits_the_life_before(&self, index: usize, after: usize) -> bool {
        let number = |at: usize| self.deeds.get(at).and_then(|deed| Some(deed.left.as_ref()?.details.version));
        let Some(before) = (0..index).rev().find(|&at| self.leaves_trace(at)) else { return false };
        let told = (before + 1..after).filter(|&at| self.is_told(at) && !self.is_seen(at)).count() as u64;
        match (number(before), number(after)) {
            (Some(before), Some(after)) => told > 0 && before + told + 1 == after,
            _ => false,
        }
    }

    fn life_start(&self, index: usize) -> usize {
        (0..index).rev().find(|&at| self.deeds.get(at).is_some_and(|deed| deed.left.is_none())).map_or(0, |at| at + 1)
    }

    fn untraced(&self, index: usize) -> Demand {
        let deleted = self.deeds.get(index).is_some_and(|deed| deed.left.is_none());
        if !deleted {
            // A later version of the same life shows by its number that one is missing, unless the number also fits
            // what was known before: the life before, and the updates that were told of since.
            return match self.seen_around(index) {
                (_, Some(after)) if self.fits_the_life_before(index, after) => Demand::Untraceable,
                (_, Some(_)) => Demand::MayBeUnknown,
                (_, None) => Demand::Untraceable,
            };
        }
        // A first version later shows that there was a deletion, unless one is known before it.
        let deleted_perhaps = |later: usize| {
            self.deeds.get(later).is_some_and(|deed| deed.left.is_none() && self.perhaps_told.contains(&deed.id))
        };
        let next_trace =
            (index + 1..self.deeds.len()).find(|&later| self.leaves_trace(later) || deleted_perhaps(later));
        let Some(later) = next_trace else { return Demand::Untraceable };
        let first = self.deeds.get(later).and_then(|d| d.left.as_ref()).is_some_and(|v| v.details.version == 1);
        let before = (0..index).rev().find(|&earlier| self.leaves_trace(earlier));
        let alive_before = before.is_some_and(|at| self.deeds.get(at).is_some_and(|deed| deed.left.is_some()));
        if first && alive_before { Demand::MayBeUnknown } else { Demand::Untraceable }
    }
}

/// The true histories of all parameters.
pub type Model = BTreeMap<usize, Truth>;
