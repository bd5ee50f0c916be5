//! Changes within one second: the resolution of the events.

use super::*;

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
