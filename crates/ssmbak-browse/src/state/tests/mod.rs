//! What keys and answers do.

mod moving;
mod random;
mod reading;
mod restoring;

use super::*;
use crate::testing::{go_to, press, state_of, time, tree};

fn path(state: &State) -> &str {
    state.row().map_or("", |row| row.path.as_str())
}

fn clock(state: &State) -> String {
    state.at.at().strftime("%H:%M:%S%.f").to_string()
}
