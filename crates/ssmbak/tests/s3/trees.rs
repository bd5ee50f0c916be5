//! Trees: listed in parallel, planned on disk, restored, resumed, downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ssmbak::core::object::{ObjectAction, ObjectChange, ObjectPlanOptions};
use ssmbak::s3::CopyOptions;
use ssmbak::s3::tree::{
    Applied, GetOptions, Journal, ProgressObserver, Target, Tree, TreePlan, TreeRestoreOptions, TreeRun,
};
use ssmbak::{Error, ErrorKind};
use ssmbak_testkit::s3_server::Versioning;
use tempfile::tempdir;

use crate::common::{Small, at};

/// Stops after so many changes.
pub struct Until(pub AtomicU64);

pub const WHOLE: fn() -> Until = || Until(AtomicU64::new(u64::MAX));

impl ProgressObserver for Until {
    fn finished(&self, _change: &ObjectChange, _outcome: &Result<(), Error>) {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
    }

    fn should_stop(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

fn tree(small: &Small, prefix: &str) -> Tree {
    Tree::new(&small.bucket, prefix, std::env::temp_dir(), 32)
}

/// Carries a plan out without a journal.
async fn restored(tree: &Tree, plan: TreePlan, options: &TreeRestoreOptions) -> Applied {
    tree.restore(&mut TreeRun::new(plan, None), options, &WHOLE()).await.unwrap()
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
    let tree = tree(&small, "t/");
    let mut plan = tree.plan(at(4), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    assert_eq!(told(&mut plan), ["update t/changed", "delete t/dead", "update t/deep/er/ä", "create t/gone"]);
    let totals = plan.totals;
    assert_eq!((totals.create, totals.update, totals.delete, totals.unchanged, totals.new_kept), (1, 2, 1, 1, 1));
    assert_eq!((totals.create_bytes, totals.update_bytes, totals.versions), (3, 6, 11));

    let applied = restored(&tree, plan, &TreeRestoreOptions::default()).await;
    assert!(applied.is_complete() && applied.done == 4, "{applied:?}");
    let keys: Vec<String> =
        contents(&small, "b").into_iter().filter(|(_, body)| body == b"one").map(|(key, _)| key).collect();
    assert_eq!(keys, ["t/changed", "t/deep/er/ä", "t/gone", "t/kept"]);
    assert_eq!(&*small.server.current("b", "t2/sibling").unwrap().body, b"two");
    assert!(small.server.current("b", "t/new").is_some() && small.server.current("b", "t/dead").is_none());

    // Once more: what is a copy of the version already is compared, and not written again.
    small.server.forget_counts();
    let again = tree.plan(at(4), ObjectPlanOptions { delete_new: true }, |_| {}).await.unwrap();
    assert_eq!(again.totals.same_bytes, 3);
    let mut again = tree.compared(again, None, None, &CopyOptions::default()).await.unwrap();
    assert_eq!(told(&mut again), ["delete t/new"]);
    assert_eq!((again.totals.update, again.totals.unchanged, again.totals.same_bytes), (0, 5, 0));
    let applied = restored(&tree, again, &TreeRestoreOptions::default()).await;
    let counts = small.server.counts();
    assert_eq!((applied.done, counts.get("CopyObject"), counts["DeleteObject"]), (1, None, 1));
}

#[tokio::test]
async fn a_tree_goes_to_another_place_as_it_was() {
    let small = small_tree();
    small.server.set_bucket("other", Versioning::Enabled);
    small.server.put("other", "was/stays", b"x");
    let tree = tree(&small, "t/");
    let to = Target { bucket: small.bucket.beside("other"), prefix: "was/".to_owned() };
    let plan = tree.contents_at(at(1), &to, |_| {}).await.unwrap();
    let options = TreeRestoreOptions { to: Some(to.clone()), ..TreeRestoreOptions::default() };
    let before = contents(&small, "b");
    restored(&tree, plan, &options).await;
    let there: Vec<String> = contents(&small, "other").into_keys().collect();
    assert_eq!(there, ["was/changed", "was/dead", "was/deep/er/ä", "was/gone", "was/kept", "was/stays"]);
    assert_eq!(contents(&small, "b"), before);
    // Once more: what is there is compared.
    small.server.put("other", "was/gone", b"one more");
    let plan = tree.contents_at(at(1), &to, |_| {}).await.unwrap();
    let mut plan = tree.compared(plan, None, Some(&to), &options.copy).await.unwrap();
    assert_eq!(told(&mut plan), ["update t/gone"]);
    assert_eq!(plan.totals.unchanged, 4);
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
        // An answer that takes its time is not there before the next request is sent.
        small.server.set_latency(Duration::from_millis(if prefix.is_empty() { 20 } else { 0 }));
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
        if prefix.is_empty() {
            assert!(small.server.most_at_once() >= 3, "{}", small.server.most_at_once());
        }
        // Few requests are spent on pieces that turn out to be empty, or end amid a page.
        assert!(pages * 5 <= versions.div_ceil(1_000) * 6, "{prefix}: {pages} pages for {versions} versions");
    }
    small.server.set_latency(Duration::ZERO);
    // The key that straddles pages has the version of the time.
    let mut plan = tree(&small, "numbered/").plan(at(2), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    let long = plan.changes.rows().map(Result::unwrap).find(|change| change.version.key.ends_with("2500")).unwrap();
    assert_eq!((long.action, long.version.size), (ObjectAction::Update, 1));
}

#[tokio::test]
async fn a_busy_s3_is_asked_less_at_once_and_everything_gets_done() {
    let small = Small::new();
    for second in [0, 5] {
        small.clock(second);
        (0..600).for_each(|n| drop(small.server.put("b", &format!("t/{n:04}"), second.to_string().as_bytes())));
    }
    small.server.set_latency(Duration::from_millis(2));
    small.server.bear_at_once(Some(6));
    let dir = tempdir().unwrap();
    let tree = Tree::new(&small.bucket, "t/", dir.path(), 64);
    let plan = tree.plan(at(1), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    let applied = restored(&tree, plan, &TreeRestoreOptions::default()).await;
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
    let tree = tree(&small, "t/");
    let plan = async |journal: &Journal| {
        let plan = tree.plan(at(1), ObjectPlanOptions::default(), |_| {}).await.unwrap();
        tree.compared(plan, Some(journal), None, &CopyOptions::default()).await.unwrap()
    };
    let journal = Journal::open(&path, "q").unwrap();
    let mut run = TreeRun::new(plan(&journal).await, Some(journal));
    let until = Until(AtomicU64::new(100));
    let first = tree.restore(&mut run, &TreeRestoreOptions::default(), &until).await.unwrap();
    assert!(first.done >= 100 && first.done < 200 && first.skipped == 300 - first.done, "{first:?}");
    drop(run);

    // Neither copied nor compared again; listed, since others may have written.
    small.server.forget_counts();
    let journal = Journal::open(&path, "q").unwrap();
    let planned = plan(&journal).await;
    assert_eq!((planned.proved, planned.changes.len()), (first.done, 300 - first.done));
    assert_eq!(small.server.counts().into_iter().collect::<Vec<_>>(), [("ListObjectVersions", 1)]);
    let mut run = TreeRun::new(planned, Some(journal));
    let second = tree.restore(&mut run, &TreeRestoreOptions::default(), &WHOLE()).await.unwrap();
    assert_eq!((second.before, second.done, second.skipped), (first.done, 300 - first.done, 0));
    assert_eq!(small.server.counts()["CopyObject"], 300 - first.done);
    assert!((0..300).all(|n| small.server.versions("b", &format!("t/{n:04}")) == 3));
    run.finish();
    assert!(!path.exists());
}

#[tokio::test]
async fn what_fails_is_told_for_each_key_and_the_rest_is_done() {
    let small = small_tree();
    small.clock(0);
    small.server.put_with("b", "t/cold", b"one", &[("x-amz-storage-class", "GLACIER")]);
    small.clock(6);
    small.server.put("b", "t/cold", b"two");
    let tree = tree(&small, "t/");
    let plan = tree.plan(at(4), ObjectPlanOptions::default(), |_| {}).await.unwrap();
    assert_eq!(plan.totals.archived, 1);
    let mut run = TreeRun::new(plan, None);
    let options = TreeRestoreOptions { rehydrate: Some(Default::default()), ..TreeRestoreOptions::default() };
    for expected in ["in an archive", "try again later"] {
        let applied = tree.restore(&mut run, &options, &WHOLE()).await.unwrap();
        assert_eq!((applied.failed, applied.archived, applied.done), (1, 1, 4));
        let failure = &applied.failures[0];
        assert!(failure.key == "t/cold" && failure.error.to_string().contains(expected), "{failure:?}");
        assert!(failure.error.hint.as_deref().unwrap().contains("3 to 5 hours"), "{failure:?}");
    }
    let applied = tree.restore(&mut run, &options, &WHOLE()).await.unwrap();
    assert_eq!((applied.failed, applied.done, applied.before), (0, 5, 0));
    // Where it was, it could not be read.
    assert_eq!(small.server.current("b", "t/cold").unwrap().headers.get("x-amz-storage-class"), None);
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
        "t/marker/",
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
        let body = if key == "t/folder/" || key.ends_with("empty") { "" } else { key };
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
    let got = async || {
        let plan = tree.contents(at(1), |_| {}).await.unwrap();
        tree.download(&mut TreeRun::new(plan, None), &dir, &GetOptions::default(), &WHOLE()).await.unwrap()
    };
    let applied = got().await;
    let failed: BTreeMap<&str, ErrorKind> =
        applied.failures.iter().map(|failure| (failure.key.as_str(), failure.error.kind)).collect();
    for (key, kind) in [
        ("t/../../out", ErrorKind::Refused),
        ("t/x//y", ErrorKind::Refused),
        ("t/marker/", ErrorKind::Refused),
        ("t/f/g", ErrorKind::Refused),
        ("t/link/x", ErrorKind::LocalFile),
    ] {
        assert_eq!(failed.get(key), Some(&kind), "{key}: {failed:?}");
    }
    assert_eq!((failed.len(), applied.done), (5, 8));
    for key in ["a", "b/c d+%", "größe", "Case", "case", "f"] {
        assert_eq!(std::fs::read_to_string(dir.join(key)).unwrap(), format!("t/{key}"));
    }
    assert_eq!(std::fs::read(dir.join("empty")).unwrap(), b"");
    assert!(dir.join("folder").is_dir());
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    assert!(!outer.path().join("out").exists() && !outer.path().join("deep/out").exists());

    // What is there with size and time is not read again.
    small.server.forget_counts();
    let again = got().await;
    assert_eq!((again.done, again.unchanged, again.failed), (1, 7, 5));
    assert_eq!(small.server.counts().get("GetObject"), None);
}

#[tokio::test]
async fn what_was_deleted_is_listed_and_comes_back() {
    let small = small_tree();
    small.server.delete("b", "t/never");
    let tree = tree(&small, "");
    let mut plan = tree.trash(None, |_| {}).await.unwrap();
    assert_eq!(told(&mut plan), ["create t/gone"]);
    restored(&tree, plan, &TreeRestoreOptions::default()).await;
    assert_eq!(&*small.server.current("b", "t/gone").unwrap().body, b"one");
}

#[tokio::test]
async fn a_bucket_that_is_gone_ends_the_run() {
    let small = small_tree();
    let tree = tree(&small, "t/");
    let plan = tree.contents(at(1), |_| {}).await.unwrap();
    let to = Target { bucket: small.bucket.beside("nowhere"), prefix: String::new() };
    let error = tree.contents_at(at(1), &to, |_| {}).await.unwrap_err();
    assert_eq!((error.kind, error.to_string().contains("nowhere")), (ErrorKind::BucketMissing, true), "{error}");
    let options = TreeRestoreOptions { to: Some(to), ..TreeRestoreOptions::default() };
    let applied = restored(&tree, plan, &options).await;
    let error = applied.gave_up.unwrap();
    assert_eq!((error.kind, error.to_string().contains("nowhere")), (ErrorKind::BucketMissing, true), "{error}");
}
