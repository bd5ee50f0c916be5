//! What became of a key between two instants.

use super::{KeyHistory, ObjectState, ObjectVersion};

/// How a key differs between two instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// It did not exist at the first one.
    Added(ObjectVersion),
    /// Another version was current, first the earlier, then the later one.
    Changed(ObjectVersion, ObjectVersion),
    /// It did not exist any more.
    Removed(ObjectVersion),
}

/// Compares the states at the first and the second instant of a history.
pub fn difference(history: &KeyHistory) -> Option<Difference> {
    match (history.at(0), history.at(1)) {
        (ObjectState::Held(a), ObjectState::Held(b)) if a.version_id == b.version_id => None,
        (ObjectState::Held(a), ObjectState::Held(b)) => Some(Difference::Changed(a.clone(), b.clone())),
        (ObjectState::Held(a), _) => Some(Difference::Removed(a.clone())),
        (_, ObjectState::Held(b)) => Some(Difference::Added(b.clone())),
        _ => None,
    }
}
