//! The daily sweep makes up for events that were lost, and an outage of the function loses nothing.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Ran, after, assert_same, await_that, next_second};
use ssmbak_testkit::{Ministack, Venv};

use crate::pipeline::Pipeline;

/// Of a stack of one's own, since it is put out of order.
const STACK: &str = "swept";

/// The stock AWS CLI's answer.
fn aws(pipeline: &Pipeline<'_>, arguments: &[&str]) -> Outcome<Value> {
    let mut command = pipeline.command(&Venv::ready()?.executable("aws"));
    command.args(arguments).args(["--output", "json"]);
    let ran = Ran::of(command)?.well()?;
    Ok(if ran.out.trim().is_empty() { Value::Null } else { ran.json()? })
}

fn deploy(pipeline: &Pipeline<'_>) -> Outcome<String> {
    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    pipeline.bucket(STACK)
}

/// What a resource of the stack is called in AWS.
fn physical(pipeline: &Pipeline<'_>, id: &str) -> Outcome<String> {
    let resources = pipeline.run(&format!("ssmbak-stack {STACK} resources --output json"))?.well()?.json()?;
    let mut resources = resources.as_array().into_iter().flatten();
    let found = resources.find(|resource| resource["LogicalResourceId"] == id);
    Ok(found.and_then(|found| found["PhysicalResourceId"].as_str()).ok_or(format!("no {id}"))?.to_owned())
}

/// The record of the last finished sweep.
async fn last(pipeline: &Pipeline<'_>, bucket: &str) -> Option<Value> {
    let object = pipeline.s3.get_object().bucket(bucket).key("ssmbak-sweep/last").send().await.ok()?;
    serde_json::from_slice(&object.body.collect().await.ok()?.to_vec()).ok()
}

/// Sends what the schedule sends, and waits for the sweep to be finished.
async fn sweep(pipeline: &Pipeline<'_>, bucket: &str) -> Outcome<Value> {
    let rule = physical(pipeline, "SweepRule")?;
    let targets = aws(pipeline, &["events", "list-targets-by-rule", "--rule", &rule])?;
    let input = targets["Targets"][0]["Input"].as_str().ok_or("the schedule sends nothing")?;
    let before = last(pipeline, bucket).await;
    pipeline.sqs("SendMessage", &json!({"QueueUrl": physical(pipeline, "Q")?, "MessageBody": input}))?;
    let mut record = None;
    await_that("the sweep to be finished", async || {
        record = last(pipeline, bucket).await;
        Ok(record != before)
    })
    .await?;
    Ok(record.unwrap_or_default())
}

#[tokio::test]
async fn a_new_stack_records_what_exists_already() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let empty = pipeline.run("ssmbak-stack list")?.well()?;
    assert_eq!(empty.out, "");
    assert_eq!(empty.err, "no ssmbak stack in us-east-1: `ssmbak-stack NAME create` deploys one\n");
    assert_eq!(pipeline.run("ssmbak-stack list --output json")?.well()?.json()?, json!([]));

    let store = &pipeline.store;
    store.put("/before/host", "String", "one", "").await?;
    store.put("/before/host", "String", "two", "").await?;
    store.put("/before/secret", "SecureString", "s\n", "größe").await?;
    let before = (next_second().await, store.state("/before/").await?);
    let created = pipeline.run(&format!("ssmbak-stack {STACK} create --yes"))?.well()?;
    assert!(created.err.contains("sweep started: ") && created.err.contains("`ssmbak doctor`"), "{created:?}");
    let bucket = pipeline.bucket(STACK)?;
    await_that("the first sweep", async || Ok(last(&pipeline, &bucket).await.is_some())).await?;
    let record = last(&pipeline, &bucket).await.unwrap_or_default();
    // Two parameters, one of them with two versions, and the two of the stack itself.
    assert_eq!(
        (&record["names"], &record["written"], &record["failed"]),
        (&json!(4), &json!(4), &json!(0)),
        "{record}"
    );

    store.put("/before/host", "String", "three", "").await?;
    store.delete("/before/secret").await?;
    pipeline.recorded("/before").await?;
    let plan = pipeline.preview("/before/", before.0)?;
    assert_same(&after(store.state("/before/").await?, &plan["Changes"])?, &before.1, before.0);

    let listed = pipeline.run("ssmbak-stack list")?.well()?.out;
    let columns: Vec<&str> = listed.split_whitespace().collect();
    assert_eq!(columns, [STACK, "CREATE_COMPLETE", env!("CARGO_PKG_VERSION"), &bucket], "{listed}");
    Ok(())
}

#[tokio::test]
async fn the_daily_sweep_heals_what_lost_events_left_out() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let store = &pipeline.store;
    let bucket = deploy(&pipeline)?;
    for name in ["/sweep/kept", "/sweep/changed", "/sweep/doomed"] {
        store.put(name, "String", "one", "").await?;
    }
    pipeline.recorded("/sweep").await?;
    let before = (next_second().await, store.state("/sweep/").await?);
    // What was stored within seconds of a sweep may have been stored after it, as far as two clocks can tell.
    for _ in 0..4 {
        next_second().await;
    }
    let first = sweep(&pipeline, &bucket).await?;
    assert_eq!((&first["format"], &first["failed"]), (&json!(1), &json!(0)), "{first}");

    let rule = physical(&pipeline, "EventRule")?;
    aws(&pipeline, &["events", "disable-rule", "--name", &rule])?;
    store.put("/sweep/changed", "String", "two", "").await?;
    let between = (next_second().await, store.state("/sweep/").await?);
    store.put("/sweep/changed", "SecureString", "three\n", "größe").await?;
    store.put("/sweep/new", "String", "one", "").await?;
    store.delete("/sweep/doomed").await?;
    aws(&pipeline, &["events", "enable-rule", "--name", &rule])?;

    let second = sweep(&pipeline, &bucket).await?;
    assert_eq!((&second["written"], &second["failed"]), (&json!(3), &json!(0)), "{second}");
    let present = store.state("/sweep/").await?;
    // No event tells when it was deleted, and a sweep proves that it lived as of two minutes before: it is unknown, the rest
    // is exact.
    for (at, mut expected) in [before, between] {
        let plan = pipeline.preview("/sweep/", at)?;
        assert_eq!(plan["Unknown"][0]["Name"], "/sweep/doomed", "{plan}");
        assert_eq!(plan["Unknown"].as_array().map(Vec::len), Some(1), "{plan}");
        expected.remove("/sweep/doomed");
        assert_same(&after(present.clone(), &plan["Changes"])?, &expected, at);
    }
    // Another sweep finds nothing left to do, and nobody takes its record for a parameter.
    assert_eq!(sweep(&pipeline, &bucket).await?["written"], 0);
    let all = pipeline.preview("/", next_second().await)?;
    assert!(!all.to_string().contains("ssmbak-sweep"), "{all}");
    Ok(())
}

#[tokio::test]
async fn an_outage_of_the_function_loses_nothing() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let store = &pipeline.store;
    let bucket = deploy(&pipeline)?;
    let queue = physical(&pipeline, "Q")?;
    // Six minutes and ten tries as deployed; nobody waits for the former here, so that the latter come quickly.
    let dead = physical(&pipeline, "DeadLetters")?.replace("http://", "");
    let name = dead.rsplit('/').next().unwrap_or_default();
    let patient =
        json!({"deadLetterTargetArn": format!("arn:aws:sqs:us-east-1:000000000000:{name}"), "maxReceiveCount": 1000});
    let attributes = json!({"VisibilityTimeout": "1", "RedrivePolicy": patient.to_string()});
    pipeline.sqs("SetQueueAttributes", &json!({"QueueUrl": queue, "Attributes": attributes}))?;

    let configured = aws(&pipeline, &["lambda", "get-function-configuration", "--function-name", STACK])?;
    let mut variables = configured["Environment"]["Variables"].clone();
    let configure = |variables: &Value| {
        let environment = json!({"Variables": variables}).to_string();
        let update =
            ["lambda", "update-function-configuration", "--function-name", STACK, "--environment", &environment];
        aws(&pipeline, &update).map(drop)
    };
    variables["SSMBAK_BUCKET"] = json!("there-is-no-such-bucket");
    configure(&variables)?;

    let mut truths = Vec::new();
    for round in 0..3 {
        for number in 0..4 {
            store.put(&format!("/outage/p{number}"), "String", &format!("{round}.{number}"), "").await?;
        }
        if round == 1 {
            store.delete("/outage/p0").await?;
        }
        truths.push((next_second().await, store.state("/outage/").await?));
    }
    let waiting = pipeline.sqs("GetQueueAttributes", &json!({"QueueUrl": queue, "AttributeNames": ["All"]}))?;
    let number = |key: &str| waiting["Attributes"][key].as_str().and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let kept = number("ApproximateNumberOfMessages") + number("ApproximateNumberOfMessagesNotVisible");
    assert!(kept >= 13, "the queue keeps all 13 changes: {waiting}");
    let recorded = pipeline.s3.list_object_versions().bucket(&bucket).prefix("/outage/").send().await?;
    assert!(recorded.versions().is_empty(), "the function was out of order");

    variables["SSMBAK_BUCKET"] = json!(bucket);
    configure(&variables)?;
    pipeline.recorded("/outage").await?;
    await_that("the queue to be empty", async || {
        let left = pipeline.sqs("GetQueueAttributes", &json!({"QueueUrl": queue, "AttributeNames": ["All"]}))?;
        let none = |key: &str| left["Attributes"][key] == "0";
        Ok(none("ApproximateNumberOfMessages") && none("ApproximateNumberOfMessagesNotVisible"))
    })
    .await?;
    let present = store.state("/outage/").await?;
    for (at, truth) in truths {
        let plan = pipeline.preview("/outage/", at)?;
        let seen = after(present.clone(), &plan["Changes"])?;
        // What nobody could read any more (the life that ended in the outage) is said to be unknown.
        let unknown: Vec<&str> =
            plan["Unknown"].as_array().into_iter().flatten().filter_map(|row| row["Name"].as_str()).collect();
        let known = |state: &ssmbak_e2e::State| {
            let mut state = state.clone();
            state.retain(|name, _| !unknown.contains(&name.as_str()));
            state
        };
        assert!(unknown.iter().all(|name| *name == "/outage/p0"), "{plan}");
        assert_same(&known(&seen), &known(&truth), at);
    }
    Ok(())
}
