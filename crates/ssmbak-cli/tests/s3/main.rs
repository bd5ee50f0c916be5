//! `s3bak`, run on a small S3.
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]
#![allow(clippy::print_stdout, reason = "what was measured, and what was left out")]

#[path = "../common/mod.rs"]
mod common;
mod gateway;
mod runs;

use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Ran, bare, program};
use serde_json::{Value, json};
use ssmbak_testkit::s3_server::Versioning;
use ssmbak_testkit::{S3Server, environment};
use tempfile::{TempDir, tempdir};

const BEGIN: u64 = 1_700_000_000;
const THEN: &str = "2023-11-14T22:13:21";

/// A server, a bucket `b`, and a home for journals.
struct World {
    server: S3Server,
    home: TempDir,
}

impl World {
    fn new() -> Self {
        let server = S3Server::start().unwrap();
        server.set_bucket("b", Versioning::Enabled);
        server.set_clock(BEGIN);
        Self { server, home: tempdir().unwrap() }
    }

    fn clock(&self, second: u64) {
        self.server.set_clock(BEGIN + second);
    }

    fn command(&self, line: &str) -> Command {
        let mut words = line.split(' ');
        let mut command = Command::new(program(words.next().unwrap()));
        command.args(words).env_clear().envs(environment(&self.server.endpoint()));
        command.env("SSMBAK_BUCKET", "b").env("HOME", self.home.path()).current_dir(self.home.path());
        command
    }

    fn run(&self, line: &str) -> Ran {
        Ran::of(&mut self.command(line))
    }

    fn body(&self, key: &str) -> Option<Vec<u8>> {
        self.server.current("b", key).map(|object| object.body.to_vec())
    }

    /// At 0 and a second later: a, b/c, gone. At 5 another a, gone deleted, new.
    fn tree(&self) {
        for key in ["t/a", "t/b/c", "t/gone", "t2/x"] {
            self.server.put("b", key, b"one");
        }
        self.clock(5);
        self.server.put("b", "t/a", b"two!");
        self.server.put("b", "t/new", b"new");
        self.server.delete("b", "t/gone");
        self.clock(9);
    }
}

#[test]
fn one_key_for_programs_and_people() {
    let world = World::new();
    let id = world.server.put("b", "data/k ä", b"one");
    world.clock(5);
    world.server.delete("b", "data/k ä");
    world.clock(9);
    let of = |line: &str| {
        let mut command = world.command(line);
        Ran::of(command.args(["data/k ä", THEN, "--output", "json"]))
    };
    for line in ["s3bak preview", "ssmbak s3 preview", "s3bak restore"] {
        let expected = json!({"Key": "data/k ä", "VersionId": id, "LastModified": "2023-11-14T22:13:20Z", "Size": 3});
        assert_eq!(of(line).json(), expected, "{line}");
    }
    assert_eq!(world.body("data/k ä").unwrap(), b"one");
    let mut command = world.command("s3bak preview");
    let deleted = Ran::of(command.args(["data/k ä", "2023-11-14T22:13:26", "--output", "json"]));
    assert_eq!((deleted.json()["Deleted"].clone(), deleted.json()["Size"].clone()), (json!(true), json!(0)));
    let shown = Ran::of(world.command("s3bak restore").args(["data/k ä", THEN]));
    assert!(shown.err.contains("no changes") && shown.out.contains("Key           data/k ä"), "{shown:?}");

    for (line, told) in [("preview", "no version of"), ("restore", "no version of"), ("body -o -", "no version of")] {
        let mut command = world.command(&format!("s3bak {line}"));
        let ran = Ran::of(command.args(["data/k ä", "2020-01-01", "--output", "json"]));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        let error = ran.error();
        assert!(error["Error"]["Message"].as_str().unwrap().contains(told), "{error}");
        assert_eq!(error["Error"]["Code"], "NotFound");
    }
}

#[test]
fn bytes_go_to_a_file_or_to_stdout() {
    let world = World::new();
    let bytes: Vec<u8> = (0..=255).collect();
    world.server.put("b", "k", &bytes);
    world.server.cut_bodies(1, 100);
    assert_eq!(world.run(&format!("s3bak body k {THEN} -o out")).code, Some(0));
    assert_eq!(std::fs::read(world.home.path().join("out")).unwrap(), bytes);
    let piped = world.command(&format!("s3bak body k {THEN} -o -")).stderr(Stdio::null()).output().unwrap();
    assert_eq!(piped.stdout, bytes);
    let device = world.run(&format!("s3bak body k {THEN} -o /dev/null"));
    assert_eq!(device.code, Some(0), "{device:?}");
    let nowhere = world.run(&format!("s3bak body k {THEN} -o missing/dir/out"));
    assert_eq!((nowhere.code, nowhere.err.contains("cannot write")), (Some(1), true), "{nowhere:?}");
    // What `-o json` would mean elsewhere is a file here.
    assert_eq!(world.run(&format!("ssmbak s3 body k {THEN} -o json")).code, Some(0));
    assert_eq!(std::fs::read(world.home.path().join("json")).unwrap(), bytes);
}

#[test]
fn a_tree_is_previewed_restored_and_told_for_programs() {
    let world = World::new();
    world.tree();
    let plan = world.run(&format!("s3bak preview t/ {THEN} -R --output json")).json();
    let rows: Vec<Value> =
        plan["Changes"].as_array().unwrap().iter().map(|row| json!([row["Action"], row["Key"], row["Size"]])).collect();
    assert_eq!(rows, [json!(["update", "t/a", 3]), json!(["create", "t/gone", 3])]);
    for (name, expected) in [
        ("SchemaVersion", json!(1)),
        ("Prefix", json!("t/")),
        ("Recursive", json!(true)),
        ("At", json!("2023-11-14T22:13:21Z")),
        ("Bucket", json!("b")),
        ("Region", json!("us-east-1")),
        ("Create", json!(1)),
        ("Update", json!(1)),
        ("Delete", json!(0)),
        ("CreateBytes", json!(3)),
        ("Unchanged", json!(1)),
        ("NewKept", json!(1)),
    ] {
        assert_eq!(plan[name], expected, "{name}");
    }
    let shown = world.run(&format!("s3bak preview t/ {THEN} -R"));
    assert!(shown.out.starts_with("update   2023-11-14T22:13:20Z         3 B  t/a\n"), "{}", shown.out);
    assert!(
        shown.out.ends_with("1 to create (3 B), 1 to update (3 B), 1 unchanged, 1 created since then, kept\n"),
        "{}",
        shown.out
    );
    assert!(shown.err.contains("apply with: s3bak restore t/ 2023-11-14T22:13:21Z -R -b b"), "{}", shown.err);
    let summary = world.run(&format!("s3bak preview t/ {THEN} -R --summary"));
    assert_eq!(summary.out.lines().count(), 1);

    let done = world.run(&format!("s3bak restore t/ {THEN} -R --delete-new --output json"));
    assert_eq!(done.code, Some(0), "{done:?}");
    let outcomes: Vec<Value> =
        done.json()["Changes"].as_array().unwrap().iter().map(|row| json!([row["Key"], row["Outcome"]])).collect();
    assert_eq!(outcomes, [json!(["t/a", "done"]), json!(["t/gone", "done"]), json!(["t/new", "done"])]);
    assert_eq!(world.server.keys("b"), ["t/a", "t/b/c", "t/gone", "t2/x"]);
    assert_eq!(world.body("t/a").unwrap(), b"one");
    // Nothing is left behind.
    assert_eq!(std::fs::read_dir(world.home.path().join(".local/state/s3bak")).unwrap().count(), 0);
}

#[test]
fn an_interrupted_restore_is_finished_by_the_same_command() {
    let world = World::new();
    for second in [0, 5] {
        world.clock(second);
        (0..400).for_each(|n| drop(world.server.put("b", &format!("t/{n:03}"), second.to_string().as_bytes())));
    }
    world.server.set_latency(Duration::from_millis(30));
    let line = format!("s3bak restore t/ {THEN} -R --concurrency 4");
    let child = world.command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while world.server.counts().get("CopyObject").copied().unwrap_or(0) < 20 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let first = Ran::from(child.wait_with_output().unwrap());
    assert_eq!(first.code, Some(130), "{first:?}");
    assert!(first.err.contains("to finish it") && first.err.contains("not begun"), "{}", first.err);
    let copied = world.server.counts()["CopyObject"];
    world.server.set_latency(Duration::ZERO);
    world.server.forget_counts();
    let second = world.run(&line);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert!(second.err.contains("going on after an interrupted run"), "{}", second.err);
    // Listed again, and neither copied nor compared again.
    let counts = world.server.counts();
    assert_eq!((counts["CopyObject"], counts["HeadObject"]), (400 - copied, 400 - copied));
    assert!((0..400).all(|n| world.body(&format!("t/{n:03}")).unwrap() == b"0"));
}

#[test]
fn what_fails_is_counted_and_can_be_tried_again() {
    let world = World::new();
    world.tree();
    world.server.refuse_after(Some(("CopyObject", 1)));
    let line = format!("s3bak restore t/ {THEN} -R --output json");
    let partly = world.run(&line);
    assert_eq!(partly.code, Some(3), "{partly:?}");
    let rows = partly.json()["Changes"].clone();
    let outcomes: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["Outcome"].as_str().unwrap()).collect();
    assert_eq!((outcomes.contains(&"done"), outcomes.contains(&"failed")), (true, true));
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .any(|row| row["Error"].as_str().is_some_and(|why| why.contains("AccessDenied")))
    );
    world.server.refuse_after(None);
    assert_eq!(world.run(&line).code, Some(0));
    assert_eq!((world.body("t/a").unwrap(), world.body("t/gone").unwrap()), (b"one".to_vec(), b"one".to_vec()));
}

#[test]
fn a_tree_is_downloaded_or_stored_elsewhere() {
    let world = World::new();
    world.tree();
    let got = world.run(&format!("s3bak get t/ {THEN} --to-dir was"));
    assert_eq!(got.code, Some(0), "{got:?}");
    assert_eq!(std::fs::read(world.home.path().join("was/b/c")).unwrap(), b"one");
    assert_eq!(std::fs::read(world.home.path().join("was/a")).unwrap(), b"one");
    assert!(!world.home.path().join("was/new").exists());
    world.server.set_bucket("other", Versioning::Enabled);
    let copied = world.run(&format!("s3bak restore t/ {THEN} -R --to s3://other/old/"));
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert_eq!(world.server.keys("other"), ["old/a", "old/b/c", "old/gone"]);
}

#[test]
fn log_diff_trash_and_undelete() {
    let world = World::new();
    world.tree();
    let log = world.run("s3bak log t/gone --output json").json();
    let versions = log["Versions"].as_array().unwrap();
    assert_eq!((versions.len(), &versions[0]["Deleted"], &versions[1]["Size"]), (2, &json!(true), &json!(3)));
    assert_eq!(world.run("s3bak log t/gone -n 1").out.lines().count(), 1);
    assert_eq!(world.run("s3bak log t/missing").code, Some(1));

    let diff = world.run(&format!("s3bak diff t/ {THEN} --output json"));
    assert_eq!(diff.code, Some(4), "{diff:?}");
    let rows: Vec<Value> =
        diff.json()["Changes"].as_array().unwrap().iter().map(|row| json!([row["Change"], row["Key"]])).collect();
    assert_eq!(rows, [json!(["changed", "t/a"]), json!(["removed", "t/gone"]), json!(["added", "t/new"])]);
    assert_eq!(diff.json()["Added"], 1);
    assert_eq!(world.run(&format!("s3bak diff t/ {THEN} 2023-11-14T22:13:22")).code, Some(0));
    assert_eq!(world.run(&format!("s3bak diff t/ now {THEN}")).code, Some(2));

    let trash = world.run("s3bak trash t/ --output json").json();
    assert_eq!((trash["Create"].clone(), trash["Changes"][0]["Key"].clone()), (json!(1), json!("t/gone")));
    // The time of the deletion, not of the version.
    assert_eq!(trash["Changes"][0]["DeletedAt"], "2023-11-14T22:13:25Z");
    assert!(world.run("s3bak trash").out.contains("deleted  2023-11-14T22:13:25Z"));
    assert_eq!(world.run("s3bak trash t/ --since @1700000006 --output json").json()["Create"], 0);
    assert_eq!(world.run("s3bak undelete t/gone --output json").json()["Key"], "t/gone");
    assert_eq!(world.body("t/gone").unwrap(), b"one");
    assert!(world.run("s3bak undelete t/gone").err.contains("it is not deleted"));
    assert_eq!(world.run("s3bak undelete t/missing").code, Some(1));
    world.server.delete("b", "t/a");
    world.server.delete("b", "t/gone");
    assert_eq!(world.run("s3bak undelete t/ -R").code, Some(0));
    assert_eq!(world.body("t/a").unwrap(), b"two!");
    assert_eq!(world.body("t/gone").unwrap(), b"one");
}

#[test]
fn an_archived_version_is_asked_for_and_waited_for() {
    let world = World::new();
    world.server.put_with("b", "k", b"cold", &[("x-amz-storage-class", "GLACIER")]);
    world.server.put_with("b", "t/k", b"cold", &[("x-amz-storage-class", "GLACIER")]);
    world.clock(5);
    world.server.put("b", "k", b"two");
    world.server.put("b", "t/k", b"two");
    let refused = world.run(&format!("s3bak restore k {THEN}"));
    assert!(refused.code == Some(1) && refused.err.contains("--rehydrate"), "{refused:?}");
    let asked = world.run(&format!("s3bak restore k {THEN} --rehydrate"));
    assert!(asked.code == Some(1) && asked.err.contains("run this again in 3 to 5 hours"), "{asked:?}");
    for line in ["restore k", "restore t/ -R"] {
        let mut command = world.command(&format!("s3bak {line}"));
        let waited = Ran::of(command.args([THEN, "--rehydrate", "--wait", "--poll", "0"]));
        assert_eq!(waited.code, Some(0), "{waited:?}");
    }
    assert_eq!((world.body("k").unwrap(), world.body("t/k").unwrap()), (b"cold".to_vec(), b"cold".to_vec()));
}

#[test]
fn wrong_calls_are_told_before_anything_is_asked() {
    let long = "k".repeat(1_025);
    for (line, told) in [
        ("s3bak preview t now -R -b b".to_owned(), "a slash at its end"),
        ("s3bak get t now --to-dir d -b b".to_owned(), "a slash at its end"),
        ("s3bak preview k soon -b b".to_owned(), "cannot read \"soon\" as a time"),
        ("s3bak preview k now".to_owned(), "no bucket was named"),
        (format!("s3bak preview {long} now -b b"), "1,024 bytes"),
        ("s3bak body k now -b b".to_owned(), "--outfile"),
        ("s3bak restore t/ now -R --to elsewhere/ -b b".to_owned(), "s3://bucket/prefix/"),
        ("s3bak restore k now --delete-new -b b".to_owned(), "--recursive"),
        ("s3bak restore t/ now -R --delete-new --to s3://x/ -b b".to_owned(), "cannot be used with"),
        ("s3bak get t/ now --to-dir d --journal j -b b".to_owned(), "unexpected argument '--journal'"),
        ("s3bak get t/ now --to-dir d --restart -b b".to_owned(), "unexpected argument '--restart'"),
        ("s3bak undelete t/ -R --restart -b b".to_owned(), "unexpected argument '--restart'"),
        ("s3bak batch finish plan --restart".to_owned(), "unexpected argument '--restart'"),
        ("s3bak restore k now --include x -b b".to_owned(), "--include is for trees"),
        ("s3bak restore k now --journal j -b b".to_owned(), "--journal is for trees"),
        ("s3bak preview k now --concurrency 2 -b b".to_owned(), "--concurrency is for trees"),
        ("s3bak undelete k --exclude x -b b".to_owned(), "--exclude is for trees"),
        ("s3bak restore t/ now -R --to s3://x/ --bwlimit 1M -b b".to_owned(), "--bwlimit is for objects that pass"),
        ("s3bak preview t/ now -R --concurrency 0 -b b".to_owned(), "0 is not in"),
        ("s3bak".to_owned(), "Usage"),
    ] {
        let mut command = bare(&line);
        let ran = Ran::of(command.envs([
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "y"),
            ("AWS_REGION", "eu-west-1"),
        ]));
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{line}: {ran:?}");
        assert!(ran.err.contains(told), "{line}: {}", ran.err);
    }
    let ran = Ran::of(&mut bare("s3bak preview t now -R -b b --output json"));
    assert_eq!(ran.error()["Error"]["Code"], "Usage");
}

#[test]
fn keys_steer_no_terminal() {
    let world = World::new();
    world.server.put("b", "t/\u{1b}[31mred\u{202e}", b"one");
    world.clock(5);
    world.server.delete("b", "t/\u{1b}[31mred\u{202e}");
    for line in [format!("s3bak preview t/ {THEN} -R"), "s3bak trash t/".to_owned(), format!("s3bak diff t/ {THEN}")] {
        let ran = world.run(&line);
        assert!(ran.out.contains("red") && !ran.out.contains(['\u{1b}', '\u{202e}']), "{line}: {ran:?}");
    }
}
