//! `s3bak` of 0.5.2 and ours on the same buckets: the same versions, bytes, states and exit codes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout};

use serde_json::Value;
use ssmbak_e2e::{Outcome, World, next_second};

/// What one of the two left behind.
#[derive(Debug, PartialEq)]
struct Left {
    code: Option<i32>,
    /// VersionId and whether it is a deletion.
    version: Option<(String, bool)>,
    /// The file of `body`.
    bytes: Option<Vec<u8>>,
    /// What the key holds now.
    now: Option<Vec<u8>>,
}

const KEYS: [&str; 7] =
    ["app/plain", "app/deleted", "app/again", "app/late", "app/with space+and%", "app/größe", "app/missing"];

/// Puts, overwrites, deletions and re-creations at three moments.
async fn live(world: &World) -> Outcome<Vec<String>> {
    let put = async |key: &str, body: &str| -> Outcome { world.put_object(key, body.as_bytes(), "").await };
    let delete = async |key: &str| -> Outcome {
        world.s3.delete_object().bucket(world.bucket).key(key).send().await?;
        Ok(())
    };
    let mut moments = vec![next_second().await.to_string()];
    for key in ["app/plain", "app/deleted", "app/again", "app/with space+and%", "app/größe"] {
        put(key, &format!("first of {key}\n")).await?;
        put(&format!("{key}-sibling"), "another key").await?;
    }
    moments.push(next_second().await.to_string());
    delete("app/deleted").await?;
    delete("app/again").await?;
    put("app/plain", "second").await?;
    moments.push(next_second().await.to_string());
    put("app/again", "again").await?;
    put("app/late", "late").await?;
    put("app/deleted", "revived").await?;
    put("app/with space+and%", "").await?;
    moments.push(next_second().await.to_string());
    Ok(moments.into_iter().map(|moment| moment.get(..19).unwrap_or_default().to_owned()).collect())
}

async fn now(world: &World, key: &str) -> Outcome<Option<Vec<u8>>> {
    match world.s3.get_object().bucket(world.bucket).key(key).send().await {
        Ok(output) => Ok(Some(output.body.collect().await?.to_vec())),
        Err(_) => Ok(None),
    }
}

/// The original, which goes on running.
struct Theirs {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Theirs {
    fn start(world: &World) -> Outcome<Self> {
        let mut child = world.original()?.s3bak()?;
        let answers = BufReader::new(child.stdout.take().ok_or("no output")?);
        Ok(Self { child, answers })
    }

    fn run(&mut self, arguments: &[&str]) -> Outcome<Value> {
        let mut stdin = self.child.stdin.as_ref().ok_or("no input")?;
        writeln!(stdin, "{}", serde_json::to_string(arguments)?)?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    async fn left(&mut self, world: &World, action: &str, key: &str, moment: &str) -> Outcome<Left> {
        let file = tempfile::NamedTempFile::new()?;
        let path = file.path().to_string_lossy().into_owned();
        let mut arguments = vec![action, key, moment, "-b", world.bucket];
        if action == "body" {
            arguments.extend(["-o", &path]);
        }
        let answer = self.run(&arguments)?;
        let code = answer["Code"].as_i64().and_then(|code| i32::try_from(code).ok());
        // A table of Key, LastModified, VersionId, and Deleted where it is one.
        let row = answer["Out"].as_str().unwrap_or_default().lines().nth(3).map(str::to_owned);
        let version = row.and_then(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            Some(((*cells.get(3)?).to_owned(), cells.get(4).is_some_and(|cell| *cell == "True")))
        });
        let bytes = if action == "body" && code == Some(0) { Some(std::fs::read(&path)?) } else { None };
        Ok(Left { code, version, bytes, now: now(world, key).await? })
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // It ends with its input; a test that failed does not wait.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn ours(world: &World, action: &str, key: &str, moment: &str) -> Outcome<Left> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("out");
    let mut command = world.command("s3bak");
    command.args([action, key, moment, "-b", world.bucket, "--output", "json"]);
    if action == "body" {
        command.arg("-o").arg(&path);
    }
    let output = command.output()?;
    let json: Option<Value> = serde_json::from_slice(&output.stdout).ok();
    let version = json.map(|json| (json["VersionId"].as_str().unwrap_or_default().to_owned(), json["Deleted"] == true));
    let bytes = if action == "body" && output.status.success() { Some(std::fs::read(&path)?) } else { None };
    Ok(Left { code: output.status.code(), version, bytes, now: now(world, key).await? })
}

#[tokio::test]
async fn both_tools_answer_and_restore_alike() -> Outcome {
    let (one, two) = (World::new("s3bak-theirs").await?, World::new("s3bak-ours").await?);
    let moments = live(&one).await?;
    let same = live(&two).await?;
    let mut original = Theirs::start(&one)?;
    for (moment, other) in moments.iter().zip(&same) {
        for key in KEYS {
            for action in ["preview", "body"] {
                // On the same bucket everything is the same, ids included.
                assert_eq!(
                    original.left(&one, action, key, moment).await?,
                    ours(&one, action, key, moment).await?,
                    "{action} {key} {moment}"
                );
            }
            // Restores on twins: ids differ, what is there afterwards does not.
            let (a, b) = (original.left(&one, "restore", key, moment).await?, ours(&two, "restore", key, other).await?);
            let of = |left: Left| (left.code, left.version.map(|(_, deleted)| deleted), left.now);
            assert_eq!(of(a), of(b), "restore {key} {moment}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn wrong_calls_end_alike() -> Outcome {
    let world = World::new("s3bak-calls").await?;
    let mut original = Theirs::start(&world)?;
    for (arguments, code) in [
        (&["preview", "k", "soon", "-b", "s3bak-calls"][..], None),
        (&["preview", "k", "2024-06-15T17:56:58"][..], Some(2)),
        (&["body", "k", "2024-06-15T17:56:58", "-b", "s3bak-calls"][..], Some(2)),
        (&["frobnicate", "k", "2024-06-15T17:56:58", "-b", "s3bak-calls"][..], Some(2)),
        (&["preview", "k", "2024-06-15T17:56:58", "-b", "s3bak-none"][..], Some(1)),
        (&["--version"][..], Some(0)),
    ] {
        let theirs = original.run(arguments)?["Code"].as_i64();
        let mut command = world.command("s3bak");
        let ours = command.args(arguments).env_remove("SSMBAK_BUCKET").output()?;
        // A time that cannot be read ended the original with a traceback.
        let expected = code.or(Some(2));
        assert_eq!(ours.status.code(), expected, "{arguments:?}");
        if let Some(code) = code {
            assert_eq!(theirs, Some(i64::from(code)), "{arguments:?}");
        }
        assert!(!String::from_utf8_lossy(&ours.stderr).contains("panicked"));
    }
    Ok(())
}

/// What the original loses, and ours keeps.
#[tokio::test]
async fn tags_class_and_encryption_survive_ours() -> Outcome {
    let world = World::new("s3bak-losses").await?;
    let rich = |body: &'static [u8]| {
        let put = world.s3.put_object().bucket(world.bucket).key("k").body(body.to_vec().into());
        put.tagging("team=blue").storage_class("STANDARD_IA".into()).server_side_encryption("aws:kms".into())
    };
    rich(b"one").send().await?;
    let moment = next_second().await.to_string();
    let moment = moment.get(..19).unwrap_or_default();
    let mut kept = BTreeMap::new();
    for tool in ["theirs", "ours"] {
        world.put_object("k", b"two", "").await?;
        next_second().await;
        let left = if tool == "ours" {
            ours(&world, "restore", "k", moment).await?
        } else {
            Theirs::start(&world)?.left(&world, "restore", "k", moment).await?
        };
        assert_eq!((left.code, left.now.as_deref()), (Some(0), Some(&b"one"[..])), "{tool}");
        let head = world.s3.head_object().bucket(world.bucket).key("k").send().await?;
        kept.insert(
            tool,
            (
                head.storage_class().is_some(),
                head.ssekms_key_id().is_some() || format!("{:?}", head.server_side_encryption()).contains("Kms"),
            ),
        );
    }
    assert_eq!(kept["ours"], (true, true));
    assert_ne!(kept["theirs"], kept["ours"]);
    Ok(())
}
