//! Stored versions that hold what Parameter Store holds, although its present version is another one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ssmbak_core::name::ParameterName;
use ssmbak_core::timeline::State;

use crate::data::Data;
use crate::status::Status;

/// A version of Parameter Store's: its number and date.
type Identity = (u64, Timestamp);

/// What is known to be equal by value and attributes: after a look at both, or after a restore.
#[derive(Clone, Debug, Default)]
pub(crate) struct Equal {
    /// By name, S3 version and present version.
    pairs: BTreeSet<(ParameterName, String, Identity)>,
    /// Restored to this S3 version; the present version before that, since a read may be older than the restore.
    restored: BTreeMap<ParameterName, (String, Option<Identity>)>,
}

impl Equal {
    /// The stored version at `time` and the present one were compared.
    pub(crate) fn compared(&mut self, data: &Data, name: usize, time: Timestamp) {
        let key = data.names().get(name).cloned().zip(version_in_effect(data, name, time));
        if let (Some((name_of, version)), Some(present)) = (key, present(data, name)) {
            self.pairs.insert((name_of, version, present));
        }
    }

    /// A restore to `time` brought these parameters back.
    pub(crate) fn restored(&mut self, data: &Data, names: &[ParameterName], time: Timestamp) {
        for name in names {
            let Ok(at) = data.names().binary_search(name) else { continue };
            if let Some(version) = version_in_effect(data, at, time) {
                self.restored.insert(name.clone(), (version, present(data, at)));
            }
        }
    }

    /// Everything was read again.
    pub(crate) fn loaded(&mut self, data: &Data) {
        self.restored.retain(|name, (version, before)| {
            let now = data.names().binary_search(name).ok().and_then(|at| present(data, at));
            match now.filter(|now| Some(*now) != *before) {
                Some(now) => {
                    self.pairs.insert((name.clone(), version.clone(), now));
                    false
                }
                None => true,
            }
        });
    }

    /// How each name stands at a time.
    pub(crate) fn statuses(&self, data: &Data, time: Timestamp) -> Vec<Status> {
        let mut statuses = data.statuses(time);
        for (at, status) in statuses.iter_mut().enumerate() {
            if *status == Status::Changed && self.holds(data, at, time) {
                *status = Status::Same;
            }
        }
        statuses
    }

    fn holds(&self, data: &Data, name: usize, time: Timestamp) -> bool {
        let key = data.names().get(name).cloned().zip(version_in_effect(data, name, time)).zip(present(data, name));
        key.is_some_and(|((name, version), present)| self.pairs.contains(&(name, version, present)))
    }
}

fn version_in_effect(data: &Data, name: usize, time: Timestamp) -> Option<String> {
    match data.state(name, time) {
        State::Held(held) => Some(held.record.version_id.clone()),
        State::Absent(_) | State::Unknown(_) => None,
    }
}

fn present(data: &Data, name: usize) -> Option<Identity> {
    data.present(name).map(|now| (now.details.version, now.details.modified))
}
