//! Buckets and moments for the tests.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ssmbak::S3Path;
use ssmbak::core::instant::Instant;
use ssmbak::s3::ObjectBucket;
use ssmbak_testkit::s3_server::Versioning;
use ssmbak_testkit::{Moto, S3Server, create_versioned_bucket, s3_client};

/// The second at which the server's clock begins.
pub const BEGIN: u64 = 1_700_000_000;

/// A server of its own with a bucket, its clock standing at [`BEGIN`].
pub struct Small {
    pub server: S3Server,
    pub client: aws_sdk_s3::Client,
    pub bucket: ObjectBucket,
}

impl Small {
    pub fn new() -> Self {
        let server = S3Server::start().unwrap();
        server.set_bucket("b", Versioning::Enabled);
        server.set_clock(BEGIN);
        let client = s3_client(&server.endpoint());
        let bucket = ObjectBucket::new(client.clone(), "b");
        Self { server, client, bucket }
    }

    /// The clock stands so many seconds after its beginning.
    pub fn clock(&self, second: u64) {
        self.server.set_clock(BEGIN + second);
    }

    pub fn path(&self, key: &str, second: u64) -> S3Path {
        S3Path::of(self.bucket.clone(), key, at(second))
    }
}

/// The whole of a second after the server's beginning.
pub fn at(second: u64) -> Instant {
    Instant::parse(&format!("@{}", BEGIN + second), Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap()
}

/// A bucket of its own in the moto that all tests share.
pub async fn moto(bucket: &'static str) -> aws_sdk_s3::Client {
    let client = s3_client(&Moto::shared().unwrap().endpoint());
    create_versioned_bucket(&client, bucket).await.unwrap();
    client
}

/// Whatever is stored from now on is of another second; the moment between.
pub async fn next_second() -> Instant {
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let moment = Instant::exact(Timestamp::now());
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    moment
}
