//! Any keys and any answers, in any order.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::input::Key;
use crate::render::{Palette, render};
use crate::testing::{held, named, now, present};
use ssmbak_core::parameter::ParameterType;

#[derive(Clone, Debug)]
enum Step {
    Key(Key),
    Answer(u8),
    Draw(u16, u16),
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => proptest::sample::select("<>,.hHdDntmq?/ocvJKkjgGyRr y ".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        1 => any::<char>().prop_map(Key::Char),
        1 => proptest::sample::select("cuwz".chars().collect::<Vec<_>>()).prop_map(Key::Ctrl),
        5 => proptest::sample::select(vec![
            Key::Enter, Key::Esc, Key::Backspace, Key::Up, Key::Down, Key::Left, Key::Right, Key::PageUp, Key::PageDown,
            Key::Home, Key::End,
        ]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => key().prop_map(Step::Key),
        4 => (0_u8..9).prop_map(Step::Answer),
        1 => (0_u16..220, 0_u16..60).prop_map(|(width, height)| Step::Draw(width, height)),
    ]
}

/// An answer, be it to something that was asked or not.
fn answer(state: &State, kind: u8) -> Answer {
    let name = state.selected().and_then(|at| state.data.as_ref()?.names().get(at)).cloned();
    let name = name.unwrap_or_else(|| named("/shop/host"));
    let proposal = |changes| Proposal { question: "?".to_owned(), lines: Lines::of("a\nb\n鍵"), changes };
    match kind {
        0 => Answer::Loaded(Box::new(tree())),
        1 => Answer::Loaded(Box::new(Data::new(Default::default(), Default::default(), now()))),
        2 => Answer::NotLoaded("why".to_owned()),
        3 => Answer::Planned(proposal(3)),
        4 => Answer::Planned(proposal(0)),
        5 => Answer::NotPlanned("why".to_owned()),
        6 => Answer::Settled,
        7 => Answer::Restored { said: Lines::of("done"), complete: true, restored: Vec::new() },
        _ => {
            let (then, now) = (held("one\n", ParameterType::String), present("two", ParameterType::SecureString));
            Answer::Looked(Looked { name, at: state.at, then: Some(Ok(then)), now: Some(Ok(now)) })
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing panics, whatever is drawn in between; a restore comes of a `y` on a plan, and of nothing else; and what
    /// the cursor and the marks stand for is always there.
    #[test]
    fn nothing_is_restored_without_a_y_on_a_plan(steps in proptest::collection::vec(step(), 1..120)) {
        let (mut state, _) = State::new(crate::testing::subject(), Instant::exact(now()));
        state.answer(Answer::Loaded(Box::new(tree())));
        for step in steps {
            match step {
                Step::Key(key) => {
                    let asked = matches!(&state.mode, Mode::Confirm(proposal, _) if proposal.changes > 0);
                    let effects = state.key(key, now());
                    let restores = effects.iter().filter(|effect| **effect == Effect::Restore).count();
                    prop_assert_eq!(restores, usize::from(asked && key == Key::Char('y')), "{:?}", key);
                }
                Step::Answer(kind) => {
                    let answer = answer(&state, kind);
                    prop_assert!(!state.answer(answer).contains(&Effect::Restore));
                }
                Step::Draw(width, height) => {
                    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                    terminal.draw(|frame| render(&state, Palette { colours: width % 2 == 0 }, frame)).unwrap();
                }
            }
            prop_assert!(state.rows.is_empty() || state.cursor < state.rows.len());
            if let Some(data) = &state.data {
                prop_assert!(state.marked.iter().all(|name| data.names().contains(name)));
                prop_assert_eq!(state.statuses.len(), data.names().len());
            }
        }
    }
}
