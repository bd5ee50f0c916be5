//! The library over fakes, under conditions that no emulator shows, and simulated histories.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod concurrent;
mod drill;
mod edges;
mod histories;
mod journal;
mod pace;
mod present;
mod reading;
mod regressions;
mod restore;
mod round_trip;
mod scope;
mod support;
mod sweep;
mod tags;
mod undo;
