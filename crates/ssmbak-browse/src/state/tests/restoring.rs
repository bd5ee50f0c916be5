//! Marking, and restoring what is marked.

use ssmbak_core::parameter::ParameterType;

use super::*;
use crate::testing::{current, held, look, named, present, tree_where_host_is};

fn proposal() -> Answer {
    let question = "In account 1, eu-west-1, at /shop/host: update 1?".to_owned();
    Answer::Planned(Proposal { question, lines: Lines::of("update /shop/host"), changes: 1 })
}

fn marked(state: &State) -> String {
    state.marked.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

fn planning() -> State {
    let mut state = state_of(tree(), "10:30:00");
    go_to(&mut state, "/shop/host");
    press(&mut state, " r");
    assert!(matches!(state.mode, Mode::Planning));
    state
}

#[test]
fn parameters_and_folders_are_marked() {
    let mut state = state_of(tree(), "13:00:00");
    go_to(&mut state, "/shop/host");
    press(&mut state, " ");
    assert_eq!((marked(&state).as_str(), path(&state)), ("/shop/host", "/shop/new"));
    go_to(&mut state, "/shop/db/");
    press(&mut state, " ");
    assert_eq!(marked(&state), "/shop/db/gone /shop/db/password /shop/host");
    go_to(&mut state, "/shop/db/gone");
    press(&mut state, " ");
    assert_eq!(marked(&state), "/shop/db/password /shop/host");
    // A folder of which some are marked is marked whole, then not at all.
    go_to(&mut state, "/shop/db/");
    press(&mut state, " <up> ");
    assert_eq!(marked(&state), "/shop/host");
    go_to(&mut state, "/shop/");
    press(&mut state, " ");
    assert_eq!(state.marked.len(), 7);
    press(&mut state, "c");
    assert!(state.marked.is_empty());
    // What the filter hides is not marked.
    press(&mut state, "/new<enter><home> <esc>");
    assert_eq!(marked(&state), "/shop/new");
}

#[test]
fn a_plan_is_of_what_is_marked_and_of_the_shown_time() {
    let plan = |keys: &str, rows: &[&str]| {
        let mut state = state_of(tree(), "10:30:00");
        for row in rows {
            go_to(&mut state, row);
            press(&mut state, " ");
        }
        press(&mut state, keys)
    };
    let effects = plan("r", &["/shop/db/"]);
    let names = vec![named("/shop/db/gone"), named("/shop/db/password")];
    let (paths, at) = (vec!["/shop/db/".to_owned()], Instant::exact(time("10:30:00")));
    assert_eq!(effects[0], Effect::Plan { names, paths, recursive: true, at });
    let effects = plan("<left>r", &["/shop/host", "/shop/new"]);
    let planned = effects.iter().find_map(|effect| match effect {
        Effect::Plan { paths, recursive, at, .. } => Some((paths.join(" "), *recursive, at.to_string())),
        _ => None,
    });
    assert_eq!(planned, Some(("/shop/host /shop/new".to_owned(), false, "2026-03-01T10:30:00Z".to_owned())));
    let mut nothing = state_of(tree(), "10:30:00");
    assert!(press(&mut nothing, "r").is_empty());
    assert!(nothing.message.as_deref().unwrap().contains("nothing is marked"));
}

#[test]
fn a_restore_takes_a_y_on_the_plan() {
    let mut state = planning();
    // What is typed before the plan is there is not meant for it.
    assert!(press(&mut state, "y<enter>").is_empty());
    state.answer(proposal());
    assert!(press(&mut state, "<enter>Yj <down><up><home>gx").is_empty());
    assert!(matches!(state.mode, Mode::Confirm(..)));
    assert_eq!(press(&mut state, "y"), [Effect::Restore]);
    assert!(press(&mut state, "yqrn<esc>").is_empty(), "it is under way");
    state.answer(Answer::Settled);
    assert!(matches!(state.mode, Mode::Restoring { done: 1, total: 1, stopping: false }));
    let effects = state.answer(Answer::Restored { said: Lines::of("1 updated"), complete: true, restored: Vec::new() });
    assert_eq!(effects, [Effect::Load], "what is shown is not so any more");
    assert!(matches!(state.mode, Mode::Notice(..)) && state.marked.is_empty());
    press(&mut state, "<enter>");
    assert!(matches!(state.mode, Mode::Browse));
}

fn host(state: &State) -> Status {
    let at = state.data().unwrap().names().binary_search(&named("/shop/host")).unwrap();
    state.statuses[at]
}

#[test]
fn restored_parameter_is_unchanged_in_the_tree() {
    let mut state = planning();
    assert_eq!(host(&state), Status::Changed);
    let restored = vec![named("/shop/host")];
    state.answer(Answer::Restored { said: Lines::of("1 updated"), complete: true, restored });
    // A read that is older than the restore.
    state.answer(Answer::Loaded(Box::new(tree())));
    assert_eq!(host(&state), Status::Changed);
    state.answer(Answer::Loaded(Box::new(tree_where_host_is(current("/shop/host", 3, "12:59:00")))));
    assert_eq!(host(&state), Status::Same);
    // What is changed again afterwards is not.
    state.answer(Answer::Loaded(Box::new(tree_where_host_is(current("/shop/host", 4, "12:59:30")))));
    assert_eq!(host(&state), Status::Changed);
}

#[test]
fn tree_says_what_a_look_at_both_values_says() {
    let mut state = state_of(tree(), "10:30:00");
    go_to(&mut state, "/shop/host");
    let kind = ParameterType::String;
    look(&mut state, "/shop/host", Some(held("alpha", kind)), Some(present("beta", kind)));
    assert_eq!(host(&state), Status::Changed);
    look(&mut state, "/shop/host", Some(held("alpha", kind)), Some(present("alpha", kind)));
    assert_eq!(host(&state), Status::Same);
    press(&mut state, "r<esc>");
    go_to(&mut state, "/shop/zones");
    assert_eq!(host(&state), Status::Same, "it is still so when the cursor has left");
}

#[test]
fn everything_else_changes_nothing() {
    for keys in ["n", "q", "<esc>"] {
        let mut state = planning();
        state.answer(proposal());
        assert_eq!(press(&mut state, keys), [Effect::Drop], "{keys}");
        assert!(matches!(state.mode, Mode::Browse));
        assert_eq!(state.message.as_deref(), Some("cancelled, nothing changed"));
        assert_eq!(marked(&state), "/shop/host", "it can be tried again");
        assert!(press(&mut state, "y").is_empty());
    }
    let mut state = planning();
    state.answer(proposal());
    assert_eq!(press(&mut state, "<ctrl-c>"), [Effect::Quit]);
    // A plan that was left comes too late.
    let mut state = planning();
    assert_eq!(press(&mut state, "<esc>"), [Effect::Drop]);
    state.answer(proposal());
    assert!(matches!(state.mode, Mode::Browse));
    assert!(press(&mut state, "y").is_empty());
    // One that holds nothing is told, and there is nothing to say yes to.
    let mut state = planning();
    state.answer(Answer::Planned(Proposal { lines: Lines::of("no changes"), ..Proposal::default() }));
    assert!(matches!(state.mode, Mode::Notice(..)));
    assert!(press(&mut state, "y").is_empty());
    let mut state = planning();
    state.answer(Answer::NotPlanned("throttled".to_owned()));
    assert_eq!(state.message.as_deref(), Some("no plan could be made: throttled"));
}

#[test]
fn a_restore_is_stopped_and_then_left() {
    let mut state = planning();
    state.answer(proposal());
    press(&mut state, "y");
    assert_eq!(press(&mut state, "<ctrl-c>"), [Effect::Stop]);
    assert!(matches!(state.mode, Mode::Restoring { stopping: true, .. }));
    assert_eq!(press(&mut state, "<ctrl-c>"), [Effect::Quit]);
    let effects =
        state.answer(Answer::Restored { said: Lines::of("1 skipped"), complete: false, restored: Vec::new() });
    assert_eq!((effects.as_slice(), marked(&state).as_str()), ([Effect::Load].as_slice(), "/shop/host"));
}
