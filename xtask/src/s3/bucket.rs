//! A bucket with a tree of three versions a key.

use std::time::Duration;

use ssmbak_emulators::S3Server;
use ssmbak_emulators::s3_server::Versioning;

use crate::failure::Outcome;

/// The bucket's name.
pub const BUCKET: &str = "bucket";
/// What all keys of the tree begin with.
pub const PREFIX: &str = "tree/";
/// A time at which the second version of every key is current.
pub const MOMENT: &str = "2023-11-14T22:15:00";

const BEGIN: u64 = 1_700_000_000;

/// A server with so many keys, three versions each, every tenth deleted since.
pub fn start(keys: u64) -> Outcome<S3Server> {
    let server = S3Server::start()?;
    server.set_bucket(BUCKET, Versioning::Enabled);
    for version in 1..=3 {
        // One, one and a half, and two minutes after the beginning; the moment lies before the last.
        server.set_clock(BEGIN + version * 50);
        for number in 0..keys {
            server.put(BUCKET, &key(number), format!("version {version} of {number}").as_bytes());
        }
    }
    for number in (0..keys).step_by(10) {
        server.delete(BUCKET, &key(number));
    }
    server.set_clock(BEGIN + 1_000);
    Ok(server)
}

/// A key of the tree.
pub fn key(number: u64) -> String {
    format!("{PREFIX}{:02}/item-{number:08}.json", number % 64)
}

/// How many keys are not what they were at the moment.
pub fn wrong(server: &S3Server, keys: u64) -> u64 {
    let is_right = |number: &u64| {
        let now = server.current(BUCKET, &key(*number));
        now.is_some_and(|object| *object.body == *format!("version 2 of {number}").as_bytes())
    };
    (0..keys).filter(|number| !is_right(number)).count() as u64
}

/// Lets every request take so many milliseconds.
pub fn delay(server: &S3Server, milliseconds: u64) {
    server.set_latency(Duration::from_millis(milliseconds));
}
