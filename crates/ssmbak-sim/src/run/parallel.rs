//! Many histories at once.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Sabotage, Tally, play_sabotaged};
use crate::history::History;

/// Plays the histories of these seeds on so many threads; returns the tally and the seeds with mismatches.
pub fn play_seeds(seeds: Range<u64>, threads: usize, sabotage: Sabotage) -> (Tally, Vec<u64>) {
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let (mut tally, mut failing) = (Tally::default(), Vec::new());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return (tally, failing);
            }
            let mut one = futures_executor::block_on(play_sabotaged(&History::generate(seed), sabotage));
            if !one.mismatches.is_empty() {
                failing.push(seed);
            }
            one.mismatches.iter_mut().for_each(|mismatch| mismatch.insert_str(0, &format!("seed {seed}: ")));
            tally.add(one);
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let (mut all, mut failing) = (Tally::default(), Vec::new());
        for worker in workers {
            let (tally, seeds) = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.add(tally);
            failing.extend(seeds);
        }
        failing.sort_unstable();
        (all, failing)
    })
}
