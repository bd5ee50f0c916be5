//! Every screen, as it is drawn.

use ssmbak_core::unknown::{ReasonCode, UnknownReason};
use std::collections::BTreeMap;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use ssmbak_core::diff::Side;
use ssmbak_core::parameter::{Description, ParameterType};
use ssmbak_core::plan::Target;

use super::*;
use crate::data::Data;
use crate::state::{Answer, Lines, Proposal};
use crate::testing::{
    current, go_to, held, look, named, now, present, press, state_of, subject, time, timeline, tree, version, with,
};

fn terminal(state: &State, (width, height): (u16, u16), colours: bool) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| render(state, Palette { colours }, frame)).unwrap();
    terminal
}

/// The screen as text, without blanks at the ends of lines.
fn screen(state: &State, size: (u16, u16)) -> String {
    let terminal = terminal(state, size, false);
    let buffer = terminal.backend().buffer();
    let line = |y: u16| {
        let mut line = String::new();
        let mut x = 0;
        while let Some(cell) = buffer.cell((x, y)) {
            line.push_str(cell.symbol());
            // A wide character hides the cell after it.
            x += u16::try_from(wrap::width(cell.symbol())).unwrap().max(1);
        }
        line.trim_end().to_owned()
    };
    (0..size.1).map(line).collect::<Vec<_>>().join("\n")
}

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (200, 50);

/// The same state at both sizes.
macro_rules! screens {
    ($state:expr) => {
        insta::assert_snapshot!(screen(&$state, SMALL));
        insta::assert_snapshot!(screen(&$state, LARGE));
    };
}

fn at_host(clock: &str) -> State {
    let mut state = state_of(tree(), clock);
    go_to(&mut state, "/shop/host");
    let then = held("alpha.example.com", ParameterType::String);
    look(&mut state, "/shop/host", Some(then), Some(present("beta.example.com", ParameterType::String)));
    state
}

#[test]
fn a_folder() {
    screens!(state_of(tree(), "10:45:00"));
}

#[test]
fn a_parameter_and_what_became_of_it() {
    screens!(at_host("10:45:00"));
}

#[test]
fn several_lines_and_attributes_differ() {
    let mut state = state_of(tree(), "11:00:00");
    go_to(&mut state, "/shop/host");
    let (mut then, mut now) = (
        held("one\ntwo\u{1b}[2J\nthree\n", ParameterType::String),
        present("one\nTWO\nthree\n", ParameterType::String),
    );
    if let (Target::Held(then), Side::Held(now)) = (&mut then, &mut now) {
        then.description = Description::exact(Some("what 鍵 was\u{202e}\u{7}".to_owned()));
        then.details.as_mut().unwrap().tags = Some(BTreeMap::from([("team".to_owned(), "blue".to_owned())]));
        now.details.as_mut().unwrap().tags = Some(BTreeMap::new());
    }
    look(&mut state, "/shop/host", Some(then), Some(now));
    screens!(state);
}

#[test]
fn a_secret_is_hidden_unless_it_is_asked_for() {
    let mut state = state_of(tree(), "10:45:00");
    go_to(&mut state, "/shop/db/password");
    let (then, now) = (held("hush-1", ParameterType::SecureString), present("hush-2", ParameterType::SecureString));
    look(&mut state, "/shop/db/password", Some(then), Some(now));
    let hidden = screen(&state, SMALL);
    assert!(!hidden.contains("hush"), "{hidden}");
    insta::assert_snapshot!(hidden);
    press(&mut state, "v");
    let shown = screen(&state, SMALL);
    assert!(shown.contains("- hush-1") && shown.contains("+ hush-2"), "{shown}");
}

#[test]
fn a_plain_value_that_is_a_secret_now_is_hidden() {
    let mut state = state_of(tree(), "10:45:00");
    go_to(&mut state, "/shop/host");
    let same = |kind| present("hush-hush", kind);
    look(
        &mut state,
        "/shop/host",
        Some(held("hush-hush", ParameterType::String)),
        Some(same(ParameterType::SecureString)),
    );
    assert!(!screen(&state, LARGE).contains("hush"));
    // As long as it is not known what it is now, neither.
    let mut data = tree();
    let secret = |mut parameter: ssmbak_core::parameter::CurrentParameter| {
        parameter.parameter_type = ParameterType::SecureString;
        parameter
    };
    data = Data::new(
        [(named("/shop/host"), data.timeline(2).unwrap().clone())].into(),
        [(named("/shop/host"), secret(current("/shop/host", 2, "11:00:00")))].into(),
        now(),
    );
    let mut state = state_of(data, "10:45:00");
    go_to(&mut state, "/shop/host");
    look(&mut state, "/shop/host", Some(held("hush-hush", ParameterType::String)), None);
    let shown = screen(&state, LARGE);
    assert!(!shown.contains("hush") && shown.contains("Now: reading"), "{shown}");
}

#[test]
fn what_is_deleted_new_unknown_or_not_read_says_so() {
    let shown = |row: &str, clock: &str, then: Option<Target>, now: Option<Side>| {
        let mut state = state_of(tree(), clock);
        go_to(&mut state, row);
        look(&mut state, row, then, now);
        let lines = screen(&state, (120, 24));
        let right = |line: &str| line.chars().skip(49).collect::<String>().trim_end_matches('│').trim().to_owned();
        let lines: Vec<String> = lines.lines().skip(4).take(10).map(right).filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    };
    let gone =
        shown("/shop/db/gone", "11:00:00", Some(held("was here", ParameterType::String)), Some(Side::Absent(None)));
    insta::assert_snapshot!(gone);
    insta::assert_snapshot!(shown("/shop/db/gone", "12:30:00", None, Some(Side::Absent(None))));
    insta::assert_snapshot!(shown("/shop/new", "11:00:00", None, Some(present("8080", ParameterType::String))));
    insta::assert_snapshot!(shown("/shop/unheard", "11:00:00", None, Some(present("x", ParameterType::SecureString))));
    insta::assert_snapshot!(shown(
        "/shop/old",
        "10:00:00",
        None,
        Some(Side::Unknown(UnknownReason::new(ReasonCode::KeyUnusable, "its key is disabled")))
    ));
    let expired = Target::Unknown(UnknownReason::new(
        ReasonCode::Expired,
        "the version of that time has expired from the bucket",
    ));
    insta::assert_snapshot!(shown("/shop/host", "10:30:00", Some(expired), None));
}

#[test]
fn what_is_marked_and_asked() {
    let mut state = at_host("10:45:00");
    press(&mut state, "  <home><down> r");
    insta::assert_snapshot!(screen(&state, SMALL));
    let question = "In account 123456789012, eu-west-1, at /shop/host /shop/db/gone: create 1, update 1?";
    let plan = (0..30).map(|row| format!(" update   /shop/{row}   String   Value: one → two")).collect::<Vec<_>>();
    let proposal = Proposal { question: question.to_owned(), lines: Lines(plan), changes: 30 };
    state.answer(Answer::Planned(proposal));
    screens!(state);
    press(&mut state, "jjj y");
    state.answer(Answer::Settled);
    insta::assert_snapshot!(screen(&state, SMALL));
    press(&mut state, "<ctrl-c>");
    let said = Lines::of("1 created, 1 updated\n\nundo with: ssmbak undo 20260301T130000000Z-4f3a9c -b backups");
    state.answer(Answer::Restored { said, complete: true, restored: Vec::new() });
    insta::assert_snapshot!(screen(&state, SMALL));
}

#[test]
fn times_marks_filters_and_help() {
    let mut state = state_of(tree(), "10:45:00");
    press(&mut state, "tsoon<enter>");
    screens!(state);
    press(&mut state, "<esc>m");
    screens!(state);
    press(&mut state, "<esc>/data");
    insta::assert_snapshot!(screen(&state, SMALL));
    press(&mut state, "<esc>?");
    screens!(state);
}

#[test]
fn the_end_of_the_help_can_be_reached() {
    let mut state = state_of(tree(), "10:45:00");
    press(&mut state, "?");
    for _ in 0..60 {
        press(&mut state, "<down>");
    }
    assert!(screen(&state, SMALL).contains("Ctrl-C   quit"));
}

#[test]
fn nothing_is_read_yet_or_nothing_is_there() {
    let (state, _) = State::new(subject(), Instant::exact(now()));
    screens!(state);
    let (mut state, _) = State::new(subject(), Instant::exact(now()));
    state.answer(Answer::NotLoaded("the endpoint cannot be reached".to_owned()));
    insta::assert_snapshot!(screen(&state, SMALL));
    screens!(state_of(Data::new(BTreeMap::new(), BTreeMap::new(), now()), "13:00:00"));
}

#[test]
fn a_small_terminal_is_told_so() {
    insta::assert_snapshot!(screen(&state_of(tree(), "13:00:00"), (50, 10)));
    for size in [(1, 1), (0, 0), (59, 80), (300, 15), (60, 16), (61, 17)] {
        terminal(&at_host("10:45:00"), size, true);
    }
}

#[test]
fn long_names_and_values_are_cut_and_scrolled() {
    let name = format!("/shop/{}/{}", "a-very-long-level-of-a-name".repeat(3), "and-another-one.".repeat(6));
    let record = with(version(1, "10:00:00", "x"), |value| {
        value.description = Description::exact(Some("a description without any end. ".repeat(12)));
        value.details.author = Some(format!("arn:aws:sts::1:assumed-role/{}", "a-role".repeat(20)));
    });
    let data = Data::new([(named(&name), timeline(vec![record]))].into(), BTreeMap::new(), now());
    let mut state = state_of(data, "11:00:00");
    go_to(&mut state, &name);
    let value: String = (0..200).map(|line| format!("line {line} 鍵鍵鍵\n")).collect();
    look(&mut state, &name, Some(held(&value, ParameterType::String)), Some(Side::Absent(None)));
    screens!(state);
    for _ in 0..500 {
        press(&mut state, "J");
    }
    let end = screen(&state, SMALL);
    assert!(end.contains("Now: it does not exist"), "{end}");
}

#[test]
fn ten_thousand_parameters_are_drawn() {
    let record = |number: u64| version(1, &format!("10:{:02}:{:02}", number / 60 % 60, number % 60), "x");
    let of = |number: u64| (named(&format!("/shop/{:02}/p{number}", number % 40)), timeline(vec![record(number)]));
    let data = Data::new((0..10_000).map(of).collect(), BTreeMap::new(), now());
    let mut state = state_of(data, "10:30:00");
    press(&mut state, "o<end><up>");
    screens!(state);
}

#[test]
fn colours_inform_and_are_left_out_where_they_are_not_wanted() {
    let state = at_host("10:45:00");
    let colours = |colours: bool| {
        let drawn = terminal(&state, SMALL, colours);
        drawn
            .backend()
            .buffer()
            .content()
            .iter()
            .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
            .count()
    };
    assert_eq!(colours(false), 0);
    assert!(colours(true) > 0);
}

#[test]
fn local_time_is_told_beside_utc() {
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    assert_eq!(
        when(&Instant::exact(time("10:00:00")), &zone),
        "2026-03-01T10:00:00Z (local 2026-03-01 12:00:00 +02:00)"
    );
    assert_eq!(when(&Instant::exact(time("10:00:00.25")), &TimeZone::UTC), "2026-03-01T10:00:00.250Z");
}
