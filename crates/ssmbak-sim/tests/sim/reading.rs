//! The reading commands: how much they read, and what happens where something cannot be read.

use ssmbak::history::{HistoryEntry, HistoryOptions, history};
use ssmbak::mark::{mark, marks};
use ssmbak::trash::{plan, record_missing, trash};
use ssmbak::verify::{repair, verify};
use ssmbak::{BackupBucket as _, ErrorKind};
use ssmbak_core::instant::Instant;
use ssmbak_core::log::Operation;
use ssmbak_core::mark::{Mark, MarkName};
use ssmbak_core::parameter::ParameterValue;
use ssmbak_core::record::metadata::Encoded;

use crate::support::{PutExt as _, World, all, put};

/// Begins `work`, and does `other` when it has listed Parameter Store and not yet read the bucket.
async fn meanwhile<T>(world: &World, work: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    let mut work = std::pin::pin!(work);
    world.bucket_faults.interleave(true);
    let first = work.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    assert!(first.is_pending());
    world.bucket_faults.interleave(false);
    other.await;
    work.await
}

#[tokio::test]
async fn what_changes_while_verify_reads_is_no_finding() {
    let world = World::new();
    for of in ["/changed", "/deleted", "/same"] {
        world.put(of, "one");
        world.record(of).await;
    }
    world.clock.advance_ms(600_000);
    let (store, bucket, all) = (&world.store, &world.bucket, all());
    let verified = meanwhile(&world, verify(store, bucket, &all), async {
        world.put("/changed", "two");
        world.put("/new", "one");
        world.delete("/deleted");
        for of in ["/changed", "/new", "/deleted"] {
            world.record(of).await;
        }
    });
    let verified = verified.await.unwrap();
    assert_eq!((verified.findings, verified.verified), (vec![], 4));
}

#[tokio::test]
async fn what_is_created_while_the_trash_reads_is_not_in_it() {
    let world = World::new();
    world.put("/gone", "one");
    world.record("/gone").await;
    world.delete("/gone");
    let (store, bucket, all) = (&world.store, &world.bucket, all());
    let found = meanwhile(&world, trash(store, bucket, &all), async {
        world.put("/new", "one");
        world.record("/new").await;
    });
    let found = found.await.unwrap();
    assert_eq!(found.parameters.iter().map(|gone| gone.name.as_str()).collect::<Vec<_>>(), ["/gone"]);
}

#[tokio::test]
async fn a_log_reads_two_bodies_where_two_sizes_are_equal_and_none_elsewhere() {
    let world = World::new();
    for value in ["one", "two", "three", "fourth", "fifth!", "fifth!"] {
        world.put("/a", value);
    }
    world.record("/a").await;
    let bodies = || world.bucket_faults.count("body");
    let before = bodies();
    let log = history(&world.bucket, &all(), HistoryOptions::default()).await.unwrap();
    let fields: Vec<usize> = log.entries().map(|entry| entry.fields().count()).collect();
    assert_eq!(fields, [0, 1, 1, 1, 1, 0], "the last update changed nothing");
    // one and two, fourth and the two that follow: each is read once.
    assert_eq!(bodies() - before, 5);
    assert!(log.entries().all(|entry| entry.values().is_none()));

    let before = bodies();
    let since = log.entries().nth(5).and_then(HistoryEntry::time);
    let options = HistoryOptions { since, values: true, until: None };
    let log = history(&world.bucket, &all(), options).await.unwrap();
    let entries: Vec<&HistoryEntry> = log.entries().collect();
    assert_eq!((entries.len(), bodies() - before), (1, 2), "only what is within the window is read");
    let value = entries[0].values().and_then(|values| values.after.as_ref());
    assert_eq!(value.map(ParameterValue::expose), Some("fifth!"));
}

#[tokio::test]
async fn a_value_that_became_a_secret_is_one_in_the_log() {
    let world = World::new();
    world.put("/a", "hush");
    world.put_as(&put("/a", "hush").key("key"));
    world.put_as(&put("/a", "other").key("key"));
    world.record("/a").await;
    let options = HistoryOptions { values: true, ..HistoryOptions::default() };
    let log = history(&world.bucket, &all(), options).await.unwrap();
    let secret = |entry: &HistoryEntry| entry.values().is_some_and(|values| values.secret);
    assert_eq!(log.entries().map(secret).collect::<Vec<_>>(), [true, true, true]);
    assert!(!format!("{log:?}").contains("hush"), "{log:?}");
}

#[tokio::test]
async fn what_cannot_be_read_leaves_a_doubt_and_no_failure() {
    let world = World::new();
    for (time, body) in [("1772366400", b"ab"), ("1772366500", b"\xff\xfe"), ("1772366600", b"cd")] {
        let tags = [("ssmbakTime", time), ("ssmbakType", "String")].map(|(key, tag)| (key.to_owned(), tag.to_owned()));
        let encoded = Encoded { metadata: String::new(), sidecar: None, tags: tags.to_vec() };
        world.bucket.put("/a", body, &encoded).await.unwrap();
    }
    let log = history(&world.bucket, &all(), HistoryOptions::default()).await.unwrap();
    let doubts: Vec<bool> =
        log.entries().map(|entry| entry.operation() == Operation::Update && entry.reason().is_some()).collect();
    assert_eq!(doubts, [false, false, true, true], "{log:?}");
    assert!(log.entries().all(|entry| entry.fields().next().is_none()));
}

#[tokio::test]
async fn a_repair_that_fails_for_one_name_is_reported_and_the_others_are_made() {
    let world = World::new();
    world.put("/good", "x");
    world.put_as(&put("/locked", "x").key("disabled"));
    world.habits(|habits| habits.disabled_keys = ["disabled".to_owned()].into());
    let found = verify(&world.store, &world.bucket, &all()).await.unwrap();
    assert_eq!((found.findings.len(), found.verified), (2, 0));
    let failed = repair(&world.capture(), found.repairable(), || world.clock.now()).await.unwrap();
    assert_eq!(
        failed.into_iter().map(|(n, e)| (n.to_string(), e.kind)).collect::<Vec<_>>(),
        [("/locked".to_owned(), ErrorKind::KeyUnusable)]
    );
    let left = verify(&world.store, &world.bucket, &all()).await.unwrap();
    assert_eq!((left.findings.len(), left.verified), (1, 1));
    assert_eq!(left.findings[0].0, "/locked");
}

#[tokio::test]
async fn reading_never_writes() {
    let world = World::new();
    world.put("/a", "x");
    world.record("/a").await;
    world.delete("/a");
    world.put("/b", "x");
    let writes =
        || ["put_object", "put_sidecar", "delete_marker"].map(|operation| world.bucket_faults.count(operation));
    let before = (writes(), world.store.journal());
    let found = trash(&world.store, &world.bucket, &all()).await.unwrap();
    plan(&world.bucket, &found).await.unwrap();
    verify(&world.store, &world.bucket, &all()).await.unwrap();
    history(&world.bucket, &all(), HistoryOptions::default()).await.unwrap();
    ssmbak::diff::until_now(&world.store, &world.bucket, &all(), &Instant::exact(world.clock.now())).await.unwrap();
    marks(&world.bucket).await.unwrap();
    assert_eq!((writes(), world.store.journal()), before);
}

#[tokio::test]
async fn what_is_brought_back_is_known_to_have_been_missing() {
    let world = World::new();
    world.put("/a", "x");
    world.record("/a").await;
    world.delete("/a");
    world.clock.advance_ms(60_000);
    let found = trash(&world.store, &world.bucket, &all()).await.unwrap();
    let plan = plan(&world.bucket, &found).await.unwrap();
    assert_eq!((plan.changes.len(), plan.unknown.len()), (1, 0));
    record_missing(&world.capture(), &found, world.clock.now()).await.unwrap();
    let missing = world.clock.now();
    world.clock.advance_ms(5_000);
    world.apply_all(&plan).await;
    world.record("/a").await;
    let diff = ssmbak::diff::until_now(&world.store, &world.bucket, &all(), &Instant::exact(missing)).await.unwrap();
    assert_eq!(diff.changes.iter().map(|change| change.action_name()).collect::<Vec<_>>(), ["create"]);
    assert!(trash(&world.store, &world.bucket, &all()).await.unwrap().parameters.is_empty());
}

#[tokio::test]
async fn what_is_no_mark_is_left_out_and_reported() {
    let world = World::new();
    let plain =
        |body: &str| (body.as_bytes().to_vec(), Encoded { metadata: String::new(), sidecar: None, tags: vec![] });
    let set = Mark {
        name: MarkName::parse("good").unwrap(),
        at: Instant::exact("2026-03-01T12:00:00Z".parse().unwrap()),
        text: None,
        author: None,
    };
    for (key, text) in [("ssmbak-mark/good", set.encode()), ("ssmbak-mark/bad", "{".to_owned())] {
        let (body, encoded) = plain(&text);
        world.bucket.put(key, &body, &encoded).await.unwrap();
    }
    let found = marks(&world.bucket).await.unwrap();
    assert_eq!((found.marks, found.warnings.len()), (vec![set], 1));
    let error = mark(&world.bucket, &MarkName::parse("bad").unwrap()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreadable);
    assert_eq!(mark(&world.bucket, &MarkName::parse("none").unwrap()).await.unwrap_err().kind, ErrorKind::NotFound);
    world.bucket.delete_marker("ssmbak-mark/good").await.unwrap();
    assert!(marks(&world.bucket).await.unwrap().marks.is_empty());
    // Readers of the history ignore them.
    let verified = verify(&world.store, &world.bucket, &all()).await.unwrap();
    assert!(verified.findings.is_empty(), "{verified:?}");
}
