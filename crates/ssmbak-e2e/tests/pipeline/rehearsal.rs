//! A stack that rehearses restores: its second function, as its rule invokes it.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Ran, next_second};
use ssmbak_testkit::{CallRecorder, Ministack, Venv, binary};

use crate::pipeline::Pipeline;

/// Of a stack of one's own, since it is changed.
const STACK: &str = "rehearsed";

fn aws(pipeline: &Pipeline<'_>, arguments: &[&str]) -> Outcome<Value> {
    let mut command = pipeline.command(&Venv::ready()?.executable("aws"));
    command.args(arguments).args(["--output", "json"]);
    let ran = Ran::of(command)?.well()?;
    Ok(if ran.out.trim().is_empty() { Value::Null } else { ran.json()? })
}

/// Invokes what the rule invokes; whether the invocation failed, and its answer.
fn rehearse(pipeline: &Pipeline<'_>, rule: &str) -> Outcome<(bool, Value)> {
    let targets = aws(pipeline, &["events", "list-targets-by-rule", "--rule", rule])?;
    let function = targets["Targets"][0]["Arn"].as_str().ok_or("the rule invokes nothing")?;
    let file = std::env::temp_dir().join(format!("ssmbak-rehearsal-{}", std::process::id()));
    let path = file.to_str().ok_or("no path")?;
    let invoked = aws(pipeline, &["lambda", "invoke", "--function-name", function, path])?;
    let answer = serde_json::from_slice(&std::fs::read(&file)?)?;
    std::fs::remove_file(&file)?;
    Ok((!invoked["FunctionError"].is_null(), answer))
}

#[tokio::test]
async fn scheduled_rehearsal_restores_aside_and_fails_if_a_key_is_gone() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    let resources = pipeline.run(&format!("ssmbak-stack {STACK} resources"))?.well()?;
    assert!(!resources.out.contains("Rehearsal"), "{resources:?}");
    let mut update = pipeline.command(&binary("ssmbak-stack"));
    update.args([STACK, "update", "--yes", "--param", "Rehearsal=rate(12 hours)"]);
    Ran::of(update)?.well()?;
    let text = |id: &str| -> Outcome<String> {
        Ok(pipeline.resource(STACK, id)?.as_str().ok_or("it has no name")?.to_owned())
    };
    let (rule, function) = (text("RehearsalRule")?, text("RehearsalFunction")?);

    let store = &pipeline.store;
    store.put("/app/host", "String", "one", "described").await?;
    store.put("/app/secret", "SecureString", "two", "").await?;
    pipeline.recorded("/app").await?;
    next_second().await;
    let doctor = pipeline.run("ssmbak doctor")?;
    assert!(doctor.out.contains("none yet: its rule, rate(12 hours), was deployed"), "{doctor:?}");
    // An hour ago there was nothing.
    let variables = aws(&pipeline, &["lambda", "get-function-configuration", "--function-name", &function])?;
    let mut variables = variables["Environment"]["Variables"].clone();
    assert_eq!(variables["SSMBAK_REHEARSAL"], "3600");
    let (failed, answer) = rehearse(&pipeline, &rule)?;
    assert_eq!((failed, &answer["restored"], &answer["unknown"]), (false, &json!(0), &json!(0)), "{answer}");
    variables["SSMBAK_REHEARSAL"] = json!("0");
    let configure = |variables: &Value| {
        let environment = json!({"Variables": variables}).to_string();
        let update =
            ["lambda", "update-function-configuration", "--function-name", &function, "--environment", &environment];
        aws(&pipeline, &update).map(drop)
    };
    configure(&variables)?;
    let last = |status: &str, said: &str| -> Outcome {
        let doctor = pipeline.run("ssmbak doctor --output json")?.json()?;
        let found = doctor["Findings"].as_array().into_iter().flatten().find(|row| row["Check"] == "LastRehearsal");
        let found = found.ok_or(format!("no LastRehearsal: {doctor}"))?;
        let is_so = found["Status"] == status && found["Message"].as_str().is_some_and(|told| told.contains(said));
        if is_so { Ok(()) } else { Err(found.to_string().into()) }
    };
    last("ok", "the last one succeeded")?;
    let before = store.state("/").await?;
    let (failed, answer) = rehearse(&pipeline, &rule)?;
    assert_eq!((failed, &answer["outcome"], &answer["restored"]), (false, &json!("rehearsed"), &json!(2)), "{answer}");
    assert_eq!(store.state("/").await?, before, "nothing is left");
    let doctor = pipeline.run("ssmbak doctor --output json")?.json()?;
    let found = doctor["Findings"].as_array().into_iter().flatten().find(|row| row["Check"] == "Rehearsal");
    assert_eq!(found.map(|row| &row["Status"]), Some(&json!("ok")), "{doctor}");

    // The key of the secret is gone.
    let calls = CallRecorder::before(ministack.port())?;
    calls.refuse("PutParameter", &["/newvoll/ssmbak/drill-rehearsal-", "SecureString"], "InvalidKeyId");
    variables["AWS_ENDPOINT_URL_SSM"] = json!(calls.endpoint());
    configure(&variables)?;
    let (failed, answer) = rehearse(&pipeline, &rule)?;
    let why = answer["errorMessage"].as_str().unwrap_or_default();
    assert!(failed && why.contains("1 of 2") && why.contains("/app/secret"), "{answer}");
    assert_eq!(store.state("/").await?, before, "nothing is left");
    last("problem", "the last one failed")?;

    // Nobody who lacks the permission, and no answer that is none, is taken for a rehearsal that went well.
    let cloudwatch = CallRecorder::before(ministack.port())?;
    for (error, said) in [
        ("AccessDeniedException", "ask for the permission cloudwatch:GetMetricData"),
        ("ThrottlingException", "throttled by AWS"),
    ] {
        cloudwatch.refuse("GetMetricData", &[], error);
        let mut doctor = pipeline.command(&binary("ssmbak"));
        doctor.args(["doctor"]).env("AWS_ENDPOINT_URL_CLOUDWATCH", cloudwatch.endpoint());
        let doctor = Ran::of(doctor)?;
        let line = doctor.out.lines().find(|line| line.contains("LastRehearsal")).unwrap_or_default();
        assert!(line.starts_with("unknown") && line.contains(said), "{doctor:?}");
        cloudwatch.take()?;
    }
    // Where nobody answers.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut doctor = pipeline.command(&binary("ssmbak"));
    doctor.args(["doctor"]).env("AWS_ENDPOINT_URL_CLOUDWATCH", format!("http://{nobody}"));
    let doctor = Ran::of(doctor)?;
    let line = doctor.out.lines().find(|line| line.contains("LastRehearsal")).unwrap_or_default();
    assert!(line.starts_with("unknown") && line.contains("no response from AWS"), "{doctor:?}");

    aws(&pipeline, &["events", "disable-rule", "--name", &rule])?;
    let doctor = pipeline.run("ssmbak doctor")?;
    assert!(doctor.out.contains(&format!("aws events enable-rule --name {rule}")), "{doctor:?}");
    Ok(())
}
