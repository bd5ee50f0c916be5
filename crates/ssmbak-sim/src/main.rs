//! The long run: `cargo run --release -p ssmbak-sim -- --histories 1000000 [--seed 0]`; with `--export N` it writes
//! examples and N histories as JSON instead, see [`ssmbak_sim::export`].

use std::process::ExitCode;
use std::time::Instant;

use ssmbak_sim::history::History;
use ssmbak_sim::run::{Sabotage, Tally, play, play_seeds};
use ssmbak_sim::shrink::shrink;
use ssmbak_sim::{examples, export};

fn main() -> ExitCode {
    let (mut histories, mut seed, mut exported) = (10_000_u64, 0_u64, None);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    for pair in arguments.chunks(2) {
        match pair {
            [flag, number] if flag == "--histories" => histories = number.parse().unwrap_or(histories),
            [flag, number] if flag == "--seed" => seed = number.parse().unwrap_or(seed),
            [flag, number] if flag == "--export" => exported = number.parse().ok(),
            _ => {
                say("usage: ssmbak-sim [--histories N | --export N] [--seed FIRST]");
                return ExitCode::from(2);
            }
        }
    }
    if let Some(histories) = exported {
        write_export(seed, histories);
        return ExitCode::SUCCESS;
    }
    let begun = Instant::now();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (tally, failing) = play_seeds(seed..seed.saturating_add(histories), threads, Sabotage::None);
    say(&format!(
        "{histories} histories, seeds {seed} to {}, {:.0} s\n\
         answers: {} exact where the evidence is complete, {} right beyond it, {} unknown where a gap shows,\n\
         {} of the state before a change that left no trace, {} below the resolution of events, {} MISMATCHES",
        seed + histories.saturating_sub(1),
        begun.elapsed().as_secs_f64(),
        tally.exact,
        tally.right,
        tally.unknown,
        tally.untraceable,
        tally.below_resolution,
        tally.mismatches.len(),
    ));
    for (fault, histories) in &tally.faults {
        say(&format!("{histories} histories with {fault}"));
    }
    if failing.is_empty() {
        return ExitCode::SUCCESS;
    }
    for mismatch in &tally.mismatches {
        say(&mismatch.chars().take(LINE).collect::<String>());
    }
    for seed in failing.into_iter().take(SHOWN) {
        show(seed);
    }
    ExitCode::FAILURE
}

/// How much of each mismatch is printed before the first of them are shown in full.
const LINE: usize = 180;

/// How many failing seeds are shrunk and shown.
const SHOWN: usize = 4;

fn show(first: u64) {
    let small = shrink(&History::generate(first), |history| !block_on(history).mismatches.is_empty());
    say(&format!("seed {first} fails; shrunk:\n{small:#?}\n{:#?}", block_on(&small).mismatches));
}

fn write_export(first: u64, histories: u64) {
    for (story, history) in examples::all() {
        say(&futures_executor::block_on(export::of_example(story, &history)).to_string());
    }
    for seed in first..first.saturating_add(histories) {
        say(&futures_executor::block_on(export::of_seed(seed)).to_string());
    }
}

fn block_on(history: &History) -> Tally {
    futures_executor::block_on(play(history))
}

#[expect(clippy::print_stdout, reason = "it is a command")]
fn say(text: &str) {
    println!("{text}");
}
