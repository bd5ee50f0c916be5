//! Restoring into another region, with another profile, under other KMS keys.

use aws_sdk_ssm::config::Region;
use serde_json::json;
use ssmbak_testkit::create_versioned_bucket;

use crate::common::schema::check;
use crate::common::{Outcome, Ran, World};
use crate::{changed, next_second};

const THERE: &str = "eu-west-1";

fn there(world: &World) -> aws_sdk_ssm::Client {
    aws_sdk_ssm::Client::from_conf(world.ssm.config().to_builder().region(Region::new(THERE)).build())
}

async fn value(store: &aws_sdk_ssm::Client, name: &str) -> Option<String> {
    let read = store.get_parameter().name(name).with_decryption(true).send().await.ok()?;
    read.parameter?.value
}

async fn put(store: &aws_sdk_ssm::Client, name: &str, text: &str) {
    store.put_parameter().name(name).value(text).r#type("String".into()).overwrite(true).send().await.unwrap();
}

#[tokio::test]
async fn a_tree_is_restored_into_another_region() -> Outcome {
    let world = World::new("elsewhere").await;
    let store = there(&world);
    let then = changed(&world, "/region").await;
    put(&store, "/region/changed", "theirs").await;
    put(&store, "/region/new", "theirs").await;
    let line = format!("/region/ -R {then} --target-region {THERE}");

    let shown = check("preview", &world.run(&format!("ssmbak preview {line} -o json")).json());
    assert_eq!((&shown["Region"], &shown["Bucket"]), (&json!(THERE), &json!("elsewhere")));
    let told = world.run(&format!("ssmbak preview {line}"));
    assert!(told.err.contains(&format!("--target-region {THERE}")), "{}", told.err);

    // Nothing keeps what would be overwritten.
    let refused = world.run(&format!("ssmbak restore {line} -o json"));
    assert_eq!((refused.code, &refused.error()["Error"]["Code"]), (Some(1), &json!("NoTargetBucket")), "{refused:?}");
    assert_eq!(value(&store, "/region/gone").await, None);

    let ran = world.run(&format!("ssmbak restore {line} --on-conflict skip"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("delete what it created: nothing records changes there"), "{}", ran.err);
    let now = ["changed", "gone", "new", "secret"].map(|name| format!("/region/{name}"));
    assert_eq!(value(&store, &now[0]).await.as_deref(), Some("theirs"), "left");
    assert_eq!(value(&store, &now[1]).await.as_deref(), Some("one"), "created");
    assert_eq!(value(&store, &now[2]).await.as_deref(), Some("theirs"), "nothing is deleted there");
    assert_eq!(value(&store, &now[3]).await.as_deref(), Some("hush-hush"), "decrypted and encrypted again");
    assert_eq!(world.value("/region/changed").await.as_deref(), Some("two"), "here all stays as it is");
    Ok(())
}

#[tokio::test]
async fn a_bucket_there_keeps_what_is_overwritten_and_the_restore_is_undone() -> Outcome {
    let world = World::new("from-here").await;
    let store = there(&world);
    create_versioned_bucket(&world.s3, "over-there").await?;
    let then = changed(&world, "/kept").await;
    put(&store, "/kept/changed", "theirs").await;
    next_second().await;
    let line = format!("ssmbak restore /kept/ -R {then} --target-region {THERE} --target-bucket over-there");

    let ran = world.run(&format!("{line} -o json"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    check("restore", &ran.json());
    assert_eq!(value(&store, "/kept/changed").await.as_deref(), Some("one"));
    let again = world.run(&line);
    assert_eq!((again.code, again.out.as_str()), (Some(0), "no changes: 3 unchanged\n"), "{again:?}");
    let of_here = world.s3.list_object_versions().bucket("from-here").prefix("ssmbak-restore").send().await?;
    assert!(of_here.versions().is_empty(), "this bucket says nothing of another region");

    assert!(ran.err.contains(&format!("-b over-there --region {THERE}")), "{}", ran.err);
    let undone = world.run(&format!("ssmbak undo -y -b over-there --region {THERE}"));
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(value(&store, "/kept/changed").await.as_deref(), Some("theirs"));
    assert_eq!(value(&store, "/kept/gone").await, None);
    Ok(())
}

#[tokio::test]
async fn the_bucket_that_is_read_cannot_record_another_region() -> Outcome {
    let world = World::new("one-bucket").await;
    world.recorded("/one/a", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let line = format!("ssmbak restore /one/ 2024-01-02 --target-region {THERE}");
    let refused = world.run(&format!("{line} --target-bucket one-bucket -o json"));
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("it records another account or region"), "{}", refused.err);
    // Nor if the pipeline's own parameter, copied there, says so.
    let store = there(&world);
    put(&store, "/newvoll/ssmbak/bucketname", "one-bucket").await;
    let ran = world.run(&line);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("nothing records changes there"), "{}", ran.err);
    store.delete_parameter().name("/newvoll/ssmbak/bucketname").send().await?;
    assert_eq!(value(&store, "/one/a").await.as_deref(), Some("x"));
    Ok(())
}

#[tokio::test]
async fn the_pipelines_own_parameters_stay_where_they_are() -> Outcome {
    let world = World::new("own").await;
    world.recorded("/newvoll/ssmbak/sqsqueue", "x", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/newvoll/other", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let shown = world.run(&format!("ssmbak preview /newvoll/ -R 2024-01-02 --target-region {THERE} -o json")).json();
    let names: Vec<_> = shown["Changes"].as_array().unwrap().iter().map(|row| row["Name"].as_str().unwrap()).collect();
    assert_eq!(names, ["/newvoll/other"]);
    Ok(())
}

#[tokio::test]
async fn secrets_are_encrypted_with_the_key_that_is_there() -> Outcome {
    let world = World::new("keys").await;
    let store = there(&world);
    let put = world.ssm.put_parameter().name("/keys/a").value("hush").r#type("SecureString".into());
    put.key_id("alias/here").send().await?;
    let ran = world.run("ssmbak-all --do-it -p /keys");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    next_second().await;
    let line = format!("ssmbak restore /keys/ now --target-region {THERE}");
    let told = world.run(&format!("ssmbak preview /keys/ now --target-region {THERE}"));
    assert!(told.err.contains("were encrypted with alias/here"), "{}", told.err);
    let ran = world.run(&format!("{line} --kms-key alias/here=alias/there"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let described = store.describe_parameters().send().await?;
    let of = |name: &str| described.parameters().iter().find(|found| found.name() == Some(name)).cloned();
    assert_eq!(of("/keys/a").and_then(|found| found.key_id).as_deref(), Some("alias/there"));
    assert_eq!(value(&store, "/keys/a").await.as_deref(), Some("hush"));
    // The same again: the key that is there is the one that is wanted.
    let again = world.run(&format!("{line} --kms-key alias/there"));
    assert_eq!((again.code, again.out.as_str()), (Some(0), "no changes: 1 unchanged\n"), "{again:?}");
    Ok(())
}

#[tokio::test]
async fn a_target_profile_brings_its_own_region() -> Outcome {
    let world = World::new("profile").await;
    world.recorded("/profile/a", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let home = tempfile::tempdir()?;
    let config = home.path().join("config");
    let profile = "[profile new]\nregion = ap-south-1\naws_access_key_id = new\naws_secret_access_key = new\n";
    std::fs::write(&config, profile)?;
    let line = "ssmbak restore /profile/ 2024-01-02 --target-profile new -o json";
    let ran = Ran::of(world.command(line).env("AWS_CONFIG_FILE", &config));
    assert_eq!((ran.code, &ran.json()["Region"]), (Some(0), &json!("ap-south-1")), "{ran:?}");
    let missing = world.run("ssmbak restore /profile/ 2024-01-02 --target-profile missing -o json");
    assert_eq!((missing.code, &missing.error()["Error"]["Code"]), (Some(1), &json!("NoProfile")), "{missing:?}");
    Ok(())
}

#[tokio::test]
async fn options_about_another_place_need_one() -> Outcome {
    let world = World::new("nowhere").await;
    for line in [
        "ssmbak restore /a/ 2024-01-02 --target-bucket x",
        "ssmbak restore /a/ 2024-01-02 --kms-key a=b",
        "ssmbak restore /a/ 2024-01-02 --on-conflict skip",
        "ssmbak restore /a/ 2024-01-02 --target-region eu-west-1 --kms-key a=",
        "ssmbak restore --plan x --target-region eu-west-1",
        "ssmbak preview /a/ 2024-01-02 --target-region eu-west-1 --out x",
    ] {
        let ran = world.run(line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
    }
    Ok(())
}
