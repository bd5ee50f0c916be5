//! The versions of a key, as whoever recorded the parameter left them.

use jiff::Timestamp;
use ssmbak_core::parameter::{Description, Details, ParameterVersion};
use ssmbak_core::record::metadata::{Encoded, encode_tombstone, encode_value};
use ssmbak_core::record::{DeletionSource, EventReference, Presence, TombstoneRecord, ValueRecord};

use crate::history::{Deed, Done, History, timestamp};
use crate::spec::{Spec, Variant};

/// What a row of the listing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The version that the nth put made.
    Version {
        /// From 0.
        nth: u32,
        /// Parameter Store's number.
        version: u32,
        /// When the one before it in the same life was put.
        previous: Option<i64>,
    },
    /// The empty version before a delete marker.
    Tombstone,
    /// The delete marker.
    Marker,
}

/// A version or delete marker of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is.
    pub kind: Kind,
    /// When the recorded deed was done, in milliseconds since 1970.
    pub at: i64,
    /// LastModified, in seconds since 1970.
    pub stored: i64,
    /// Its place among the key's versions, from 0, oldest first.
    pub place: u32,
}

/// What the bucket holds of a [`History`], worked out when asked for.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    history: History,
}

impl Bucket {
    /// The bucket in which a history was recorded as its specification says.
    #[must_use]
    pub fn new(history: History) -> Self {
        Self { history }
    }

    /// Whose bucket it is.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// All versions and delete markers of a parameter's key, oldest first.
    #[must_use]
    pub fn rows(&self, parameter: u32) -> Vec<Row> {
        let spec = self.spec();
        let mut deeds = match spec.variant {
            // Whoever comes afterwards finds what Parameter Store has kept.
            Variant::Seeded => self.history.living(parameter),
            Variant::Recorded | Variant::Original => self.history.deeds(parameter),
        };
        if spec.behind && matches!(deeds.last(), Some(Done { deed: Deed::Put { .. }, .. })) {
            deeds.pop();
        }
        let mut rows: Vec<Row> = Vec::with_capacity(deeds.len() + 1);
        let mut previous = None;
        for done in deeds {
            let stored = self.stored(parameter, &done);
            let mut push = |kind| {
                let place = u32::try_from(rows.len()).unwrap_or(u32::MAX);
                rows.push(Row { kind, at: done.at, stored, place });
            };
            match done.deed {
                Deed::Put { nth, version } => {
                    push(Kind::Version { nth, version, previous });
                    previous = Some(done.at);
                }
                Deed::Delete => {
                    if spec.variant != Variant::Original {
                        push(Kind::Tombstone);
                    }
                    push(Kind::Marker);
                    previous = None;
                }
            }
        }
        rows
    }

    /// The row of a version id.
    #[must_use]
    pub fn find(&self, parameter: u32, version_id: &str) -> Option<Row> {
        self.rows(parameter).into_iter().find(|row| self.version_id(parameter, row) == version_id)
    }

    /// S3's id of a row: 32 characters that say nothing.
    #[must_use]
    pub fn version_id(&self, parameter: u32, row: &Row) -> String {
        let chance = |what| self.history.chance(parameter, row.place, what);
        format!("{:016x}{:016x}", chance(10), chance(11))
    }

    /// The body of a row.
    #[must_use]
    pub fn body(&self, parameter: u32, row: &Row) -> String {
        match row.kind {
            Kind::Version { nth, .. } => self.history.value(parameter, nth),
            Kind::Tombstone | Kind::Marker => String::new(),
        }
    }

    /// How a row describes itself; `None`: a delete marker does not.
    #[must_use]
    pub fn encoded(&self, parameter: u32, row: &Row) -> Option<Encoded> {
        let mut encoded = match row.kind {
            Kind::Version { .. } => encode_value(&self.value_record(parameter, row)?),
            Kind::Tombstone => encode_tombstone(&TombstoneRecord {
                time: whole_second(row.at),
                source: DeletionSource::Event,
                event: Some(self.event_id(parameter, row)),
                live: None,
                seen: Some(timestamp(row.stored * 1000)),
                lost: Vec::new(),
            }),
            Kind::Marker => return None,
        };
        if self.spec().variant == Variant::Original {
            encoded.metadata.clear();
        }
        Some(encoded)
    }

    /// A parameter's version as Parameter Store shows it; `None` if the change was a deletion.
    #[must_use]
    pub fn version(&self, parameter: u32, done: &Done) -> Option<ParameterVersion> {
        let Deed::Put { nth, version } = done.deed else { return None };
        let parameter_type = self.history.parameter_type(parameter);
        Some(ParameterVersion {
            value: Some(ssmbak_core::parameter::ParameterValue::new(self.history.value(parameter, nth))),
            parameter_type,
            description: self.history.description(parameter),
            details: Details {
                author: Some("arn:aws:iam::123456789012:user/jo".to_owned()),
                tier: Some("Standard".to_owned()),
                data_type: Some("text".to_owned()),
                key_id: parameter_type.is_secret().then(|| "alias/aws/ssm".to_owned()),
                ..Details::new(u64::from(version), done.time())
            },
        })
    }

    /// What the function, or `ssmbak-all`, writes of a version.
    fn value_record(&self, parameter: u32, row: &Row) -> Option<ValueRecord> {
        let Kind::Version { nth, version, previous } = row.kind else { return None };
        let seeded = self.spec().variant == Variant::Seeded;
        // Whoever records afterwards meets the present version alone as it is.
        let present = !seeded || nth + 1 == self.spec().versions;
        let done = Done { at: row.at, deed: Deed::Put { nth, version } };
        let described = self.version(parameter, &done)?;
        Some(ValueRecord {
            time: done.time(),
            event: (!seeded)
                .then(|| EventReference { time: whole_second(row.at), id: Some(self.event_id(parameter, row)) }),
            parameter_type: described.parameter_type,
            description: Description::exact(described.description),
            details: Details { tags: present.then(|| self.history.tags(parameter)), ..described.details },
            previous: previous.map(timestamp),
            floor: if seeded { self.oldest_in_history(version) } else { 1 },
            present: if present { Presence::Present } else { Presence::Superseded },
            seen: present.then(|| timestamp(row.stored * 1000)),
            lost: Vec::new(),
        })
    }

    /// Parameter Store keeps a hundred versions, which is what a seeding finds.
    fn oldest_in_history(&self, version: u32) -> u64 {
        u64::from(version.min(self.spec().versions.saturating_sub(99).max(1)))
    }

    fn stored(&self, parameter: u32, done: &Done) -> i64 {
        match self.spec().variant {
            // Some hundred parameters a second, long after the last change.
            Variant::Seeded => self.history.end() - 3600 + i64::from(parameter / 200),
            Variant::Recorded | Variant::Original => {
                let delay = self.history.chance(parameter, u32::try_from(done.at & 0xffff).unwrap_or(0), 12) % 40;
                done.at.div_euclid(1000) + 4 + i64::try_from(delay).unwrap_or(0)
            }
        }
    }

    fn event_id(&self, parameter: u32, row: &Row) -> String {
        let (a, b) = (self.history.chance(parameter, row.place, 13), self.history.chance(parameter, row.place, 14));
        let (c, d) = (a & 0xffff, b >> 48);
        format!("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, a >> 16 & 0xffff, c & 0xfff, d, b & 0xffff_ffff_ffff)
    }

    fn spec(&self) -> &Spec {
        self.history.spec()
    }
}

/// Events carry whole seconds, cut off.
fn whole_second(milliseconds: i64) -> Timestamp {
    timestamp(milliseconds.div_euclid(1000) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ssmbak_core::capture::{Contents, EventClock, Write, on_event, on_sweep};
    use ssmbak_core::event::{Change, Operation};
    use ssmbak_core::name::ParameterName;
    use ssmbak_core::record::{Evidence, Record};

    fn bucket(spec: Spec) -> Bucket {
        Bucket::new(History::new(spec))
    }

    fn record(bucket: &Bucket, parameter: u32, row: &Row, write: Option<&Write>) -> Record {
        let evidence = match write {
            Some(Write::Value { record, .. }) => Evidence::Value(record.clone()),
            Some(Write::Tombstone(tombstone)) => Evidence::Tombstone(tombstone.clone()),
            _ => Evidence::DeleteMarker,
        };
        Record {
            version_id: bucket.version_id(parameter, row),
            last_modified: timestamp(row.stored * 1000),
            is_latest: true,
            size: bucket.body(parameter, row).len() as u64,
            evidence,
        }
    }

    fn encoded(write: &Write) -> Option<Encoded> {
        match write {
            Write::Value { record, .. } | Write::Again { record, .. } => Some(encode_value(record)),
            Write::Tombstone(tombstone) => Some(encode_tombstone(tombstone)),
            Write::DeleteMarker => None,
        }
    }

    #[test]
    fn rows_are_what_the_function_writes_for_these_events() {
        let bucket = bucket(Spec::new(60, 5));
        let history = *bucket.history();
        let mut deletions = 0;
        for parameter in history.parameters() {
            let mut records: Vec<Record> = Vec::new();
            let mut rows = bucket.rows(parameter).into_iter();
            let mut life = Vec::new();
            for done in history.deeds(parameter) {
                let first = rows.as_slice().first().copied().unwrap();
                let operation = match done.deed {
                    Deed::Delete => Operation::Delete,
                    Deed::Put { version: 1, .. } => Operation::Create,
                    Deed::Put { .. } => Operation::Update,
                };
                match bucket.version(parameter, &done) {
                    Some(mut version) => {
                        version.details.tags = Some(history.tags(parameter));
                        if let Some(before) = life.last_mut() {
                            let before: &mut ParameterVersion = before;
                            before.details.tags = None;
                        }
                        life.push(version);
                    }
                    None => life.clear(),
                }
                let change = Change {
                    id: Some(bucket.event_id(parameter, &first)),
                    name: ParameterName::parse(&history.name(parameter)).unwrap(),
                    operation,
                    time: whole_second(done.at),
                    parameter_type: None,
                    description: None,
                    region: None,
                    account: None,
                };
                let now = timestamp(first.stored * 1000);
                let held = Some(life.as_slice()).filter(|life| !life.is_empty());
                let writes = on_event(&change, EventClock::Vouched, held, &Contents::new(&records), now).writes;
                assert!(!writes.is_empty());
                for write in &writes {
                    let row = rows.next().unwrap();
                    assert_eq!(bucket.encoded(parameter, &row), encoded(write), "{row:?}");
                    deletions += u32::from(row.kind == Kind::Marker);
                    records.push(record(&bucket, parameter, &row, Some(write)));
                }
            }
            assert_eq!(rows.next(), None);
        }
        assert!(deletions > 0);
    }

    #[test]
    fn rows_of_a_seeding_are_what_a_sweep_writes() {
        for versions in [1, 4, 130] {
            let bucket = bucket(Spec::new(6, versions).with(Variant::Seeded));
            let history = *bucket.history();
            for parameter in history.parameters() {
                let rows = bucket.rows(parameter);
                let mut life: Vec<ParameterVersion> =
                    history.living(parameter).iter().filter_map(|done| bucket.version(parameter, done)).collect();
                life.last_mut().unwrap().details.tags = Some(history.tags(parameter));
                let now = timestamp(rows[0].stored * 1000);
                let writes = on_sweep(Some(&life), &Contents::new(&[]), None, now);
                let (wanted, got): (Vec<_>, Vec<_>) = writes
                    .iter()
                    .zip(&rows)
                    .map(|(write, row)| (encoded(write), bucket.encoded(parameter, row)))
                    .unzip();
                assert_eq!((wanted, writes.len()), (got, rows.len()));
            }
        }
    }

    #[test]
    fn what_the_original_wrote_has_tags_and_no_tombstones() {
        let bucket = bucket(Spec::new(60, 3).with(Variant::Original));
        let mut markers = 0;
        for parameter in bucket.history().parameters() {
            for row in bucket.rows(parameter) {
                match bucket.encoded(parameter, &row) {
                    Some(encoded) => assert!(encoded.metadata.is_empty() && encoded.tags.len() >= 2),
                    None => markers += 1,
                }
                assert_ne!(row.kind, Kind::Tombstone);
            }
        }
        assert!(markers > 0);
    }

    #[test]
    fn a_version_id_names_one_row() {
        let bucket = bucket(Spec::new(3, 20));
        let mut ids = std::collections::BTreeSet::new();
        for parameter in 0..3 {
            for row in bucket.rows(parameter) {
                let id = bucket.version_id(parameter, &row);
                assert_eq!(bucket.find(parameter, &id), Some(row));
                assert!(ids.insert(id));
            }
        }
        assert_eq!(bucket.find(0, "null"), None);
    }
}
