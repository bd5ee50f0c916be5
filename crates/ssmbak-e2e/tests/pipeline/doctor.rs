//! The doctor, at a pipeline that works and at ones that do not.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Ran, await_that};
use ssmbak_testkit::{Ministack, Venv};

use crate::pipeline::Pipeline;

const STACK: &str = "patient";

fn finding(report: &Value, check: &str) -> Outcome<Value> {
    let mut findings = report["Findings"].as_array().into_iter().flatten();
    Ok(findings.find(|finding| finding["Check"] == check).ok_or(format!("no {check}: {report}"))?.clone())
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let nobody = pipeline.run("ssmbak doctor --output json")?;
    assert_eq!(nobody.code, Some(1));
    assert_eq!(serde_json::from_str::<Value>(&nobody.err)?["Error"]["Code"], "NoStack");
    let nobody = pipeline.run("ssmbak doctor --stack nobody --output json")?;
    assert_eq!(serde_json::from_str::<Value>(&nobody.err)?["Error"]["Code"], "StackMissing");

    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    let bucket = pipeline.bucket(STACK)?;
    let sound = pipeline.run("ssmbak doctor --output json")?.well()?.json()?;
    assert_eq!(
        (&sound["SchemaVersion"], &sound["Stack"], &sound["Bucket"]),
        (&json!(1), &json!(STACK), &json!(bucket))
    );
    let statuses = sound["Findings"].as_array().ok_or("no list")?.iter();
    let odd: Vec<&Value> =
        statuses.filter(|finding| finding["Status"] != "ok" && finding["Check"] != "Sweep").collect();
    assert!(odd.is_empty(), "{odd:#?}");

    // Whatever else it says, a canary comes through and is gone afterwards.
    let told = pipeline.run("ssmbak doctor --canary --timeout 60s --output json")?.well()?.json()?;
    let canary = finding(&told, "Canary")?;
    assert_eq!(canary["Status"], "ok", "{canary}");
    assert!(canary["Message"].as_str().is_some_and(|said| said.contains("its deletion after")), "{canary}");
    assert!(pipeline.store.described("/newvoll/ssmbak/canary-").await?.is_empty());
    // What a canary leaves in the bucket is a history like any other, and needs nothing more.
    let lacking = pipeline.run("ssmbak-all -p /newvoll/ssmbak")?.well()?;
    assert!(!lacking.out.contains("canary"), "{lacking:?}");

    let aws = |arguments: &[&str]| -> Outcome<Ran> {
        let mut command = pipeline.command(&Venv::ready()?.executable("aws"));
        command.args(arguments);
        Ran::of(command)?.well()
    };
    aws(&["events", "disable-rule", "--name", STACK])?;
    aws(&["s3api", "put-bucket-versioning", "--bucket", &bucket, "--versioning-configuration", "Status=Suspended"])?;
    aws(&["s3api", "delete-public-access-block", "--bucket", &bucket])?;
    aws(&[
        "lambda",
        "update-function-configuration",
        "--function-name",
        STACK,
        "--environment",
        "Variables={SSMBAK_BUCKET=other}",
    ])?;
    let mapping = pipeline.resource(STACK, "SqsToLambda")?;
    aws(&["lambda", "update-event-source-mapping", "--no-enabled", "--uuid", mapping.as_str().ok_or("no mapping")?])?;
    let letters = pipeline.resource(STACK, "DeadLetters")?;
    pipeline.sqs("SendMessage", &json!({"QueueUrl": letters, "MessageBody": "x"}))?;
    let lifecycle =
        json!({"Rules": [{"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}]});
    let lifecycle = lifecycle.to_string();
    aws(&[
        "s3api",
        "put-bucket-lifecycle-configuration",
        "--bucket",
        &bucket,
        "--lifecycle-configuration",
        &lifecycle,
    ])?;
    let record = "{\"format\":1,\"started\":\"2020-01-01T00:00:00Z\",\"finished\":\"2020-01-01T00:01:00Z\",\"names\":3,\"written\":0,\"failed\":0}";
    pipeline
        .s3
        .put_object()
        .bucket(&bucket)
        .key("ssmbak-sweep/last")
        .body(record.as_bytes().to_vec().into())
        .send()
        .await?;

    let ran = pipeline.run(&format!("ssmbak doctor --stack {STACK} --output json"))?;
    assert_eq!(ran.code, Some(4), "{ran:?}");
    let ill = ran.json()?;
    for (check, status) in [
        ("Rule", "problem"),
        ("EventSourceMapping", "problem"),
        ("Function", "problem"),
        ("DeadLetters", "problem"),
        ("BucketVersioning", "problem"),
        ("BucketPublicAccess", "problem"),
        ("BucketLifecycle", "problem"),
        ("Sweep", "warning"),
        ("Queue", "ok"),
    ] {
        let found = finding(&ill, check)?;
        assert_eq!(found["Status"], status, "{found}");
        assert_eq!(found["Hint"].is_string(), status != "ok", "{found}");
    }
    let aged = finding(&ill, "DeadLetters")?;
    assert!(aged["Message"].as_str().is_some_and(|said| said.contains("s ago, kept for 13 days more")), "{aged}");

    // The canary is gone even where nobody records it.
    let told = pipeline.run("ssmbak doctor --canary --timeout 1s")?;
    assert_eq!(told.code, Some(4), "{told:?}");
    assert!(told.out.contains("its creation was not recorded within 1 s"), "{told:?}");
    assert!(pipeline.store.described("/newvoll/ssmbak/canary-").await?.is_empty());

    // And after Ctrl-C.
    let mut waiting = pipeline.command(&ssmbak_testkit::binary("ssmbak"));
    let mut waiting = waiting.args(["doctor", "--canary", "--timeout", "60s"]).spawn()?;
    let lives = async || Ok(!pipeline.store.described("/newvoll/ssmbak/canary-").await?.is_empty());
    await_that("the canary to live", lives).await?;
    let interrupted = std::process::Command::new("kill").args(["-INT", &waiting.id().to_string()]).status()?;
    assert!(interrupted.success());
    assert_eq!(waiting.wait()?.code(), Some(130));
    assert!(pipeline.store.described("/newvoll/ssmbak/canary-").await?.is_empty());
    Ok(())
}

/// Breaks a part by hand, asks the doctor, types what it suggests, and asks again.
#[tokio::test]
async fn what_the_doctor_suggests_mends_what_was_stopped_by_hand() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    let bucket = pipeline.bucket(STACK)?;
    let text = |value: Value| -> Outcome<String> { Ok(value.as_str().ok_or("no name")?.to_owned()) };
    let (queue, mapping) = (text(pipeline.resource(STACK, "Q")?)?, text(pipeline.resource(STACK, "SqsToLambda")?)?);
    let venv = Venv::ready()?;
    let bin = venv.executable("aws").parent().ok_or("no folder")?.to_owned();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH")?);
    let typed = |line: &str| -> Outcome<Ran> {
        let mut shell = pipeline.command(std::path::Path::new("sh"));
        // The AWS CLI takes the endpoint of SQS from no variable.
        let line = line.replace("aws sqs ", &format!("aws --endpoint-url {} sqs ", pipeline.endpoint()));
        shell.env("PATH", &path).args(["-ec", &line]);
        Ran::of(shell)?.well()
    };
    let asked = |check: &str| -> Outcome<Value> {
        let ran = pipeline.run(&format!("ssmbak doctor --stack {STACK} --output json"))?;
        finding(&ran.json()?, check)
    };
    let breaks = [
        (
            "Rule",
            format!("aws events remove-targets --rule {STACK} --ids target-id1; aws events delete-rule --name {STACK}"),
        ),
        ("Queue", format!(r#"aws sqs set-queue-attributes --queue-url {queue} --attributes '{{"Policy":""}}'"#)),
        ("Queue", format!(r#"aws sqs set-queue-attributes --queue-url {queue} --attributes '{{"RedrivePolicy":""}}'"#)),
        ("EventSourceMapping", format!("aws lambda delete-event-source-mapping --uuid {mapping}")),
        (
            "Function",
            format!(
                "aws lambda update-function-configuration --function-name {STACK} --environment 'Variables={{SSMBAK_BUCKET=x}}'"
            ),
        ),
        (
            "Concurrency",
            format!("aws lambda put-function-concurrency --function-name {STACK} --reserved-concurrent-executions 0"),
        ),
        ("BucketPublicAccess", format!("aws s3api delete-public-access-block --bucket {bucket}")),
        (
            "BucketLifecycle",
            format!(
                r#"aws s3api put-bucket-lifecycle-configuration --bucket {bucket} --lifecycle-configuration '{{"Rules":[{{"ID":"x","Status":"Enabled","Filter":{{"Prefix":""}},"Expiration":{{"Days":9}}}}]}}'"#
            ),
        ),
        (
            "BucketVersioning",
            format!("aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Suspended"),
        ),
    ];
    for (check, line) in breaks {
        typed(&line)?;
        let broken = asked(check)?;
        assert_ne!(broken["Status"], "ok", "{line}: {broken}");
        let hint = text(broken["Hint"].clone())?;
        // Commands stand in backticks; the others are said for afterwards.
        let commands: Vec<&str> = hint.split('`').skip(1).step_by(2).filter(|line| line.starts_with("aws ")).collect();
        assert!(!commands.is_empty(), "{check}: {hint}");
        for command in commands {
            typed(command)?;
        }
        // A function is pending for a moment after a change.
        await_that(&format!("{check} after {hint}"), async || Ok(asked(check)?["Status"] == "ok")).await?;
    }
    // And it records again.
    let told = pipeline.run("ssmbak doctor --canary --timeout 60s --output json")?.json()?;
    assert_eq!(finding(&told, "Canary")?["Status"], "ok", "{told}");
    Ok(())
}
