//! Stories of one parameter: what happened, in which order it was heard of, and what the bucket then says.

use jiff::Timestamp;

use super::*;
use crate::event::Change;
use crate::event::Operation::{Create, Delete, LabelParameterVersion, PolicyExpiration, Update};
use crate::parameter::Details;
use crate::testing::{Key, at, change, version};

mod late;
mod locked;
mod one_second;
mod sweeps;

#[test]
fn an_event_is_recorded_at_parameter_stores_own_time_where_the_two_agree() {
    let mut key = Key::default();
    let history = [version(1, "12:00:05.250", "a")];
    assert_eq!(key.event(&change(Create, "12:00:05"), Some(&history), "12:00:06"), 1);
    assert_eq!(key.states(&["12:00:04", "12:00:05.249", "12:00:05.250", "12:00:05"]), "- - a a");
}

#[test]
fn the_events_time_is_recorded_where_the_two_clocks_have_nothing_in_common() {
    let mut key = Key::default();
    key.sample(&change(Create, "08:00:00"), Some(&[version(1, "12:00:00.5", "a")]), "12:00:01");
    let history = [version(1, "12:00:00.5", "a"), version(2, "12:00:02.5", "b")];
    key.sample(&change(Update, "09:00:00"), Some(&history), "12:00:03");
    assert_eq!(key.states(&["07:59:59", "08:00:00", "08:59:59", "09:00:00", "13:00:00"]), "- a a b b");
    assert_eq!(key.sample(&change(Update, "09:00:00"), Some(&history), "12:00:04"), 0, "delivered twice");
}

#[test]
fn a_doubled_delivery_writes_nothing() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:00:01.1", "b")];
    for (expected, handled) in [(2, "12:00:02"), (0, "12:00:03"), (0, "12:50:00")] {
        assert_eq!(key.event(&change(Update, "12:00:01"), Some(&history), handled), expected);
    }
    assert_eq!(key.event(&change(Create, "12:00:00"), Some(&history), "12:55:00"), 0, "late, but known");
    for expected in [2, 0, 0] {
        assert_eq!(key.event(&change(Delete, "15:00:00"), None, "15:00:01"), expected);
    }
}

#[test]
fn rapid_updates_keep_every_value_at_its_own_time() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:00:00.2", "b"), version(3, "12:00:00.3", "c")];
    for operation in [Update, Create, Update] {
        key.event(&change(operation, "12:00:00"), Some(&history), "12:00:40");
    }
    assert_eq!(key.states(&["12:00:00.099", "12:00:00.15", "12:00:00.25", "12:00:00.3", "12:00:00"]), "- a b c c");
    assert_eq!(key.records.len(), 3);
}

#[test]
fn a_lost_event_is_healed_by_the_next_one() {
    let mut key = Key::default();
    let history: Vec<_> = (1..=4).map(|n| version(n, &format!("12:0{n}:00.5"), &n.to_string())).collect();
    key.event(&change(Create, "12:01:00"), Some(&history[..1]), "12:01:01");
    key.event(&change(Update, "12:04:00"), Some(&history), "12:04:01");
    assert_eq!(key.states(&["12:00:00", "12:01:30", "12:02:30", "12:03:30", "12:04:30"]), "- 1 2 3 4");
    assert_eq!(key.current(), "4");
}

#[test]
fn a_backfilled_version_leaves_the_present_one_current() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00", "a"), version(2, "12:10:00", "b")];
    // As if the first version had been written by a function that was killed before the rest.
    key.event(&change(Update, "12:10:00"), Some(&history[1..]), "12:10:01");
    assert_eq!(key.event(&change(Create, "12:00:00"), Some(&history), "12:20:00"), 2);
    assert_eq!(key.current(), "b");
    assert_eq!(key.states(&["11:59:59", "12:05:00", "12:15:00"]), "- a b");
}

#[test]
fn a_label_heals_what_was_lost() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00", "a")];
    assert_eq!(key.event(&change(LabelParameterVersion, "12:30:00"), Some(&history), "12:30:01"), 1);
    assert_eq!(key.states(&["11:00:00", "12:00:00"]), "- a");
    assert_eq!(key.event(&change(LabelParameterVersion, "12:31:00"), Some(&history), "12:31:01"), 0);
}

#[test]
fn a_delete_is_a_tombstone_at_its_time_then_a_marker() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    assert_eq!(key.event(&change(Delete, "12:30:00"), None, "18:00:00"), 2);
    assert_eq!(key.states(&["12:29:59", "12:30:00", "17:00:00", "19:00:00"]), "a - - -");
    assert_eq!(key.current(), "-");
}

#[test]
fn delete_and_recreate_within_the_delivery_delay_keeps_the_live_parameter() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "old")]), "12:00:01");
    let recreated = [version(1, "12:30:05.5", "new")];
    key.event(&change(Delete, "12:30:00"), Some(&recreated), "12:31:00");
    assert_eq!(key.current(), "new");
    key.event(&change(Create, "12:30:05"), Some(&recreated), "12:31:01");
    assert_eq!(key.states(&["12:29:59", "12:30:00", "12:30:04", "12:30:05", "13:00:00"]), "old - - new new");
}

#[test]
fn a_delayed_delete_after_a_recreate_keeps_the_live_parameter() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "old")]), "12:00:01");
    let recreated = [version(1, "12:30:05.5", "new")];
    key.event(&change(Create, "12:30:05"), Some(&recreated), "12:30:06");
    assert_eq!(key.state("12:15:00"), "?", "when it was deleted is not known yet");
    assert_eq!(key.event(&change(Delete, "12:30:00"), Some(&recreated), "20:00:00"), 3);
    assert_eq!(key.current(), "new");
    assert_eq!(key.states(&["12:15:00", "12:30:00", "12:30:05", "21:00:00"]), "old - new new");
}

#[test]
fn a_false_delete_of_a_living_parameter_is_not_recorded_or_taken_back() {
    let history = [version(1, "12:00:00.1", "a")];
    let delete = change(Delete, "12:30:00");
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    assert!(key.early(&delete, Some(&history), "12:30:01"));
    assert_eq!(key.state("12:31:00"), "-");
    assert!(!key.early(&delete, Some(&history), "12:35:00"));
    assert_eq!((key.current(), key.states(&["12:20:00", "12:30:30", "13:00:00"])), ("a", "a a a".to_owned()));
    assert_eq!(key.event(&delete, Some(&history), "12:36:00"), 0);
    let mut late = Key::default();
    late.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    assert_eq!(late.event(&delete, Some(&history), "14:00:00"), 1, "a sighting");
    assert_eq!(late.states(&["12:20:00", "12:30:30", "14:00:00"]), "a a a");
}

#[test]
fn recorded_history_never_becomes_unknown_by_a_late_event() {
    // Versions recorded by a sweep, one of them in the second before that of its event.
    let history = [version(1, "12:00:00.9", "a"), version(2, "12:01:00.9", "b"), version(3, "12:02:00.9", "c")];
    let mut key = Key::default();
    key.sweep(Some(&history), "12:03:00");
    key.event(&change(Delete, "12:30:00"), None, "12:30:10");
    let written = key.records.len();
    for (operation, stamp) in [(Create, "12:00:01"), (Update, "12:01:01"), (Update, "12:01:30"), (Update, "12:02:01")] {
        key.event(&change(operation, stamp), None, "13:30:00");
    }
    assert_eq!(key.states(&["12:00:30", "12:01:30", "12:02:30", "12:31:00"]), "a b c -", "{written} records");
}

#[test]
fn an_update_whose_value_was_gone_before_it_could_be_read_is_unknown_not_the_value_before() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    assert_eq!(key.event(&change(Update, "12:10:00"), None, "12:20:01"), 2);
    assert_eq!(key.event(&change(Update, "12:10:00"), None, "12:20:02"), 0, "delivered twice");
    key.event(&change(Delete, "12:20:00"), None, "12:20:05");
    assert_eq!(key.states(&["12:05:00", "12:10:00", "12:19:59", "12:20:00", "12:20:03"]), "a ? ? - -");
}

#[test]
fn update_of_an_ended_incarnation_is_not_the_next_ones_value() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    let recreated = [version(1, "12:30:00.5", "new")];
    key.event(&change(Update, "12:10:00"), Some(&recreated), "12:40:00");
    key.event(&change(Delete, "12:20:00"), Some(&recreated), "12:40:01");
    assert_eq!(key.event(&change(Update, "12:10:00"), Some(&recreated), "12:40:02"), 0, "delivered twice");
    assert_eq!(key.states(&["12:05:00", "12:10:00", "12:20:00", "12:30:00"]), "a ? - new");
    assert_eq!(key.current(), "new");
}

#[test]
fn nothing_is_written_for_a_parameter_that_came_and_went_unseen() {
    let mut key = Key::default();
    assert_eq!(key.event(&change(Create, "12:00:00"), None, "12:10:00"), 0);
    key.event(&change(Delete, "12:05:00"), None, "12:10:01");
    assert_eq!(key.states(&["12:02:00", "12:05:00"]), "? -");
}

#[test]
fn versions_that_history_dropped_are_unknown() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00", "1")]), "12:00:01");
    let late: Vec<_> =
        (50..=149).map(|n| version(n, &format!("13:{:02}:{:02}", (n - 50) / 60, (n - 50) % 60), "x")).collect();
    key.event(&change(Update, "13:01:39"), Some(&late), "13:02:00");
    assert_eq!(key.states(&["11:00:00", "12:30:00", "13:00:00"]), "- ? x");
}

#[test]
fn an_expiry_counts_as_a_delete_once() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00", "a")]), "12:00:01");
    key.event(&change(PolicyExpiration, "12:30:00"), None, "12:30:05");
    key.event(&change(Delete, "12:30:01"), None, "12:30:06");
    assert_eq!(key.states(&["12:29:59", "12:30:00", "12:31:00"]), "a - -");
    let living = [version(1, "12:40:00", "b")];
    assert_eq!(
        key.event(&change(PolicyExpiration, "12:50:00"), Some(&living), "12:50:01"),
        1,
        "only a hint while it lives"
    );
    assert_eq!(key.state("13:00:00"), "b");
}

#[test]
fn killed_between_any_two_writes_the_next_delivery_completes_it() {
    let before = [version(1, "12:00:00", "old")];
    let recreated = [version(1, "12:30:00", "n1"), version(2, "12:40:00", "n2")];
    let mut first = Key::default();
    first.event(&change(Create, "12:00:00"), Some(&before), "12:00:01");
    let delete = change(Delete, "12:20:00");
    let writes =
        on_event(&delete, EventClock::Vouched, Some(&recreated), &Contents::new(&first.records), at("12:41:00")).writes;
    assert_eq!(writes.len(), 5, "two versions, tombstone, marker, present again");
    for killed_after in 0..writes.len() {
        let mut key = Key::default();
        key.event(&change(Create, "12:00:00"), Some(&before), "12:00:01");
        key.apply(&writes[..killed_after], at("12:41:00"));
        key.event(&delete, Some(&recreated), "12:50:00");
        assert_eq!(key.current(), "n2", "killed after {killed_after}");
        assert_eq!(key.states(&["12:10:00", "12:25:00", "12:35:00", "12:45:00"]), "old - n1 n2", "{killed_after}");
        assert_eq!(key.event(&delete, Some(&recreated), "12:51:00"), 0);
    }
}

#[test]
fn the_current_version_settles_the_usual_event() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00", "a"), version(2, "12:01:00", "b")];
    key.event(&change(Update, "12:01:00"), Some(&history), "12:01:01");
    let longer = [version(1, "12:00:00", "a"), version(2, "12:01:00", "b"), version(3, "12:02:00", "c")];
    let current = key.records.last();
    let needs = |change: &crate::event::Change, history: Option<&[ParameterVersion]>| {
        needs_all_records(change, EventClock::Vouched, history, current)
    };
    assert!(!needs(&change(Update, "12:02:00"), Some(&longer)));
    assert!(!needs(&change(Update, "12:01:00"), Some(&history)));
    assert!(needs(&change(Delete, "12:02:00"), Some(&longer)));
    assert!(needs(&change(Update, "12:02:00"), None));
    assert!(needs(&change(Update, "12:02:00"), Some(&[version(1, "12:02:00", "recreated")])));
    assert!(needs_all_records(&change(Update, "12:02:00"), EventClock::Vouched, Some(&longer), None));
}

#[test]
fn sent_stamps_vouch_for_an_events_clock() {
    let event = at("12:00:00");
    let vouch = |sent: Option<&str>, now: &str| EventClock::of(event, sent.map(at), at(now));
    assert_eq!(vouch(Some("12:00:01"), "12:00:02"), EventClock::Vouched);
    assert_eq!(vouch(Some("11:59:59"), "12:00:02"), EventClock::Vouched, "within the clocks' agreement");
    assert_eq!(vouch(Some("11:00:00"), "12:00:02"), EventClock::Unvouched, "sent before it happened");
    assert_eq!(vouch(Some("13:00:00"), "12:00:02"), EventClock::Unvouched, "sent after now");
    assert_eq!(vouch(None, "12:00:02"), EventClock::Unvouched);
    let much_later: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
    assert_eq!(EventClock::of(event, Some(much_later), much_later), EventClock::Unvouched, "beyond every retry");
}
