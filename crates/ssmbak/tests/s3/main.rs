//! Objects of any versioned bucket: on moto what moto does as S3 does, and on the small S3 server what it does not.
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod common;
mod copies;
mod downloads;
mod faults;
mod histories;
mod inventories;
mod one_key;
mod recording;
mod server;
mod trees;
