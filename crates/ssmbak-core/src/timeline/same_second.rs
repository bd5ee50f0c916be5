//! The evidence of one second, put in the order that makes sense of it.
//!
//! Events tell the second alone, so within it order follows from what can have happened: lives and version numbers order
//! the versions, and a deletion or a lost version stands where it fits.

use jiff::SignedDuration;

use super::normalize::{Deletion, ValuePoint, just_before};
use super::segments::{Current, Point, Walk};
use crate::record::{DeletionSource, LostVersion, READ_LAG};

/// From the beginning of a second to its last nanosecond.
const LAST_OF_SECOND: SignedDuration = SignedDuration::from_nanos(999_999_999);

/// What is known to the second and has not found its place yet.
#[derive(Default)]
struct Waiting<'g> {
    deletions: Vec<&'g Deletion>,
    lost: Vec<&'g LostVersion>,
}

impl<'a> Walk<'a> {
    /// Takes in all evidence of one second.
    pub(super) fn second(&mut self, group: &[Point<'_, 'a>]) {
        let mut waiting = Waiting::default();
        let mut ordered: Vec<&Point<'_, 'a>> = Vec::new();
        for point in group {
            match point {
                Point::Deletion(deletion) if deletion.whole_second && deletion.source == DeletionSource::Event => {
                    waiting.deletions.push(deletion);
                }
                Point::Lost(lost) => waiting.lost.push(lost),
                _ => ordered.push(point),
            }
        }
        // Values of one second are sorted already: by life, then by number.
        ordered.sort_by_key(|point| point.rank());
        order_exact_deletions(&mut ordered);
        let (mut recreated, mut doubt) = (false, false);
        for point in ordered {
            match point {
                Point::Deletion(found) => self.before_found_missing(found, recreated, &mut waiting),
                Point::Value(value) => {
                    let doubtful = self.before_value(value, &mut waiting);
                    recreated |= value.record.details.version == 1 && self.may_live();
                    // A deletion of the second may have ended any version of the incarnation that began in it.
                    doubt = doubtful || (doubt && value.record.details.version != 1 && !value.complete);
                    self.point(point);
                    if doubt {
                        self.doubtful_since(value.time);
                    }
                    continue;
                }
                _ => {}
            }
            self.point(point);
        }
        self.take_lost(&mut waiting);
        for deletion in waiting.deletions {
            // It came after what is recorded of its second; at which moment of it is not known, and until then the
            // parameter is taken to live: of two readings the one that deletes less.
            self.deletion(deletion, deletion.time.checked_add(LAST_OF_SECOND).unwrap_or(deletion.time));
        }
    }

    /// What is found missing was updated before, if it was updated in that second; and a deletion that an event tells of
    /// that second is this one.
    fn before_found_missing(&mut self, found: &Deletion, recreated: bool, waiting: &mut Waiting<'_>) {
        let (created, updated): (Vec<_>, Vec<_>) = waiting.lost.drain(..).partition(|lost| lost.created);
        waiting.lost = created;
        updated.into_iter().for_each(|lost| self.lost(lost));
        // Unless there was another life in that second.
        if waiting.lost.is_empty()
            && !recreated
            && let Some(told) = waiting.deletions.pop()
        {
            self.deletion(told, found.time);
        }
    }

    /// What came before a version of this second; true: whether it was deleted in this second is not told.
    fn before_value(&mut self, value: &ValuePoint<'a>, waiting: &mut Waiting<'_>) -> bool {
        // A lost version of this second came before a version that shows a gap before it, and before a first version
        // that of whose life and second none was missed.
        let first = value.record.details.version == 1;
        if (first && value.complete) || (!first && !self.leads_to(value)) {
            self.take_lost(waiting);
        }
        let alive = self.may_live();
        // It had begun when the deletion's event was handled, or began after that, or the deletion ended an earlier one.
        let modified = value.record.details.modified;
        let forced = |deletion: &&Deletion| {
            deletion.live.is_some_and(|live| live <= modified)
                || (first && (deletion.of_earlier || deletion.handled.is_some_and(|handled| handled < modified)))
        };
        if value.complete && !waiting.deletions.is_empty() && (first || self.leads_to(value)) {
            // It lived when its second was over. What began then came after all deletions of that second; what did not was
            // not deleted.
            for deletion in waiting.deletions.drain(..).filter(|_| first) {
                self.deletion(deletion, deletion.time.min(just_before(value.time)));
            }
        } else if let Some(index) = waiting.deletions.iter().position(forced) {
            let deletion = waiting.deletions.remove(index);
            self.deletion(deletion, deletion.time.min(just_before(value.time)));
        } else if first
            && let Some(waits) = waiting.deletions.first()
            && (alive || waits.doubtful || is_of_another_event(value) || was_shown_after_its_second(value))
        {
            // The deletion may be of the incarnation before, or of this one, and the one before may have ended unnoticed
            // long ago. What was found later decides.
            waiting.deletions.remove(0);
            if alive {
                self.ended_unnoticed(value.time);
            }
            return true;
        }
        false
    }

    /// The lost versions, creations first: if something lives, its life may have ended long before them.
    ///
    /// Of a lost creation and a deletion in one second nobody can say which came first, if the parameter may have lived
    /// before: it may have been deleted and created again then, or have been deleted long before and then created and
    /// deleted. If it did not live, it was created first.
    fn take_lost(&mut self, waiting: &mut Waiting<'_>) {
        let mut lost = std::mem::take(&mut waiting.lost);
        lost.sort_by_key(|lost| !lost.created);
        for lost in lost {
            // Its time is known to the millisecond: it had begun when the deletion's event was handled.
            let ended = waiting.deletions.iter().position(|deletion| {
                lost.created && lost.locked.is_some() && deletion.live.is_some_and(|live| live <= lost.time)
            });
            if let Some(index) = ended.filter(|_| self.may_live()) {
                let deletion = waiting.deletions.remove(index);
                self.deletion(deletion, deletion.time.min(just_before(lost.time)));
            } else if lost.created && self.may_live() && !waiting.deletions.is_empty() {
                waiting.deletions.remove(0);
            }
            self.lost(lost);
        }
    }

    fn may_live(&self) -> bool {
        matches!(self.current, Current::Value(_) | Current::Legacy | Current::Unknown)
    }
}

/// Whether the event that a version was matched to is of another second, so that it may be that of a version nobody saw.
fn is_of_another_event(value: &ValuePoint<'_>) -> bool {
    let modified = value.record.details.modified.as_second();
    value.record.event.as_ref().is_some_and(|event| event.time.as_second() != modified)
}

/// Whether a look after its second still showed the version. It may have lagged, or the deletion was not its own.
fn was_shown_after_its_second(value: &ValuePoint<'_>) -> bool {
    let looked = value.seen.and_then(|shown| shown.checked_add(READ_LAG).ok());
    looked.is_some_and(|looked| looked.as_second() > value.time.as_second())
}

/// Deletions whose time is exact go before the first value that is later than they are.
fn order_exact_deletions(ordered: &mut Vec<&Point<'_, '_>>) {
    let (exact, mut rest): (Vec<&Point<'_, '_>>, Vec<_>) =
        ordered.drain(..).partition(|point| matches!(point, Point::Deletion(_)));
    for deletion in exact {
        // A first version of the same instant can only have come after.
        let later = |point: &&Point<'_, '_>| match point {
            Point::Value(value) => {
                value.time > deletion.time() || (value.time == deletion.time() && value.record.details.version == 1)
            }
            _ => false,
        };
        let position = rest.iter().position(later).unwrap_or(rest.len());
        rest.insert(position, deletion);
    }
    *ordered = rest;
}
