//! What happens in Parameter Store is recorded, and any moment comes back.

use std::collections::BTreeMap;

use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use serde_json::json;
use ssmbak_e2e::{Outcome, State, Store, after, assert_same, await_that, next_second};

use crate::pipeline::{Pipeline, STACK};

const PEM: &str = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n";

#[tokio::test]
async fn changes_of_all_types_are_recorded_and_any_moment_comes_back() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let store = &pipeline.store;
    let mut moments = Vec::new();
    for (part, steps) in [
        [("plain", "String", "one"), ("list", "StringList", "a,b"), ("deep/key", "SecureString", PEM)].as_slice(),
        &[("plain", "String", "two ü"), ("new", "String", " "), ("deep/key", "SecureString", "changed")],
        &[("plain", "-", ""), ("deep/key", "-", ""), ("list", "StringList", "c")],
        &[("plain", "SecureString", "risen"), ("new", "String", "later")],
    ]
    .into_iter()
    .enumerate()
    {
        for (name, parameter_type, value) in steps {
            let name = format!("/moments/{name}");
            match *parameter_type {
                "-" => store.delete(&name).await?,
                _ => store.put(&name, parameter_type, value, &format!("größe {part}")).await?,
            };
        }
        // A value that is gone before it could be read is lost, and known to be.
        pipeline.recorded("/moments").await?;
        moments.push((next_second().await, store.state("/moments/").await?));
    }

    let present = moments[3].1.clone();
    for (at, truth) in &moments {
        let plan = pipeline.preview("/moments/", at)?;
        assert_eq!(plan["Unknown"], json!([]), "{plan}");
        assert_same(&after(present.clone(), &plan["Changes"])?, truth, at);
    }
    // From one to the other, faster than events travel and just as well.
    for (at, truth) in [&moments[0], &moments[2], &moments[1], &moments[3]] {
        pipeline.run(&format!("ssmbak restore /moments/ {at} -R --yes"))?.well()?;
        assert_same(&store.state("/moments/").await?, truth, at);
    }
    // Restores are changes like any other: they are recorded, and what was true before them stays so.
    pipeline.recorded("/moments").await?;
    for (at, truth) in &moments {
        let plan = pipeline.preview("/moments/", at)?;
        assert_same(&after(present.clone(), &plan["Changes"])?, truth, at);
    }
    Ok(())
}

#[tokio::test]
async fn a_restore_is_undone_by_the_command_that_it_prints() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let store = &pipeline.store;
    store.put("/undo/changed", "String", "one", "").await?;
    store.put("/undo/typed", "String", "one", "").await?;
    store.put("/undo/deleted", "SecureString", "gone", "described").await?;
    pipeline.recorded("/undo").await?;
    let then = next_second().await;
    store.put("/undo/changed", "String", "two", "now described").await?;
    store.put("/undo/typed", "SecureString", "one", "").await?;
    store.put("/undo/new", "StringList", "a,b", "").await?;
    store.delete("/undo/deleted").await?;
    let before = store.state("/undo/").await?;
    pipeline.recorded("/undo").await?;

    let ran = pipeline.run(&format!("ssmbak restore /undo/ {then} -R"))?.well()?;
    assert_eq!(
        store.state("/undo/").await?.keys().collect::<Vec<_>>(),
        ["/undo/changed", "/undo/deleted", "/undo/typed"]
    );
    let undo = ran.err.lines().find_map(|line| line.strip_prefix("undo with: ")).ok_or("it tells no way back")?;
    pipeline.run(&format!("{undo} -y"))?.well()?;
    assert_same(&store.state("/undo/").await?, &before, "undone");
    // And that can be undone in turn, once it has all been recorded.
    pipeline.recorded("/undo").await?;
    pipeline.run(&format!("ssmbak restore /undo/ {then} -R"))?.well()?;
    assert_eq!(store.value("/undo/deleted").await.as_deref(), Some("gone"));
    Ok(())
}

/// Defect: delete and re-create within the delivery delay deletes the live parameter.
#[tokio::test]
async fn deleting_and_recreating_quickly_keeps_the_live_parameter() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let store = &pipeline.store;
    let names: Vec<String> = (0..8).map(|number| format!("/quick/p{number}")).collect();
    for name in &names {
        store.put(name, "String", "old", "").await?;
    }
    pipeline.recorded("/quick").await?;
    let then = next_second().await;
    let old = store.state("/quick/").await?;
    for name in &names {
        store.ssm.delete_parameter().name(name).send().await?;
        store.put(name, "String", "new", "").await?;
    }
    let new = store.state("/quick/").await?;
    let later = next_second().await;
    pipeline.recorded("/quick").await?;
    // The new versions may be recorded before the deletions are.
    await_that("the deletions to be recorded", async || Ok(pipeline.preview("/quick/", then)?["Unknown"] == json!([])))
        .await?;

    let bucket = pipeline.bucket(STACK)?;
    for name in &names {
        let current = pipeline.s3.get_object().bucket(&bucket).key(name).send().await?;
        assert_eq!(current.body.collect().await?.to_vec(), b"new", "{name}");
    }
    for (at, truth) in [(later, &new), (then, &old), (next_second().await, &new)] {
        let plan = pipeline.preview("/quick/", at)?;
        assert_eq!(plan["Unknown"], json!([]), "{plan}");
        assert_same(&after(new.clone(), &plan["Changes"])?, truth, at);
    }
    Ok(())
}

/// Defect: Advanced tier, KMS key, allowed pattern, policies, tags are lost.
#[tokio::test]
async fn every_attribute_comes_back() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let ssm = &pipeline.store.ssm;
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let policies = json!([
        {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": "2099-01-01T00:00:00.000Z"}},
        {"Type": "NoChangeNotification", "Version": "1.0", "Attributes": {"After": "20", "Unit": "Days"}},
    ]);
    let put = ssm.put_parameter().name("/full/p").value(PEM).r#type(ParameterType::SecureString);
    let put = put
        .tier(ParameterTier::Advanced)
        .key_id("alias/own")
        .allowed_pattern("(?s)^-.*$")
        .policies(policies.to_string());
    let long = "Ünïcode, \"quotes\" & more: ".repeat(30);
    put.description(&long).tags(tag("team", "größe")?).tags(tag("cost", "1 + 1 = 2")?).send().await?;
    let then = next_second().await;
    let before = attributes(&pipeline.store, "/full/").await?;
    assert!(before["/full/p"].contains("NoChangeNotification"), "{before:?}");
    pipeline.recorded("/full").await?;

    let put = ssm.put_parameter().name("/full/p").value("-").overwrite(true).key_id("alias/other").description("x");
    put.policies("[{}]").send().await?;
    let tagged = ssm.remove_tags_from_resource().resource_type(ResourceTypeForTagging::Parameter);
    tagged.resource_id("/full/p").tag_keys("team").send().await?;
    pipeline.run(&format!("ssmbak restore /full/ {then}"))?.well()?;
    assert_eq!(attributes(&pipeline.store, "/full/").await?, before, "overwritten");

    pipeline.store.delete("/full/p").await?;
    pipeline.recorded("/full").await?;
    pipeline.run(&format!("ssmbak restore /full/ {then}"))?.well()?;
    assert_eq!(attributes(&pipeline.store, "/full/").await?, before, "deleted");
    Ok(())
}

/// All that Parameter Store tells of parameters, but for what changes with each version.
async fn attributes(store: &Store, beginning: &str) -> Outcome<BTreeMap<String, String>> {
    let mut told = BTreeMap::new();
    let state: State = store.state(beginning).await?;
    for found in store.described(beginning).await? {
        let name = found.name().ok_or("no name")?;
        let tags = store.ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter);
        let tags: BTreeMap<String, String> = tags
            .resource_id(name)
            .send()
            .await?
            .tag_list()
            .iter()
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect();
        let mut policies: Vec<&str> = found.policies().iter().filter_map(|policy| policy.policy_text()).collect();
        policies.sort_unstable();
        let (tier, key, pattern) = (found.tier(), found.key_id(), found.allowed_pattern());
        let all =
            format!("{:?} {tier:?} {key:?} {pattern:?} {:?} {policies:?} {tags:?}", state[name], found.data_type());
        told.insert(name.to_owned(), all);
    }
    Ok(told)
}
