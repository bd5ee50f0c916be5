//! Descriptions, and everything else that a parameter has beside its value.

use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};
use jiff::Timestamp;
use serde_json::json;
use ssmbak_e2e::{Outcome, Recorder as _, World, next_second, put_event};

use crate::scenario::theirs;

/// Defect: descriptions are mangled, cut at 256 and shown as a difference for ever.
#[tokio::test]
async fn a_description_that_the_original_mangled_is_no_difference() -> Outcome {
    let world = World::new("mangled").await?;
    let original = world.original()?;
    let long = "punctuated: ".repeat(30);
    let events = [
        world.store.put("/mangled/fancy", "String", "v", "größe (in %), \"roughly\"").await?,
        world.store.put("/mangled/long", "String", "v", &long).await?,
    ];
    original.record(&events)?;
    let then = next_second().await;
    let rows = original.preview("/mangled/", &theirs(then), false)?;
    assert_eq!(rows.as_array().map(Vec::len), Some(2), "it would mangle both: {rows}");
    let ran = world.run(&format!("ssmbak preview /mangled/ {then} -o json"))?.well()?.json()?;
    assert_eq!((&ran["Changes"], &ran["Unchanged"]), (&json!([]), &json!(2)), "{ran}");

    // A value that has changed does not cost what is left of the description either.
    world.store.put("/mangled/long", "String", "changed", &long).await?;
    world.run(&format!("ssmbak restore /mangled/ {then}"))?.well()?;
    let state = world.store.state("/mangled/long").await?;
    let restored = state.values().next().map(|found| (found.value.as_str(), found.description.as_deref()));
    assert_eq!(restored, Some(("v", Some(long.as_str()))));
    Ok(())
}

/// Defect: removed descriptions are not restored.
#[tokio::test]
async fn a_description_that_was_not_there_is_taken_away() -> Outcome {
    let world = World::new("removed").await?;
    let original = world.original()?;
    original.record(&[world.store.put("/removed/p", "String", "v", "").await?])?;
    let then = next_second().await;
    world.store.put("/removed/p", "String", "v", "added").await?;
    let description = async || -> Outcome<Option<String>> {
        Ok(world.store.state("/removed/").await?.into_values().next().and_then(|found| found.description))
    };

    original.restore("/removed/", &theirs(then), false)?;
    assert_eq!(description().await?.as_deref(), Some("added"), "it leaves it");
    let ran = world.run(&format!("ssmbak restore /removed/ {then} -o json"))?.well()?.json()?;
    assert_eq!(ran["Changes"][0]["Fields"], json!(["Description"]), "{ran}");
    assert_eq!(description().await?, None);
    Ok(())
}

/// Defect: DescribeParameters is read without NextToken.
#[tokio::test]
async fn descriptions_are_compared_beyond_the_first_page() -> Outcome {
    let world = World::new("pages").await?;
    let original = world.original()?;
    let mut events = Vec::new();
    for number in 10..25 {
        events.push(world.store.put(&format!("/pages/p{number}"), "String", "v", "described").await?);
    }
    original.record(&events)?;
    let then = next_second().await;
    let rows = original.preview("/pages/", &theirs(then), false)?;
    assert_eq!(rows.as_array().map(Vec::len), Some(5), "it misses the second page: {rows}");
    let ran = world.run(&format!("ssmbak preview /pages/ {then} -o json"))?.well()?.json()?;
    assert_eq!((&ran["Changes"], &ran["Unchanged"]), (&json!([]), &json!(15)), "{ran}");
    Ok(())
}

/// Defect: Advanced tier, KMS key, allowed pattern and tags are lost. (Of policies, see the pipeline's tests: this
/// emulator does not tell them in JSON.)
#[tokio::test]
async fn tier_key_pattern_and_tags_come_back() -> Outcome {
    let world = World::new("attributes").await?;
    let (function, original) = (world.function()?, world.original()?);
    let (ssm, name) = (&world.store.ssm, "/attributes/p");
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let put = ssm.put_parameter().name(name).value("s3cret").r#type(ParameterType::SecureString);
    let put = put.tier(ParameterTier::Advanced).key_id("alias/own").allowed_pattern("^s.*$").description("größe");
    put.tags(tag("team", "größe")?).tags(tag("cost", "1 + 1 = 2")?).send().await?;
    function.record(&[put_event(name, 1, "SecureString", Some("größe"), Timestamp::now())])?;
    let then = next_second().await;
    let attributes = async || -> Outcome<String> {
        let found = world.store.described(name).await?;
        let found = found.first().ok_or("it is not there")?;
        let tags = ssm.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter).resource_id(name);
        let mut tags: Vec<String> =
            tags.send().await?.tag_list().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect();
        tags.sort();
        let (tier, key) = (found.tier().map(ParameterTier::as_str), found.key_id());
        Ok(format!("{tier:?} {key:?} {:?} {:?} {tags:?}", found.allowed_pattern(), found.description()))
    };
    let before = attributes().await?;
    assert!(before.starts_with(r#"Some("Advanced") Some("alias/own") Some("^s.*$") Some("größe")"#), "{before}");

    function.record(&[world.store.delete(name).await?])?;
    original.restore("/attributes/", &theirs(then), false)?;
    let lost = attributes().await?;
    assert!(lost.starts_with(r#"Some("Standard") Some("alias/aws/ssm") None Some("gre") []"#), "it loses them: {lost}");

    let ran = world.run(&format!("ssmbak restore /attributes/ {then} -o json"))?.well()?.json()?;
    let fields = json!(["Description", "Tier", "KeyId", "AllowedPattern", "Tags"]);
    assert_eq!(ran["Changes"][0]["Fields"], fields, "{ran}");
    assert_eq!(attributes().await?, before);
    next_second().await;
    function.record(&[world.store.delete(name).await?])?;
    world.run(&format!("ssmbak restore /attributes/ {then}"))?.well()?;
    assert_eq!(attributes().await?, before);
    Ok(())
}
