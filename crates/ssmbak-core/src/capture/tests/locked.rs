//! Stories of versions whose KMS key denies them.

use super::*;

#[test]
fn a_version_that_cannot_be_decrypted_waits_and_is_not_counted_as_recorded() {
    let mut key = Key::default();
    let mut history = [version(1, "12:00:00", "a"), version(2, "12:01:00", "b"), version(3, "12:02:00", "c")];
    history[1].value = None;
    assert_eq!(key.event(&change(Update, "12:02:00"), Some(&history), "12:02:01"), 2);
    assert_eq!(key.states(&["12:00:30", "12:01:30", "12:02:30"]), "a ? c", "when it came is known");
    history[1].value = Some(ParameterValue::new("b"));
    assert_eq!(key.event(&change(Update, "12:01:00"), Some(&history), "12:05:00"), 2);
    assert_eq!(key.states(&["12:00:30", "12:01:30", "12:02:30"]), "a b c");
    assert_eq!(key.current(), "c");
}

/// A version as Parameter Store shows it whose key denies it.
fn locked(number: u64, time: &str) -> ParameterVersion {
    ParameterVersion { value: None, ..version(number, time, "") }
}

#[test]
fn a_present_version_that_cannot_be_decrypted_is_not_taken_for_the_one_before() {
    let mut key = Key::default();
    let (a, b) = (version(1, "12:00:00.5", "a"), locked(2, "12:10:00.5"));
    key.event(&change(Create, "12:00:00"), Some(std::slice::from_ref(&a)), "12:00:01");
    let history = [a, b];
    assert_eq!(key.event(&change(Update, "12:10:00"), Some(&history), "12:10:01"), 1);
    assert_eq!(key.states(&["12:05:00", "12:10:00.4", "12:10:00.5", "20:00:00"]), "a a ? ?");
    assert_eq!(key.event(&change(Update, "12:10:00"), Some(&history), "12:11:00"), 0, "delivered twice");
    assert_eq!(key.sweep(Some(&history), "15:00:00"), 0);
    assert_eq!(key.current(), "a", "so that rules for old versions keep it");
}

#[test]
fn every_change_under_a_key_that_denies_is_noted_once() {
    let mut key = Key::default();
    let mut history = vec![version(1, "12:00:00.5", "a")];
    key.event(&change(Create, "12:00:00"), Some(&history), "12:00:01");
    // Now the key denies what is recorded as well.
    history[0].value = None;
    for number in 2..=5 {
        history.push(locked(number, &format!("12:0{number}:00.5")));
        assert_eq!(key.event(&change(Update, &format!("12:0{number}:00")), Some(&history), "12:09:00"), 1);
    }
    assert_eq!(key.states(&["12:01:00", "12:02:30", "12:05:30"]), "a ? ?");
    history[3].value = Some(ParameterValue::new("d"));
    history[4].value = Some(ParameterValue::new("e"));
    key.sweep(Some(&history), "15:00:00");
    assert_eq!(key.states(&["12:01:00", "12:03:30", "12:04:30", "12:05:30"]), "a ? d e", "all that can be read again");
    assert_eq!(key.sweep(Some(&history), "16:00:00"), 0);
}

#[test]
fn a_late_read_does_not_put_the_version_before_on_top_again() {
    let mut key = Key::default();
    let (a, b) = (version(1, "12:00:00.5", "a"), locked(2, "12:10:00.5"));
    key.event(&change(Create, "12:00:00"), Some(std::slice::from_ref(&a)), "12:00:01");
    key.event(&change(Update, "12:10:00"), Some(&[a.clone(), b]), "12:10:01");
    assert_eq!(key.sweep(Some(std::slice::from_ref(&a)), "12:11:00"), 0, "as Parameter Store was before 12:10");
    key.event(&change(LabelParameterVersion, "12:10:30"), Some(std::slice::from_ref(&a)), "12:11:30");
    assert_eq!(key.states(&["12:05:00", "12:10:30", "12:30:00"]), "a ? ?");
}

#[test]
fn created_again_under_a_key_that_denies_it_is_not_deleted() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.5", "a")]), "12:00:01");
    key.event(&change(Delete, "12:20:00"), None, "12:20:05");
    let history = [locked(1, "12:30:00.5")];
    assert_eq!(key.event(&change(Create, "12:30:00"), Some(&history), "12:30:01"), 2);
    assert_eq!(key.states(&["12:10:00", "12:25:00", "12:31:00"]), "a - ?");
    assert_eq!(key.sweep(Some(&history), "15:00:00"), 0);
    key.event(&change(Delete, "16:00:00"), None, "16:00:05");
    assert_eq!(key.states(&["12:31:00", "17:00:00"]), "? -");
}

#[test]
fn a_version_that_was_deleted_before_its_key_could_be_used_is_noted_once() {
    let mut key = Key::default();
    let (a, b) = (version(1, "12:00:00.5", "a"), locked(2, "12:10:00.5"));
    key.event(&change(Create, "12:00:00"), Some(std::slice::from_ref(&a)), "12:00:01");
    key.event(&change(Update, "12:10:00"), Some(&[a, b]), "12:10:01");
    key.event(&change(Delete, "12:20:00"), None, "12:20:05");
    assert_eq!(key.event(&change(Update, "12:10:00"), None, "12:40:00"), 0, "its event comes again");
    assert_eq!(key.states(&["12:05:00", "12:15:00", "12:30:00"]), "a ? -");
}

#[test]
fn what_cannot_be_decrypted_of_another_life_follows_nothing_of_this_one() {
    let mut key = Key::default();
    key.event(&change(Update, "12:01:00"), Some(&[version(1, "12:00:00.5", "a"), locked(2, "12:01:00.5")]), "12:01:01");
    // The first life's end went unnoticed, and so did the note of its second version.
    for record in &mut key.records {
        if let Evidence::Value(value) = &mut record.evidence {
            value.lost.clear();
        }
    }
    let again = [version(1, "13:00:00.5", "n"), locked(2, "13:10:00.5")];
    key.event(&change(Update, "13:10:00"), Some(&again), "13:10:01");
    assert_eq!(key.states(&["12:00:30", "12:30:00", "13:05:00", "14:00:00"]), "? ? n ?");
}

#[test]
fn what_is_lost_is_noted_although_the_present_version_cannot_be_decrypted() {
    let mut key = Key::default();
    let again = [version(1, "12:41:54.9", "n"), locked(2, "12:41:55.7")];
    key.event(&change(Update, "12:41:55"), Some(&again), "12:42:00");
    assert_eq!(key.event(&change(Create, "12:37:57"), Some(&again), "13:10:00"), 1, "of the life before, late");
    assert_eq!(key.states(&["12:37:00", "12:38:21", "12:41:55.5", "12:42:00"]), "- ? n ?");
}

#[test]
fn a_false_deletion_of_what_cannot_be_decrypted_is_taken_back() {
    let mut key = Key::default();
    let a = version(1, "12:00:00.5", "a");
    key.event(&change(Create, "12:00:00"), Some(std::slice::from_ref(&a)), "12:00:01");
    let history = [locked(1, "12:00:00.5")];
    key.event(&change(Delete, "14:00:00"), Some(&history), "14:00:01");
    key.event(&change(Delete, "14:00:00"), Some(&history), "14:10:00");
    assert_eq!(key.states(&["13:00:00", "15:00:00"]), "a a");
    assert_eq!(key.current(), "a");
}

#[test]
fn deleted_and_created_again_in_one_second_under_a_key_that_denies_it() {
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(&[version(1, "12:00:00.5", "a")]), "12:00:01");
    key.event(&change(Delete, "12:30:18"), Some(&[locked(1, "12:30:18.487")]), "12:35:00");
    assert_eq!(key.states(&["12:30:00", "12:30:18.486", "12:30:18.487", "13:00:00"]), "a - ? ?");
}

#[test]
fn of_what_was_never_recorded_nothing_is_noted() {
    let mut key = Key::default();
    assert_eq!(key.event(&change(Create, "12:00:00"), Some(&[locked(1, "12:00:00.5")]), "12:00:01"), 0);
    assert_eq!(key.state("13:00:00"), "?");
}

#[test]
fn what_is_hidden_and_what_is_news_is_told_apart() {
    let (a, b) = (version(1, "12:00:00.5", "a"), locked(2, "12:10:00.5"));
    let history = [a.clone(), b];
    let nothing = find_locked(&history[1..], &Contents::new(&[]), &[]).unwrap();
    assert_eq!(
        (nothing.is_hidden, nothing.was_noted),
        (false, false),
        "nothing is recorded that could be taken for it"
    );
    let mut key = Key::default();
    key.event(&change(Create, "12:00:00"), Some(std::slice::from_ref(&a)), "12:00:01");
    let found = |key: &Key, writes: &[Write]| find_locked(&history, &Contents::new(&key.records), writes).unwrap();
    assert!(found(&key, &[]).is_hidden, "unless the note is written");
    let event = change(Update, "12:10:00");
    let decision = on_event(&event, EventClock::Vouched, Some(&history), &Contents::new(&key.records), at("12:10:01"));
    let noting = found(&key, &decision.writes);
    assert_eq!((noting.versions.as_slice(), noting.is_hidden, noting.was_noted), ([2].as_slice(), false, false));
    key.apply(&decision.writes, at("12:10:01"));
    let noted = found(&key, &[]);
    assert_eq!((noted.is_hidden, noted.was_noted), (false, true));
    assert_eq!(find_locked(&[a], &Contents::new(&key.records), &[]), None);
    let mut legacy = Key::default();
    legacy.legacy("12:00:00", "12:00:01", "a");
    assert!(found(&legacy, &[]).is_hidden, "a version of the original carries no note");
}
