//! What a preview must say, known from the lives alone.

use std::collections::BTreeMap;

use crate::history::{Deed, History};
use crate::spec::Variant;

/// A change that a preview must list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It existed then: this is its value.
    Held(String),
    /// It did not exist then and does now.
    Absent,
}

/// The previews of a history.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    history: History,
}

impl Model {
    /// The previews of this history.
    #[must_use]
    pub fn new(history: History) -> Self {
        Self { history }
    }

    /// The put that was in effect at the end of a second; `None`: the parameter did not exist.
    #[must_use]
    pub fn held(&self, parameter: u32, second: i64) -> Option<u32> {
        let deeds = self.history.deeds(parameter);
        match deeds.iter().rfind(|done| done.at < (second + 1) * 1000)?.deed {
            Deed::Put { nth, .. } => Some(nth),
            Deed::Delete => None,
        }
    }

    /// What a preview of everything at that second lists, by name; what ssmbak 0.5.2 lists.
    #[must_use]
    pub fn changes(&self, second: i64) -> BTreeMap<String, Expected> {
        let changed = |parameter| {
            let present = match self.history.present(parameter).map(|done| done.deed) {
                Some(Deed::Put { nth, .. }) => Some(nth),
                _ => None,
            };
            let expected = match (self.held(parameter, second), present) {
                (held, present) if held == present => return None,
                (Some(held), _) => Expected::Held(self.history.value(parameter, held)),
                (None, _) => Expected::Absent,
            };
            Some((self.history.name(parameter), expected))
        };
        self.history.parameters().filter_map(changed).collect()
    }

    /// How many names a preview of everything must call unknown: nothing tells what was before a first record that is not
    /// known to be of a first version.
    #[must_use]
    pub fn unknown(&self, second: i64) -> usize {
        self.history.parameters().filter(|&parameter| self.is_unknown(parameter, second)).count()
    }

    /// What our preview of everything lists: [`Model::changes`] without those that are [`Model::unknown`].
    #[must_use]
    pub fn known_changes(&self, second: i64) -> BTreeMap<String, Expected> {
        let mut changes = self.changes(second);
        changes.retain(|name, _| !self.history.find(name).is_some_and(|parameter| self.is_unknown(parameter, second)));
        changes
    }

    fn is_unknown(&self, parameter: u32, second: i64) -> bool {
        let first = match self.history.spec().variant {
            Variant::Recorded => return false,
            // ssmbak 0.5.2 recorded no version numbers.
            Variant::Original => self.history.deeds(parameter).first().copied(),
            Variant::Seeded => {
                let oldest = self.history.living(parameter).first().copied();
                oldest.filter(|done| !matches!(done.deed, Deed::Put { version: 1, .. }))
            }
        };
        first.is_some_and(|first| first.at >= (second + 1) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Bucket, Kind, Spec};
    use ssmbak_core::record::metadata::{Decoded, decode};
    use ssmbak_core::record::{Evidence, Record, tags};
    use ssmbak_core::timeline::{State, Timeline};

    fn timeline(bucket: &Bucket, parameter: u32) -> Timeline {
        let rows = bucket.rows(parameter);
        let record = |row: &crate::Row| {
            let body = bucket.body(parameter, row);
            let evidence = match bucket.encoded(parameter, row) {
                None => Evidence::DeleteMarker,
                Some(encoded) if encoded.metadata.is_empty() => {
                    Evidence::Legacy(tags::read(&encoded.tags.into_iter().collect()).unwrap())
                }
                Some(encoded) => match decode(Some(&encoded.metadata), body.len() as u64) {
                    Decoded::Complete(evidence) => evidence,
                    other => panic!("{other:?}"),
                },
            };
            Record {
                version_id: bucket.version_id(parameter, row),
                last_modified: jiff::Timestamp::from_second(row.stored).unwrap(),
                is_latest: row.place as usize + 1 == rows.len(),
                size: body.len() as u64,
                evidence,
            }
        };
        Timeline::new(rows.iter().map(record).collect())
    }

    /// The model knows the truth from the lives, the timeline from the records: they agree at every question.
    #[test]
    fn timelines_of_the_records_say_what_the_model_says() {
        for (variant, versions) in
            [(Variant::Recorded, 6), (Variant::Seeded, 6), (Variant::Seeded, 150), (Variant::Original, 3)]
        {
            let history = History::new(Spec::new(80, versions).with(variant));
            let (bucket, model) = (Bucket::new(history), Model::new(history));
            let mut unknown = [0; 3];
            for parameter in history.parameters() {
                let timeline = timeline(&bucket, parameter);
                for (index, second) in [history.recent(), history.old(), history.end()].into_iter().enumerate() {
                    let at = jiff::Timestamp::new(second, 999_999_999).unwrap();
                    let held = model.held(parameter, second);
                    match timeline.state_by(at) {
                        State::Held(found) => {
                            let row = bucket.find(parameter, &found.record.version_id).unwrap();
                            assert!(
                                matches!(row.kind, Kind::Version { nth, .. } if Some(nth) == held),
                                "{row:?} {held:?}"
                            );
                        }
                        State::Absent(_) => assert_eq!(held, None),
                        State::Unknown(_) => unknown[index] += 1,
                    }
                }
            }
            assert_eq!(unknown[1] > 0, variant == Variant::Original || versions > 100, "{variant:?}");
            let expected = [history.recent(), history.old(), history.end()].map(|second| model.unknown(second));
            assert_eq!(unknown, expected);
        }
    }

    #[test]
    fn changes_are_few_at_a_recent_time_and_none_at_the_end() {
        let history = History::new(Spec::new(400, 5));
        let model = Model::new(history);
        assert!(model.changes(history.end()).is_empty());
        assert!((20..100).contains(&model.changes(history.recent()).len()));
        assert!(model.changes(history.old()).len() > 350);
    }
}
