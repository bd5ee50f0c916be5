//! Buckets that the original wrote, alone or before us, and what they say.

use crate::event::Operation::{Create, Delete, Update};
use crate::record::{Evidence, Record, Unreadable};
use crate::testing::{Key, at, change, version};
use crate::timeline::{State, Timeline, Unknown};

#[test]
fn a_bucket_of_the_original_reads_as_the_original_reads_it() {
    let mut key = Key::default();
    key.legacy("12:00:00", "12:00:31", "a");
    key.legacy("12:10:00", "12:10:31", "b");
    key.legacy_delete("12:20:31");
    key.legacy("12:30:00", "12:30:31", "c");
    assert_eq!(key.states(&["12:05:00", "12:15:00", "12:20:30", "12:20:31", "12:35:00"]), "a b b - c");
}

#[test]
fn a_parameter_older_than_its_first_backup_is_unknown_before_it() {
    let mut key = Key::default();
    key.legacy("12:00:00", "12:00:31", "seeded");
    let timeline = Timeline::new(key.records.clone());
    assert_eq!(timeline.state_by(at("11:00:00")), State::Unknown(&Unknown::BeforeFirstRecord(at("12:00:00"))));
}

#[test]
fn late_events_of_the_original_are_ordered_by_their_time() {
    let mut key = Key::default();
    key.legacy("12:10:00", "12:10:31", "b");
    key.legacy("12:00:00", "12:40:00", "a");
    assert_eq!(key.states(&["12:05:00", "12:15:00", "13:00:00"]), "a b b");
}

#[test]
fn history_overrules_what_the_original_recorded_under_a_wrong_time() {
    let mut key = Key::default();
    // Two rapid updates, both events handled after the second: the later value under the earlier time.
    key.legacy("12:00:00", "12:00:31", "b");
    key.legacy("12:00:05", "12:00:32", "b");
    let history = [version(1, "12:00:00.2", "a"), version(2, "12:00:05.2", "b")];
    key.sweep(Some(&history), "13:00:00");
    assert_eq!(key.states(&["11:59:59", "12:00:03", "12:00:06", "14:00:00"]), "- a b b");
}

#[test]
fn history_overrules_a_delete_that_the_original_handled_late() {
    let mut key = Key::default();
    key.legacy("12:00:00", "12:00:31", "old");
    key.legacy("12:30:00", "12:30:20", "new");
    key.legacy_delete("12:30:40");
    assert_eq!(key.state("13:00:00"), "-", "the original's bucket alone cannot tell");
    key.sweep(Some(&[version(1, "12:30:00.2", "new")]), "13:30:00");
    assert_eq!(key.states(&["12:15:00", "12:30:00", "13:00:00", "14:00:00"]), "? new new new");
    assert_eq!(key.current(), "new");
}

#[test]
fn an_upgrade_in_the_middle_keeps_what_the_original_recorded() {
    let mut key = Key::default();
    key.legacy("10:00:00", "10:00:31", "a");
    key.legacy_delete("10:30:31");
    key.legacy("11:00:00", "11:00:31", "b");
    let history = [version(1, "11:00:00.3", "b"), version(2, "12:00:00.3", "c")];
    key.event(&change(Update, "12:00:00"), Some(&history), "12:00:01");
    assert_eq!(key.states(&["10:15:00", "10:45:00", "11:30:00", "12:30:00"]), "a - b c");
    key.event(&change(Delete, "13:00:00"), None, "13:00:01");
    assert_eq!(key.states(&["12:30:00", "13:00:00"]), "c -");
}

#[test]
fn a_seed_of_the_original_does_not_hide_the_attributes_of_history() {
    let mut key = Key::default();
    key.legacy("12:00:00", "12:00:00", "a");
    key.sweep(Some(&[version(3, "10:00:00.3", "a")]), "13:00:00");
    let timeline = Timeline::new(key.records.clone());
    let State::Held(held) = timeline.state_by(at("12:30:00")) else { panic!("it is held") };
    assert!(matches!(held.record.evidence, Evidence::Value(_)));
}

#[test]
fn an_upgrade_where_events_and_store_go_by_different_clocks() {
    let mut key = Key::default();
    key.legacy("08:00:00", "12:00:00", "a");
    key.legacy("08:10:00", "12:00:01", "b");
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:00:01.1", "b"), version(3, "12:00:02.1", "c")];
    key.sample(&change(Update, "08:20:00"), Some(&history), "12:00:03");
    assert_eq!(key.states(&["08:05:00", "08:15:00", "08:25:00", "13:00:00"]), "a b c c");
}

#[test]
fn what_the_original_records_within_seconds_of_ours_counts() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "ours")]), "12:00:00.5");
    key.legacy("12:00:01", "12:00:02", "theirs");
    assert_eq!(key.states(&["12:00:00", "12:00:01", "12:00:05"]), "ours theirs theirs");
}

#[test]
fn a_marker_counts_at_its_tombstones_time_whatever_was_written_between() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    let writes = crate::capture::on_event(
        &change(Delete, "12:10:00"),
        crate::capture::EventClock::Vouched,
        None,
        &crate::capture::Contents::new(&key.records),
        at("12:15:00"),
    )
    .writes;
    key.apply(&writes[..1], at("12:15:00"));
    key.event(&change(Create, "12:15:00"), Some(&[version(1, "12:15:00.1", "b")]), "12:15:01");
    key.apply(&writes[1..], at("12:15:02"));
    key.sweep(Some(&[version(1, "12:15:00.1", "b")]), "12:30:00");
    assert_eq!(key.states(&["12:05:00", "12:12:00", "12:16:00", "12:15:02", "12:40:00"]), "a - b b b");
}

#[test]
fn a_marker_whose_tombstone_expired_does_not_delete_what_outlived_it() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "old")]), "12:00:01");
    let recreated = [version(1, "12:30:05.5", "new")];
    key.event(&change(Create, "12:30:05"), Some(&recreated), "12:30:06");
    key.event(&change(Delete, "12:30:00"), Some(&recreated), "20:00:00");
    let expired: Vec<bool> = key.records.iter().map(|r| matches!(r.evidence, Evidence::Tombstone(_))).collect();
    for keep_marker in [true, false] {
        let mut left = Key::default();
        for (index, record) in key.records.iter().enumerate() {
            let marker = matches!(record.evidence, Evidence::DeleteMarker);
            if !expired[index] && (keep_marker || !marker) {
                left.records.push(record.clone());
                left.bodies.push(key.bodies[index].clone());
            }
        }
        assert_eq!(left.states(&["19:00:00", "21:00:00"]), "new new", "marker kept: {keep_marker}");
    }
}

#[test]
fn strangers_are_reported_and_decide_nothing() {
    let mut key = Key::default();
    key.legacy("12:00:00", "12:00:31", "a");
    key.records.push(Record {
        version_id: "foreign".to_owned(),
        last_modified: at("13:00:00"),
        is_latest: true,
        size: 3,
        evidence: Evidence::Unreadable(Unreadable::Foreign),
    });
    key.bodies.push("???".to_owned());
    assert_eq!(key.state("14:00:00"), "a");
    let timeline = Timeline::new(key.records.split_off(1));
    assert_eq!(timeline.unreadable().count(), 1);
    assert!(!timeline.is_tracked());
    assert!(matches!(timeline.state_by(at("14:00:00")), State::Unknown(Unknown::Unreadable(Unreadable::Foreign))));
}

#[test]
fn nothing_recorded_is_unknown() {
    assert_eq!(Timeline::new(vec![]).state_by(at("12:00:00")), State::Unknown(&Unknown::NothingRecorded));
}
