//! What a finished sweep leaves in the bucket, and what follows from it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::capture::PATIENCE;
use crate::name::ParameterName;
use crate::record::{Evidence, Presence, READ_LAG, Record};

/// Beginning of the keys of sweeps. No parameter's key begins so: those with a slash begin with one.
pub const SWEEP_PREFIX: &str = "ssmbak-sweep/";

/// The key of the last finished sweep's record.
pub const RECORD_KEY: &str = "ssmbak-sweep/last";

/// How many failed names are remembered; a sweep with more failures proves nothing about any name.
pub const FAILED_NAMES: usize = 100;

const FORMAT: u64 = 1;

/// How far the sweep's clock and S3's may lie apart, and a second that S3 cuts off.
const CLOCKS: SignedDuration = SignedDuration::from_secs(3);

/// A sweep over all of Parameter Store and of the bucket that came to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepRecord {
    format: u64,
    /// When it began, by the clock of whoever swept, taken before looking.
    pub started: Timestamp,
    /// When it was done.
    pub finished: Timestamp,
    /// How many names it looked at.
    pub names: u64,
    /// Of how many of them it wrote something.
    pub written: u64,
    /// How many of them could not be brought up to date.
    pub failed: u64,
    /// Which those are, if they are [`FAILED_NAMES`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_names: Vec<ParameterName>,
}

impl SweepRecord {
    /// The record of a sweep; of more than [`FAILED_NAMES`] failures only the number is kept.
    pub fn new(
        started: Timestamp,
        finished: Timestamp,
        (names, written, failed): (u64, u64, u64),
        failed_names: &[ParameterName],
    ) -> Self {
        let failed_names = if failed_names.len() > FAILED_NAMES { Vec::new() } else { failed_names.to_vec() };
        Self { format: FORMAT, started, finished, names, written, failed, failed_names }
    }

    /// As it is stored: one JSON object.
    pub fn encode(&self) -> String {
        // Numbers, times and names always can be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a stored record. `None`: what is stored is of a newer format, damaged or something else, and proves nothing.
    pub fn decode(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().filter(|record: &Self| record.format == FORMAT)
    }

    /// When `name`, whose key's current version is `current`, was last seen alive and unchanged by this sweep: as long
    /// before its beginning as a read may lag, if it had recorded something else had it seen something else.
    ///
    /// That is so if the version was stored as the present one well before the sweep began, so that any read showed it, is
    /// still on top, and the sweep did not fail at the name: then the sweep compared the two and found them the same.
    pub fn saw_unchanged(&self, name: &ParameterName, current: &Record) -> Option<Timestamp> {
        let Evidence::Value(value) = &current.evidence else { return None };
        let settled = self.started.duration_since(current.last_modified) >= PATIENCE + CLOCKS && current.is_latest;
        let seen = settled && self.succeeded_at(name) && value.present != Presence::Superseded;
        seen.then(|| self.started.checked_sub(READ_LAG).ok()).flatten()
    }

    fn succeeded_at(&self, name: &ParameterName) -> bool {
        let all_failures_known = self.failed == self.failed_names.len() as u64;
        all_failures_known && !self.failed_names.contains(name)
    }

    /// Whether this sweep has held a delete marker on top of a key, stored at `stored`, against all that lies below it: what
    /// is deleted is looked at once, and again only if anything was stored since, which leaves a new marker.
    pub fn has_judged_marker(&self, name: &ParameterName, stored: Timestamp) -> bool {
        self.succeeded_at(name) && self.started.duration_since(stored) >= PATIENCE + CLOCKS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Key, at, version};

    fn name(text: &str) -> ParameterName {
        ParameterName::parse(text).unwrap()
    }

    /// A version as a sweep records it, the only one of its key.
    fn value_record_stored(time: &str, presence: Presence) -> Record {
        let mut key = Key::default();
        key.sweep(Some(&[version(1, "08:00:00.5", "value")]), time);
        let mut record = key.records.remove(0);
        let Evidence::Value(value) = &mut record.evidence else { panic!("no version: {record:?}") };
        value.present = presence;
        record
    }

    fn sweep(started: &str, failed: &[&str]) -> SweepRecord {
        let failed: Vec<ParameterName> = failed.iter().map(|text| name(text)).collect();
        SweepRecord::new(at(started), at("20:00:00"), (10, 2, failed.len() as u64), &failed)
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        for record in [sweep("10:00:00", &[]), sweep("10:00:00", &["/a", "/b/c"])] {
            assert_eq!(SweepRecord::decode(record.encode().as_bytes()), Some(record));
        }
        let text = sweep("10:00:00", &["/a"]).encode();
        assert_eq!(
            text,
            r#"{"format":1,"started":"2026-03-01T10:00:00Z","finished":"2026-03-01T20:00:00Z","names":10,"written":2,"failed":1,"failedNames":["/a"]}"#
        );
    }

    #[test]
    fn what_is_no_record_proves_nothing() {
        let newer = sweep("10:00:00", &[]).encode().replace("\"format\":1", "\"format\":2");
        let no_name = sweep("10:00:00", &["/a"]).encode().replace("\"/a\"", "\"a b\"");
        for body in ["", "{}", "null", "[1]", "größe", "\u{0}", &newer, &no_name] {
            assert_eq!(SweepRecord::decode(body.as_bytes()), None, "{body}");
        }
        assert_eq!(SweepRecord::decode(&[0xff, 0xfe]), None);
    }

    #[test]
    fn a_version_that_was_there_before_the_sweep_was_seen_by_it() {
        let record = sweep("10:00:00", &["/failed"]);
        let stored = |time| value_record_stored(time, Presence::Present);
        // A read of the sweep may have been two minutes old.
        assert_eq!(record.saw_unchanged(&name("/a"), &stored("09:00:00")), Some(at("09:58:00")));
        // The clocks may differ by seconds, and S3 cuts off the fraction.
        assert_eq!(record.saw_unchanged(&name("/a"), &stored("09:54:57")), Some(at("09:58:00")));
        assert_eq!(record.saw_unchanged(&name("/a"), &stored("09:54:58")), None);
        assert_eq!(record.saw_unchanged(&name("/a"), &stored("15:00:00")), None, "stored by the sweep or after it");
        assert_eq!(record.saw_unchanged(&name("/failed"), &stored("09:00:00")), None);
    }

    #[test]
    fn only_the_present_version_on_top_was_compared() {
        let record = sweep("10:00:00", &[]);
        let superseded = value_record_stored("09:00:00", Presence::Superseded);
        assert_eq!(record.saw_unchanged(&name("/a"), &superseded), None);
        let mut buried = value_record_stored("09:00:00", Presence::Present);
        buried.is_latest = false;
        assert_eq!(record.saw_unchanged(&name("/a"), &buried), None);
        let mut marker = value_record_stored("09:00:00", Presence::Present);
        marker.evidence = Evidence::DeleteMarker;
        assert_eq!(record.saw_unchanged(&name("/a"), &marker), None);
    }

    #[test]
    fn of_too_many_failures_only_the_number_is_kept_and_nothing_is_proved() {
        let many: Vec<ParameterName> = (0..=FAILED_NAMES).map(|number| name(&format!("/p{number}"))).collect();
        let record = SweepRecord::new(at("10:00:00"), at("11:00:00"), (500, 0, many.len() as u64), &many);
        assert_eq!((record.failed, record.failed_names.len()), (101, 0));
        let stored = value_record_stored("09:00:00", Presence::Present);
        assert_eq!(record.saw_unchanged(&name("/a"), &stored), None);
    }
}
