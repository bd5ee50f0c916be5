//! Runs after other runs: nothing older than the run is believed without looking, and exit code 0 is earned.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use ssmbak_testkit::S3Server;
use ssmbak_testkit::s3_server::{InventoryPlace, Versioning};

use crate::common::Ran;
use crate::{THEN, World};

/// Ten keys, each with a version before and a larger one after.
fn ten(world: &World) {
    for (second, body) in [(0, "one"), (5, "after")] {
        world.clock(second);
        (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), body.as_bytes())));
    }
    world.clock(9);
}

fn all_are(world: &World, body: &[u8]) -> bool {
    (0..10).all(|n| world.body(&format!("t/{n}")).as_deref() == Some(body))
}

#[test]
fn rerun_restores_what_was_overwritten_since_the_run_before() {
    let world = World::new();
    ten(&world);
    world.server.refuse_after(Some(("CopyObject", 9)));
    let line = format!("s3bak restore t/ {THEN} -R");
    assert_eq!(world.run(&line).code, Some(3));
    world.server.refuse_after(None);
    world.clock(20);
    (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), b"overwritten")));
    let again = world.run(&line);
    assert!(again.code == Some(0) && again.err.contains("10 restored"), "{again:?}");
    assert!(all_are(&world, b"one"));
}

#[test]
fn rerun_plans_anew_after_a_run_without_versioning() {
    let world = World::new();
    world.server.set_bucket("b", Versioning::Never);
    (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), b"one")));
    let line = format!("s3bak restore t/ {THEN} -R");
    let refused = world.run(&line);
    assert!(refused.code == Some(1) && refused.err.contains("keeps no versions"), "{refused:?}");
    world.server.set_bucket("b", Versioning::Enabled);
    world.clock(5);
    (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), b"after")));
    assert_eq!(world.run(&line).code, Some(0));
    assert!(all_are(&world, b"one"));
}

#[test]
fn undelete_after_a_partial_run_brings_back_what_is_deleted_now() {
    let world = World::new();
    ten(&world);
    (0..10).for_each(|n| world.server.delete("b", &format!("t/{n}")));
    world.server.refuse_after(Some(("CopyObject", 5)));
    assert_eq!(world.run("s3bak undelete t/ -R").code, Some(3));
    world.server.refuse_after(None);
    // What came back is stored anew or deleted again; what did not is stored by somebody.
    world.clock(20);
    (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), b"newest")));
    world.server.delete("b", "t/0");
    world.server.delete("b", "t/9");
    let again = world.run("s3bak undelete t/ -R");
    assert!(again.code == Some(0) && again.err.contains("2 brought back"), "{again:?}");
    assert!(all_are(&world, b"newest"));
}

#[test]
fn rerun_with_more_asked_for_does_it_for_every_key() {
    let world = World::new();
    world.clock(0);
    let acl = "<AccessControlPolicy><Owner><ID>me</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"x\" \
        xsi:type=\"CanonicalUser\"><ID>you</ID></Grantee><Permission>READ</Permission></Grant></AccessControlList>\
        </AccessControlPolicy>";
    (0..10).for_each(|n| drop(world.server.put_with("b", &format!("t/{n}"), b"one", &[("acl", acl)])));
    world.clock(5);
    (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), b"after")));
    world.server.refuse_after(Some(("CopyObject", 6)));
    assert_eq!(world.run(&format!("s3bak restore t/ {THEN} -R")).code, Some(3));
    world.server.refuse_after(None);
    let again = world.run(&format!("s3bak restore t/ {THEN} -R --acl"));
    assert!(again.code == Some(0) && again.err.contains("10 restored"), "{again:?}");
    assert_eq!(world.server.counts()["PutObjectAcl"], 10);
    // And then there is nothing to do.
    let third = world.run(&format!("s3bak restore t/ {THEN} -R --acl"));
    assert!(third.code == Some(0) && third.out.contains("no changes, 10 unchanged"), "{third:?}");
}

#[test]
fn killed_restore_is_finished_by_the_same_command() {
    let world = World::new();
    for (second, body) in [(0, "one"), (5, "after")] {
        world.clock(second);
        (0..200).for_each(|n| drop(world.server.put("b", &format!("t/{n:03}"), body.as_bytes())));
    }
    let line = format!("s3bak restore t/ {THEN} -R --concurrency 4");
    world.server.set_latency(Duration::from_millis(10));
    for copies in [20, 60] {
        let child = world.command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while world.server.counts().get("CopyObject").copied().unwrap_or(0) < copies {
            std::thread::sleep(Duration::from_millis(2));
        }
        assert!(Command::new("kill").args(["-KILL", &child.id().to_string()]).status().unwrap().success());
        child.wait_with_output().unwrap();
    }
    world.server.put("b", "t/000", b"somebody else");
    world.server.set_latency(Duration::ZERO);
    let last = world.run(&line);
    assert_eq!(last.code, Some(0), "{last:?}");
    assert!((0..200).all(|n| world.body(&format!("t/{n:03}")).unwrap() == b"one"));
    assert_eq!(std::fs::read_dir(world.home.path().join(".local/state/s3bak")).unwrap().count(), 0);
}

#[test]
fn urls_are_understood_and_a_prefix_without_versions_is_an_error() {
    let world = World::new();
    world.tree();
    let restored = world.run(&format!("s3bak restore s3://b/t/ {THEN} -R"));
    assert_eq!((restored.code, world.body("t/a").unwrap()), (Some(0), b"one".to_vec()), "{restored:?}");
    assert_eq!(world.run(&format!("s3bak body s3://b/t/a {THEN} -o -")).out, "one");
    for line in [
        format!("restore typo/ {THEN} -R"),
        format!("preview typo/ {THEN} -R"),
        format!("get typo/ {THEN} --to-dir d"),
        format!("diff typo/ {THEN}"),
        format!("ls typo/ {THEN}"),
        "trash typo/".to_owned(),
        "undelete typo/ -R".to_owned(),
    ] {
        let ran = world.run(&format!("s3bak {line} --output json"));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{line}: {ran:?}");
        assert_eq!(ran.error()["Error"]["Code"], "NotFound", "{line}");
    }
    let twice = world.run(&format!("s3bak restore s3://b/t/ {THEN} -R -b other"));
    assert!(twice.code == Some(2) && twice.err.contains("-b names other"), "{twice:?}");
}

#[test]
fn bucket_without_versions_is_one_clear_error_everywhere() {
    let world = World::new();
    world.server.set_bucket("plain", Versioning::Never);
    world.server.put("plain", "t/k", b"x");
    for line in [
        "preview t/k now",
        "preview t/ now -R",
        "body t/k now -o -",
        "restore t/k now",
        "restore t/ now -R",
        "get t/ now --to-dir d",
        "ls t/ now",
        "log t/k",
        "diff t/ yesterday",
        "trash",
        "undelete t/k",
        "undelete t/ -R",
    ] {
        let ran = world.run(&format!("s3bak {line} -b plain --output json"));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{line}: {ran:?}");
        assert_eq!(ran.error()["Error"]["Code"], "BucketNotVersioned", "{line}");
    }
}

#[test]
fn what_is_restored_already_is_unchanged_in_every_command() {
    let world = World::new();
    world.tree();
    assert_eq!(world.run(&format!("s3bak restore t/ {THEN} -R --delete-new")).code, Some(0));
    world.clock(20);
    let line = format!("{THEN} -R --delete-new --output json");
    for verb in ["preview", "restore"] {
        let plan = world.run(&format!("s3bak {verb} t/ {line}")).json();
        assert_eq!((plan["Changes"].clone(), plan["Unchanged"].clone()), (json!([]), json!(4)), "{verb}");
    }
    let diff = world.run(&format!("s3bak diff t/ {THEN}"));
    assert_eq!(diff.code, Some(0), "{diff:?}");
    for expected in ["done", "unchanged"] {
        let got = world.run(&format!("s3bak get t/ {THEN} --to-dir was --output json")).json();
        let outcomes = got["Changes"].as_array().unwrap().iter().map(|row| row["Outcome"].as_str().unwrap());
        assert!(outcomes.eq([expected; 3]), "{got}");
    }
}

#[test]
fn ls_shows_what_a_tree_held() {
    let world = World::new();
    world.tree();
    let shown = world.run(&format!("s3bak ls t/ {THEN}")).out;
    let rows: Vec<Vec<&str>> = shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["object", "2023-11-14T22:13:20Z", "3", "B", "t/a"]);
    assert_eq!(rows[1], ["folder", "1", "keys", "3", "B", "t/b/"]);
    assert_eq!(rows[3], ["3", "keys", "(9", "B)"]);
    assert!(world.run(&format!("s3bak ls t/ {THEN} -R")).out.contains("t/b/c"));
    let json = world.run(&format!("s3bak ls t/ t2/ {THEN} --exclude 'x*' --include 'c' --include gone --output json"));
    let json = json.json();
    assert_eq!(json["Prefixes"], json!(["t/", "t2/"]));
    let keys: Vec<&str> = json["Changes"].as_array().unwrap().iter().map(|row| row["Key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["t/gone"], "globs were quoted for no shell: {json}");
}

#[test]
fn several_prefixes_and_globs_narrow_a_restore_and_a_download() {
    let world = World::new();
    for key in ["t/a.csv", "t/a.txt", "u/b.csv", "v/c.csv"] {
        world.server.put("b", key, b"one");
    }
    world.clock(5);
    for key in ["t/a.csv", "t/a.txt", "u/b.csv", "v/c.csv"] {
        world.server.put("b", key, b"after");
    }
    world.clock(9);
    let dry = world.run(&format!("s3bak restore t/ u/ {THEN} -R --include *.csv --dry-run"));
    assert!(dry.code == Some(0) && dry.out.contains("2 to update"), "{dry:?}");
    assert_eq!(world.body("t/a.csv").unwrap(), b"after");
    assert_eq!(world.run(&format!("s3bak restore t/ u/ {THEN} -R --include *.csv")).code, Some(0));
    let bodies = ["t/a.csv", "t/a.txt", "u/b.csv", "v/c.csv"].map(|key| world.body(key).unwrap().len());
    assert_eq!(bodies, [3, 5, 3, 5]);
    let dry = world.run(&format!("s3bak get t/ u/ {THEN} --to-dir d --dry-run"));
    assert!(dry.out.contains("3 to create") && !world.home.path().join("d").exists(), "{dry:?}");
    assert_eq!(world.run(&format!("s3bak get t/ u/ {THEN} --to-dir d")).code, Some(0));
    assert_eq!(std::fs::read(world.home.path().join("d/u/b.csv")).unwrap(), b"one");
    let dry = world.run(&format!("s3bak get t/ u/ {THEN} --to-dir d --dry-run"));
    assert!(dry.out.contains("no changes, 3 unchanged"), "{dry:?}");
    let both = world.run(&format!("s3bak restore t/ u/ {THEN} -R --to s3://b/x/"));
    assert_eq!(both.code, Some(2), "{both:?}");
}

#[test]
fn another_endpoint_gets_the_tree_and_names_its_own_faults() {
    let (world, other) = (World::new(), S3Server::start().unwrap());
    world.tree();
    other.set_bucket("there", Versioning::Enabled);
    let line = format!("s3bak restore t/ {THEN} -R --to s3://there/was/ --to-endpoint {}", other.endpoint());
    let dry = world.run(&format!("{line} --dry-run"));
    assert!(dry.out.contains("3 to create") && other.keys("there").is_empty(), "{dry:?}");
    let ran = world.run(&line);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(other.keys("there"), ["was/a", "was/b/c", "was/gone"]);
    let wrong = world.run(&format!("s3bak restore t/ {THEN} -R --to s3://nowhere/was/"));
    assert!(wrong.code == Some(1) && wrong.err.contains("nowhere"), "{wrong:?}");
}

#[test]
fn archived_bytes_are_asked_for_by_get_and_body_and_counted_once() {
    let world = World::new();
    let cold = [("x-amz-storage-class", "GLACIER")];
    ["t/k", "t/l"].iter().for_each(|key| drop(world.server.put_with("b", key, b"cold", &cold)));
    world.server.put("b", "t/warm", b"warm");
    world.clock(5);
    let wait = "--rehydrate --wait --poll 0";
    let refused = world.run(&format!("s3bak get t/ {THEN} --to-dir d"));
    assert!(refused.code == Some(3) && refused.err.contains("--rehydrate"), "{refused:?}");
    let got = world.run(&format!("s3bak get t/ {THEN} --to-dir d {wait}"));
    assert!(got.code == Some(0) && got.err.contains("2 downloaded, 1 unchanged"), "{got:?}");
    world.server.put_with("b", "t/m", b"cold", &cold);
    assert_eq!(world.run("s3bak body t/m now -o out").code, Some(1));
    assert_eq!(world.run(&format!("s3bak body t/m now -o out {wait}")).code, Some(0));
    assert_eq!(std::fs::read(world.home.path().join("out")).unwrap(), b"cold");
}

#[test]
fn few_open_files_are_enough() {
    let world = World::new();
    (0..300).for_each(|n| drop(world.server.put("b", &format!("t/{n:03}"), b"body")));
    let s3bak = crate::common::program("s3bak");
    let mut shell = world.command("s3bak");
    let line = format!("ulimit -n 64; exec {s3bak} get t/ {THEN} --to-dir d --concurrency 256");
    let mut limited = Command::new("sh");
    limited.args(["-c", &line]).env_clear().current_dir(world.home.path());
    limited.envs(shell.env_remove("x").get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = Ran::of(&mut limited);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(std::fs::read_dir(world.home.path().join("d")).unwrap().count(), 300);
}

#[test]
fn requester_says_with_every_request_that_it_pays() {
    let world = World::new();
    world.tree();
    let ran = world.run(&format!("s3bak restore t/ {THEN} -R --request-payer"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(world.server.paid() > 0 && world.server.paid() == world.server.counts().values().sum::<u64>());
}

#[test]
fn batch_operations_restore_a_tree_and_the_rest_is_finished_here() {
    let world = World::new();
    world.server.set_bucket("files", Versioning::Enabled);
    for n in 0..300 {
        let class = [("x-amz-storage-class", "STANDARD_IA")];
        world.server.put_with("b", &format!("t/ä {n:03}"), b"one", if n % 3 == 0 { &class } else { &[] });
    }
    world.clock(5);
    (0..300).for_each(|n| drop(world.server.put("b", &format!("t/ä {n:03}"), b"after")));
    world.server.put("b", "t/new", b"new");
    world.clock(9);
    let listed = world.run(&format!("s3bak manifest t/ {THEN} --delete-new --out plan --output json"));
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let plan = listed.json();
    let rows: Vec<u64> = plan["Jobs"].as_array().unwrap().iter().map(|job| job["Rows"].as_u64().unwrap()).collect();
    assert_eq!((rows, plan["Rest"]["delete"]["Rows"].clone()), (vec![200, 100], json!(1)));
    let manifest = std::fs::read_to_string(world.home.path().join("plan/copy-002.csv")).unwrap();
    assert!(manifest.starts_with("b,t/%C3%A4%20001,") || manifest.starts_with("b,t/%C3%A4%20000,"), "{manifest}");

    let early = world.run("s3bak batch finish plan --account 111122223333");
    assert!(early.code == Some(1) && early.err.contains("no job was created"), "{early:?}");
    world.server.protect("t/ä 007");
    let role = "arn:aws:iam::111122223333:role/batch";
    let line = format!("s3bak batch start plan --account 111122223333 --role {role} --files s3://files/p/ --yes");
    for _ in 0..2 {
        let started = world.run(&line);
        assert_eq!(started.code, Some(0), "{started:?}");
    }
    assert_eq!(world.server.jobs().len(), 2);
    assert!(world.server.jobs().iter().any(|job| job.contains("<StorageClass>STANDARD_IA</StorageClass>")));
    let status = world.run("s3bak batch status plan --account 111122223333 --output json").json();
    let failed: u64 = status["Jobs"].as_array().unwrap().iter().map(|job| job["Failed"].as_u64().unwrap()).sum();
    assert_eq!((failed, status["Jobs"][0]["Status"].clone()), (1, json!("Complete")));
    assert_eq!(world.body("t/ä 007").unwrap(), b"after");

    world.clock(20);
    let finished = world.run("s3bak batch finish plan --account 111122223333");
    assert!(finished.code == Some(0) && finished.err.contains("2 finished"), "{finished:?}");
    assert!(finished.err.contains("failed in its job: t/ä 007: AccessDenied 403 Access denied"), "{finished:?}");
    assert!(finished.err.contains("301 of 301 rows are as they were"), "{finished:?}");
    assert!((0..300).all(|n| world.body(&format!("t/ä {n:03}")).unwrap() == b"one"));
    assert_eq!(world.body("t/new"), None);
    let again = world.run("s3bak batch finish plan --account 111122223333");
    assert!(again.code == Some(0) && again.err.contains("no changes"), "{again:?}");
    let role = world.run("s3bak batch role -b b --files s3://files/p/").json();
    assert_eq!(role["Trust"]["Statement"][0]["Principal"]["Service"], "batchoperations.s3.amazonaws.com");
}

const START: &str = "s3bak batch start plan --account 111122223333 --role arn:aws:iam::111122223333:role/batch --files s3://files/p/ --yes";
const FINISH: &str = "s3bak batch finish plan --account 111122223333";

/// A tree of so many keys, `one` at first and `after` since.
fn overwritten(keys: u32) -> World {
    let world = World::new();
    world.server.set_bucket("files", Versioning::Enabled);
    for (second, body) in [(0, "one"), (5, "after")] {
        world.clock(second);
        (0..keys).for_each(|n| drop(world.server.put("b", &format!("t/{n:05}"), body.as_bytes())));
    }
    world.clock(9);
    world
}

#[test]
fn batch_finish_names_what_failed_in_jobs_and_here() {
    let world = overwritten(20);
    assert_eq!(world.run(&format!("s3bak manifest t/ {THEN} --out plan")).code, Some(0));
    world.server.protect("t/00003");
    world.server.protect("t/00007");
    world.server.refuse_key("CopyObject", "t/00007", 403);
    assert_eq!(world.run(START).code, Some(0));
    let finished = world.run(FINISH);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    for told in ["failed in its job: t/00003: AccessDenied", "failed in its job: t/00007: AccessDenied", "1 finished"] {
        assert!(finished.err.contains(told), "{told}: {finished:?}");
    }
    assert!(finished.err.contains("failed: cannot copy") || finished.err.contains("t/00007"), "{finished:?}");
    assert_eq!(world.body("t/00007").unwrap(), b"after");
    // For programs too.
    let finished = world.run(&format!("{FINISH} --output json"));
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let told = finished.json();
    assert_eq!((told["JobsFailed"].clone(), told.get("Rows")), (json!(2), None));
    let tasks: Vec<&str> =
        told["FailedTasks"].as_array().unwrap().iter().map(|task| task["Key"].as_str().unwrap()).collect();
    assert_eq!(tasks, ["t/00003", "t/00007"]);
    assert_eq!(told["FailedTasks"][0]["Error"], "AccessDenied 403 Access denied");
    assert_eq!(
        (told["Changes"][0]["Key"].clone(), told["Changes"][0]["Outcome"].clone()),
        (json!("t/00007"), json!("failed"))
    );
}

#[test]
fn batch_finish_verifies_every_row_and_deletes_none_whose_version_expired() {
    let world = World::new();
    world.server.set_bucket("files", Versioning::Enabled);
    let ids: Vec<String> = (0..10).map(|n| world.server.put("b", &format!("t/{n}"), b"one")).collect();
    world.clock(5);
    (0..10).for_each(|n| drop(world.server.put("b", &format!("t/{n}"), b"after")));
    world.server.put("b", "t/new", b"new");
    world.clock(9);
    assert_eq!(world.run(&format!("s3bak manifest t/ {THEN} --delete-new --out plan")).code, Some(0));
    assert_eq!(world.run(START).code, Some(0));
    // A lifecycle rule takes the version that was copied, so that the key seems to have come later.
    world.server.expire("b", "t/4", &ids[4]);
    world.clock(20);
    let finished = world.run(FINISH);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.err.contains("wrong: t/4: its version"), "{finished:?}");
    assert!(finished.err.contains("10 of 11 rows are as they were"), "{finished:?}");
    let told = world.run(&format!("{FINISH} --output json")).json();
    assert_eq!(
        (told["Rows"].clone(), told["Wrong"].clone(), told["Changes"].clone()),
        (json!(11), json!(1), json!([]))
    );
    assert_eq!(told["WrongRows"][0]["Key"], "t/4");
    assert_eq!((world.body("t/4").unwrap(), world.body("t/new")), (b"one".to_vec(), None));
}

#[test]
fn batch_jobs_restore_to_another_bucket_under_whole_keys() {
    let world = overwritten(20);
    world.server.set_bucket("other", Versioning::Enabled);
    let refused = world.run(&format!("s3bak manifest t/ {THEN} --out plan --to s3://other/was/"));
    assert!(refused.code == Some(2) && refused.err.contains("--to s3://other/was/t/"), "{refused:?}");
    assert_eq!(world.run(&format!("s3bak manifest t/ {THEN} --out plan --to s3://other/was/t/")).code, Some(0));
    assert_eq!(world.run(START).code, Some(0));
    let request = &world.server.jobs()[0];
    assert!(request.contains("<TargetResource>arn:aws:s3:::other</TargetResource>"), "{request}");
    assert!(request.contains("<TargetKeyPrefix>was</TargetKeyPrefix>"), "{request}");
    let there = |key: &str| world.server.current("other", key).unwrap().body.to_vec();
    assert_eq!((there("was/t/00000"), world.body("t/00000").unwrap()), (b"one".to_vec(), b"after".to_vec()));
    // One is overwritten there before the end.
    world.server.put("other", "was/t/00011", b"else");
    let finished = world.run(FINISH);
    assert!(finished.code == Some(0) && finished.err.contains("20 of 20 rows"), "{finished:?}");
    assert!(finished.err.contains("1 finished"), "{finished:?}");
    assert_eq!(there("was/t/00011"), b"one");
}

#[test]
fn same_manifest_of_another_day_is_another_job() {
    let world = overwritten(3);
    for (jobs, body) in [(1, "again"), (2, "again")] {
        assert_eq!(world.run(&format!("s3bak manifest t/ {THEN} --out plan")).code, Some(0));
        assert_eq!(world.run(START).code, Some(0));
        assert_eq!(world.server.jobs().len(), jobs);
        assert_eq!(world.body("t/00001").unwrap(), b"one");
        world.clock(20 + jobs as u64);
        (0..3).for_each(|n| drop(world.server.put("b", &format!("t/{n:05}"), body.as_bytes())));
    }
}

#[test]
fn manifests_of_an_inventory_are_those_of_a_listing() {
    let world = overwritten(300);
    let class = [("x-amz-storage-class", "STANDARD_IA")];
    world.server.put_with("b", "t/ä +,\"", b"new", &class);
    world.server.set_bucket("inv", Versioning::Never);
    world.clock(15);
    let place = InventoryPlace { bucket: "inv", prefix: "b/daily/", rows: 100 };
    let manifest = format!("s3://inv/{}", world.server.write_inventory("b", &place));
    world.server.forget_counts();
    let line = format!("s3bak manifest t/ {THEN} --delete-new");
    let read = world.run(&format!("{line} --out read --inventory {manifest}"));
    assert!(read.code == Some(0) && read.err.contains("an inventory of 2023-11-14T22:13:35Z"), "{read:?}");
    assert_eq!(world.server.counts().get("ListObjectVersions"), None);
    assert_eq!(world.run(&format!("{line} --out listed")).code, Some(0));
    for file in ["copy-001.csv", "delete.csv"] {
        let of = |dir: &str| std::fs::read_to_string(world.home.path().join(dir).join(file)).unwrap();
        assert!(!of("read").is_empty() && of("read") == of("listed"), "{file}");
    }
    let early = world.run(&format!("s3bak manifest t/ 2023-11-14T22:13:36 --out e --inventory {manifest}"));
    assert!(early.code == Some(1) && early.err.contains("give a later inventory"), "{early:?}");
    let wrong = world.run(&format!("s3bak manifest t/ {THEN} --out e --inventory s3://inv/b/"));
    assert!(wrong.code == Some(2) && wrong.err.contains("is not an inventory"), "{wrong:?}");
    // What is written after the inventory is made good in the end.
    world.clock(20);
    world.server.put("b", "t/00005", b"later");
    std::fs::rename(world.home.path().join("read"), world.home.path().join("plan")).unwrap();
    assert_eq!(world.run(START).code, Some(0));
    world.clock(25);
    world.server.put("b", "t/00006", b"later");
    let finished = world.run(FINISH);
    assert!(finished.code == Some(0) && finished.err.contains("301 of 301 rows are as they were"), "{finished:?}");
    assert!((0..300).all(|n| world.body(&format!("t/{n:05}")).unwrap() == b"one"));
}

/// Runs a command, and finds the most memory it took, in MiB.
fn measured(world: &World, line: &str) -> (Ran, u64) {
    let mut shell = Command::new("sh");
    let time = format!(
        "{} & pid=$!; most=0; while kill -0 $pid 2>/dev/null; do \
        now=$(awk '/VmHWM/{{print $2}}' /proc/$pid/status 2>/dev/null); most=${{now:-$most}}; sleep 0.05; done; \
        wait $pid; code=$?; echo $most >most; exit $code",
        line.replacen("s3bak", crate::program("s3bak"), 1)
    );
    let command = world.command("s3bak");
    shell.args(["-c", &time]).env_clear().current_dir(world.home.path());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("PATH", "/usr/bin:/bin");
    let started = Instant::now();
    let ran = Ran::of(&mut shell);
    assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    let most = std::fs::read_to_string(world.home.path().join("most")).unwrap();
    let mib = most.trim().parse::<u64>().unwrap().div_ceil(1_024);
    println!("{:>6.1} s  {mib:>4} MiB  {line}", started.elapsed().as_secs_f64());
    (ran, mib)
}

/// With SSMBAK_TEST_FULL a million.
#[test]
fn fifty_thousand_rows_go_through_batch_jobs_in_bounded_memory() {
    let rows = if std::env::var_os("SSMBAK_TEST_FULL").is_some() { 1_000_000 } else { 50_000 };
    let world = overwritten(rows);
    world.server.set_bucket("inv", Versioning::Never);
    let place = InventoryPlace { bucket: "inv", prefix: "b/daily/", rows: 250_000 };
    let manifest = format!("s3://inv/{}", world.server.write_inventory("b", &place));
    let line = format!("s3bak manifest t/ {THEN} --out");
    let mut took = vec![measured(&world, &format!("{line} plan")).1];
    took.push(measured(&world, &format!("{line} read --inventory {manifest}")).1);
    let of = |dir: &str| std::fs::read(world.home.path().join(dir).join("copy-001.csv")).unwrap();
    assert!(of("plan") == of("read"));
    took.push(measured(&world, START).1);
    let (finished, mib) = measured(&world, FINISH);
    took.push(mib);
    assert!(finished.err.contains(&format!("{rows} of {rows} rows are as they were")), "{finished:?}");
    assert_eq!(world.server.counts().get("CopyObject"), None);
    // Rows are in files, and not in memory: with a thousandth of them it is about as much.
    assert!(took.iter().all(|mib| *mib < 200), "{took:?} MiB");
}
