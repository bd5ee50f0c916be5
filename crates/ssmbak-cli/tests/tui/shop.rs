//! A shop with a past that never changes: the same names, values, times and people each time.

use ssmbak::BackupBucket as _;
use ssmbak::bucket::S3BackupBucket;
use ssmbak_core::parameter::{Description, Details, ParameterType};
use ssmbak_core::record::metadata::{encode_tombstone, encode_value};
use ssmbak_core::record::{DeletionSource, Presence, TombstoneRecord, ValueRecord};

use crate::common::World;

/// What is of one version.
struct Version {
    name: &'static str,
    number: u64,
    day: &'static str,
    value: String,
    kind: ParameterType,
    description: Option<&'static str>,
    author: &'static str,
}

const ADA: &str = "arn:aws:iam::123456789012:user/ada";
const DEPLOY: &str = "arn:aws:sts::123456789012:assumed-role/deploy-production/build-4711";
const LONG: &str = "/shop/services/checkout/production/eu-west-1/payment-provider/credentials/api-token";

fn chain(middle: &str) -> String {
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n{middle}\n{}\n-----END CERTIFICATE-----\n",
        "MIIB".repeat(16),
        "Qk1J".repeat(16)
    )
}

fn versions() -> Vec<Version> {
    use ParameterType::{SecureString, String as Plain, StringList};
    let of = |name, number, day, value: &str, kind, description, author| {
        let value = value.to_owned();
        Version { name, number, day, value, kind, description, author }
    };
    let (old, new) = (chain(&"AAAA".repeat(16)), chain(&"BBBB".repeat(16)));
    let motd = "Closed on Sunday — 日曜休み \u{1b}[31mred\u{7} ".repeat(6);
    vec![
        of("/shop/host", 1, "2024-06-01T10:00:00.25Z", "alpha.example.com", Plain, None, ADA),
        of("/shop/host", 2, "2024-06-15T12:30:00.5Z", "beta.example.com", Plain, Some("where it runs"), DEPLOY),
        of("/shop/db/password", 1, "2024-06-01T10:00:01Z", "hush-1", SecureString, None, ADA),
        of("/shop/db/password", 2, "2024-06-15T12:30:01Z", "hush-22", SecureString, None, DEPLOY),
        of("/shop/zones", 1, "2024-06-01T10:00:02Z", "eu-1,eu-2", StringList, None, ADA),
        of("/shop/tls/chain", 1, "2024-06-02T08:00:00Z", &old, Plain, None, ADA),
        of("/shop/tls/chain", 2, "2024-06-20T08:00:00Z", &new, Plain, None, DEPLOY),
        of("/shop/motd", 1, "2024-06-03T09:00:00Z", &motd, Plain, Some("said on the \u{1b}[2Jfirst page"), ADA),
        of("/shop/gone", 1, "2024-06-01T10:00:03Z", "was here", Plain, Some("what it was for"), ADA),
        of(LONG, 1, "2024-06-04T07:00:00Z", "hush-token", SecureString, None, DEPLOY),
    ]
}

/// Builds it, in the bucket and in Parameter Store.
pub async fn build(world: &World) {
    let bucket = S3BackupBucket::new(world.s3.clone(), world.bucket);
    let all = versions();
    for version in &all {
        let before = all.iter().find(|other| other.name == version.name && other.number + 1 == version.number);
        let time = version.day.parse().unwrap();
        let record = ValueRecord {
            time,
            event: None,
            parameter_type: version.kind,
            description: Description::exact(version.description.map(str::to_owned)),
            details: Details {
                author: Some(version.author.to_owned()),
                tier: Some("Standard".to_owned()),
                data_type: Some("text".to_owned()),
                ..Details::new(version.number, time)
            },
            previous: before.map(|before| before.day.parse().unwrap()),
            floor: 1,
            present: Presence::Present,
            seen: Some(time),
            lost: Vec::new(),
        };
        bucket.put(version.name, version.value.as_bytes(), &encode_value(&record)).await.unwrap();
    }
    let deleted = TombstoneRecord {
        time: "2024-06-18T16:20:00Z".parse().unwrap(),
        source: DeletionSource::Event,
        event: None,
        live: None,
        seen: None,
        lost: Vec::new(),
    };
    bucket.put("/shop/gone", b"", &encode_tombstone(&deleted)).await.unwrap();
    bucket.delete_marker("/shop/gone").await.unwrap();
    let present = [
        ("/shop/host", "gamma.example.com", "String"),
        ("/shop/db/password", "hush-333", "SecureString"),
        ("/shop/zones", "eu-1,eu-2", "StringList"),
        ("/shop/tls/chain", chain(&"BBBB".repeat(16)).leak(), "String"),
        ("/shop/new/port", "8080", "String"),
        (LONG, "hush-later", "SecureString"),
    ];
    for (name, value, kind) in present {
        world.put(name, value, kind).await;
    }
}
