//! What is recorded of a change.

use aws_sdk_ssm::types::{ParameterTier, ParameterType, Tag};
use jiff::Timestamp;
use serde_json::json;
use ssmbak_core::record::Evidence;
use ssmbak_testkit::{Moto, Original, create_versioned_bucket};

use crate::messages::{event, record};
use crate::pipeline::Pipeline;

const VALUES: [(&str, &str, &str); 5] = [
    ("pem", "SecureString", "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n"),
    ("space", "String", " "),
    ("list", "StringList", "a,b,,c d"),
    ("emoji", "String", "grüße 🦀\t\r\n"),
    ("long", "SecureString", "0123456789"),
];

#[tokio::test]
async fn every_type_is_recorded_byte_for_byte_with_what_it_says_about_itself() {
    let pipeline = Pipeline::start("recorded").await;
    for (last, parameter_type, value) in VALUES {
        let name = format!("/recorded/{last}");
        let value = if last == "long" { &value.repeat(400) } else { value };
        let put = pipeline.put(&name, parameter_type, value, Some("größe: 100% \"sure\"")).await;
        pipeline.deliver_well(&event("Create", &name, parameter_type, &put.event_time()));

        assert_eq!(pipeline.body(&name).await, value.as_bytes(), "{name}");
        let tags = pipeline.tags(&name).await;
        assert_eq!(tags["ssmbakTime"], put.modified.as_second().to_string());
        assert_eq!(tags["ssmbakType"], parameter_type);
        assert_eq!(tags["ssmbakDescription"], "gre: 100 sure");
        let records = pipeline.records(&name).await;
        let [Evidence::Value(recorded)] = &[records[0].evidence.clone()] else { panic!("{records:?}") };
        assert_eq!(recorded.time, put.modified);
        assert_eq!(recorded.parameter_type.as_str(), parameter_type);
        assert_eq!(recorded.description.text.as_deref(), Some("größe: 100% \"sure\""));
        assert_eq!((recorded.details.version, records.len()), (1, 1));
        assert!(recorded.event.as_ref().is_some_and(|event| event.id.is_some()));
    }
}

#[tokio::test]
async fn a_change_is_followed_through_its_life() {
    let pipeline = Pipeline::start("life").await;
    let name = "/life/of/a/parameter";
    let created = pipeline.put(name, "String", "one", None).await;
    pipeline.deliver_well(&event("Create", name, "String", &created.event_time()));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let updated = pipeline.put(name, "String", "two", None).await;
    pipeline.deliver_well(&event("Update", name, "String", &updated.event_time()));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    pipeline.delete(name).await;
    let deleted = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    pipeline.deliver_well(&event("Delete", name, "String", &deleted.to_string()));

    assert_eq!(pipeline.kinds(name).await, ["version 1", "version 2", "tombstone", "marker"]);
    assert_eq!(pipeline.state(name, created.modified).await.as_deref(), Some("one"));
    assert_eq!(pipeline.state(name, updated.modified).await.as_deref(), Some("two"));
    assert_eq!(pipeline.state(name, deleted).await, None);
}

#[tokio::test]
async fn a_deletion_is_an_empty_tombstone_that_says_when_and_then_a_marker() {
    let pipeline = Pipeline::start("deletion").await;
    let name = "/deletion/p";
    let put = pipeline.put(name, "String", "value", Some("described")).await;
    pipeline.deliver_well(&event("Create", name, "String", &put.event_time()));
    pipeline.delete(name).await;
    let deleted = Timestamp::from_second(put.modified.as_second() + 60).unwrap();
    pipeline.deliver_well(&event("Delete", name, "String", &deleted.to_string()));

    let records = pipeline.records(name).await;
    let [_, tombstone, marker] = records.as_slice() else { panic!("{records:?}") };
    let Evidence::Tombstone(said) = &tombstone.evidence else { panic!("{tombstone:?}") };
    assert_eq!((said.time, said.live, tombstone.size), (deleted, None, 0));
    let tagging = pipeline.s3.get_object_tagging().bucket(&pipeline.bucket).key(name);
    let tagging = tagging.version_id(&tombstone.version_id).send().await.unwrap();
    assert_eq!(tagging.tag_set(), []);
    assert!(marker.is_latest && marker.evidence == Evidence::DeleteMarker);
    let gone = pipeline.s3.get_object().bucket(&pipeline.bucket).key(name).send().await;
    assert!(gone.is_err());
}

/// Defect: Advanced tier, KMS key, allowed pattern, policies, tags lost.
#[tokio::test]
async fn tier_key_pattern_and_tags_are_recorded() {
    let pipeline = Pipeline::start("attributes").await;
    let name = "/attributes/p";
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
    let long = "ä\n\"'% ".repeat(150);
    let put = pipeline.ssm.put_parameter().name(name).value("s3cret").r#type(ParameterType::SecureString);
    let put = put.tier(ParameterTier::Advanced).key_id("alias/own").allowed_pattern("^s.*$").description(&long);
    put.tags(tag("team", "größe")).tags(tag("cost", "1 + 1 = 2")).send().await.unwrap();
    let put = pipeline.latest(name).await;
    pipeline.deliver_well(&event("Create", name, "SecureString", &put.event_time()));

    let records = pipeline.records(name).await;
    let Evidence::Value(recorded) = &records[0].evidence else { panic!("{records:?}") };
    // Three times what fits into S3's metadata: the rest lies in a sidecar.
    assert_eq!(recorded.description.text.as_deref(), Some(long.as_str()));
    let details = &recorded.details;
    assert_eq!(details.tier.as_deref(), Some("Advanced"));
    assert_eq!(details.key_id.as_deref(), Some("alias/own"));
    assert_eq!(details.allowed_pattern.as_deref(), Some("^s.*$"));
    let tags = details.tags.as_ref().unwrap();
    assert_eq!((tags["team"].as_str(), tags["cost"].as_str(), tags.len()), ("größe", "1 + 1 = 2", 2));
}

#[tokio::test]
async fn tags_and_body_are_those_that_the_original_writes() {
    let pipeline = Pipeline::start("ours").await;
    create_versioned_bucket(&pipeline.s3, "theirs").await.unwrap();
    let original = Original::new(Moto::shared().unwrap().endpoint(), "theirs").unwrap();
    let mut records = Vec::new();
    for (n, (value, description)) in
        [("plain", None), ("é\n", Some("a \"fancy\" description: 100% ü/@+-=._,;#")), ("x", Some("***"))]
            .into_iter()
            .enumerate()
    {
        let name = format!("/both/p{n}");
        let put = pipeline.put(&name, "SecureString", value, description).await;
        let mut event = event("Create", &name, "SecureString", &put.event_time());
        if let Some(description) = description {
            event["detail"]["description"] = description.into();
        }
        records.push(record(&n.to_string(), &event));
    }
    assert_eq!(pipeline.deliver(&records), [""; 0]);
    original.handle(&json!({"Records": records})).unwrap();
    for n in 0..records.len() {
        let key = format!("/both/p{n}");
        let theirs = pipeline.s3.get_object_tagging().bucket("theirs").key(&key).send().await.unwrap();
        let mut theirs: Vec<_> = theirs.tag_set().iter().map(|t| (t.key().to_owned(), t.value().to_owned())).collect();
        theirs.sort();
        assert_eq!(pipeline.tags(&key).await.into_iter().collect::<Vec<_>>(), theirs);
        let body = pipeline.s3.get_object().bucket("theirs").key(&key).send().await.unwrap().body;
        assert_eq!(pipeline.body(&key).await, body.collect().await.unwrap().to_vec());
    }
}
