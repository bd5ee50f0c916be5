//! Reads that are older than the change.

use super::*;

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
