//! What the commands that look after a pipeline or read any bucket print for programs is what `schemas/` says.

use serde_json::Value;
use ssmbak_e2e::{Outcome, next_second};
use ssmbak_testkit::{Ministack, create_versioned_bucket};

use crate::pipeline::Pipeline;
use crate::schema::check;

const STACK: &str = "shapes";

fn count(document: &Value, key: &str) -> usize {
    document[key].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn the_life_of_a_stack_is_told_as_the_schemas_say() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let told = |schema: &str, line: &str| -> Outcome<Value> {
        Ok(check(schema, &pipeline.run(&format!("ssmbak-stack {STACK} {line} --output json"))?.well()?.json()?))
    };
    let created = told("stack-create", "create --no-sweep")?;
    assert_eq!(created["FirstSweep"], "skipped");
    assert!(count(&created, "Changes") > 20 && created["Bucket"] != "", "{created}");
    let updated = told("stack-create", "update --param RetentionDays=30")?;
    assert!(updated["Changes"].as_array().into_iter().flatten().any(|change| change["Properties"].is_array()));
    assert!(updated["FirstSweep"].is_null(), "{updated}");
    let listed = check("stack-list", &pipeline.run("ssmbak stack list --output json")?.well()?.json()?);
    assert_eq!((&listed[0]["StackName"], &listed[0]["Bucket"]), (&STACK.into(), &created["Bucket"]), "{listed}");
    for (schema, line) in [
        ("stack-status", "status"),
        ("stack-params", "params"),
        ("stack-resources", "resources"),
        ("stack-bucketname", "bucketname"),
        ("stack-lambdaname", "lambdaname"),
        ("stack-region", "region"),
        ("stack-redrive", "redrive --dry-run"),
        ("stack-redrive", "redrive"),
    ] {
        told(schema, line)?;
    }

    // A new stack has no sweep yet, and says so: with a hint.
    let doctor = check("doctor", &pipeline.run("ssmbak doctor --output json")?.json()?);
    assert!(doctor["Findings"].as_array().into_iter().flatten().any(|finding| finding["Hint"].is_string()), "{doctor}");

    let deleted = told("stack-delete", "delete --yes")?;
    assert_eq!((count(&deleted, "Kept"), deleted["Bucket"] == created["Bucket"]), (1, true), "{deleted}");
    Ok(())
}

#[tokio::test]
async fn objects_are_told_as_the_schemas_say() -> Outcome {
    let ministack = Ministack::shared()?;
    let pipeline = Pipeline::on(ministack);
    create_versioned_bucket(&pipeline.s3, "shapes").await?;
    let put = async |key: &str, text: &'static str| {
        let body = text.as_bytes().to_vec().into();
        pipeline.s3.put_object().bucket("shapes").key(key).body(body).send().await.map(drop)
    };
    put("a/changed", "one").await?;
    put("a/removed", "one").await?;
    let then = next_second().await;
    put("a/changed", "two").await?;
    put("a/added", "two").await?;
    pipeline.s3.delete_object().bucket("shapes").key("a/removed").send().await?;

    let told = |schema: &str, line: &str| -> Outcome<Value> {
        Ok(check(schema, &pipeline.run(&format!("s3bak {line} -b shapes --output json"))?.json()?))
    };
    assert_eq!(count(&told("s3-log", "log a/removed")?, "Versions"), 2);
    assert_eq!(count(&told("s3-diff", &format!("diff a/ {then}"))?, "Changes"), 3);
    told("s3-version", &format!("preview a/changed {then}"))?;
    // What was deleted is told as that.
    assert_eq!(told("s3-version", "preview a/removed now")?["Deleted"], true);
    assert_eq!(count(&told("s3-tree", "trash a/")?, "Changes"), 1);
    assert_eq!(count(&told("s3-tree", &format!("preview a/ {then} -R --delete-new"))?, "Changes"), 3);
    told("s3-version", "undelete a/removed")?;
    let folder = tempfile::tempdir()?;
    told("s3-tree", &format!("get a/ {then} --to-dir {}", folder.path().display()))?;
    told("s3-version", &format!("restore a/changed {then}"))?;
    let restored = told("s3-tree", &format!("restore a/ {then} -R --delete-new"))?;
    assert_eq!(restored["Changes"][0]["Outcome"], "done", "{restored}");
    Ok(())
}
