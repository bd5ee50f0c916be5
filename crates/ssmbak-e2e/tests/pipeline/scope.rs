//! A stack that leaves names out, from `--exclude` to what a restore says of them.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Ran, await_that, next_second};
use ssmbak_testkit::{Ministack, Venv};

use crate::pipeline::Pipeline;

/// Of a stack of one's own, since it is changed.
const STACK: &str = "scoped";

async fn document(pipeline: &Pipeline<'_>, bucket: &str, key: &str) -> Option<Value> {
    let object = pipeline.s3.get_object().bucket(bucket).key(key).send().await.ok()?;
    serde_json::from_slice(&object.body.collect().await.ok()?.to_vec()).ok()
}

/// Waits until a sweep has looked at everything in the scope that was deployed last.
async fn swept(pipeline: &Pipeline<'_>, bucket: &str, scopes: usize) -> Outcome {
    await_that("a sweep of the scope", async || {
        let record = document(pipeline, bucket, "ssmbak-scope/record").await.unwrap_or_default();
        let all = record["scopes"].as_array().cloned().unwrap_or_default();
        Ok(all.len() == scopes && all.last().is_some_and(|last| last["swept"] == true))
    })
    .await
}

/// The rule drops changes of excluded names, and nothing else: a policy action calls the name otherwise.
fn rule_passes_what_is_recorded(pipeline: &Pipeline<'_>) -> Outcome {
    let aws = |arguments: &[&str]| -> Outcome<Value> {
        let mut command = pipeline.command(&Venv::ready()?.executable("aws"));
        command.args(arguments).args(["--output", "json"]);
        Ran::of(command)?.well()?.json()
    };
    let rule = aws(&["events", "describe-rule", "--name", STACK])?;
    let pattern = rule["EventPattern"].as_str().ok_or("the rule has no pattern")?;
    let event = |kind: &str, detail: Value| {
        json!({
            "id": "1", "account": "000000000000", "region": "us-east-1", "source": "aws.ssm", "detail-type": kind,
            "time": "2026-03-01T10:00:00Z", "resources": [], "detail": detail
        })
    };
    let (change, action) = ("Parameter Store Change", "Parameter Store Policy Action");
    for (event, passes) in [
        (event(change, json!({"name": "/app/host", "operation": "Update"})), true),
        (event(change, json!({"name": "/ci/job", "operation": "Update"})), false),
        (event(change, json!({"name": "/app/run_token", "operation": "Update"})), false),
        (event(action, json!({"parameter-name": "/app/host", "policy-type": "Expiration"})), true),
    ] {
        let text = event.to_string();
        let tested = aws(&["events", "test-event-pattern", "--event-pattern", pattern, "--event", &text])?;
        assert_eq!(tested["Result"], passes, "{event} by {pattern}");
    }
    Ok(())
}

#[tokio::test]
async fn excluded_names_are_not_recorded_and_every_reader_says_so() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    pipeline.run(&format!("ssmbak-stack {STACK} create --yes"))?.well()?;
    let (store, bucket) = (&pipeline.store, pipeline.bucket(STACK)?);
    await_that("the first sweep", async || Ok(document(&pipeline, &bucket, "ssmbak-sweep/last").await.is_some()))
        .await?;
    for name in ["/app/host", "/app/run_token", "/ci/job"] {
        store.put(name, "String", "one", "").await?;
    }
    pipeline.recorded("/app").await?;
    pipeline.recorded("/ci").await?;

    let update = format!("ssmbak-stack {STACK} update --exclude /ci/** --exclude *_token --yes");
    let updated = pipeline.run(&update)?.well()?;
    assert!(updated.err.contains("Exclude") && updated.err.contains("sweep started"), "{updated:?}");
    swept(&pipeline, &bucket, 1).await?;
    rule_passes_what_is_recorded(&pipeline)?;
    for name in ["/app/host", "/app/run_token", "/ci/job"] {
        store.put(name, "String", "two", "").await?;
    }
    pipeline.recorded("/app/host").await?;
    let then = next_second().await;
    next_second().await;
    for name in ["/app/host", "/app/run_token", "/ci/job"] {
        store.delete(name).await?;
        store.put(name, "String", "three", "").await?;
    }
    pipeline.recorded("/app/host").await?;

    let plan = pipeline.preview("/app/", then)?;
    assert_eq!(plan["Changes"].as_array().map(Vec::len), Some(1), "{plan}");
    assert_eq!(
        (&plan["Unknown"][0]["Name"], &plan["Unknown"][0]["ReasonCode"]),
        (&json!("/app/run_token"), &json!("Excluded"))
    );
    let verified = pipeline.run("ssmbak verify /app /ci --output json")?;
    let verified = verified.json()?;
    assert_eq!(verified["Findings"], json!([]), "{verified}");
    assert!(verified["Warnings"][0].as_str().is_some_and(|told| told.ends_with("2 parameters")), "{verified}");
    let all = pipeline.run("ssmbak all")?;
    assert!(all.err.contains("the stack excludes them from recording: 2 parameters"), "{all:?}");

    pipeline.run(&format!("ssmbak-stack {STACK} update --exclude= --yes"))?.well()?;
    swept(&pipeline, &bucket, 2).await?;
    pipeline.recorded("/ci/job").await?;
    let wrong = pipeline.run(&format!("ssmbak-stack {STACK} update --param Exclude=[a --yes --output json"))?;
    assert_eq!((wrong.code, wrong.err.contains("\"Scope\"")), (Some(1), true), "{wrong:?}");
    Ok(())
}
