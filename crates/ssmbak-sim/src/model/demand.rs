//! What the evidence demands of an answer.

use jiff::Timestamp;

use super::Truth;

/// What an answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// The evidence is complete: the answer must be the truth.
    Exact,
    /// The evidence shows that something is missing: the truth or unknown, never a wrong answer.
    MayBeUnknown,
    /// The change in effect left no trace at all (its event was lost, and the version was gone before anybody read it), so
    /// the state before it is all that anybody could name.
    Untraceable,
}

impl Truth {
    /// What the answer for `time` has to be.
    pub fn demand(&self, time: Timestamp) -> Demand {
        let at = self.last_by(time);
        let begins = match at {
            None => true,
            Some(index) if self.left(index).is_some() => self.is_settled(index),
            Some(index) => self.is_known_by_event(index),
        };
        let next = at.map_or(0, |index| index + 1);
        if begins && self.ends(next) {
            return Demand::Exact;
        }
        match at {
            Some(index) if !self.leaves_trace(index) => self.untraced(index),
            Some(index) if self.seems_to_end_at_once(index) => Demand::Untraceable,
            _ => Demand::MayBeUnknown,
        }
    }

    /// Whether all evidence of an incarnation is that it began in the second of a deletion, which ended an incarnation
    /// without any evidence: a parameter created and deleted within one second leaves the same.
    fn seems_to_end_at_once(&self, index: usize) -> bool {
        let start = self.incarnation_start(index);
        let Some(began) = self.changes.get(start).map(|change| change.time.as_second()) else { return false };
        let ended = |at: &usize| {
            self.changes.get(*at).is_some_and(|change| {
                change.left.is_none() && change.time.as_second() == began && self.events.contains(&change.id)
            })
        };
        let Some(deleted) = (0..start).find(ended) else { return false };
        !self.is_settled(start) && (0..deleted).all(|at| !self.leaves_trace(at))
    }

    /// Whether the evidence shows that the state before this change lasted until it.
    fn ends(&self, next: usize) -> bool {
        let Some(change) = self.changes.get(next) else { return true };
        match &change.left {
            Some(version) if version.details.version == 1 => self.leaves_trace(next),
            // Numbers alone do not distinguish one incarnation from the next.
            Some(version) if self.is_seen(next) => self.linked.contains(&version.identity()),
            // It may have been recorded without its predecessor.
            Some(version) if self.shown.contains(&version.identity()) => false,
            Some(_) => self.is_known_by_event(next) && self.numbers_agree(next),
            None => self.is_known_by_event(next),
        }
    }

    /// The positions of the nearest seen versions of the same incarnation before and after `index`.
    fn seen_around(&self, index: usize) -> (Option<usize>, Option<usize>) {
        let alive = |at: &usize| self.left(*at).is_some();
        let mut before = None;
        for at in (0..index).rev().take_while(alive) {
            if self.is_creation(at + 1) {
                break;
            }
            if self.is_seen(at) {
                before = Some(at);
                break;
            }
        }
        let after = (index + 1..self.changes.len()).take_while(alive).find(|&at| self.is_seen(at));
        (before, after)
    }

    /// Whether the numbers of the versions around show no more missing ones than there were events.
    fn numbers_agree(&self, index: usize) -> bool {
        match self.seen_around(index) {
            (before, Some(after)) => {
                let start = before.map_or_else(|| self.incarnation_start(index), |at| at + 1);
                (start..after).all(|at| self.is_known_by_event(at))
            }
            (before, None) => !self.may_belong_to_next_incarnation(index, before),
        }
    }

    /// Whether the updates known by events from `index` on, and never seen, may as well belong to the next incarnation
    /// that was seen: no deletion in between is known, and that incarnation has numbers enough for them.
    fn may_belong_to_next_incarnation(&self, index: usize, before: Option<usize>) -> bool {
        let mut updates = 0;
        for at in index..self.changes.len() {
            match self.number(at) {
                Some(next) if self.is_seen(at) => {
                    let before = before.and_then(|before| self.number(before));
                    let continues = before.is_some_and(|before| before + updates + 1 == next);
                    return updates + 2 <= next && !continues;
                }
                Some(1) | None if self.is_known_by_event(at) => return false,
                Some(_) if self.is_known_by_event(at) => updates += 1,
                _ => {}
            }
        }
        false
    }

    /// Whether the version seen at `after`, and the updates known by events before it, continue the numbers of an
    /// incarnation that ended without a trace before `index`.
    fn continues_previous_incarnation(&self, index: usize, after: usize) -> bool {
        let Some(before) = (0..index).rev().find(|&at| self.leaves_trace(at)) else { return false };
        let by_event_alone = |at: &usize| self.is_known_by_event(*at) && !self.is_seen(*at);
        let updates = (before + 1..after).filter(by_event_alone).count() as u64;
        match (self.number(before), self.number(after)) {
            (Some(before), Some(after)) => updates > 0 && before + updates + 1 == after,
            _ => false,
        }
    }

    fn incarnation_start(&self, index: usize) -> usize {
        (0..index).rev().find(|&at| self.is_deletion(at)).map_or(0, |at| at + 1)
    }

    fn untraced(&self, index: usize) -> Demand {
        if !self.is_deletion(index) {
            // A later version of the same incarnation shows by its number that one is missing, unless the number also
            // fits the incarnation before and the updates known by events since.
            return match self.seen_around(index) {
                (_, Some(after)) if self.continues_previous_incarnation(index, after) => Demand::Untraceable,
                (_, Some(_)) => Demand::MayBeUnknown,
                (_, None) => Demand::Untraceable,
            };
        }
        // A first version later shows that there was a deletion, unless one is known before it.
        let maybe_deleted = |later: &usize| {
            let failed = self.changes.get(*later).is_some_and(|change| self.failed_events.contains(&change.id));
            self.is_deletion(*later) && failed
        };
        let next_trace = (index + 1..self.changes.len()).find(|at| self.leaves_trace(*at) || maybe_deleted(at));
        let Some(later) = next_trace else { return Demand::Untraceable };
        let before = (0..index).rev().find(|&earlier| self.leaves_trace(earlier));
        let alive_before = before.is_some_and(|at| self.left(at).is_some());
        if self.is_creation(later) && alive_before { Demand::MayBeUnknown } else { Demand::Untraceable }
    }
}
