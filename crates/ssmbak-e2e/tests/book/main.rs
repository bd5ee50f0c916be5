//! The book (`docs/book`): every command in it is run on a pipeline, and what it prints is what the book shows.
//!
//! `BOOK=overwrite cargo test --workspace --test book` writes what was really printed into the pages that differ,
//! `BOOK=refresh` into all. Look at the difference before it is committed.

mod block;
mod executed;
mod links;
mod page;
mod prose;
mod redactions;
mod session;
mod step;
mod whole;
