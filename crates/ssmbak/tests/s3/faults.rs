//! What passed as done and was not: one test for each.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ssmbak::ErrorKind;
use ssmbak::core::object::{Names, ObjectPlanOptions};
use ssmbak::s3::tree::{Applied, GetOptions, Target, Tree, TreePlan, TreeRestoreOptions, TreeRun};
use ssmbak::s3::{ByteRate, CopyOptions, DownloadOptions, Encryption, part_file};
use ssmbak_testkit::s3_server::Versioning;
use tempfile::tempdir;

use crate::common::{Small, at};
use crate::trees::WHOLE;

fn tree(small: &Small) -> Tree {
    Tree::new(&small.bucket, "t/", std::env::temp_dir(), 16)
}

async fn planned(tree: &Tree, second: u64, copy: &CopyOptions) -> TreePlan {
    let plan = tree.plan(at(second), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    tree.compared(plan, None, None, copy).await.unwrap()
}

async fn undeleted(small: &Small, copy: CopyOptions) -> Applied {
    let (tree, copy) = (tree(small), CopyOptions { only_if_absent: true, ..copy });
    let plan = tree.trash(None, |_| {}).await.unwrap();
    let options = TreeRestoreOptions { copy, ..TreeRestoreOptions::default() };
    tree.restore(&mut TreeRun::new(plan, None), &options, &WHOLE()).await.unwrap()
}

async fn restored(tree: &Tree, second: u64, copy: &CopyOptions) -> Applied {
    let plan = planned(tree, second, copy).await;
    let options = TreeRestoreOptions { copy: copy.clone(), ..TreeRestoreOptions::default() };
    tree.restore(&mut TreeRun::new(plan, None), &options, &WHOLE()).await.unwrap()
}

async fn got(tree: &Tree, second: u64, dir: &std::path::Path, options: &GetOptions) -> Applied {
    let plan = tree.contents(at(second), |_| {}).await.unwrap();
    tree.download(&mut TreeRun::new(plan, None), dir, options, &WHOLE()).await.unwrap()
}

/// Uploads an object in parts, as the AWS CLI does.
async fn upload_in_parts(small: &Small, key: &str, parts: &[&[u8]]) {
    let begun = small.client.create_multipart_upload().bucket("b").key(key).send().await.unwrap();
    let id = begun.upload_id().unwrap();
    for (number, part) in (1..).zip(parts) {
        let send = small.client.upload_part().bucket("b").key(key).upload_id(id).part_number(number);
        send.body(part.to_vec().into()).send().await.unwrap();
    }
    small.client.complete_multipart_upload().bucket("b").key(key).upload_id(id).send().await.unwrap();
}

#[tokio::test]
async fn upload_in_parts_is_unchanged_after_its_restore() {
    let small = Small::new();
    for n in 0..3 {
        upload_in_parts(&small, &format!("t/{n}"), &[&[1; 100], &[2; 100], &[3; 7]]).await;
        // One whose parts nobody knows, with a checksum over the whole.
        let checksum = [("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="), ("x-amz-checksum-type", "FULL_OBJECT")];
        small.server.put_with("b", &format!("t/sum{n}"), b"one", &checksum);
    }
    small.clock(5);
    (0..3).for_each(|n| drop(small.server.put("b", &format!("t/{n}"), &[9; 207])));
    let tree = tree(&small);
    assert_eq!(restored(&tree, 1, &CopyOptions::default()).await.done, 3);
    small.clock(9);
    small.server.forget_counts();
    let plan = planned(&tree, 1, &CopyOptions::default()).await;
    assert_eq!((plan.changes.len(), plan.totals.unchanged), (0, 6));
    assert_eq!(small.server.counts().get("CopyObject"), None);
}

#[tokio::test]
async fn marked_copy_is_known_again_whatever_its_etag() {
    let small = Small::new();
    upload_in_parts(&small, "t/k", &[&[1; 100], &[2; 7]]).await;
    small.clock(5);
    small.server.put_with("b", "t/k", &[7; 107], &[("x-amz-meta-owner", "somebody")]);
    let tree = tree(&small);
    let mark = CopyOptions { mark: true, ..CopyOptions::default() };
    assert_eq!(restored(&tree, 1, &mark).await.done, 1);
    assert!(small.server.current("b", "t/k").unwrap().headers.contains_key("x-amz-meta-s3bak-source"));
    small.clock(9);
    assert_eq!(planned(&tree, 1, &mark).await.changes.len(), 0);
    assert_eq!(planned(&tree, 1, &CopyOptions::default()).await.changes.len(), 0);
}

#[tokio::test]
async fn copy_under_kms_is_known_again_by_its_checksum() {
    let small = Small::new();
    let headers = [
        ("x-amz-server-side-encryption", "aws:kms"),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="),
        ("x-amz-checksum-type", "FULL_OBJECT"),
    ];
    small.server.put_with("b", "t/k", b"one", &headers);
    small.clock(5);
    // The same object, with the ETag of other bytes, as each has one of its own there.
    small.server.put_with("b", "t/k", b"two", &headers);
    let applied = restored(&tree(&small), 1, &CopyOptions::default()).await;
    assert_eq!((applied.done, applied.unchanged), (0, 1));
}

#[tokio::test]
async fn key_that_cannot_be_restored_does_not_hold_up_the_rest() {
    let small = Small::new();
    ["t/a", "t/ssec", "t/z"].iter().for_each(|key| drop(small.server.put("b", key, b"one")));
    small.clock(5);
    ["t/a", "t/ssec", "t/z"].iter().for_each(|key| drop(small.server.put("b", key, b"longer")));
    small.server.refuse_key("HeadObject", "t/ssec", 400);
    let tree = tree(&small);
    let applied = restored(&tree, 1, &CopyOptions::default()).await;
    assert_eq!((applied.done, applied.failed), (2, 1));
    assert_eq!((applied.failures[0].key.as_str(), applied.failures[0].error.kind), ("t/ssec", ErrorKind::Refused));
    small.clock(9);
    small.server.put("b", "t/a", b"longest");
    let again = restored(&tree, 1, &CopyOptions::default()).await;
    assert_eq!((again.done, again.failed), (1, 1));
    assert_eq!(&*small.server.current("b", "t/a").unwrap().body, b"one");
}

#[tokio::test]
async fn undelete_never_overwrites_what_came_back_meanwhile() {
    for through_here in [false, true] {
        let small = Small::new();
        ["t/a", "t/b"].iter().for_each(|key| drop(small.server.put("b", key, b"old")));
        small.clock(5);
        ["t/a", "t/b"].iter().for_each(|key| small.server.delete("b", key));
        small.server.write_after("HeadObject", 1, "b", "t/a", Some(b"new"));
        let applied = undeleted(&small, CopyOptions { through_here, ..CopyOptions::default() }).await;
        assert_eq!((applied.done, applied.unchanged, applied.failed), (1, 1, 0), "{:?}", applied.failures);
        assert_eq!(&*small.server.current("b", "t/a").unwrap().body, b"new");
        assert_eq!(&*small.server.current("b", "t/b").unwrap().body, b"old");
    }
}

#[tokio::test]
async fn undelete_that_meets_another_write_is_tried_again() {
    let in_parts = CopyOptions { copy_limit: 2, part_size: 2, ..CopyOptions::default() };
    let through_here = CopyOptions { through_here: true, ..CopyOptions::default() };
    for copy in [CopyOptions::default(), through_here, in_parts] {
        let small = Small::new();
        small.server.put("b", "t/a", b"old");
        small.clock(5);
        small.server.delete("b", "t/a");
        small.server.conflict(2);
        let applied = undeleted(&small, copy).await;
        // The other write may have failed: only an object that is there ends the matter.
        assert_eq!((applied.done, applied.unchanged, applied.failed), (1, 0, 0), "{:?}", applied.failures);
        assert_eq!(&*small.server.current("b", "t/a").unwrap().body, b"old");
    }
}

#[tokio::test]
async fn removed_markers_bring_back_without_a_copy() {
    let small = Small::new();
    let id = small.server.put("b", "t/k", b"old");
    small.server.put("b", "t/protected", b"old");
    small.clock(5);
    (0..3).for_each(|_| small.server.delete("b", "t/k"));
    small.server.delete("b", "t/protected");
    small.server.protect("t/protected");
    let tree = tree(&small);
    let plan = tree.trash(None, |_| {}).await.unwrap();
    let applied = tree.remove_markers(&mut TreeRun::new(plan, None), &WHOLE()).await.unwrap();
    assert_eq!((applied.done, applied.failed), (1, 1));
    assert_eq!(
        (applied.failures[0].key.as_str(), applied.failures[0].error.kind),
        ("t/protected", ErrorKind::AccessDenied)
    );
    assert_eq!(small.path("k", 1).preview().await.unwrap(), None);
    assert_eq!(small.server.versions("b", "t/k"), 1);
    assert_eq!(small.path("t/k", 99).preview().await.unwrap().unwrap().version_id, id);
}

#[tokio::test]
async fn deletions_take_one_request_for_a_thousand() {
    let small = Small::new();
    small.server.put("b", "t/first", b"one");
    small.clock(5);
    (0..2_500).for_each(|n| drop(small.server.put("b", &format!("t/new&{n:04}<"), b"x")));
    small.server.protect("t/new&0007<");
    let tree = tree(&small);
    let plan = tree.plan(at(1), ObjectPlanOptions { delete_new: true }, |_| {}).await.unwrap();
    small.server.forget_counts();
    let mut run = TreeRun::new(plan, None);
    let applied = tree.restore(&mut run, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert_eq!((applied.done, applied.failed), (2_499, 1));
    assert_eq!(applied.failures[0].key, "t/new&0007<");
    assert_eq!(small.server.counts()["DeleteObjects"], 3);
    assert_eq!(small.server.keys("b"), ["t/first", "t/new&0007<"]);
}

#[tokio::test]
async fn copies_take_one_head_each_and_none_when_fast() {
    let small = Small::new();
    for (second, body) in [(0, "one"), (5, "other")] {
        small.clock(second);
        (0..100).for_each(|n| drop(small.server.put("b", &format!("t/{n:03}"), body.as_bytes())));
    }
    let tree = tree(&small);
    for (options, heads) in
        [(CopyOptions::default(), Some(100)), (CopyOptions { fast: true, ..CopyOptions::default() }, None)]
    {
        small.clock(9);
        small.server.forget_counts();
        assert_eq!(restored(&tree, 1, &options).await.done, 100);
        let counts = small.server.counts();
        assert_eq!((counts.get("HeadObject").copied(), counts["CopyObject"]), (heads, 100));
        // Once more: fast, by the listing alone.
        small.server.forget_counts();
        assert_eq!(planned(&tree, 1, &options).await.totals.unchanged, 100);
        let counts = small.server.counts();
        assert_eq!((counts.get("HeadObject").copied(), counts["ListObjectVersions"]), (heads.map(|_| 200), 1));
        (0..100).for_each(|n| drop(small.server.put("b", &format!("t/{n:03}"), b"other")));
    }
}

#[tokio::test]
async fn archived_version_comes_back_in_a_class_that_can_be_read() {
    let small = Small::new();
    for (key, now, asked, expected) in [
        ("t/a", None, None, None),
        ("t/b", Some("STANDARD_IA"), None, Some("STANDARD_IA")),
        ("t/c", Some("GLACIER"), None, None),
        ("t/d", None, Some("GLACIER_IR"), Some("GLACIER_IR")),
    ] {
        small.clock(0);
        let rehydrated = "ongoing-request=\"false\", expiry-date=\"Fri, 23 Dec 2044 00:00:00 GMT\"";
        let cold = [("x-amz-storage-class", "DEEP_ARCHIVE"), ("x-amz-restore", rehydrated)];
        small.server.put_with("b", key, b"cold", &cold);
        small.clock(5);
        let class: Vec<(&str, &str)> = now.iter().map(|class| ("x-amz-storage-class", *class)).collect();
        small.server.put_with("b", key, b"warm!", &class);
        let options = CopyOptions { storage_class: asked.map(str::to_owned), ..CopyOptions::default() };
        let plan = planned(&tree(&small), 1, &options).await;
        assert_eq!(plan.totals.archived, 0, "a readable copy exists");
        restored(&tree(&small), 1, &options).await;
        let current = small.server.current("b", key).unwrap();
        assert_eq!(current.headers.get("x-amz-storage-class").map(String::as_str), expected, "{key}");
        assert_eq!(&*current.body, b"cold");
    }
}

#[tokio::test]
async fn encryption_and_class_are_those_asked_for_and_part_of_what_is_compared() {
    let small = Small::new();
    small.server.put("b", "t/k", b"one");
    small.clock(5);
    small.server.put("b", "t/k", b"other");
    let encryption = Some(Encryption { algorithm: "aws:kms".to_owned(), kms_key: Some("key1".to_owned()) });
    let asked =
        CopyOptions { encryption, storage_class: Some("STANDARD_IA".to_owned()), acl: true, ..CopyOptions::default() };
    assert_eq!(restored(&tree(&small), 1, &CopyOptions::default()).await.done, 1);
    small.clock(9);
    assert_eq!(restored(&tree(&small), 1, &asked).await.done, 1);
    let headers = small.server.current("b", "t/k").unwrap().headers;
    assert_eq!(headers["x-amz-server-side-encryption-aws-kms-key-id"], "key1");
    assert_eq!(headers["x-amz-storage-class"], "STANDARD_IA");
}

#[tokio::test]
async fn body_of_another_size_or_without_etag_is_refused() {
    let small = Small::new();
    small.server.put("b", "k", b"precious");
    small.server.put("b", "empty", b"");
    for key in ["k", "empty"] {
        small.server.swell_bodies(3);
        let mut sink = Vec::new();
        let error = small.path(key, 1).download_to(&mut sink).await.unwrap_err();
        assert_eq!((error.kind, sink.is_empty()), (ErrorKind::ChecksumMismatch, true), "{error}");
        small.server.swell_bodies(0);
        small.server.be_silent(true);
        let error = small.path(key, 1).body().await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ChecksumMismatch, "{error}");
        small.server.be_silent(false);
    }
}

#[tokio::test]
async fn link_at_the_part_files_name_is_never_followed() {
    let small = Small::new();
    small.server.put("b", "t/k", b"one");
    let (dir, outside) = (tempdir().unwrap(), tempdir().unwrap());
    let version = small.path("t/k", 1).preview().await.unwrap().unwrap();
    let target = outside.path().join("precious");
    std::fs::write(&target, "mine").unwrap();
    std::os::unix::fs::symlink(&target, part_file(&dir.path().join("k"), &version.version_id)).unwrap();
    assert_eq!(got(&tree(&small), 1, dir.path(), &GetOptions::default()).await.done, 1);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(dir.path().join("k")).unwrap(), "one");
    // As any new file, once it is whole.
    std::fs::write(dir.path().join("other"), "").unwrap();
    let mode = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("k"), mode("other"));
}

#[tokio::test]
async fn part_files_of_failed_and_killed_runs_are_removed() {
    let small = Small::new();
    (0..5).for_each(|n| drop(small.server.put("b", &format!("t/d/{n}"), &[7; 1_000])));
    let dir = tempdir().unwrap();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    let killed = dir.path().join("d/.0123456789abcdef.s3bak-part");
    std::fs::write(&killed, "half").unwrap();
    std::thread::sleep(Duration::from_millis(20));
    small.server.cut_bodies(u64::MAX, 0);
    let applied = got(&tree(&small), 1, dir.path(), &GetOptions::default()).await;
    assert_eq!((applied.done, applied.failed), (0, 5));
    assert_eq!(std::fs::read_dir(dir.path().join("d")).unwrap().count(), 0);
}

#[tokio::test]
async fn files_changed_here_are_overwritten_only_with_force() {
    let small = Small::new();
    ["t/a", "t/b"].iter().for_each(|key| drop(small.server.put("b", key, b"one")));
    small.clock(5);
    ["t/a", "t/b"].iter().for_each(|key| drop(small.server.put("b", key, b"two2")));
    let dir = tempdir().unwrap();
    let tree = tree(&small);
    let options = GetOptions::default();
    assert_eq!(got(&tree, 1, dir.path(), &options).await.done, 2);
    std::fs::write(dir.path().join("a"), "edited").unwrap();
    // The other one is an earlier version of its key, and may be replaced.
    let applied = got(&tree, 6, dir.path(), &options).await;
    assert_eq!((applied.done, applied.failed), (1, 1));
    let error = &applied.failures[0].error;
    assert!(error.kind == ErrorKind::Refused && error.hint.as_deref().unwrap().contains("--force"), "{error:?}");
    assert_eq!(std::fs::read_to_string(dir.path().join("a")).unwrap(), "edited");
    assert_eq!(std::fs::read_to_string(dir.path().join("b")).unwrap(), "two2");
    // Size and time are right, the bytes are not.
    let stamp = std::fs::metadata(dir.path().join("b")).unwrap().modified().unwrap();
    std::fs::write(dir.path().join("b"), "TWO2").unwrap();
    std::fs::File::options().write(true).open(dir.path().join("b")).unwrap().set_modified(stamp).unwrap();
    let checked = GetOptions { checksum: true, ..GetOptions::default() };
    assert_eq!(got(&tree, 6, dir.path(), &checked).await.failed, 2);
    let forced = GetOptions { force: true, checksum: true, ..GetOptions::default() };
    assert_eq!(got(&tree, 6, dir.path(), &forced).await.done, 2);
    assert_eq!(std::fs::read_to_string(dir.path().join("a")).unwrap(), "two2");
    assert_eq!(got(&tree, 6, dir.path(), &checked).await.unchanged, 2);
}

#[tokio::test]
async fn escaped_names_hold_every_byte() {
    let small = Small::new();
    let long = format!("t/{}", "x".repeat(300));
    let keys = ["t/", "t/a", "t/a/b", "t/a/", "t//two", "t/x//y", "t/..", "t/100%", "t/Case", "t/case", &long];
    keys.iter().for_each(|key| drop(small.server.put("b", key, key.as_bytes())));
    let dir = tempdir().unwrap();
    let options = GetOptions { names: Names::Escape, ..GetOptions::default() };
    let applied = got(&tree(&small), 1, dir.path(), &options).await;
    assert_eq!((applied.done, applied.failed), (keys.len() as u64, 0), "{:?}", applied.failures);
    let mut found = Vec::new();
    let mut dirs = vec![dir.path().to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
                continue;
            }
            let key = ssmbak::core::object::key_of(path.strip_prefix(dir.path()).unwrap()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("t/{key}"));
            found.push(format!("t/{key}"));
        }
    }
    found.sort();
    let mut expected = keys.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    let refused = tempdir().unwrap();
    let applied = got(&tree(&small), 1, refused.path(), &GetOptions::default()).await;
    assert_eq!((applied.done, applied.failed), (4, 7), "{:?}", applied.failures);
}

#[tokio::test]
async fn large_file_is_read_in_ranges_and_verified() {
    let small = Small::new();
    let bytes: Vec<u8> = (0..1_000_003_u32).map(|index| u8::try_from(index % 251).unwrap()).collect();
    small.server.put("b", "k", &bytes);
    let dir = tempdir().unwrap();
    let file = dir.path().join("k");
    let version = small.path("k", 1).preview().await.unwrap().unwrap();
    let options =
        DownloadOptions { ranges_from: 1, range_size: 100_000, ranges_at_once: 4, ..DownloadOptions::default() };
    small.server.cut_bodies(2, 30_000);
    small.server.set_latency(Duration::from_millis(10));
    small.bucket.download_file_with(&version, &file, &options).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == bytes);
    assert_eq!(small.server.counts()["GetObject"], 13);
    assert!(small.server.most_at_once() > 1);
    small.server.corrupt_bodies(true);
    let error = small.bucket.download_file_with(&version, &dir.path().join("l"), &options).await.unwrap_err();
    assert_eq!((error.kind, std::fs::read_dir(dir.path()).unwrap().count()), (ErrorKind::ChecksumMismatch, 1));
}

#[tokio::test]
async fn downloads_keep_to_their_rate() {
    let small = Small::new();
    (0..4).for_each(|n| drop(small.server.put("b", &format!("t/{n}"), &[7; 50_000])));
    let dir = tempdir().unwrap();
    let limit = Some(Arc::new(ByteRate::new(200_000)));
    let options =
        GetOptions { download: DownloadOptions { limit, ..DownloadOptions::default() }, ..GetOptions::default() };
    let begun = Instant::now();
    assert_eq!(got(&tree(&small), 1, dir.path(), &options).await.done, 4);
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn tree_passes_through_this_machine_to_another_endpoint() {
    let (small, other) = (Small::new(), Small::new());
    let headers = [("content-type", "text/x"), ("x-amz-meta-owner", "somebody"), ("x-amz-tagging", "team=blue")];
    small.server.put_with("b", "t/k ä", b"one", &headers);
    small.server.put_with("b", "t/empty", b"", &headers);
    let large = vec![7; 17 * 1024 * 1024];
    small.server.put("b", "t/large", &large);
    other.server.set_bucket("there", Versioning::Enabled);
    let to = Target { bucket: other.bucket.beside("there"), prefix: "was/".to_owned() };
    let tree = tree(&small);
    let copy = CopyOptions { through_here: true, ..CopyOptions::default() };
    let options = TreeRestoreOptions { copy: copy.clone(), to: Some(to.clone()), ..TreeRestoreOptions::default() };
    let plan = tree.contents_at(at(1), &to, |_| {}).await.unwrap();
    let applied = tree.restore(&mut TreeRun::new(plan, None), &options, &WHOLE()).await.unwrap();
    assert_eq!((applied.done, applied.failed), (3, 0), "{:?}", applied.failures);
    let there = other.server.current("there", "was/k ä").unwrap();
    assert_eq!((&*there.body, there.headers["x-amz-meta-owner"].as_str()), (&b"one"[..], "somebody"));
    assert_eq!(
        (there.headers["content-type"].as_str(), there.headers["x-amz-tagging"].as_str()),
        ("text/x", "team=blue")
    );
    assert!(*other.server.current("there", "was/large").unwrap().body == *large);
    let plan = tree.contents_at(at(1), &to, |_| {}).await.unwrap();
    let again = tree.compared(plan, None, Some(&to), &copy).await.unwrap();
    // Only the one in parts, of which nothing tells over the whole.
    assert!(again.changes.len() <= 1, "{:?}", again.totals);
}

#[tokio::test]
async fn fast_comparison_never_takes_another_upload_of_the_same_size_for_a_copy() {
    let small = Small::new();
    small.server.put("b", "t/k", &[1; 107]);
    small.clock(5);
    upload_in_parts(&small, "t/k", &[&[2; 100], &[3; 7]]).await;
    let fast = CopyOptions { fast: true, ..CopyOptions::default() };
    let tree = tree(&small);
    assert_eq!(planned(&tree, 1, &fast).await.changes.len(), 1);
    assert_eq!(restored(&tree, 1, &fast).await.done, 1);
    assert_eq!(*small.server.current("b", "t/k").unwrap().body, [1; 107]);
}
