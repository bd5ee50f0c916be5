//! The known defects of ssmbak 0.5.2 that concern the function, each reproduced and gone. Those about batches, odd events
//! and attributes are where their subject is.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ssmbak_core::record::Evidence;

use crate::messages::{event, record};
use crate::pipeline::Pipeline;

/// Longer than the resolution of events, so that what happens before and after has its own second.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

fn second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap()
}

/// Defect: delete and re-create within the delivery delay deletes the live parameter.
#[tokio::test]
async fn delete_and_recreate_within_the_delivery_delay_keeps_the_live_parameter() {
    let pipeline = Pipeline::start("recreate").await;
    let name = "/recreate/p";
    let first = pipeline.put(name, "String", "old", None).await;
    pipeline.deliver_well(&event("Create", name, "String", &first.event_time()));
    a_while().await;
    pipeline.delete(name).await;
    let deleted = second(Timestamp::now());
    a_while().await;
    let again = pipeline.put(name, "String", "new", None).await;
    // Both events are still on their way when the parameter exists again.
    let delete = record("1", &event("Delete", name, "String", &deleted.to_string()));
    let create = record("2", &event("Create", name, "String", &again.event_time()));
    assert_eq!(pipeline.deliver(&[delete, create]), [""; 0]);

    assert_eq!(pipeline.body(name).await, b"new");
    assert_eq!(pipeline.state(name, first.modified).await.as_deref(), Some("old"));
    assert_eq!(pipeline.state(name, deleted).await, None);
    assert_eq!(pipeline.state(name, again.modified).await.as_deref(), Some("new"));
}

/// Defect: a delayed delete delivered after a re-create deletes the live parameter.
#[tokio::test]
async fn a_delayed_delete_after_a_recreate_keeps_the_live_parameter_current() {
    let pipeline = Pipeline::start("delayed").await;
    let name = "/delayed/p";
    let first = pipeline.put(name, "String", "old", None).await;
    pipeline.deliver_well(&event("Create", name, "String", &first.event_time()));
    a_while().await;
    pipeline.delete(name).await;
    let deleted = second(Timestamp::now());
    a_while().await;
    let again = pipeline.put(name, "String", "new", None).await;
    pipeline.deliver_well(&event("Create", name, "String", &again.event_time()));
    let delete = event("Delete", name, "String", &deleted.to_string());
    pipeline.deliver_well(&delete);

    let kinds = pipeline.kinds(name).await;
    assert!(kinds.iter().any(|kind| kind == "tombstone") && kinds.iter().any(|kind| kind == "marker"), "{kinds:?}");
    let records = pipeline.records(name).await;
    let tombstone = records.iter().find_map(|record| match &record.evidence {
        Evidence::Tombstone(tombstone) => Some(tombstone),
        _ => None,
    });
    assert_eq!(tombstone.map(|said| (said.time, said.live)), Some((deleted, Some(again.modified))));
    assert_eq!(pipeline.body(name).await, b"new");
    assert_eq!(pipeline.state(name, first.modified).await.as_deref(), Some("old"));
    assert_eq!(pipeline.state(name, deleted).await, None);
    assert_eq!(pipeline.state(name, again.modified).await.as_deref(), Some("new"));
    pipeline.deliver_well(&delete);
    assert_eq!(pipeline.kinds(name).await, kinds);
}

/// Defect: rapid updates record the later value under the earlier time and lose the earlier one.
#[tokio::test]
async fn rapid_updates_are_both_recorded_each_at_its_own_time() {
    let pipeline = Pipeline::start("rapid").await;
    for (name, gap) in [("/rapid/apart", true), ("/rapid/together", false)] {
        let first = pipeline.put(name, "String", "one", None).await;
        if gap {
            a_while().await;
        }
        let next = pipeline.put(name, "String", "two", None).await;
        let records = [
            record("1", &event("Create", name, "String", &first.event_time())),
            record("2", &event("Update", name, "String", &next.event_time())),
        ];
        assert_eq!(pipeline.deliver(&records), [""; 0]);
        assert_eq!(pipeline.kinds(name).await, ["version 1", "version 2"], "{name}");
        let just_before = next.modified - SignedDuration::from_nanos(1000);
        assert_eq!(pipeline.state(name, just_before).await.as_deref(), Some("one"), "{name}");
        assert_eq!(pipeline.state(name, next.modified).await.as_deref(), Some("two"), "{name}");
    }
}

/// Defect: a doubled delivery rewrites history.
#[tokio::test]
async fn a_doubled_delivery_writes_nothing() {
    let pipeline = Pipeline::start("doubled").await;
    let name = "/doubled/p";
    let first = pipeline.put(name, "String", "one", None).await;
    let create = event("Create", name, "String", &first.event_time());
    pipeline.deliver_well(&create);
    a_while().await;
    let next = pipeline.put(name, "String", "two", None).await;
    let update = event("Update", name, "String", &next.event_time());
    pipeline.deliver_well(&update);
    let before = pipeline.records(name).await;
    assert_eq!(pipeline.deliver(&[record("again-1", &create), record("again-2", &update)]), [""; 0]);
    assert_eq!(pipeline.deliver(&[record("again-3", &update), record("again-4", &create)]), [""; 0]);
    assert_eq!(pipeline.records(name).await, before);
    for id in ["again-1", "again-2", "again-3", "again-4"] {
        assert_eq!(pipeline.verdict(id)["outcome"], "unchanged");
    }
    pipeline.delete(name).await;
    let delete = event("Delete", name, "String", &second(Timestamp::now()).to_string());
    pipeline.deliver_well(&delete);
    let before = pipeline.records(name).await;
    let records = [record("1", &delete), record("2", &update), record("3", &create), record("4", &delete)];
    assert_eq!(pipeline.deliver(&records), [""; 0]);
    assert_eq!(pipeline.records(name).await, before);
}

/// Defect: a type change leaves a secret restored as plain String.
#[tokio::test]
async fn each_version_is_recorded_with_its_own_type() {
    let pipeline = Pipeline::start("types").await;
    let name = "/types/p";
    let plain = pipeline.put(name, "String", "value", None).await;
    let secret = pipeline.put(name, "SecureString", "value", None).await;
    let records = [
        record("1", &event("Create", name, "String", &plain.event_time())),
        record("2", &event("Update", name, "SecureString", &secret.event_time())),
    ];
    assert_eq!(pipeline.deliver(&records), [""; 0]);
    let types: Vec<_> = pipeline
        .records(name)
        .await
        .iter()
        .map(|record| match &record.evidence {
            Evidence::Value(value) => value.parameter_type.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(types, ["String", "SecureString"]);
}

/// Defect: removed descriptions not restored (they were never recorded as removed).
#[tokio::test]
async fn a_removed_description_is_recorded_as_removed() {
    let pipeline = Pipeline::start("described").await;
    let name = "/described/p";
    for (operation, description) in [("Create", "described"), ("Update", "")] {
        let put = pipeline.put(name, "String", "value", Some(description)).await;
        pipeline.deliver_well(&event(operation, name, "String", &put.event_time()));
    }
    let descriptions: Vec<_> = pipeline
        .records(name)
        .await
        .into_iter()
        .map(|record| match record.evidence {
            Evidence::Value(value) => value.description.text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(descriptions, [Some("described".to_owned()), None]);
}

/// Lost events cost nothing: the next one brings everything.
#[tokio::test]
async fn versions_whose_events_were_lost_are_recorded_with_the_next() {
    let pipeline = Pipeline::start("lost").await;
    let name = "/lost/p";
    let mut puts = Vec::new();
    for value in ["one", "two", "three"] {
        puts.push(pipeline.put(name, "String", value, None).await);
        a_while().await;
    }
    pipeline.deliver_well(&event("Update", name, "String", &puts[2].event_time()));
    assert_eq!(pipeline.kinds(name).await, ["version 1", "version 2", "version 3"]);
    for (put, value) in puts.iter().zip(["one", "two", "three"]) {
        assert_eq!(pipeline.state(name, put.modified).await.as_deref(), Some(value), "version {}", put.version);
    }
}
