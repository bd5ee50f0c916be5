//! What the commands take from the environment: credentials, regions, endpoints, proxies, certificates, zones.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

#[path = "../common/mod.rs"]
mod common;
mod fake;
mod lifetime;
mod refusals;
mod table;
