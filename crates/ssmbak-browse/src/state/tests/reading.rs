//! Values are read when they are looked at, and not kept.

use super::*;
use crate::testing::{held, look, named, now, present};
use ssmbak_core::parameter::ParameterType::{SecureString, String as Plain};

fn looks(effects: &[Effect]) -> String {
    let one = |effect: &Effect| match effect {
        Effect::Look { name, at, then, now } => {
            format!("{name} {} {then} {now}", at.at().strftime("%H:%M:%S"))
        }
        other => panic!("{other:?}"),
    };
    effects.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn values_are_asked_for_once_and_only_where_they_are_shown() {
    let mut state = state_of(tree(), "13:00:00");
    assert!(press(&mut state, "<down>").is_empty(), "a folder has no value");
    assert_eq!(looks(&press(&mut state, "<down>")), "/shop/db/gone 13:00:00 false true", "it was deleted by then");
    assert!(press(&mut state, "vJK").is_empty(), "it is asked for already");
    assert!(state.is_busy());
    assert_eq!(looks(&press(&mut state, "<down>")), "/shop/db/password 13:00:00 true true");
    // An answer about what was left is not kept.
    assert!(look(&mut state, "/shop/db/gone", None, Some(present("x", Plain))).is_empty());
    assert!(state.look.now().is_none() && state.is_busy());
    assert!(
        look(&mut state, "/shop/db/password", Some(held("a", SecureString)), Some(present("b", SecureString)))
            .is_empty()
    );
    assert!(!state.is_busy());
    // Another time: what it is now is known.
    assert_eq!(looks(&press(&mut state, "<left><left>")), "/shop/db/password 10:00:01 true false");
    // Another time of the same version: nothing is to be read.
    look(&mut state, "/shop/db/password", Some(held("a", SecureString)), None);
    assert!(press(&mut state, "H").is_empty());
}

#[test]
fn an_answer_about_another_time_is_no_answer() {
    let mut state = state_of(tree(), "13:00:00");
    let effects = go_to(&mut state, "/shop/host");
    let asked_at = state.at;
    assert!(looks(&effects[effects.len() - 1..]).starts_with("/shop/host"));
    press(&mut state, "<left><left>");
    let late = Looked { name: named("/shop/host"), at: asked_at, then: Some(Ok(held("late", Plain))), now: None };
    let effects = state.answer(Answer::Looked(late));
    assert_eq!(looks(&effects), "/shop/host 10:00:00 true true", "it is asked for again");
    assert!(state.look.then("s3-10:00:00").is_none());
}

#[test]
fn a_revealed_secret_is_hidden_again_when_it_is_left() {
    let mut state = state_of(tree(), "13:00:00");
    go_to(&mut state, "/shop/db/password");
    press(&mut state, "v");
    assert!(state.look.revealed);
    press(&mut state, "<up><down>");
    assert!(!state.look.revealed);
    press(&mut state, "vv");
    assert!(!state.look.revealed);
    go_to(&mut state, "/shop/");
    press(&mut state, "v");
    assert!(!state.look.revealed, "a folder has nothing to reveal");
}

#[test]
fn no_value_is_in_any_debug_output() {
    let mut state = state_of(tree(), "13:00:00");
    go_to(&mut state, "/shop/db/password");
    press(&mut state, "v");
    look(&mut state, "/shop/db/password", Some(held("hush-1", Plain)), Some(present("hush-2", Plain)));
    state.marked.insert(named("/shop/db/password"));
    state.mode = Mode::Planning;
    let proposal = Proposal { question: "?".to_owned(), lines: Lines::of("hush-3"), changes: 1 };
    let answer = Answer::Planned(proposal);
    assert!(!format!("{answer:?}").contains("hush"));
    state.answer(answer);
    let shown = format!("{state:?}");
    assert!(shown.contains("Lines(1)") && !shown.contains("hush"), "{shown}");
    state.answer(Answer::Restored { said: Lines::of("hush-4"), complete: true, restored: Vec::new() });
    assert!(!format!("{state:?}").contains("hush"));
}

#[test]
fn reading_anew_keeps_the_place_and_forgets_what_is_gone() {
    let mut state = state_of(tree(), "13:00:00");
    go_to(&mut state, "/shop/host");
    press(&mut state, " ");
    state.marked.insert(named("/shop/never"));
    assert_eq!(press(&mut state, "R")[0], Effect::Load);
    assert!(press(&mut state, "R").iter().all(|effect| *effect != Effect::Load), "it is under way");
    state.answer(Answer::NotLoaded("the \u{1b}[31mendpoint is down".to_owned()));
    assert!(!state.loading && state.message.as_deref().unwrap().contains("could not be read"));
    let stood = path(&state).to_owned();
    press(&mut state, "R");
    state.answer(Answer::Loaded(Box::new(tree())));
    assert_eq!((path(&state), state.marked.len()), (stood.as_str(), 1));
    let empty = Data::new(Default::default(), Default::default(), now());
    state.answer(Answer::Loaded(Box::new(empty)));
    assert_eq!((path(&state), state.marked.len()), ("/shop/", 0));
    assert!(state.message.as_deref().unwrap().contains("there is no parameter at /shop/"));
    for keys in ["<left><right><>", " r", "<enter>o", "<down><up><end>", "vJ", "/x<enter><esc>"] {
        press(&mut state, keys);
    }
}

#[test]
fn before_anything_is_read_only_leaving_and_help_mean_something() {
    let (mut state, _) = State::new(crate::testing::subject(), Instant::exact(now()));
    assert!(press(&mut state, "<left><down> rRtm/vo").is_empty());
    assert!(matches!(state.mode, Mode::Browse));
    press(&mut state, "?");
    assert!(matches!(state.mode, Mode::Help(0)));
    press(&mut state, "<down><up><esc>");
    assert_eq!(press(&mut state, "q"), [Effect::Quit]);
}
