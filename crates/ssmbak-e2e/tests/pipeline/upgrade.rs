//! A stack that ssmbak 0.5.2 deployed, its function at work, brought up to date in place.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, after, as_the_original_records_it, assert_same, await_that, next_second};
use ssmbak_testkit::{Ministack, Original, Venv, target_dir};

use crate::pipeline::Pipeline;

/// The original's package, as installed.
fn package() -> Outcome<PathBuf> {
    let lib = Venv::ready()?.python().ancestors().nth(2).ok_or("no Python environment")?.join("lib");
    for entry in fs::read_dir(lib)? {
        let package = entry?.path().join("site-packages/ssmbak");
        if package.is_dir() {
            return Ok(package);
        }
    }
    Err("ssmbak 0.5.2 is not installed".into())
}

/// Its template with its function in it, as its author publishes it.
fn template() -> Outcome<String> {
    let package = package()?;
    let function = fs::read_to_string(package.join("backup/ssmbak.py"))?;
    // A text in JSON is one in YAML.
    Ok(fs::read_to_string(package.join("data/cfn.yml"))?.replace("REPLACEME", &Value::from(function).to_string()))
}

#[tokio::test]
async fn a_stack_of_the_original_is_upgraded_in_place_and_keeps_bucket_and_history() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let store = &pipeline.store;
    let file = target_dir().join("emulators").join(format!("original-{}.yml", ministack.port()));
    fs::write(&file, template()?)?;
    let mut create = pipeline.command(&Venv::ready()?.executable("aws"));
    create.args(["cloudformation", "create-stack", "--stack-name", "old", "--capabilities", "CAPABILITY_NAMED_IAM"]);
    create.arg("--template-body").arg(format!("file://{}", file.display()));
    let created = create.output()?;
    assert!(created.status.success(), "{created:?}");
    await_that(
        "the original's stack",
        async || Ok(pipeline.run("ssmbak-stack old status")?.out == "CREATE_COMPLETE\n"),
    )
    .await?;
    let bucket = pipeline.bucket("old")?;
    let kept = kept(&pipeline)?;
    let listed = pipeline.run("ssmbak-stack list --output json")?.well()?.json()?;
    let old = json!([{"StackName": "old", "StackStatus": "CREATE_COMPLETE", "Bucket": bucket}]);
    assert_eq!(listed, old, "without a version");

    // A life under the original's own function.
    store.put("/old/kept", "String", "one", "a \"fancy\" description").await?;
    store.put("/old/secret", "SecureString", "s1\n", "").await?;
    store.put("/old/doomed", "StringList", "a,b", "").await?;
    versions(&pipeline, &bucket, 3).await?;
    let first = (next_second().await, store.state("/old/").await?);
    store.put("/old/kept", "String", "two", "").await?;
    store.delete("/old/doomed").await?;
    versions(&pipeline, &bucket, 5).await?;
    let second = (next_second().await, store.state("/old/").await?);

    // Its template would take the bucket along.
    let refused = pipeline.run("ssmbak-stack old delete --yes --output json")?;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(serde_json::from_str::<Value>(&refused.err)?["Error"]["Code"], "StackWouldDeleteHistory");

    // A sweep would record what the original has left out; here its records are counted.
    let ran = pipeline.run("ssmbak-stack old update --no-sweep --yes --output json")?.well()?.json()?;
    assert_eq!((&ran["StackStatus"], &ran["Bucket"]), (&json!("UPDATE_COMPLETE"), &json!(bucket)), "{ran}");
    assert_eq!(ran["FirstSweep"], "skipped", "it is the first that can sweep: {ran}");
    let listed = pipeline.run("ssmbak-stack list --output json")?.well()?.json()?;
    assert_eq!(listed[0]["Version"], env!("CARGO_PKG_VERSION"), "{listed}");
    assert_eq!(self::kept(&pipeline)?, kept);
    assert_eq!(store.value("/newvoll/ssmbak/bucketname").await, Some(bucket.clone()));
    versions(&pipeline, &bucket, 5).await?;

    // And one under ours.
    store.put("/old/kept", "String", "three", "größe").await?;
    store.put("/old/doomed", "String", "risen", "").await?;
    store.delete("/old/secret").await?;
    let third = (next_second().await, store.state("/old/").await?);
    pipeline.recorded("/old").await?;
    let head = pipeline.s3.head_object().bucket(&bucket).key("/old/kept").send().await?;
    assert!(head.metadata().is_some_and(|metadata| !metadata.is_empty()), "our function recorded it");

    let present = third.1.clone();
    for (at, truth) in [&first, &second, &third] {
        let plan = pipeline.preview("/old/", at)?;
        let (seen, truth) = (after(present.clone(), &plan["Changes"])?, as_the_original_records_it(truth));
        assert_same(&as_the_original_records_it(&seen), &truth, at);
    }
    let original = Original::new(pipeline.endpoint(), bucket.as_str())?;
    let rows = original.preview("/old/", &second.0.strftime("%Y-%m-%dT%H:%M:%S").to_string(), true)?;
    let names: Vec<&Value> = rows.as_array().into_iter().flatten().map(|row| &row["Name"]).collect();
    assert_eq!(names, ["/old/doomed", "/old/kept", "/old/secret"], "the original still reads it");

    pipeline.run(&format!("ssmbak restore /old/ {} -R", first.0))?.well()?;
    let restored = as_the_original_records_it(&store.state("/old/").await?);
    assert_same(&restored, &as_the_original_records_it(&first.1), "restored");
    Ok(())
}

/// Whatever holds something that must not be lost, as it is called in AWS.
fn kept(pipeline: &Pipeline<'_>) -> Outcome<Vec<Value>> {
    let resources = pipeline.run("ssmbak-stack old resources --output json")?.well()?.json()?;
    let resources = resources.as_array().into_iter().flatten();
    let ids = ["Bucket", "BucketParam", "StackParam", "Q", "EventRule"];
    let kept = resources.filter(|resource| ids.iter().any(|id| resource["LogicalResourceId"] == *id));
    let mut kept: Vec<Value> =
        kept.map(|found| json!([found["LogicalResourceId"], found["PhysicalResourceId"]])).collect();
    kept.sort_by_key(Value::to_string);
    assert_eq!(kept.len(), ids.len());
    Ok(kept)
}

/// Waits until the bucket holds so many versions and delete markers below `/old/`, and no more.
async fn versions(pipeline: &Pipeline<'_>, bucket: &str, expected: usize) -> Outcome {
    let mut found = 0;
    let counted = await_that("the original's function", async || {
        let listed = pipeline.s3.list_object_versions().bucket(bucket).prefix("/old/").send().await?;
        found = listed.versions().len() + listed.delete_markers().len();
        Ok(found == expected)
    });
    counted.await.map_err(|error| format!("{error}: {expected} versions").into())
}
