//! The proof: fakes of Parameter Store and S3, a reference model and simulated histories.
//!
//! [`FakeStore`] and [`FakeBucket`] behave as AWS documents Parameter Store and S3 (limits, quotas, refusals, one-second
//! resolution included), in memory, on a clock that the test sets ([`Clock`]), counting calls and failing where the test
//! says ([`Faults`]).
//!
//! [`history::History`] is a list of random changes of some parameters and of unreliable deliveries of their events;
//! [`run::play`] plays it into the real capture code and compares every answer of the real restore code with [`model`].

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
pub mod story;

pub use bucket::FakeBucket;
pub use clock::Clock;
pub use faults::{Fault, Faults};
pub use lag::Lag;
pub use store::FakeStore;
