//! Keys that are hard to write, through every command, on another S3: a RADOS Gateway, if `SSMBAK_GATEWAY` is its URL.
//!
//! `cargo xtask test --full` starts one where Ceph can be installed.

use std::process::Command;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use serde_json::{Value, json};
use ssmbak_testkit::{create_versioned_bucket, environment, s3_client};
use tempfile::tempdir;

use crate::common::{Ran, program};

/// What stands behind `t/` in sixty keys.
fn nasty_keys() -> Vec<String> {
    let plain = [
        "a",
        "a/b",
        "a/b/c",
        "a/",
        "d/marker/",
        "d//",
        "//",
        "/lead",
        "x//y",
        "Case",
        "case",
        "CASE/x",
        " ",
        "  two  ",
        "a b",
        "a+b",
        "a%20b",
        "a%2Bb",
        "%",
        "%%",
        "%zz",
        "100%",
        "+",
        "a&b=c",
        "?versionId=null",
        "a?b#c",
        "#",
        "a;b",
        "a,b",
        "a=b",
        "a:b",
        "a@b",
        "$HOME",
        "`id`",
        "'",
        "\"",
        "it's \"so\"",
        "\\",
        "a\\b",
        "<x>&amp;",
        "]]>",
        "{}",
        "[*]",
        "*",
        "~",
        "^|",
        "ä",
        "a\u{308}",
        "日本語",
        "😀",
        "\u{202e}abc",
        "\u{a0}",
        "-",
        "--help",
        ".hidden",
        "null",
        "con",
        "trailing.",
    ];
    let mut keys: Vec<String> = plain.iter().map(|key| format!("t/{key}")).collect();
    keys.push(format!("t/{}", "n".repeat(255)));
    keys.push(format!("t/{}", "ü".repeat(150)));
    keys
}

/// The name of a bucket that this run alone has.
fn bucket(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

struct Gateway {
    client: aws_sdk_s3::Client,
    url: String,
    /// One of its own in every run.
    bucket: String,
    home: tempfile::TempDir,
}

impl Gateway {
    async fn put(&self, key: &str, body: String) {
        self.client.put_object().bucket(&self.bucket).key(key).body(body.into_bytes().into()).send().await.unwrap();
    }

    async fn body(&self, bucket: &str, key: &str) -> Option<String> {
        let sent = self.client.get_object().bucket(bucket).key(key).send().await.ok()?;
        Some(String::from_utf8(sent.body.collect().await.unwrap().to_vec()).unwrap())
    }

    fn run(&self, words: &[&str]) -> Ran {
        let mut command = Command::new(program("s3bak"));
        command.args(words).env_clear().envs(environment(&self.url)).env("SSMBAK_BUCKET", &self.bucket);
        Ran::of(command.env("HOME", self.home.path()).current_dir(self.home.path()))
    }

    fn json(&self, words: &[&str], code: i32) -> Value {
        let ran = self.run(&[words, &["--output", "json"]].concat());
        assert_eq!(ran.code, Some(code), "{words:?}: {ran:?}");
        ran.json()
    }

    /// The keys of the changes.
    fn keys(&self, words: &[&str], code: i32) -> Vec<String> {
        let told = self.json(words, code);
        told["Changes"].as_array().unwrap().iter().map(|row| row["Key"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn nasty_keys_go_through_every_command_on_a_gateway() {
    let Ok(url) = std::env::var("SSMBAK_GATEWAY") else {
        println!("skipped: SSMBAK_GATEWAY is not set");
        return;
    };
    let gateway = Gateway { client: s3_client(&url), url, bucket: bucket("nasty"), home: tempdir().unwrap() };
    let (nasty, other) = (gateway.bucket.clone(), bucket("other"));
    create_versioned_bucket(&gateway.client, &nasty).await.unwrap();
    create_versioned_bucket(&gateway.client, &other).await.unwrap();
    let mut keys = nasty_keys();
    assert_eq!(keys.len(), 60);
    keys.sort();
    for key in &keys {
        gateway.put(key, format!("one {key}")).await;
    }
    let then = pause().await;
    // A third is deleted, a third overwritten, and something is new.
    for (n, key) in keys.iter().enumerate() {
        match n % 3 {
            0 => drop(gateway.client.delete_object().bucket(&nasty).key(key).send().await.unwrap()),
            1 => gateway.put(key, "after".to_owned()).await,
            _ => {}
        }
    }
    gateway.put("t/new", "new".to_owned()).await;
    gateway.put("t2", "beside".to_owned()).await;
    let third = |of: usize| -> Vec<String> {
        keys.iter().enumerate().filter(|(n, _)| n % 3 == of).map(|(_, key)| key.clone()).collect()
    };
    let changed: Vec<String> =
        keys.iter().enumerate().filter(|(n, _)| n % 3 != 2).map(|(_, key)| key.clone()).collect();

    assert_eq!(gateway.keys(&["ls", "t/", &then, "-R"], 0), keys);
    assert_eq!(gateway.keys(&["preview", "t/", &then, "-R"], 0), changed);
    let mut differ = [changed.clone(), vec!["t/new".to_owned()]].concat();
    differ.sort();
    assert_eq!(gateway.keys(&["diff", "t/", &then], 4), differ);
    assert_eq!(gateway.keys(&["trash", "t/"], 0), third(0));
    for (n, key) in keys.iter().enumerate() {
        let read = gateway.run(&["body", key, &then, "-o", "-"]);
        assert_eq!((read.code, read.out), (Some(0), format!("one {key}")), "{key:?}");
        let told = gateway.json(&["preview", key, &then], 0);
        assert_eq!((told["Key"].clone(), told["Size"].clone()), (json!(key), json!(key.len() + 4)));
        let log = gateway.json(&["log", key], 0);
        assert_eq!(log["Versions"].as_array().unwrap().len(), if n % 3 == 2 { 1 } else { 2 }, "{key:?}");
    }
    let got = gateway.run(&["get", "t/", &then, "--to-dir", "was", "--names", "escape"]);
    assert!(got.code == Some(0) && got.err.contains("60 downloaded"), "{got:?}");
    let again = gateway.run(&["get", "t/", &then, "--to-dir", "was", "--names", "escape"]);
    assert!(again.code == Some(0) && again.err.contains("60 unchanged"), "{again:?}");
    let plan = gateway.json(&["manifest", "t/", &then, "--out", "plan", "--delete-new"], 0);
    let rows: u64 = plan["Jobs"].as_array().unwrap().iter().map(|job| job["Rows"].as_u64().unwrap()).sum();
    assert_eq!((rows, plan["Rest"]["delete"]["Rows"].clone()), (40, json!(1)));

    let copied = gateway.run(&["restore", "t/", &then, "-R", "--to", &format!("s3://{other}/was/"), "--yes"]);
    assert_eq!(copied.code, Some(0), "{copied:?}");
    for key in &keys {
        let there = format!("was/{}", &key[2..]);
        assert_eq!(gateway.body(&other, &there).await, Some(format!("one {key}")), "{there:?}");
    }
    let gone = third(0);
    let ran = gateway.run(&["undelete", &gone[1]]);
    assert_eq!((ran.code, gateway.body(&nasty, &gone[1]).await), (Some(0), Some(format!("one {}", gone[1]))));
    let ran = gateway.run(&["restore", &changed[0], &then]);
    assert_eq!((ran.code, gateway.body(&nasty, &changed[0]).await), (Some(0), Some(format!("one {}", changed[0]))));
    let ran = gateway.run(&["undelete", "t/", "-R", "--remove-markers", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = gateway.run(&["trash", "t/"]);
    assert!(ran.code == Some(0), "{ran:?}");
    let restored = gateway.run(&["restore", "t/", &then, "-R", "--delete-new", "--yes"]);
    assert_eq!(restored.code, Some(0), "{restored:?}");
    for key in &keys {
        assert_eq!(gateway.body(&nasty, key).await, Some(format!("one {key}")), "{key:?}");
    }
    assert_eq!((gateway.body(&nasty, "t/new").await, gateway.body(&nasty, "t2").await.is_some()), (None, true));
    for words in [&["preview", "t/", &then, "-R", "--delete-new"][..], &["restore", "t/", &then, "-R", "--delete-new"]]
    {
        let told = gateway.json(words, 0);
        assert_eq!((told["Changes"].clone(), told["Unchanged"].clone()), (json!([]), json!(61)), "{words:?}");
    }
    assert_eq!(gateway.keys(&["diff", "t/", &then], 0), Vec::<String>::new());
}

#[tokio::test]
async fn upload_in_parts_is_restored_once_on_a_gateway() {
    let Ok(url) = std::env::var("SSMBAK_GATEWAY") else {
        println!("skipped: SSMBAK_GATEWAY is not set");
        return;
    };
    let gateway = Gateway { client: s3_client(&url), url, bucket: bucket("parts"), home: tempdir().unwrap() };
    let (client, parts_bucket) = (&gateway.client, gateway.bucket.as_str());
    create_versioned_bucket(client, parts_bucket).await.unwrap();
    let upload = client.create_multipart_upload().bucket(parts_bucket).key("t/big").send().await.unwrap();
    let upload = upload.upload_id().unwrap();
    let mut parts = Vec::new();
    for (number, size) in [(1, 5 * 1024 * 1024), (2, 3)] {
        let body = vec![b'0' + u8::try_from(number).unwrap(); size].into();
        let part =
            client.upload_part().bucket(parts_bucket).key("t/big").upload_id(upload).part_number(number).body(body);
        let etag = part.send().await.unwrap().e_tag.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(etag).build());
    }
    let all = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = client.complete_multipart_upload().bucket(parts_bucket).key("t/big").upload_id(upload);
    complete.multipart_upload(all).send().await.unwrap();
    let then = pause().await;
    gateway.put("t/big", "after".to_owned()).await;
    let restored = gateway.run(&["restore", "t/", &then, "-R", "--yes"]);
    assert!(restored.code == Some(0) && restored.err.contains("1 restored"), "{restored:?}");
    assert!(gateway.body(parts_bucket, "t/big").await.is_some_and(|body| body.len() == 5 * 1024 * 1024 + 3));
    for (words, code) in
        [(&["preview", "t/", &then, "-R"][..], 0), (&["restore", "t/", &then, "-R"], 0), (&["diff", "t/", &then], 0)]
    {
        assert_eq!(gateway.keys(words, code), Vec::<String>::new(), "{words:?}");
    }
}

/// Waits until a second is over, and returns it.
async fn pause() -> String {
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    format!("@{}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() - 1)
}
