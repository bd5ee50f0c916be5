//! What a restored version keeps.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption, StorageClass};
use ssmbak::s3::{CopyOptions, Destination, Readiness, RehydrateOptions, Restored};
use ssmbak::{ErrorKind, S3Path};

use crate::common::{Small, moto, next_second};

const HEADERS: [(&str, &str); 13] = [
    ("cache-control", "max-age=60"),
    ("content-disposition", "attachment; filename=\"a b.txt\""),
    ("content-encoding", "gzip"),
    ("content-language", "de"),
    ("content-type", "text/x-special"),
    ("expires", "Thu, 01 Jan 2043 00:00:00 GMT"),
    ("x-amz-meta-owner", "somebody"),
    ("x-amz-server-side-encryption", "aws:kms"),
    ("x-amz-server-side-encryption-aws-kms-key-id", "arn:aws:kms:eu-west-1:111122223333:key/abc"),
    ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
    ("x-amz-storage-class", "STANDARD_IA"),
    ("x-amz-tagging", "team=blue%20sky&x=1"),
    ("x-amz-website-redirect-location", "/elsewhere"),
];

fn expected() -> BTreeMap<String, String> {
    HEADERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_restore_keeps_all_that_an_object_is() {
    let small = Small::new();
    small.server.put_with("b", "k", b"one", &HEADERS);
    small.clock(5);
    small.server.put("b", "k", b"two");
    small.path("k", 1).restore(&CopyOptions::default()).await.unwrap();
    let now = small.server.current("b", "k").unwrap();
    assert_eq!((&*now.body, now.headers), (&b"one"[..], expected()));
}

#[tokio::test]
async fn the_same_bytes_with_other_metadata_or_tags_are_another_version() {
    let small = Small::new();
    small.server.put_with("b", "k", b"one", &HEADERS);
    let others = [("x-amz-meta-owner", "another"), ("x-amz-tagging", "team=red&x=1"), ("content-type", "text/plain")];
    for (second, other) in (5..).zip(others) {
        small.clock(second);
        let mut headers = HEADERS.to_vec();
        headers.retain(|(name, _)| *name != other.0);
        headers.push(other);
        small.server.put_with("b", "k", b"one", &headers);
        small.path("k", 1).restore(&CopyOptions::default()).await.unwrap();
        assert_eq!(small.server.current("b", "k").unwrap().headers, expected(), "{other:?}");
        let versions = small.server.versions("b", "k");
        assert_eq!(small.path("k", 1).restore(&CopyOptions::default()).await.unwrap(), Some(Restored::Unchanged));
        assert_eq!(small.server.versions("b", "k"), versions);
    }
}

#[tokio::test]
async fn a_copy_in_parts_keeps_as_much_and_the_etag_of_an_upload_in_parts() {
    let small = Small::new();
    let bytes: Vec<u8> = (0..100_003_u32).map(|index| u8::try_from(index % 256).unwrap()).collect();
    small.server.put_with("b", "k", &bytes, &HEADERS);
    small.clock(5);
    small.server.put("b", "k", b"two");
    let options = CopyOptions { copy_limit: 50_000, part_size: 30_000, parts_at_once: 3, ..CopyOptions::default() };
    small.path("k", 1).restore(&options).await.unwrap();
    let in_parts = small.server.current("b", "k").unwrap();
    let mut headers = in_parts.headers.clone();
    headers.remove("part-size");
    // The same tags, spelled as the server was told them.
    assert_eq!(headers.remove("x-amz-tagging").as_deref(), Some("team=blue%20sky&x=1"));
    let mut all = expected();
    all.remove("x-amz-tagging");
    assert_eq!((headers, in_parts.body.to_vec()), (all, bytes));
    assert_eq!(small.server.counts()["UploadPartCopy"], 4);

    // That version had parts of 30,000 bytes: brought back with another wish, it has them again.
    small.clock(9);
    small.server.put("b", "k", b"three");
    small.path("k", 6).restore(&CopyOptions { part_size: 7_000, ..options }).await.unwrap();
    assert_eq!(small.server.current("b", "k").unwrap().etag, in_parts.etag);
}

#[tokio::test]
async fn a_copy_in_parts_that_fails_leaves_nothing() {
    let small = Small::new();
    small.server.put("b", "k", &[1; 1_000]);
    small.clock(5);
    small.server.put("b", "k", b"two");
    small.server.refuse_after(Some(("UploadPartCopy", 2)));
    let options = CopyOptions { copy_limit: 100, part_size: 100, ..CopyOptions::default() };
    let error = small.path("k", 1).restore(&options).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::AccessDenied, "{error}");
    assert_eq!(&*small.server.current("b", "k").unwrap().body, b"two");
    assert_eq!(small.server.counts()["AbortMultipartUpload"], 1);
}

#[tokio::test]
async fn an_archived_version_is_recognised_asked_for_and_restored_when_it_is_there() {
    let small = Small::new();
    small.server.put_with("b", "k", b"cold", &[("x-amz-storage-class", "DEEP_ARCHIVE")]);
    small.clock(5);
    small.server.put("b", "k", b"two");
    let path = small.path("k", 1);
    let version = path.held().await.unwrap();
    assert!(version.is_archived());
    for attempt in [path.restore(&CopyOptions::default()).await.map(drop), path.body().await.map(drop)] {
        let error = attempt.unwrap_err();
        assert_eq!((error.kind, error.hint.is_some()), (ErrorKind::Archived, true), "{error}");
    }
    assert_eq!(small.bucket.readiness_of(version).await.unwrap(), Readiness::Archived);
    small.bucket.rehydrate(version, RehydrateOptions::default()).await.unwrap();
    assert_eq!(small.bucket.readiness_of(version).await.unwrap(), Readiness::Underway);
    let error = path.restore(&CopyOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("try again later"), "{error}");
    small.bucket.rehydrate(version, RehydrateOptions::default()).await.unwrap();
    path.restore(&CopyOptions::default()).await.unwrap();
    let now = small.server.current("b", "k").unwrap();
    // In its own class it could not be read.
    assert_eq!((&*now.body, now.headers.get("x-amz-storage-class")), (&b"cold"[..], None));
}

#[tokio::test]
async fn copy_that_is_answered_without_a_result_is_not_believed() {
    let small = Small::new();
    small.server.put("b", "k", b"one");
    small.clock(5);
    small.server.put("b", "k", b"two");
    small.server.refuse_key_by("CopyObject", "k", 200, "");
    let error = small.path("k", 1).restore(&CopyOptions::default()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert_eq!(&*small.server.current("b", "k").unwrap().body, b"two");
}

#[tokio::test]
async fn a_version_goes_to_another_bucket_as_it_is() {
    let small = Small::new();
    small.server.set_bucket("other", ssmbak_testkit::s3_server::Versioning::Enabled);
    small.server.put_with("b", "k", b"one", &HEADERS);
    let path = small.path("k", 1);
    let other = small.bucket.beside("other");
    let to = Destination { bucket: &other, key: "new/ä k" };
    small.bucket.copy_version(path.held().await.unwrap(), to, &CopyOptions::default()).await.unwrap();
    assert_eq!(small.server.current("other", "new/ä k").unwrap().headers, expected());
}

#[tokio::test]
async fn object_lock_is_kept_when_asked_for_and_not_over() {
    let small = Small::new();
    let lock = |until| {
        [
            ("x-amz-object-lock-mode", "GOVERNANCE"),
            ("x-amz-object-lock-retain-until-date", until),
            ("x-amz-object-lock-legal-hold", "ON"),
        ]
    };
    small.server.put_with("b", "lasting", b"one", &lock("2043-01-01T00:00:00Z"));
    small.server.put_with("b", "over", b"one", &lock("2020-01-01T00:00:00Z"));
    small.clock(5);
    let asked = CopyOptions { object_lock_at: Some(jiff::Timestamp::now()), ..CopyOptions::default() };
    for (key, options, expected) in [
        ("lasting", &CopyOptions::default(), 0),
        ("lasting", &asked, 3),
        ("over", &asked, 1),
        ("lasting", &CopyOptions { copy_limit: 1, ..asked.clone() }, 3),
        ("lasting", &CopyOptions { through_here: true, ..asked.clone() }, 3),
    ] {
        small.server.put("b", key, b"two");
        small.path(key, 1).restore(options).await.unwrap();
        let now = small.server.current("b", key).unwrap();
        let kept = now.headers.keys().filter(|name| name.starts_with("x-amz-object-lock")).count();
        assert_eq!(kept, expected, "{key} {:?}", now.headers);
    }
}

/// The same against a server that nobody here wrote.
#[tokio::test]
async fn on_moto_metadata_tags_class_encryption_and_headers_come_back() {
    let client = moto("keeps").await;
    client
        .put_object()
        .bucket("keeps")
        .key("k")
        .body(b"one".to_vec().into())
        .metadata("owner", "somebody")
        .tagging("team=blue")
        .content_type("text/x-special")
        .cache_control("max-age=60")
        .content_disposition("inline")
        .content_language("de")
        .storage_class(StorageClass::StandardIa)
        .server_side_encryption(ServerSideEncryption::AwsKms)
        .ssekms_key_id("alias/mine")
        .website_redirect_location("/elsewhere")
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .send()
        .await
        .unwrap();
    let then = next_second().await;
    let old = client.head_object().bucket("keeps").key("k").send().await.unwrap();
    client.put_object().bucket("keeps").key("k").body(b"two".to_vec().into()).send().await.unwrap();
    let path = S3Path::new(client.clone(), "keeps", "k", then);
    let options = CopyOptions { acl: true, ..CopyOptions::default() };
    let Some(Restored::Copied(Some(_))) = path.restore(&options).await.unwrap() else { panic!("not copied") };
    let new = client.head_object().bucket("keeps").key("k").send().await.unwrap();
    assert_eq!(new.metadata(), old.metadata());
    assert_eq!(new.content_type(), old.content_type());
    assert_eq!(new.cache_control(), old.cache_control());
    assert_eq!(new.content_disposition(), old.content_disposition());
    assert_eq!(new.content_language(), old.content_language());
    assert_eq!(new.storage_class(), old.storage_class());
    assert_eq!(new.server_side_encryption(), old.server_side_encryption());
    assert_eq!(new.ssekms_key_id(), old.ssekms_key_id());
    assert_eq!(new.website_redirect_location(), old.website_redirect_location());
    assert_eq!(new.e_tag(), old.e_tag());
    let tags = client.get_object_tagging().bucket("keeps").key("k").send().await.unwrap();
    assert_eq!(tags.tag_set().iter().map(|tag| (tag.key(), tag.value())).collect::<Vec<_>>(), [("team", "blue")]);
}
