//! What the commands take from the environment: credentials, regions, endpoints, proxies, certificates, zones.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

#[path = "../common/mod.rs"]
mod common;
mod fake;
mod lifetime;
mod outputs;
mod refusals;
mod table;
