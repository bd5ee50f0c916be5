//! The function as Lambda runs it: the real binary, between a Runtime API and moto as S3 and Parameter Store.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]

mod batches;
mod defects;
mod early;
mod endpoints;
mod failures;
mod foreign;
mod malformed_events;
mod messages;
mod pipeline;
mod recording;
mod rehearsal;
mod scope;
mod secrecy;
mod start;
mod sweep;
