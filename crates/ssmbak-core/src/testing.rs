//! What the tests of this crate share: a key of a versioned bucket, a parameter's history, and the short way to say them.

use jiff::Timestamp;

use crate::capture::{Contents, EventClock, Write, on_event, on_sure_deletion, on_sweep};
use crate::event::{Change, Operation};
use crate::instant::Instant;
use crate::log::entries;
use crate::name::ParameterName;
use crate::parameter::{Description, Details, ParameterType, ParameterValue, ParameterVersion};
use crate::record::metadata::{Decoded, decode, decode_with_sidecar, encode_tombstone, encode_value};
use crate::record::{Evidence, LegacyRecord, Record};
use crate::timeline::{Reach, State, Timeline, initial_window, next_window};
use crate::trash::gone;

/// `12:00:00` of the one day on which all these stories happen, with any fraction.
pub(crate) fn at(clock: &str) -> Timestamp {
    format!("2026-03-01T{clock}Z").parse().unwrap()
}

pub(crate) fn version(number: u64, modified: &str, value: &str) -> ParameterVersion {
    ParameterVersion {
        value: Some(ParameterValue::new(value)),
        parameter_type: ParameterType::String,
        description: None,
        details: Details::new(number, at(modified)),
    }
}

pub(crate) fn change(operation: Operation, time: &str) -> Change {
    Change {
        id: Some(format!("{operation:?}-{time}")),
        name: ParameterName::parse("/a").unwrap(),
        operation,
        time: at(time),
        parameter_type: None,
        description: None,
        region: None,
        account: None,
    }
}

/// One key of a versioned bucket, in memory: bodies, and records that went through the codec.
#[derive(Default)]
pub(crate) struct Key {
    pub records: Vec<Record>,
    pub bodies: Vec<String>,
}

impl Key {
    fn store(&mut self, stored: Timestamp, evidence: Evidence, body: &str) {
        for record in &mut self.records {
            record.is_latest = false;
        }
        self.records.push(Record {
            version_id: format!("v{}", self.records.len()),
            last_modified: Timestamp::from_second(stored.as_second()).unwrap(),
            is_latest: true,
            size: body.len() as u64,
            evidence,
        });
        self.bodies.push(body.to_owned());
    }

    /// As ssmbak 0.5.2 would store a version.
    pub(crate) fn legacy(&mut self, time: &str, stored: &str, value: &str) {
        let record = LegacyRecord {
            time: Timestamp::from_second(at(time).as_second()).unwrap(),
            parameter_type: ParameterType::String,
            description: Description { text: None, sanitised: true },
        };
        self.store(at(stored), Evidence::Legacy(record), value);
    }

    /// As ssmbak 0.5.2 would record a deletion.
    pub(crate) fn legacy_delete(&mut self, stored: &str) {
        self.store(at(stored), Evidence::DeleteMarker, "");
    }

    pub(crate) fn apply(&mut self, writes: &[Write], stored: Timestamp) {
        for write in writes {
            match write {
                Write::Value { record, value } => {
                    let encoded = encode_value(record);
                    let size = value.len() as u64;
                    let evidence = match decode(Some(&encoded.metadata), size) {
                        Decoded::Complete(evidence) => evidence,
                        _ => decode_with_sidecar(
                            &encoded.metadata,
                            encoded.sidecar.as_ref().map(|s| s.body.as_str()),
                            size,
                        ),
                    };
                    self.store(stored, evidence, value.expose());
                }
                Write::Again { record, version_id } => {
                    let stored_as = self.records.iter().position(|record| record.version_id == *version_id);
                    let value = ParameterValue::new(&self.bodies[stored_as.expect("a stored version")]);
                    self.apply(&[Write::Value { record: record.clone(), value }], stored);
                }
                Write::Tombstone(tombstone) => {
                    let Decoded::Complete(evidence) = decode(Some(&encode_tombstone(tombstone).metadata), 0) else {
                        panic!("a tombstone of tests fits")
                    };
                    self.store(stored, evidence, "");
                }
                Write::DeleteMarker => self.store(stored, Evidence::DeleteMarker, ""),
            }
        }
    }

    /// Handles an event that the queue vouches for at `handled`; returns how many writes it took.
    pub(crate) fn event(&mut self, change: &Change, history: Option<&[ParameterVersion]>, handled: &str) -> usize {
        self.handle(change, EventClock::Vouched, history, handled)
    }

    /// Handles an event whose clock has nothing to do with Parameter Store's.
    pub(crate) fn sample(&mut self, change: &Change, history: Option<&[ParameterVersion]>, handled: &str) -> usize {
        self.handle(change, EventClock::Unvouched, history, handled)
    }

    fn handle(
        &mut self,
        change: &Change,
        clock: EventClock,
        history: Option<&[ParameterVersion]>,
        handled: &str,
    ) -> usize {
        self.decide(change, clock, history, handled).0
    }

    /// Handles an event that the queue vouches for; whether it is early.
    pub(crate) fn early(&mut self, change: &Change, history: Option<&[ParameterVersion]>, handled: &str) -> bool {
        self.decide(change, EventClock::Vouched, history, handled).1
    }

    /// Handles a deletion of a parameter that several looks have not found.
    pub(crate) fn sure_deletion(&mut self, change: &Change, handled: &str) {
        let decision = on_sure_deletion(change, &Contents::new(&self.records), at(handled));
        self.apply(&decision.writes, at(handled));
    }

    fn decide(
        &mut self,
        change: &Change,
        clock: EventClock,
        history: Option<&[ParameterVersion]>,
        handled: &str,
    ) -> (usize, bool) {
        let decision = on_event(change, clock, history, &Contents::new(&self.records), at(handled));
        self.apply(&decision.writes, at(handled));
        (decision.writes.len(), decision.early)
    }

    pub(crate) fn sweep(&mut self, history: Option<&[ParameterVersion]>, now: &str) -> usize {
        self.sweep_after(history, None, now)
    }

    /// As [`Self::sweep`], after an earlier one that saw the parameter alive and unchanged.
    pub(crate) fn sweep_after(
        &mut self,
        history: Option<&[ParameterVersion]>,
        last_seen: Option<&str>,
        now: &str,
    ) -> usize {
        let writes = on_sweep(history, &Contents::new(&self.records), last_seen.map(at), at(now));
        self.apply(&writes, at(now));
        writes.len()
    }

    /// How many versions are read to know the state at an instant; it must be that of all of them.
    pub(crate) fn read_for(&self, until: Timestamp) -> usize {
        let stored: Vec<Timestamp> = self.records.iter().map(|record| record.last_modified).collect();
        let mut looked = initial_window(&stored, until);
        while let Some(next) = next_window(&stored, &looked, &self.records[looked.clone()], until) {
            assert!(!next.is_empty() && (next.end == looked.start || next.start == looked.end), "{looked:?} {next:?}");
            looked = looked.start.min(next.start)..looked.end.max(next.end);
        }
        let (some, all) = (Timeline::new(self.records[looked.clone()].to_vec()), Timeline::new(self.records.clone()));
        let of = |timeline: &Timeline| format!("{:?}", timeline.state_by(until));
        assert_eq!(of(&some), of(&all), "what was read does not tell what all tells");
        looked.len()
    }

    /// How many versions are read for this; they must tell what all of them tell.
    pub(crate) fn reached(&self, reach: Reach) -> usize {
        let stored: Vec<Timestamp> = self.records.iter().map(|record| record.last_modified).collect();
        let mut begin = reach.first(&stored);
        while let Some(next) = reach.next(&stored, begin, &self.records[begin..]) {
            assert!(!next.is_empty() && next.end == begin, "{begin} {next:?}");
            begin = next.start;
        }
        let (some, all) = (Timeline::new(self.records[begin..].to_vec()), Timeline::new(self.records.clone()));
        match reach {
            Reach::All => assert_eq!(begin, 0),
            Reach::Since(since) => {
                let of = |timeline: &Timeline| {
                    let mut told = entries(timeline);
                    told.retain(|entry| entry.is_within(Some(since), None));
                    (told, timeline.is_tracked())
                };
                assert_eq!(of(&some), of(&all), "since {since}");
            }
            Reach::End => assert_eq!(gone(&some), gone(&all), "the end"),
        }
        self.records.len() - begin
    }

    /// The value at an instant; `-` if absent, `?` if unknown.
    pub(crate) fn state(&self, time: &str) -> String {
        let timeline = Timeline::new(self.records.clone());
        let instant = Instant::parse(&format!("2026-03-01T{time}Z"), at("23:00:00"), &jiff::tz::TimeZone::UTC).unwrap();
        self.read_for(instant.until());
        self.reached(Reach::Since(instant.until()));
        self.reached(Reach::End);
        match timeline.state_at(&instant) {
            State::Held(held) => {
                let position = self.records.iter().position(|record| record == held.record).unwrap();
                self.bodies[position].clone()
            }
            State::Absent(_) => "-".to_owned(),
            State::Unknown(_) => "?".to_owned(),
        }
    }

    /// The states at several instants, in one line.
    pub(crate) fn states(&self, times: &[&str]) -> String {
        times.iter().map(|time| self.state(time)).collect::<Vec<_>>().join(" ")
    }

    /// The body of the current version; `-` for a delete marker.
    pub(crate) fn current(&self) -> &str {
        match self.records.last().map(|record| &record.evidence) {
            Some(Evidence::DeleteMarker) | None => "-",
            Some(_) => self.bodies.last().unwrap(),
        }
    }
}
