//! The decisions of ssmbak, as pure functions over values.
//!
//! What was true at an instant ([`timeline`]), what to write for an event ([`capture`]), what a restore will change
//! ([`plan`]), how a sweep goes on and ends ([`sweep`]), and the languages they are spoken in: parameter names and scopes ([`name`], [`scope`]), instants
//! ([`instant`]), events ([`event`]), the bucket's record format ([`record`]).
//!
//! [`object`] holds the same for the objects of any versioned bucket.
//!
//! No I/O, no clock, no environment, no AWS SDK: everything a decision needs is an argument, everything it decides is a
//! returned value. `docs/SEMANTICS.md` states the rules in words and names the tests that hold them.

pub mod capture;
pub mod compare;
pub mod concurrency;
pub mod diff;
pub mod event;
mod glob;
pub mod instant;
pub mod key_ranges;
pub mod listing_method;
pub mod log;
pub mod mark;
pub mod name;
pub mod object;
pub mod parameter;
pub mod plan;
pub mod put;
pub mod rate;
pub mod record;
pub mod recording_scope;
pub mod refusal;
pub mod rehearsal;
pub mod restore_record;
pub mod scope;
pub mod sweep;
pub mod timeline;
pub mod trash;
pub mod unknown;
pub mod verify;

#[cfg(test)]
pub(crate) mod testing;
