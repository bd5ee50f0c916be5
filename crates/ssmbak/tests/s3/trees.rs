//! Trees: listed in parallel, planned on disk, restored, resumed, downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use ssmbak::core::object::{ObjectAction, ObjectChange, ObjectPlanOptions};
use ssmbak::s3::tree::{Journal, Target, Tree, TreePlan, TreeRestoreOptions, Watcher};
use ssmbak::{Error, ErrorKind};
use ssmbak_testkit::s3_server::Versioning;
use tempfile::tempdir;

use crate::common::{Small, at};

/// Stops after so many changes.
pub struct Until(pub AtomicU64);

pub const WHOLE: fn() -> Until = || Until(AtomicU64::new(u64::MAX));

impl Watcher for Until {
    fn settled(&self, _change: &ObjectChange, _outcome: &Result<(), Error>) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
    }

    fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

fn tree(small: &Small, prefix: &str) -> Tree {
    Tree::new(&small.bucket, prefix, std::env::temp_dir(), 32)
}

fn told(plan: &mut TreePlan) -> Vec<String> {
    let rows = plan.changes.rows().map(|change| {
        let change = change.unwrap();
        format!("{} {}", change.action.name(), change.version.key)
    });
    rows.collect()
}

fn contents(small: &Small, bucket: &str) -> BTreeMap<String, Vec<u8>> {
    let keys = small.server.keys(bucket).into_iter();
    keys.map(|key| (key.clone(), small.server.current(bucket, &key).unwrap().body.to_vec())).collect()
}

/// At 0: kept, changed, gone, dead. After 5: changed and gone are, new comes, dead had died at 3 and is back.
fn small_tree() -> Small {
    let small = Small::new();
    for key in ["t/kept", "t/changed", "t/gone", "t/dead", "t2/sibling", "t/deep/er/ä"] {
        small.server.put("b", key, b"one");
    }
    small.clock(3);
    small.server.delete("b", "t/dead");
    small.clock(6);
    for key in ["t/changed", "t/new", "t/dead", "t2/sibling", "t/deep/er/ä"] {
        small.server.put("b", key, b"two");
    }
    small.server.delete("b", "t/gone");
    small.clock(9);
    small
}

#[tokio::test]
async fn a_tree_is_planned_and_restored_in_its_place() {
    let small = small_tree();
    let dir = tempdir().unwrap();
    let tree = tree(&small, "t/");
    let mut plan = tree.plan(at(4), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    assert_eq!(told(&mut plan), ["update t/changed", "delete t/dead", "update t/deep/er/ä", "create t/gone"]);
    let totals = plan.totals;
    assert_eq!((totals.create, totals.update, totals.delete, totals.unchanged, totals.new_kept), (1, 2, 1, 1, 1));
    assert_eq!((totals.create_bytes, totals.update_bytes, totals.versions), (3, 6, 11));

    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut plan).unwrap();
    let applied = tree.restore(&mut journal, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert!(applied.is_complete() && applied.done == 4, "{applied:?}");
    let keys: Vec<String> =
        contents(&small, "b").into_iter().filter(|(_, body)| body == b"one").map(|(key, _)| key).collect();
    assert_eq!(keys, ["t/changed", "t/deep/er/ä", "t/gone", "t/kept"]);
    assert_eq!(&*small.server.current("b", "t2/sibling").unwrap().body, b"two");
    assert!(small.server.current("b", "t/new").is_some() && small.server.current("b", "t/dead").is_none());

    // Once more: what is a copy of the version already is compared, and not written again.
    journal.finish();
    small.server.forget_counts();
    let mut again = tree.plan(at(4), ObjectPlanOptions { delete_new: true }, |_| {}).await.unwrap();
    assert_eq!(told(&mut again), ["update t/changed", "update t/deep/er/ä", "update t/gone", "delete t/new"]);
    assert_eq!(again.totals.same_bytes, 3);
    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut again).unwrap();
    let applied = tree.restore(&mut journal, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    let counts = small.server.counts();
    assert_eq!((applied.done, counts.get("CopyObject"), counts["DeleteObject"]), (4, None, 1));
    journal.finish();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_tree_goes_to_another_place_as_it_was() {
    let small = small_tree();
    small.server.set_bucket("other", Versioning::Enabled);
    small.server.put("other", "was/stays", b"x");
    let dir = tempdir().unwrap();
    let tree = tree(&small, "t/");
    let mut plan = tree.contents(at(1), |_| {}).await.unwrap();
    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut plan).unwrap();
    let to = Some(Target { bucket: "other".to_owned(), prefix: "was/".to_owned() });
    let options = TreeRestoreOptions { to, ..TreeRestoreOptions::default() };
    let before = contents(&small, "b");
    tree.restore(&mut journal, &options, &WHOLE()).await.unwrap();
    let there: Vec<String> = contents(&small, "other").into_keys().collect();
    assert_eq!(there, ["was/changed", "was/dead", "was/deep/er/ä", "was/gone", "was/kept", "was/stays"]);
    assert_eq!(contents(&small, "b"), before);
}

/// Keys of several layouts, each with a version before and one after.
fn layouts() -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("numbered/", (0..4_000).map(|n| format!("numbered/item-{n:06}")).collect()),
        ("dated/", (0..4_000).map(|n| format!("dated/2024/{:02}/{:02}/log-{n}.gz", n % 12, n % 28)).collect()),
        ("hashed/", (0..4_000_u64).map(|n| format!("hashed/{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect()),
        ("ünï/", (0..4_000).map(|n| format!("ünï/鍵{}-{n}", char::from_u32(0x4e00 + n % 512).unwrap())).collect()),
        ("/", (0..4_000).map(|n| format!("//{n}//x")).collect()),
    ]
}

#[tokio::test]
async fn a_listing_read_in_pieces_finds_every_key_once_and_in_order() {
    let small = Small::new();
    let layouts = layouts();
    for (second, body) in [(0, "one"), (5, "two")] {
        small.clock(second);
        for key in layouts.iter().flat_map(|(_, keys)| keys) {
            small.server.put("b", key, body.as_bytes());
        }
    }
    // One key with more versions than several pages hold.
    for second in 0..4_500 {
        small.clock(second);
        small.server.put("b", "numbered/item-002500", second.to_string().as_bytes());
    }
    let mut all: BTreeSet<String> = BTreeSet::new();
    for (prefix, keys) in layouts.iter().chain([&("", Vec::new())]) {
        small.server.forget_counts();
        let mut plan = tree(&small, prefix).plan(at(2), ObjectPlanOptions::default(), |_| {}).await.unwrap();
        let expected: BTreeSet<String> = keys.iter().cloned().collect();
        all.extend(expected.clone());
        let expected = if prefix.is_empty() { &all } else { &expected };
        let found: Vec<String> = plan.changes.rows().map(|change| change.unwrap().version.key).collect();
        assert!(found.iter().eq(expected.iter()), "{prefix}: {} of {}", found.len(), expected.len());
        let (versions, pages) = (plan.totals.versions, small.server.counts()["ListObjectVersions"]);
        assert_eq!(
            versions,
            expected.len() as u64 * 2 + if expected.contains("numbered/item-002500") { 4_500 } else { 0 }
        );
        // Not many requests are spent on pieces that turn out to be empty.
        assert!(pages <= versions / 1_000 + 250, "{prefix}: {pages} pages for {versions} versions");
    }
    // The key that straddles pages has the version of the time.
    let mut plan = tree(&small, "numbered/").plan(at(2), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    let long = plan.changes.rows().map(Result::unwrap).find(|change| change.version.key.ends_with("2500")).unwrap();
    assert_eq!((long.action, long.version.size), (ObjectAction::Update, 1));
    assert!(small.server.most_at_once() > 4, "{}", small.server.most_at_once());
}

#[tokio::test]
async fn a_busy_s3_is_asked_less_at_once_and_everything_gets_done() {
    let small = Small::new();
    for second in [0, 5] {
        small.clock(second);
        (0..600).for_each(|n| drop(small.server.put("b", &format!("t/{n:04}"), second.to_string().as_bytes())));
    }
    small.server.set_latency(std::time::Duration::from_millis(2));
    small.server.bear_at_once(Some(6));
    let dir = tempdir().unwrap();
    let tree = Tree::new(&small.bucket, "t/", dir.path(), 64);
    let mut plan = tree.plan(at(1), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut plan).unwrap();
    let applied = tree.restore(&mut journal, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert_eq!((applied.done, applied.failed), (600, 0), "{:?}", applied.failures.first());
    assert!(tree.pace() < 40, "{}", tree.pace());
    small.server.bear_at_once(None);
    assert!(contents(&small, "b").values().all(|body| body == b"0"));
}

#[tokio::test]
async fn an_interrupted_run_goes_on_where_it_stopped() {
    let small = Small::new();
    for second in [0, 5] {
        small.clock(second);
        (0..300).for_each(|n| drop(small.server.put("b", &format!("t/{n:04}"), second.to_string().as_bytes())));
    }
    let dir = tempdir().unwrap();
    let path = dir.path().join("state/j");
    let mut plan = tree(&small, "t/").plan(at(1), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    let mut journal = Journal::begin(&path, "q", &mut plan).unwrap();
    let until = Until(AtomicU64::new(100));
    let first = tree(&small, "t/").restore(&mut journal, &TreeRestoreOptions::default(), &until).await.unwrap();
    assert!(first.done >= 100 && first.done < 200 && first.skipped == 300 - first.done, "{first:?}");
    drop(journal);
    // The power went while a line was written.
    let log = path.with_extension("done");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::write(&log, format!("{text}29")).unwrap();

    assert!(Journal::resume(&path, "another question").unwrap().is_none());
    let mut journal = Journal::resume(&path, "q").unwrap().unwrap();
    assert_eq!(journal.done(), first.done);
    small.server.forget_counts();
    let second = tree(&small, "t/").restore(&mut journal, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert_eq!((second.before, second.done, second.skipped), (first.done, 300 - first.done, 0));
    // Neither listed nor copied again.
    let counts = small.server.counts();
    assert_eq!((counts["CopyObject"], counts.get("ListObjectVersions")), (300 - first.done, None));
    assert!((0..300).all(|n| small.server.versions("b", &format!("t/{n:04}")) == 3));
    // A damaged journal is no journal.
    std::fs::write(&path, "{\"format\":1,\"quest").unwrap();
    assert!(Journal::resume(&path, "q").unwrap().is_none());
}

#[tokio::test]
async fn what_fails_is_told_for_each_key_and_the_rest_is_done() {
    let small = small_tree();
    small.clock(0);
    small.server.put_with("b", "t/cold", b"one", &[("x-amz-storage-class", "GLACIER")]);
    small.clock(6);
    small.server.put("b", "t/cold", b"two");
    let dir = tempdir().unwrap();
    let tree = tree(&small, "t/");
    let mut plan = tree.plan(at(4), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    assert_eq!(plan.totals.archived, 1);
    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut plan).unwrap();
    let options = TreeRestoreOptions { rehydrate: Some(Default::default()), ..TreeRestoreOptions::default() };
    for expected in ["in an archive", "come back later"] {
        let applied = tree.restore(&mut journal, &options, &WHOLE()).await.unwrap();
        assert_eq!((applied.failed, applied.archived, journal.done()), (1, 1, 4));
        let failure = &applied.failures[0];
        assert!(failure.key == "t/cold" && failure.error.to_string().contains(expected), "{failure:?}");
        assert!(failure.error.hint.as_deref().unwrap().contains("3 to 5 hours"), "{failure:?}");
    }
    let applied = tree.restore(&mut journal, &options, &WHOLE()).await.unwrap();
    assert_eq!((applied.failed, applied.done, applied.before), (0, 1, 4));
    assert_eq!(&*small.server.current("b", "t/cold").unwrap().body, b"one");
}

#[tokio::test]
async fn a_tree_becomes_files_and_no_key_leaves_the_directory() {
    let small = Small::new();
    let keys = [
        "t/a",
        "t/b/c d+%",
        "t/größe",
        "t/folder/",
        "t/empty",
        "t/../../out",
        "t/x//y",
        "t/Case",
        "t/case",
        "t/f",
        "t/f/g",
        "t/link/x",
    ];
    for key in keys {
        let body = if key.ends_with('/') || key.ends_with("empty") { "" } else { key };
        small.server.put("b", key, body.as_bytes());
    }
    small.clock(5);
    keys.iter().for_each(|key| drop(small.server.put("b", key, b"later")));
    let outer = tempdir().unwrap();
    let (dir, elsewhere) = (outer.path().join("deep/to"), outer.path().join("elsewhere"));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, dir.join("link")).unwrap();

    let tree = tree(&small, "t/");
    let mut plan = tree.contents(at(1), |_| {}).await.unwrap();
    let mut journal = Journal::begin(&outer.path().join("j"), "q", &mut plan).unwrap();
    let applied = tree.download(&mut journal, &dir, &WHOLE()).await.unwrap();
    let failed: BTreeMap<&str, ErrorKind> =
        applied.failures.iter().map(|failure| (failure.key.as_str(), failure.error.kind)).collect();
    for (key, kind) in [
        ("t/../../out", ErrorKind::Refused),
        ("t/x//y", ErrorKind::Refused),
        ("t/case", ErrorKind::Refused),
        ("t/link/x", ErrorKind::LocalFile),
    ] {
        assert_eq!(failed.get(key), Some(&kind), "{key}: {failed:?}");
    }
    // A file and a directory of one name: one of the two.
    assert_eq!((failed.contains_key("t/f") as u32) + (failed.contains_key("t/f/g") as u32), 1, "{failed:?}");
    assert_eq!((failed.len(), applied.done), (5, 7));
    for key in ["a", "b/c d+%", "größe", "Case"] {
        assert_eq!(std::fs::read_to_string(dir.join(key)).unwrap(), format!("t/{key}"));
    }
    assert_eq!(std::fs::read(dir.join("empty")).unwrap(), b"");
    assert!(dir.join("folder").is_dir());
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert!(!outer.path().join("out").exists() && !outer.path().join("deep/out").exists());

    // Without its journal: what is there with size and time is not read again.
    small.server.forget_counts();
    let mut plan = tree.contents(at(1), |_| {}).await.unwrap();
    let mut journal = Journal::begin(&outer.path().join("k"), "q", &mut plan).unwrap();
    tree.download(&mut journal, &dir, &WHOLE()).await.unwrap();
    assert!(small.server.counts().get("GetObject").copied().unwrap_or(0) <= 1, "{:?}", small.server.counts());
}

#[tokio::test]
async fn what_was_deleted_is_listed_and_comes_back() {
    let small = small_tree();
    small.server.delete("b", "t/never");
    let dir = tempdir().unwrap();
    let tree = tree(&small, "");
    let mut plan = tree.trash(|_| {}).await.unwrap();
    assert_eq!(told(&mut plan), ["create t/gone"]);
    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut plan).unwrap();
    tree.restore(&mut journal, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert_eq!(&*small.server.current("b", "t/gone").unwrap().body, b"one");
}

#[tokio::test]
async fn a_bucket_that_is_gone_ends_the_run() {
    let small = small_tree();
    let dir = tempdir().unwrap();
    let mut plan = tree(&small, "t/").contents(at(1), |_| {}).await.unwrap();
    let mut journal = Journal::begin(&dir.path().join("j"), "q", &mut plan).unwrap();
    let to = Some(Target { bucket: "nowhere".to_owned(), prefix: String::new() });
    let options = TreeRestoreOptions { to, ..TreeRestoreOptions::default() };
    let applied = tree(&small, "t/").restore(&mut journal, &options, &WHOLE()).await.unwrap();
    assert_eq!(applied.gave_up.unwrap().kind, ErrorKind::BucketMissing);
}
