//! What a sweep finds, and what it leaves.

use super::*;

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
