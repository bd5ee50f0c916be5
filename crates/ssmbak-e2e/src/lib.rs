//! What the end-to-end tests share: commands run to their end, events as AWS sends them, and what Parameter Store holds.

mod clock;
mod command;
mod event;
mod recorder;
mod sqs;
mod state;
mod store;
mod world;

pub use clock::{MOMENT, PATIENCE, await_that, next_second, second};
pub use command::{Ran, command};
pub use event::{delete_event, put_event};
pub use recorder::{Function, Recorder};
pub use sqs::sqs;
pub use state::{
    Held, State, after, as_in_a_tag, as_the_original_reads_it, as_the_original_records_it, assert_same, held,
};
pub use store::Store;
pub use world::World;

/// What tests and their helpers return.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
