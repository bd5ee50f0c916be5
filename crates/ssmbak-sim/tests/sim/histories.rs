//! Simulated histories: a short run of the proof, and a check that it can fail.

use futures_executor::block_on;
use ssmbak_sim::history::History;
use ssmbak_sim::run::{Sabotage, Tally, play, play_sabotaged, play_seeds};
use ssmbak_sim::shrink::shrink;

#[test]
fn ten_thousand_histories_are_answered_truly() {
    let (tally, _) = play_seeds(0..10_000, 2, Sabotage::None);
    assert_eq!(tally.mismatches, Vec::<String>::new());
    assert!(tally.exact > 50_000, "{tally:?}");
    assert!(tally.exact > 5 * tally.unknown, "unknown is the exception: {tally:?}");
}

/// A key that denies the function now and then makes versions unknown, and earlier ones never take their place.
#[test]
fn versions_that_cannot_be_decrypted_are_never_taken_for_others() {
    let play = |history: &History| block_on(play(history));
    let mut all = Tally::default();
    for seed in 0..2_000 {
        let mut history = History::generate(seed);
        history.conditions.locked = Some(seed);
        let tally = play(&history);
        if !tally.mismatches.is_empty() {
            let small = shrink(&history, |history| !play(history).mismatches.is_empty());
            panic!("seed {seed}: {small:#?} {:#?}", play(&small).mismatches);
        }
        all.add(tally);
    }
    assert!(all.unknown > 1_000 && all.exact > 2_000, "{all:?}");
}

#[test]
fn the_judge_notices_what_is_wrong() {
    for sabotage in [Sabotage::LosesTombstones, Sabotage::LosesBackfilledVersions, Sabotage::NotesNothingLost] {
        let (tally, _) = play_seeds(0..3_000, 2, sabotage);
        assert!(!tally.mismatches.is_empty(), "{sabotage:?} goes unnoticed: {tally:?}");
    }
}

#[test]
fn a_failing_history_shrinks() {
    let fails = |history: &History| !block_on(play_sabotaged(history, Sabotage::LosesTombstones)).mismatches.is_empty();
    let seed = (0..).find(|seed| fails(&History::generate(*seed))).unwrap();
    let history = History::generate(seed);
    let small = shrink(&history, fails);
    assert!(fails(&small));
    assert!(small.steps.len() < history.steps.len());
}
