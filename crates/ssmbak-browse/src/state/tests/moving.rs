//! Through time and tree.

use super::*;

#[test]
fn time_steps_from_change_to_change() {
    // What is under the cursor, the time, the keys, and the time after them.
    let cases = [
        // Of the whole tree.
        ("/shop/", "13:00:00", "<left>", "12:30:00"),
        ("/shop/", "13:00:00", "<left><left>", "12:00:00.5"),
        ("/shop/", "13:00:00", "<left><left><left>", "11:30:00"),
        ("/shop/", "10:00:00.5", "<right>", "10:00:01"),
        ("/shop/", "10:00:00", "<left>", "10:00:00"),
        ("/shop/", "12:45:00", "<right>", "12:45:00"),
        // Of one parameter, and of a folder.
        ("/shop/host", "13:00:00", "<left>", "11:00:00"),
        ("/shop/host", "13:00:00", "<left><left>", "10:00:00"),
        ("/shop/host", "13:00:00", "<left><left><left>", "10:00:00"),
        ("/shop/host", "09:00:00", "<right><right>", "11:00:00"),
        ("/shop/db/", "13:00:00", "<left><left><left>", "10:00:01"),
        ("/shop/unheard", "13:00:00", "<left>", "13:00:00"),
        // Of anything, wherever the cursor is.
        ("/shop/host", "13:00:00", "<", "12:30:00"),
        ("/shop/host", "10:00:00", ".", "10:00:01"),
        ("/shop/host", "10:00:00", ">>", "10:30:00"),
        // By the clock, not beyond now.
        ("/shop/", "13:00:00", "hh", "11:00:00"),
        ("/shop/", "11:00:00", "H", "12:00:00"),
        ("/shop/", "12:30:00", "H", "13:00:00"),
        ("/shop/", "13:00:00", "dD", "13:00:00"),
        ("/shop/", "10:00:00", "n", "13:00:00"),
    ];
    for (row, at, keys, expected) in cases {
        let mut state = state_of(tree(), at);
        go_to(&mut state, row);
        press(&mut state, keys);
        assert_eq!(clock(&state), expected, "{row} {at} {keys}");
    }
}

#[test]
fn a_change_that_a_time_to_the_second_includes_is_the_change_before_it() {
    let mut state = state_of(tree(), "13:00:00");
    go_to(&mut state, "/shop/db/gone");
    press(&mut state, "t2026-03-01T12:00:00<enter>");
    assert_eq!(state.statuses[state.selected().unwrap()], Status::Never, "the deletion at half past belongs to it");
    press(&mut state, "<left>");
    assert_eq!(clock(&state), "12:00:00.5");
    press(&mut state, "<left>");
    assert_eq!(state.statuses[state.selected().unwrap()], Status::Gone);
}

#[test]
fn where_there_is_no_change_it_is_said() {
    let mut state = state_of(tree(), "10:00:00");
    press(&mut state, "<left>");
    assert_eq!(state.message.as_deref(), Some("no earlier change is recorded"));
    go_to(&mut state, "/shop/host");
    press(&mut state, "n<right>");
    assert_eq!(state.message.as_deref(), Some("no later change of this is recorded; n goes to now"));
    press(&mut state, "n");
    assert_eq!(state.message, None, "a message stands until the next key");
    let mut state = state_of(tree(), "13:00:00");
    press(&mut state, "t@0<enter>h");
    assert_eq!(state.message.as_deref(), Some("there is nothing earlier"));
}

#[test]
fn a_time_is_typed_as_everywhere() {
    let cases = [
        ("2026-03-01T10:30:00", "10:30:00", None),
        ("2 hours ago", "11:00:00", None),
        ("90m", "11:30:00", None),
        ("today 11:15", "11:15:00", None),
        ("mark:before", "10:45:00", None),
        (" mark:after ", "12:15:00", None),
        ("mark:nothing", "13:00:00", Some("there is no mark nothing")),
        ("mark:a/b", "13:00:00", Some("\"a/b\" is no name of a mark")),
        ("soon", "13:00:00", Some("cannot read \"soon\" as a time")),
        ("2026-13-45", "13:00:00", Some("does not exist")),
        ("", "13:00:00", None),
    ];
    for (typed, expected, wrong) in cases {
        let mut state = state_of(tree(), "13:00:00");
        press(&mut state, "t");
        press(&mut state, typed);
        press(&mut state, "<enter>");
        assert_eq!(clock(&state), expected, "{typed}");
        match (&state.mode, wrong) {
            (Mode::Browse, None) => {}
            (Mode::Time(_, Some(said)), Some(wrong)) => assert!(said.contains(wrong), "{typed}: {said}"),
            (mode, _) => panic!("{typed}: {mode:?}"),
        }
        press(&mut state, "<esc>");
        assert!(matches!(state.mode, Mode::Browse), "{typed}");
    }
    let mut state = state_of(tree(), "13:00:00");
    press(&mut state, "t2026-03-02<enter>");
    assert!(state.message.as_deref().unwrap().contains("has not come yet"), "{:?}", state.message);
}

#[test]
fn marks_are_chosen_from_a_list() {
    let mut state = state_of(tree(), "11:00:00");
    press(&mut state, "m");
    assert!(matches!(state.mode, Mode::Marks(0)), "the latest one before: {:?}", state.mode);
    press(&mut state, "<down><down><down><enter>");
    assert_eq!(clock(&state), "12:15:00");
    press(&mut state, "m<up><esc>");
    assert_eq!(clock(&state), "12:15:00");
    let mut none = tree();
    none.marks.clear();
    let mut state = state_of(none, "11:00:00");
    press(&mut state, "m");
    assert!(matches!(state.mode, Mode::Browse) && state.message.as_deref().unwrap().contains("ssmbak mark NAME"));
}

#[test]
fn the_tree_opens_closes_and_is_filtered() {
    let mut state = state_of(tree(), "13:00:00");
    let paths = |state: &State| state.rows.iter().map(|row| row.path.clone()).collect::<Vec<_>>().join(" ");
    let all =
        "/shop/ /shop/db/ /shop/db/gone /shop/db/password /shop/host /shop/new /shop/old /shop/unheard /shop/zones";
    assert_eq!(paths(&state), all, "few names are all shown");
    go_to(&mut state, "/shop/db/");
    press(&mut state, "<enter>");
    assert_eq!(paths(&state), "/shop/ /shop/db/ /shop/host /shop/new /shop/old /shop/unheard /shop/zones");
    press(&mut state, "o");
    assert_eq!(paths(&state), all);
    press(&mut state, "o");
    assert_eq!(state.rows.len(), 7);
    // The cursor stays on what it was on.
    go_to(&mut state, "/shop/zones");
    press(&mut state, "o");
    assert_eq!(path(&state), "/shop/zones");
    press(&mut state, "/PASS");
    assert_eq!(paths(&state), "/shop/ /shop/db/ /shop/db/password");
    press(&mut state, "<enter><end>");
    assert_eq!(path(&state), "/shop/db/password");
    press(&mut state, "/<back>zzz");
    assert_eq!(paths(&state), "/shop/");
    press(&mut state, "<esc>");
    assert_eq!((state.filter.as_str(), paths(&state).as_str()), ("", all));
    // What a filter leaves out has no part in what is stepped through.
    press(&mut state, "/host<enter><home><left>");
    assert_eq!(clock(&state), "11:00:00");
    press(&mut state, "<esc>");
    assert!(state.filter.is_empty(), "Esc clears it afterwards too");
}

#[test]
fn a_great_tree_is_closed_at_first() {
    let names: Vec<String> = (0..60).map(|number| format!("/shop/{}/x{number}", number % 3)).collect();
    let of = |name: &String| {
        (crate::testing::named(name), crate::testing::timeline(vec![crate::testing::version(1, "10:00:00", "x")]))
    };
    let data = Data::new(names.iter().map(of).collect(), Default::default(), time("13:00:00"));
    assert_eq!(state_of(data, "13:00:00").rows.len(), 4);
}
