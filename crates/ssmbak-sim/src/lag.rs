//! Answers that are older than their request.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use ssmbak_core::record::READ_LAG;

use crate::rng::Rng;

/// How old the answers of a [`crate::FakeStore`] are: not at all, or each up to two minutes, on its own.
#[derive(Clone, Debug, Default)]
pub struct Lag(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    rng: Option<Rng>,
    skips: bool,
    /// How many answers in a row were late.
    late: u32,
}

/// After this many late answers in a row one is fresh: several reads, seconds apart, show the present once.
const LATE_IN_A_ROW: u32 = 3;

/// The age of an answer where answers are late: fresh, seconds old, or up to two minutes.
pub(crate) fn age(rng: &mut Rng) -> SignedDuration {
    let longest = i64::try_from(READ_LAG.as_millis()).unwrap_or(0) - 1;
    match rng.below(4) {
        0..2 => SignedDuration::ZERO,
        2 => SignedDuration::from_millis(rng.between(0, 3_000)),
        _ => SignedDuration::from_millis(rng.between(0, longest)),
    }
}

impl Lag {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on answers lag, by `seed`; `None`: they are fresh.
    pub fn set(&self, seed: Option<u64>) {
        let mut state = self.lock();
        state.rng = seed.map(Rng::new);
        state.skips = seed.is_some();
    }

    /// Answers are fresh until [`Lag::resume`].
    pub(crate) fn pause(&self) -> Option<Rng> {
        self.lock().rng.take()
    }

    pub(crate) fn resume(&self, rng: Option<Rng>) {
        self.lock().rng = rng;
    }

    /// From now on listings leave nothing out.
    pub fn skip_nothing(&self) {
        self.lock().skips = false;
    }

    /// The age of the next answer.
    pub(crate) fn next(&self) -> SignedDuration {
        let mut state = self.lock();
        let age = state.rng.as_mut().map_or(SignedDuration::ZERO, age);
        let fresh = age.is_zero() || state.late >= LATE_IN_A_ROW;
        state.late = if fresh { 0 } else { state.late + 1 };
        if fresh { SignedDuration::ZERO } else { age }
    }

    /// Whether the next name of a listing is left out.
    pub(crate) fn skips(&self) -> bool {
        let mut state = self.lock();
        let skips = state.skips;
        state.rng.as_mut().is_some_and(|rng| skips && rng.chance(5))
    }
}
