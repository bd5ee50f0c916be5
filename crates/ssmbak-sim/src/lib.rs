//! The proof: what the emulators do not show, by the book.
//!
//! [`FakeStore`] and [`FakeBucket`] behave as AWS documents Parameter Store and S3 (limits, quotas, refusals, one-second
//! resolution included), in memory, on a clock that the test turns ([`Clock`]), counting calls and failing where the test
//! says ([`Faults`]).
//!
//! [`history::History`] is a random life of some parameters and the hostile road of its events; [`run::play`] plays it
//! into the real capture code and holds every answer of the real restore code against [`model`].

pub mod bucket;
mod clock;
pub mod examples;
pub mod export;
mod faults;
pub mod history;
mod lag;
pub mod log;
pub mod model;
pub mod rng;
pub mod run;
pub mod shrink;
pub mod store;

pub use bucket::FakeBucket;
pub use clock::Clock;
pub use faults::{Fault, Faults};
pub use lag::Lag;
pub use store::FakeStore;
