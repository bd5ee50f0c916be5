//! What is gone, and back.

use serde_json::json;

use crate::common::schema::check;
use crate::common::{Outcome, Ran, World};
use crate::{of, past, records};

#[tokio::test]
async fn what_is_in_the_trash_comes_back_and_goes_again() -> Outcome {
    let world = World::new("trashed").await;
    past(&world, "/trashed").await;
    // The bucket does not know yet.
    let trash = check("trash", &world.run("ssmbak trash /trashed/ -o json").json());
    assert_eq!(
        (of(&trash["Parameters"], "Name"), &trash["Parameters"][0]["Evidence"]),
        (vec![&json!("/trashed/gone")], &json!("missing now"))
    );
    world.delete("/trashed/host").await;
    records(&world, "/trashed/host");
    let trash = check("trash", &world.run("ssmbak trash /trashed/ -o json").json());
    assert_eq!(of(&trash["Parameters"], "Evidence"), ["missing now", "found missing"]);
    assert_eq!((&trash["Parameters"][0]["Size"], &trash["Parameters"][0]["Type"]), (&json!(14), &json!("String")));
    assert!(trash["Parameters"][1]["DeletedBefore"].is_string(), "{trash}");
    // A deletion of what nobody can read.
    world.s3.put_object().bucket(world.bucket).key("/trashed/void").body(b"x".to_vec().into()).send().await?;
    world.s3.delete_object().bucket(world.bucket).key("/trashed/void").send().await?;
    let shown = world.run("ssmbak trash /trashed/");
    assert!(shown.out.contains("no: "), "{shown:?}");

    let ran = world.run("ssmbak undelete /trashed/ -o json");
    let plan = check("restore", &ran.json());
    assert_eq!(ran.code, Some(0), "{plan}");
    let rows: Vec<_> = of(&plan["Changes"], "Name").into_iter().zip(of(&plan["Changes"], "Outcome")).collect();
    assert_eq!(rows, [(&json!("/trashed/gone"), &json!("done")), (&json!("/trashed/host"), &json!("done"))]);
    assert_eq!(of(&plan["Unknown"], "Name"), ["/trashed/void"]);
    assert_eq!(world.value("/trashed/gone").await.as_deref(), Some("to be deleted\n"));
    assert_eq!(world.value("/trashed/host").await.as_deref(), Some("alpha"));
    let void = world.run("ssmbak undelete /trashed/void -o json");
    assert_eq!((void.code, &check("error", &void.error())["Error"]["Code"]), (Some(1), &json!("Unknown")), "{void:?}");
    let again = world.run("ssmbak undelete /trashed/gone");
    assert_eq!((again.code, again.out.as_str()), (Some(0), "no changes\n"), "{again:?}");

    // The pipeline has not recorded the creation, and yet it is known what was before it.
    let undo = ran.err.lines().find_map(|line| line.strip_prefix("undo with: ")).unwrap().to_owned();
    let undone = Ran::of(&mut world.command(&format!("{undo} -y")));
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!((world.value("/trashed/gone").await, world.value("/trashed/host").await), (None, None));
    Ok(())
}

#[tokio::test]
async fn the_trash_says_until_when_it_keeps() -> Outcome {
    use aws_sdk_s3::types::{
        BucketLifecycleConfiguration, ExpirationStatus, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    };
    let world = World::new("keeping").await;
    world.put("/keeping/a", "x", "String").await;
    records(&world, "/keeping");
    world.delete("/keeping/a").await;
    records(&world, "/keeping");
    let stays =
        |world: &World| world.run("ssmbak trash /keeping -o json").json()["Parameters"][0].get("StaysUntil").cloned();
    assert_eq!(stays(&world), None);
    let rule = LifecycleRule::builder()
        .id("expire")
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .status(ExpirationStatus::Enabled)
        .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(30).build())
        .build()?;
    let rules = BucketLifecycleConfiguration::builder().rules(rule).build()?;
    let put = world.s3.put_bucket_lifecycle_configuration().bucket(world.bucket);
    put.lifecycle_configuration(rules).send().await?;
    let until: jiff::Timestamp = stays(&world).unwrap().as_str().unwrap().parse()?;
    let days = until.duration_since(jiff::Timestamp::now()).as_hours();
    assert!((30 * 24 - 1..=31 * 24).contains(&days) && until.as_second() % 86_400 == 0, "{until}");
    Ok(())
}
