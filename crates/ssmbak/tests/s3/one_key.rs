//! One key: which version, its bytes, its restoration.

use ssmbak::s3::{CopyOptions, Restored};
use ssmbak::{ErrorKind, S3Path};
use ssmbak_testkit::s3_server::Versioning;

use crate::common::{Small, moto, next_second};

/// Keys that are hard to carry in URLs, headers and XML.
fn odd_keys() -> Vec<String> {
    let mut keys: Vec<String> = [
        "plain",
        "/leading/slash",
        "//two",
        "with space and  two",
        "a+b%2Bc%",
        "größe/鍵/🗝",
        "<xml>&\"'",
        "?query=1&versionId=2#x",
        "trailing/",
        "..",
        "a//b/./c",
        "star*~'()!",
    ]
    .map(str::to_owned)
    .to_vec();
    keys.push("k".repeat(1_024));
    keys
}

#[tokio::test]
async fn keys_of_any_kind_are_previewed_read_and_restored() {
    let small = Small::new();
    for key in odd_keys().iter().map(String::as_str).chain(["control\u{1}\u{7f}", "line\nfeed"]) {
        small.clock(0);
        small.server.put("b", key, b"first");
        small.clock(5);
        small.server.put("b", key, b"second");
        small.clock(9);
        let path = small.path(key, 3);
        let version = path.preview().await.unwrap().unwrap();
        assert_eq!((version.key.as_str(), version.size), (key, 5));
        assert_eq!(path.body().await.unwrap().unwrap(), b"first", "{key:?}");
        let restored = path.restore(&CopyOptions::default()).await.unwrap();
        assert!(matches!(restored, Some(Restored::Copied(Some(_)))), "{key:?}");
        assert_eq!(&*small.server.current("b", key).unwrap().body, b"first", "{key:?}");
    }
}

#[tokio::test]
async fn keys_of_any_kind_on_moto() {
    let client = moto("odd-keys").await;
    // moto takes slashes at the beginning for those of the path.
    let keys: Vec<String> = odd_keys().into_iter().filter(|key| !key.starts_with('/') && key != "..").collect();
    for key in &keys {
        client.put_object().bucket("odd-keys").key(key).body(b"first".to_vec().into()).send().await.unwrap();
    }
    let then = next_second().await;
    for key in &keys {
        client.put_object().bucket("odd-keys").key(key).body(b"second".to_vec().into()).send().await.unwrap();
        let path = S3Path::new(client.clone(), "odd-keys", key, then);
        assert_eq!(path.body().await.unwrap().as_deref(), Some(&b"first"[..]), "{key:?}");
        path.restore(&CopyOptions::default()).await.unwrap();
        let now = client.get_object().bucket("odd-keys").key(key).send().await.unwrap();
        assert_eq!(now.body.collect().await.unwrap().to_vec(), b"first", "{key:?}");
    }
}

#[tokio::test]
async fn only_the_keys_own_versions_are_listed_and_no_further_than_needed() {
    let small = Small::new();
    for second in 0..3_000 {
        small.clock(second);
        small.server.put("b", "app", b"x");
    }
    for sibling in 0..5_000 {
        small.server.put("b", &format!("app-{sibling:04}"), b"x");
    }
    for (second, pages) in [(2_999, 1), (2_500, 1), (1_500, 2), (5, 3)] {
        small.server.forget_counts();
        let version = small.path("app", second).preview().await.unwrap().unwrap();
        assert_eq!(version.last_modified.as_second().unsigned_abs() - crate::common::BEGIN, second);
        assert_eq!(small.server.counts()["ListObjectVersions"], pages, "at {second}");
    }
    small.server.forget_counts();
    assert_eq!(small.path("app", 0).preview().await.unwrap().unwrap().size, 1);
    assert!(small.path("ap", 9).preview().await.unwrap().is_none());
    assert_eq!(small.server.counts().into_iter().collect::<Vec<_>>(), [("ListObjectVersions", 4)]);
}

#[tokio::test]
async fn a_deletion_is_restored_as_a_deletion_and_what_is_so_already_is_left() {
    let small = Small::new();
    small.server.put("b", "k", b"one");
    small.clock(5);
    small.server.delete("b", "k");
    small.clock(9);
    small.server.put("b", "k", b"two");
    let deleted = small.path("k", 6);
    assert!(deleted.preview().await.unwrap().unwrap().is_marker);
    assert_eq!(deleted.body().await.unwrap(), None);
    let told = deleted.download_to(&mut Vec::new()).await.unwrap_err();
    assert_eq!((told.kind, told.to_string().contains("was deleted at")), (ErrorKind::NotFound, true), "{told}");
    let restored = deleted.restore(&CopyOptions::default()).await.unwrap();
    assert!(matches!(restored, Some(Restored::Deleted(Some(_)))), "{restored:?}");
    assert_eq!((small.server.current("b", "k"), small.server.versions("b", "k")), (None, 4));
    // Again, and for a version that is current: nothing is written.
    for second in [6, 60] {
        assert_eq!(small.path("k", second).restore(&CopyOptions::default()).await.unwrap(), Some(Restored::Unchanged));
    }
    assert_eq!(small.server.versions("b", "k"), 4);
    let early = S3Path::of(small.bucket.clone(), "nothing", crate::common::at(3));
    assert_eq!(early.restore(&CopyOptions::default()).await.unwrap(), None);
    assert_eq!(early.held().await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn within_a_second_the_order_of_storing_counts() {
    let small = Small::new();
    let expect = |second, expected: Option<&'static [u8]>| {
        let path = small.path("k", second);
        async move { assert_eq!(path.body().await.unwrap().as_deref(), expected, "at {second}") }
    };
    // Version, marker, version within one second; then marker, version, marker.
    small.server.put("b", "k", b"one");
    small.server.delete("b", "k");
    small.server.put("b", "k", b"two");
    small.clock(5);
    small.server.delete("b", "k");
    small.server.put("b", "k", b"three");
    small.server.delete("b", "k");
    small.clock(9);
    small.server.put("b", "k", b"four");
    expect(0, Some(b"two")).await;
    expect(5, None).await;
    expect(9, Some(b"four")).await;
}

#[tokio::test]
async fn objects_from_before_versioning_are_versions_too() {
    let small = Small::new();
    small.server.set_bucket("b", Versioning::Never);
    small.server.put("b", "k", b"before");
    small.clock(5);
    small.server.set_bucket("b", Versioning::Enabled);
    small.server.put("b", "k", b"after");
    small.clock(9);
    let path = small.path("k", 2);
    assert_eq!(path.preview().await.unwrap().unwrap().version_id, "null");
    assert_eq!(path.body().await.unwrap().unwrap(), b"before");
    path.restore(&CopyOptions::default()).await.unwrap();
    assert_eq!(&*small.server.current("b", "k").unwrap().body, b"before");
    assert_eq!(small.server.versions("b", "k"), 3);
}

#[tokio::test]
async fn a_restore_that_would_destroy_a_version_is_refused() {
    let small = Small::new();
    small.server.put("b", "k", b"one");
    small.server.put("b", "deep", b"one");
    small.clock(5);
    small.server.set_bucket("b", Versioning::Suspended);
    small.server.put("b", "k", b"two");
    small.server.set_bucket("b", Versioning::Enabled);
    small.server.put("b", "deep", b"two");
    small.server.set_bucket("b", Versioning::Suspended);
    let refused = small.path("k", 1).restore(&CopyOptions::default()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Refused, "{refused}");
    assert_eq!(&*small.server.current("b", "k").unwrap().body, b"two");
    // Without such a version nothing is lost.
    small.path("deep", 1).restore(&CopyOptions::default()).await.unwrap();
    assert_eq!(
        (&*small.server.current("b", "deep").unwrap().body, small.server.versions("b", "deep")),
        (&b"one"[..], 3)
    );
    small.server.set_bucket("plain", Versioning::Never);
    small.server.put("plain", "k", b"x");
    let bucket = ssmbak::s3::ObjectBucket::new(small.client.clone(), "plain");
    assert_eq!(bucket.versioning().await.unwrap_err().kind, ErrorKind::BucketNotVersioned);
    let bucket = ssmbak::s3::ObjectBucket::new(small.client.clone(), "missing");
    let missing = S3Path::of(bucket, "k", crate::common::at(1)).preview().await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::BucketMissing, "{missing}");
}
