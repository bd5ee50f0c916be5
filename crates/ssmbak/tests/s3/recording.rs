//! What a bucket of parameters meets that no emulator shows: conflicts of puts on condition, and tags that are refused.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use jiff::Timestamp;
use ssmbak::ErrorKind;
use ssmbak::bucket::{BackupBucket, Keys, S3BackupBucket};
use ssmbak::core::instant::Instant;
use ssmbak::core::mark::{Mark, MarkName};
use ssmbak::core::record::metadata::{Encoded, Sidecar};

use ssmbak_testkit::s3_server::Versioning;

use crate::common::Small;

fn sidecar() -> Sidecar {
    Sidecar { key: "ssmbak-sidecar/abc".to_owned(), body: "{}".to_owned() }
}

fn bucket(small: &Small) -> S3BackupBucket {
    S3BackupBucket::new(small.client.clone(), "b")
}

fn mark(name: &str) -> Mark {
    let at = Instant::exact("2026-03-01T10:00:00Z".parse::<Timestamp>().unwrap());
    Mark { name: MarkName::parse(name).unwrap(), at, text: None, author: None }
}

#[tokio::test]
async fn conflicting_sidecar_put_is_tried_again() {
    let small = Small::new();
    let bucket = bucket(&small);
    small.server.conflict(2);
    bucket.put_sidecar(&sidecar()).await.unwrap();
    assert!(small.server.current("b", "ssmbak-sidecar/abc").is_some(), "a conflict does not mean that it is there");
    assert_eq!(small.server.counts()["PutObject"], 3);
    bucket.put_sidecar(&sidecar()).await.unwrap();
    assert_eq!(small.server.versions("b", "ssmbak-sidecar/abc"), 1, "412 means that it is there");
}

#[tokio::test]
async fn endless_conflict_fails_instead_of_losing_the_sidecar() {
    let small = Small::new();
    small.server.conflict(1_000);
    let error = bucket(&small).put_sidecar(&sidecar()).await.unwrap_err();
    assert!(error.message.contains("ConditionalRequestConflict"), "{error}");
    assert!(small.server.counts()["PutObject"] < 20);
    assert!(small.server.current("b", "ssmbak-sidecar/abc").is_none());
}

#[tokio::test]
async fn conflicting_mark_is_tried_again_and_an_existing_one_stays() {
    let small = Small::new();
    let bucket = bucket(&small);
    small.server.conflict(2);
    bucket.put_mark(&mark("release"), false).await.unwrap();
    let error = bucket.put_mark(&mark("release"), false).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    bucket.put_mark(&mark("release"), true).await.unwrap();
    assert_eq!(small.server.versions("b", "ssmbak-mark/release"), 2);
}

#[tokio::test]
async fn refused_description_tag_does_not_block_recording() {
    let small = Small::new();
    small.server.refuse_tag("ssmbakDescription");
    let tags = [("ssmbakTime", "1"), ("ssmbakType", "String"), ("ssmbakDescription", "odd")];
    let tags = tags.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let encoded = Encoded { metadata: "{}".to_owned(), tags, sidecar: None };
    bucket(&small).put("/a", b"value", &encoded).await.unwrap();
    let stored = small.server.current("b", "/a").unwrap();
    assert_eq!(stored.headers["x-amz-tagging"], "ssmbakTime=1&ssmbakType=String");
    assert_eq!(small.server.counts()["PutObject"], 2);
}

#[tokio::test]
async fn refused_head_names_parameter_and_permission() {
    for (status, kind) in [(403, ErrorKind::AccessDenied), (400, ErrorKind::Refused)] {
        let small = Small::new();
        let id = small.server.put("b", "/a", b"value");
        let bucket = bucket(&small);
        small.server.refuse_key("HeadObject", "/a", status);
        for (version, action) in [(None, "s3:GetObject,"), (Some(id.as_str()), "s3:GetObjectVersion,")] {
            let error = bucket.head("/a", version).await.unwrap_err();
            assert!(error.message.starts_with("cannot read /a in bucket b: "), "{error}");
            assert!(status == 400 || error.message.contains(action), "{error}");
            assert_eq!(error.kind, kind, "{error}");
        }
    }
}

#[tokio::test]
async fn head_without_a_length_is_no_empty_version() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let answer = "HTTP/1.1 200 OK\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    let config = Small::new().client.config().to_builder().endpoint_url(endpoint).build();
    let bucket = S3BackupBucket::new(aws_sdk_s3::Client::from_conf(config), "b");
    let error = bucket.head("/a", Some("v")).await.unwrap_err();
    assert_eq!(error.message, "cannot read /a: the answer does not tell how large it is");
}

#[tokio::test]
async fn body_of_a_delete_marker_is_not_found() {
    let small = Small::new();
    small.server.delete("b", "/a");
    let marker = bucket(&small).versions(Keys::One("/a")).await.unwrap().remove(0);
    for version in [None, Some(marker.version_id.as_str())] {
        let error = bucket(&small).body("/a", version).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    }
    assert_eq!(bucket(&small).object("/a", &marker.version_id).await.unwrap(), None);
}

fn encoded() -> Encoded {
    Encoded { metadata: "{}".to_owned(), tags: Vec::new(), sidecar: None }
}

#[tokio::test]
async fn record_that_replaced_the_null_version_is_no_record() {
    let small = Small::new();
    let bucket = bucket(&small);
    bucket.put("/a", b"one", &encoded()).await.unwrap();
    small.server.set_bucket("b", Versioning::Suspended);
    for error in [
        bucket.put("/a", b"two", &encoded()).await.unwrap_err(),
        bucket.put_document("ssmbak-restore/1", b"{}").await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::BucketNotVersioned, "{error}");
        assert!(error.hint.unwrap().contains("put-bucket-versioning --bucket b"));
    }
}

#[tokio::test]
async fn other_bytes_than_are_stored_are_not_believed() {
    let small = Small::new();
    let bucket = bucket(&small);
    let id = small.server.put("b", "/a", b"value");
    assert_eq!(bucket.body("/a", Some(&id)).await.unwrap(), b"value");
    small.server.corrupt_bodies(true);
    for read in [bucket.body("/a", Some(&id)).await, bucket.object("/a", &id).await.map(|read| read.unwrap().body)] {
        assert_eq!(read.unwrap_err().kind, ErrorKind::ChecksumMismatch);
    }
}
