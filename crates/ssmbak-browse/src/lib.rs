//! The screens of `ssmbak browse`: parameters moved through in time, looked at, and restored.
//!
//! A pure state machine. [`State`] takes a [`Key`] or an [`Answer`] and returns the [`Effect`]s that are wanted: something
//! to be read, a restore to be planned or carried out, the end. [`render`] draws it. Whoever runs it owns the terminal, AWS
//! and the clock.
//!
//! Nothing is restored unless a plan has been shown and `y` was typed on it: [`Effect::Restore`] comes from nowhere else.

mod data;
mod equal;
mod input;
mod question;
mod render;
mod state;
mod status;
#[cfg(test)]
mod testing;
mod tree;

pub use data::{Data, Moment};
pub use input::Key;
pub use render::{Palette, render};
pub use state::{Answer, Effect, Lines, Looked, Proposal, State, Subject};
pub use status::Status;
