//! Bytes: streamed, gone on with, verified.

use ssmbak::ErrorKind;
use ssmbak::s3::part_file;
use tempfile::tempdir;

use crate::common::Small;

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

#[tokio::test]
async fn a_broken_answer_is_gone_on_with_where_it_broke() {
    let small = Small::new();
    let bytes = pattern(1_000_000);
    small.server.put("b", "k", &bytes);
    small.server.cut_bodies(3, 200_001);
    let mut got = Vec::new();
    small.path("k", 1).download_to(&mut got).await.unwrap();
    assert!(got == bytes);
    assert_eq!(small.server.counts()["GetObject"], 4);
    // Without any progress it ends.
    small.server.cut_bodies(u64::MAX, 0);
    let error = small.path("k", 1).body().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}

#[tokio::test]
async fn a_file_is_there_when_it_is_whole_and_an_interrupted_one_is_gone_on_with() {
    let small = Small::new();
    let dir = tempdir().unwrap();
    let bytes = pattern(300_000);
    small.server.put("b", "k", &bytes);
    let path = small.path("k", 1);
    let version = path.held().await.unwrap();
    let file = dir.path().join("f".repeat(255));
    let part = part_file(&file, &version.version_id);

    small.server.cut_bodies(u64::MAX, 0);
    small.bucket.download_file(version, &file).await.unwrap_err();
    assert!(!file.exists() && part.exists());
    small.server.cut_bodies(0, 0);
    std::fs::write(&part, &bytes[..123_456]).unwrap();
    small.server.forget_counts();
    small.bucket.download_file(version, &file).await.unwrap();
    assert!(std::fs::read(&file).unwrap() == bytes && !part.exists());
    // The rest alone was read: one GET, and a HEAD for what is to be verified.
    assert_eq!(small.server.counts().into_iter().collect::<Vec<_>>(), [("GetObject", 1), ("HeadObject", 1)]);
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    let seconds = modified.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds, crate::common::BEGIN);

    // What was left behind is of something else, or too long: noticed, and thrown away.
    for left in [vec![7; 1_000], pattern(400_000)] {
        std::fs::write(&part, &left).unwrap();
        let outcome = small.bucket.download_file(version, &file).await;
        if left.len() < bytes.len() {
            assert_eq!(outcome.unwrap_err().kind, ErrorKind::ChecksumMismatch);
            assert!(!part.exists());
        } else {
            outcome.unwrap();
        }
        assert!(std::fs::read(&file).unwrap() == bytes);
    }
}

#[tokio::test]
async fn damaged_bytes_are_noticed() {
    let small = Small::new();
    small.server.put("b", "k", b"precious");
    small.server.put("b", "empty", b"");
    small.server.corrupt_bodies(true);
    let error = small.path("k", 1).body().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::ChecksumMismatch, "{error}");
    assert!(!error.to_string().contains("precious"));
    assert_eq!(small.path("empty", 1).body().await.unwrap().unwrap(), b"");
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_told() {
    let small = Small::new();
    small.server.put("b", "k", b"x");
    let path = small.path("k", 1);
    let version = path.held().await.unwrap();
    let error = small.bucket.download_file(version, std::path::Path::new("/nonexistent/dir/f")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::LocalFile, "{error}");
}
