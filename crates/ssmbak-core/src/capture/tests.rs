//! Stories of one parameter: what happened, in which order it was heard of, and what the bucket then says.

use jiff::Timestamp;

use super::*;
use crate::event::Change;
use crate::event::Operation::{Create, Delete, LabelParameterVersion, PolicyExpiration, Update};
use crate::parameter::Details;
use crate::testing::{Key, at, change, version};

mod locked;

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
fn a_delete_stamped_in_the_second_of_the_recreate_comes_before_it() {
    for stamp in ["12:30:05", "12:30:06", "12:30:07"] {
        let mut key = Key::default();
        key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "old")]), "12:00:01");
        let recreated = [version(1, "12:30:05.5", "new")];
        key.event(&change(Create, "12:30:05"), Some(&recreated), "12:30:06");
        key.event(&change(Delete, stamp), Some(&recreated), "12:30:08");
        assert_eq!(key.states(&["12:30:05", "13:00:00"]), "new new", "{stamp}");
    }
}

#[test]
fn created_and_deleted_within_one_second() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:00.2");
    // The read may be of the time before the creation, and the deletion may have come before it.
    assert!(key.early(&change(Delete, "12:00:00"), None, "12:00:01"));
    assert!(!key.early(&change(Delete, "12:00:00"), None, "12:02:01"));
    assert_eq!(key.states(&["11:59:59", "12:00:00", "13:00:00"]), "- - -");
}

#[test]
fn created_and_deleted_within_one_second_is_held_until_its_end() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:00.2");
    key.event(&change(Delete, "12:00:00"), None, "12:02:00.6");
    // That it was found missing says nothing of when.
    assert_eq!(key.states(&["12:00:00.3", "12:00:00.7", "12:00:00"]), "a a -");
}

#[test]
fn deletion_handled_after_the_creation_of_its_second_is_settled_at_once() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.3", "old")]), "12:00:00.9");
    let again = [version(1, "12:00:02.2", "new")];
    key.event(&change(Create, "12:00:02"), Some(&again), "12:00:02.3");
    assert!(!key.early(&change(Delete, "12:00:02"), Some(&again), "12:00:02.4"));
    assert_eq!(key.current(), "new");
    assert_eq!(key.states(&["12:00:01", "12:00:02.5", "12:00:05"]), "old new new");
}

#[test]
fn swept_and_deleted_within_its_first_second_is_held_until_its_end() {
    let mut key = Key::default();
    key.sweep(Some(&[version(1, "12:00:00.1", "a")]), "12:00:00.3");
    assert!(key.early(&change(Delete, "12:00:00"), None, "12:00:00.6"));
    key.sure_deletion(&change(Delete, "12:00:00"), "12:00:00.6");
    assert_eq!(key.states(&["12:00:00.2", "12:00:02"]), "a -");
}

#[test]
fn created_and_deleted_within_one_second_and_shown_after_it_may_live_on() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.8", "a")]), "12:00:40");
    key.event(&change(Delete, "12:00:00"), None, "13:00:00");
    // It may have been created again in that second, and been deleted unnoticed later on.
    assert_eq!(key.states(&["11:59:59", "12:00:30", "13:00:01"]), "- ? -");
}

#[test]
fn created_and_deleted_within_one_second_is_deleted_once_several_looks_agree() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:00.2");
    let delete = change(Delete, "12:00:00");
    assert!(key.early(&delete, None, "12:00:00.8"), "one look may be older than the creation");
    assert_eq!(key.current(), "a");
    key.sure_deletion(&delete, "12:00:00.8");
    assert_eq!(key.current(), "-");
    assert_eq!(key.states(&["12:00:00.3", "12:00:01", "12:10:00"]), "a - -");
    assert_eq!(key.event(&delete, None, "12:00:30"), 0, "delivered again");
}

#[test]
fn a_delete_that_cannot_be_read_yet_is_recorded_at_once_and_nothing_is_put_on_top() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:30:00.4", "b")];
    key.event(&change(Create, "12:00:00"), Some(&history[..1]), "12:00:01");
    let delete = change(Delete, "12:30:00");
    assert!(key.early(&delete, Some(&history), "12:30:01"));
    assert_eq!(key.current(), "-");
    assert_eq!(key.states(&["12:29:59", "12:30:00.5", "12:30:00", "12:30:02"]), "a b - -");
    assert!(key.early(&delete, Some(&history), "12:30:02"), "still");
    assert_eq!(key.records.len(), 4, "two versions, tombstone, marker");
    assert!(!key.early(&delete, None, "12:30:03"));
    assert_eq!(key.event(&delete, None, "12:30:04"), 0);
    assert_eq!(key.current(), "-");
    assert_eq!(key.states(&["12:29:59", "12:30:00.5", "12:30:00", "13:00:00"]), "a b - -");
}

#[test]
fn an_update_that_cannot_be_read_yet_is_awaited() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:10:00.1", "b"), version(3, "12:20:00.1", "c")];
    key.event(&change(Update, "12:10:00"), Some(&history[..2]), "12:10:01");
    let update = change(Update, "12:20:00");
    for handled in ["12:20:01", "12:20:10", "12:24:59"] {
        assert!(key.early(&update, Some(&history[..2]), handled), "{handled}");
    }
    assert_eq!(key.records.len(), 2, "there is nothing to record yet");
    assert!(!key.early(&update, Some(&history), "12:20:20"));
    assert_eq!(key.states(&["12:15:00", "12:25:00"]), "b c");
}

#[test]
fn a_creation_and_a_recreation_that_cannot_be_read_yet_are_awaited() {
    let mut key = Key::default();
    let create = change(Create, "12:00:00");
    assert!(key.early(&create, None, "12:00:01"));
    assert!(key.records.is_empty());
    assert!(!key.early(&create, Some(&[version(1, "12:00:00.1", "a")]), "12:00:03"));
    key.event(&change(Delete, "12:30:00"), None, "12:30:01");
    let again = change(Create, "12:40:00");
    assert!(key.early(&again, None, "12:40:01"));
    assert!(!key.early(&again, Some(&[version(1, "12:40:00.1", "b")]), "12:40:03"));
    assert_eq!(key.states(&["11:00:00", "12:10:00", "12:35:00", "12:50:00"]), "- a - b");
}

#[test]
fn recreation_after_its_deletion_was_handled_is_alive_within_one_second() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:00.3");
    assert!(!key.early(&change(Delete, "12:00:02"), None, "12:00:02.5"));
    // The function had handled the deletion before this version began.
    let again = [version(1, "12:00:02.9", "b")];
    assert!(!key.early(&change(Create, "12:00:02"), Some(&again), "12:00:02.95"));
    assert_eq!(key.states(&["12:00:01", "12:00:02.95", "12:10:00"]), "a b b");
}

#[test]
fn deletion_and_recreation_of_one_second_are_settled_at_once() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    let again = [version(1, "12:10:00.9", "b")];
    assert!(!key.early(&change(Delete, "12:10:00"), Some(&again), "12:10:01"), "it ended the incarnation before");
    assert!(!key.early(&change(Create, "12:10:00"), Some(&again), "12:10:02"));
    assert_eq!(key.states(&["12:05:00", "12:11:00"]), "a b");
    // Another deletion of that second may be of the new incarnation, although the history still shows it.
    let second = Change { id: Some("another".to_owned()), ..change(Delete, "12:10:00") };
    assert!(key.early(&second, Some(&again), "12:10:03"));
    assert!(!key.early(&second, None, "12:15:01"));
    assert_eq!(key.states(&["12:05:00", "12:20:00"]), "a -");
}

#[test]
fn change_before_a_recorded_deletion_is_not_awaited() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    let (update, delete) = (change(Update, "12:10:00"), change(Delete, "12:10:00"));
    assert!(key.early(&update, None, "12:10:01"));
    assert!(!key.early(&delete, None, "12:10:02"));
    assert!(!key.early(&update, None, "12:10:03"), "its deletion is recorded");
    // Nor when the next incarnation is there already.
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:01");
    let again = [version(1, "12:10:01.2", "b")];
    assert!(key.early(&update, Some(&again), "12:10:02"));
    assert!(!key.early(&delete, Some(&again), "12:10:02"));
    assert!(!key.early(&update, Some(&again), "12:10:03"));
    assert_eq!(key.states(&["12:05:00", "12:10:00.5", "12:11:00"]), "a ? b");
}

#[test]
fn late_update_of_a_parameter_that_a_sweep_found_missing_changes_nothing_before() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "a")]), "12:00:30");
    // Deleted at 12:00:42, which nobody was told of, and missed by several looks of a sweep.
    key.apply(&on_surely_missing(&Contents::new(&key.records), None, at("12:00:43")), at("12:00:43"));
    assert!(!key.early(&change(Update, "12:00:40"), None, "12:00:44"));
    assert_eq!(key.states(&["11:59:00", "12:00:20", "12:10:00"]), "- a -");
}

#[test]
fn what_is_awaited_too_long_is_lost() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a")];
    key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    assert!(!key.early(&change(Update, "12:20:00"), None, "12:25:00"));
    assert_eq!(key.states(&["12:10:00", "12:20:00", "12:25:00"]), "a ? -");
}

#[test]
fn an_event_whose_version_is_recorded_is_not_awaited() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:10:00.1", "b")];
    key.event(&change(Update, "12:10:00"), Some(&history), "12:10:01");
    for late in [Some(&history[..1]), None] {
        assert!(!key.early(&change(Update, "12:10:00"), late, "12:10:05"), "delivered twice");
    }
    assert_eq!((key.records.len(), key.current()), (2, "b"), "and a late read buries nothing");
}

#[test]
fn a_read_that_is_behind_the_bucket_buries_nothing() {
    let history = [version(1, "12:00:00.1", "a"), version(2, "12:10:00.1", "b"), version(3, "12:10:30.1", "c")];
    let mut key = Key::default();
    key.event(&change(Update, "12:10:30"), Some(&history[1..]), "12:10:31");
    assert!(key.early(&change(Create, "12:00:00"), Some(&history[..2]), "12:11:00"));
    assert_eq!(key.event(&change(LabelParameterVersion, "12:10:40"), Some(&history[..2]), "12:11:00"), 0);
    assert_eq!(key.sweep(Some(&history[..2]), "12:11:30"), 0);
    assert_eq!(key.sweep(None, "12:11:40"), 0, "it was not there yet, as far as this read goes");
    assert_eq!(key.current(), "c");
    assert_eq!(key.event(&change(Create, "12:00:00"), Some(&history), "12:13:00"), 2);
    assert_eq!((key.current(), key.states(&["12:10:10", "13:00:00"])), ("c", "b c".to_owned()));
}

#[test]
fn a_late_read_of_a_sweep_brings_no_deleted_parameter_back() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a")];
    key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    key.event(&change(Delete, "12:30:00"), None, "12:30:10");
    assert_eq!(key.sweep(Some(&history), "12:31:00"), 0);
    assert_eq!(key.states(&["12:31:00", "13:00:00"]), "- -");
}

#[test]
fn a_parameter_found_missing_by_a_late_read_is_alive_if_it_began_meanwhile() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.1", "old")]), "12:00:01");
    // Deleted at 12:30:00 and created again at 12:31:00; neither event has come.
    assert_eq!(key.sweep(None, "12:31:30"), 2);
    key.event(&change(Create, "12:31:00"), Some(&[version(1, "12:31:00.1", "new")]), "12:32:00");
    assert_eq!(key.states(&["12:30:30", "12:31:10", "13:00:00"]), "? new new");
    key.event(&change(Delete, "12:30:00"), Some(&[version(1, "12:31:00.1", "new")]), "12:33:00");
    assert_eq!(key.states(&["12:29:00", "12:30:30", "12:31:10", "13:00:00"]), "old - new new");
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
fn seeding_records_history_at_its_true_dates_and_is_idempotent() {
    let mut key = Key::default();
    let history = [version(7, "10:00:00.5", "g"), version(8, "11:00:00.5", "h")];
    assert_eq!(key.sweep(Some(&history), "12:00:00"), 2);
    assert_eq!(key.sweep(Some(&history), "12:00:01"), 0);
    assert_eq!(key.states(&["09:00:00", "10:00:00", "10:30:00", "11:30:00", "12:30:00"]), "? g g h h");
}

#[test]
fn a_sweep_notices_a_deletion_but_not_its_time() {
    let mut key = Key::default();
    key.sweep(Some(&[version(1, "10:00:00.5", "a")]), "10:30:00");
    assert_eq!(key.sweep(None, "12:00:00"), 2);
    assert_eq!(key.sweep(None, "12:00:01"), 0);
    assert_eq!(key.states(&["09:00:00", "11:00:00", "12:00:00"]), "- ? -");
    key.event(&change(Delete, "10:45:00"), None, "15:00:00");
    assert_eq!(key.states(&["10:40:00", "10:45:00", "11:00:00", "12:00:00"]), "a - - -");
}

#[test]
fn a_sweep_that_saw_it_alive_leaves_only_the_time_since_unknown() {
    let mut key = Key::default();
    key.sweep(Some(&[version(1, "10:00:00.5", "a")]), "10:30:00");
    assert_eq!(key.sweep_after(None, Some("11:30:00"), "12:00:00"), 2);
    assert_eq!(key.states(&["10:40:00", "11:29:59", "11:45:00", "12:00:00"]), "a a ? -");
    assert_eq!(key.sweep_after(None, Some("13:00:00"), "14:00:00"), 0, "what is gone is gone");
    key.event(&change(Delete, "11:40:00"), None, "15:00:00");
    assert_eq!(key.states(&["11:39:59", "11:40:00", "11:45:00"]), "a - -", "its event tells the second");
}

#[test]
fn an_event_that_writes_no_version_leaves_a_sighting_once_an_hour() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a")];
    key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    let label = |time| change(LabelParameterVersion, time);
    assert_eq!(key.event(&label("12:30:00"), Some(&history), "12:30:01"), 0, "it was seen half an hour ago");
    assert_eq!(key.event(&label("15:00:00"), Some(&history), "15:00:01"), 1);
    assert_eq!(key.event(&label("15:00:00"), Some(&history), "15:00:02"), 0, "delivered twice");
    // The event of its deletion is lost.
    key.sweep(None, "20:00:00");
    assert_eq!(key.states(&["14:58:00", "16:00:00", "20:00:01"]), "a ? -");
}

#[test]
fn a_sighting_keeps_overruling_a_false_deletion() {
    let mut key = Key::default();
    let history = [version(1, "12:00:00.1", "a")];
    key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    key.early(&change(Delete, "12:30:00"), Some(&history), "12:30:01");
    key.event(&change(Delete, "12:30:00"), Some(&history), "12:36:00");
    assert_eq!(key.event(&change(LabelParameterVersion, "15:00:00"), Some(&history), "15:00:01"), 1);
    // The lifecycle expires the copy that overruled the deletion before the deletion.
    let Evidence::Value(sighted) = &key.records.last().unwrap().evidence else { panic!("no version on top") };
    assert_eq!(sighted.present, Presence::Confirmed);
}

#[test]
fn deletion_of_an_earlier_incarnation_came_before_what_began_in_its_second() {
    let mut key = Key::default();
    let old = [version(1, "11:00:00.1", "a")];
    let again = [version(1, "12:00:00.9", "b")];
    key.event(&change(Create, "11:00:00"), Some(&old), "11:00:01");
    let delete = change(Delete, "12:00:00");
    assert!(key.early(&delete, Some(&old), "12:00:02"), "a late read");
    assert!(!key.early(&delete, Some(&again), "12:00:09"));
    assert_eq!(key.states(&["11:30:00", "12:00:05"]), "a b");
    // The lifecycle expires the second record of the deletion first, and the incarnation before.
    let provisional = |record: &Record| match &record.evidence {
        Evidence::Tombstone(tombstone) => tombstone.is_provisional(),
        _ => false,
    };
    assert_eq!(key.records.iter().filter(|record| provisional(record)).count(), 1);
    let kept: Vec<bool> = key.records.iter().map(|record| record.is_latest || provisional(record)).collect();
    let (mut of_records, mut of_bodies) = (kept.iter(), kept.iter());
    key.records.retain(|_| *of_records.next().unwrap());
    key.bodies.retain(|_| *of_bodies.next().unwrap());
    assert_eq!(key.states(&["12:00:05"]), "b");
}

#[test]
fn a_sweep_of_the_future_saw_nothing() {
    let mut key = Key::default();
    key.sweep(Some(&[version(1, "10:00:00.5", "a")]), "10:30:00");
    key.sweep_after(None, Some("12:00:00"), "12:00:00");
    assert_eq!(key.states(&["11:00:00", "12:00:00"]), "? -");
}

#[test]
fn a_version_on_top_of_its_key_settles_a_sweep_of_it() {
    let tags = |value: &str| Some(std::collections::BTreeMap::from([("team".to_owned(), value.to_owned())]));
    let mut history = [version(1, "10:00:00.5", "a"), version(2, "10:01:00.5", "b")];
    history[1].details.tags = tags("red");
    let mut key = Key::default();
    key.sweep(Some(&history), "10:30:00");
    let top = key.records.last().unwrap().clone();
    let [first, listed] = history.map(|version| version.details);
    assert!(is_settled(&listed, &top));
    assert!(is_settled(&Details { tags: None, ..listed.clone() }, &top), "tags that were not read");
    assert!(!is_settled(&Details { tags: tags("blue"), ..listed.clone() }, &top));
    assert!(!is_settled(&Details { version: 3, ..listed.clone() }, &top));
    assert!(!is_settled(&Details { modified: at("11:00:00"), ..listed.clone() }, &top), "of another life");
    assert!(!is_settled(&first, &key.records[0]), "it was superseded when it was recorded");
    let mut marker = top.clone();
    marker.evidence = Evidence::DeleteMarker;
    assert!(!is_settled(&listed, &marker));
    // A gap below it that history may still fill has to be looked at; one that history cannot reach has not.
    let with_floor = |floor: u64, number: u64| {
        let mut record = top.clone();
        let Evidence::Value(value) = &mut record.evidence else { panic!("no version") };
        (value.floor, value.details.version) = (floor, number);
        is_settled(&Details { version: number, tags: None, ..listed.clone() }, &record)
    };
    assert!(!with_floor(2, 2) && with_floor(1, 2));
    assert!(!with_floor(102, 200) && with_floor(101, 200));
}

#[test]
fn a_deletion_of_ones_own_is_known_to_the_moment() {
    let mut key = Key::default();
    key.sweep(Some(&[version(1, "10:00:00.5", "a")]), "10:30:00");
    key.apply(&deleted_here(at("11:00:00.2"), at("11:00:00.7")), at("11:00:00.8"));
    assert_eq!(key.states(&["11:00:00.0", "11:00:00.4", "11:00:00.7"]), "a ? -");
    key.event(&change(Delete, "11:00:00"), None, "11:00:30");
    assert_eq!(key.states(&["11:00:00.0", "11:00:01", "12:00:00"]), "a - -", "and its event changes nothing");
    assert_eq!(key.sweep(None, "12:00:00"), 0);
}

#[test]
fn a_sweep_confirms_a_parameter_that_the_bucket_believes_deleted() {
    let mut key = Key::default();
    let history = [version(1, "10:00:00.5", "a")];
    key.sweep(Some(&history), "10:30:00");
    key.event(&change(Delete, "11:00:00"), None, "11:00:01");
    assert_eq!(key.state("12:00:00"), "-");
    assert_eq!(key.sweep(Some(&history), "12:30:00"), 1);
    assert_eq!(key.sweep(Some(&history), "12:30:01"), 0);
    assert_eq!(key.states(&["10:30:00", "11:30:00", "13:00:00"]), "a a a");
    assert_eq!(key.current(), "a");
}

#[test]
fn a_sweep_records_changed_tags() {
    let mut key = Key::default();
    let mut history = [version(1, "10:00:00.5", "a")];
    let tags = |value: &str| Some(std::collections::BTreeMap::from([("team".to_owned(), value.to_owned())]));
    history[0].details.tags = tags("red");
    assert_eq!(key.sweep(Some(&history), "10:30:00"), 1);
    history[0].details.tags = tags("blue");
    assert_eq!(key.sweep(Some(&history), "11:30:00"), 1);
    assert_eq!(key.sweep(Some(&history), "11:30:01"), 0);
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
