//! `ssmbak-stack` and `ssmbak doctor`, and what the book says that they need.

use aws_sdk_ssm::types::ParameterType;
use serde_json::json;
use ssmbak_e2e::{Outcome, Ran, Store, command, sqs};
use ssmbak_testkit::{CallRecorder, Ministack, environment, ssm_client};

use crate::actions::{self, Actions, assert_same};
use crate::documented::page;

const STACK: &str = "permitted";

/// What CloudFormation checks as well when it is asked for all stacks.
const BY_CLOUDFORMATION: [&str; 1] = ["cloudformation:ListStacks"];

#[tokio::test]
async fn who_deploys_and_looks_after_it_needs_what_the_book_says_and_nothing_else() -> Outcome {
    let ministack = Ministack::start()?;
    let calls = CallRecorder::before(ministack.port())?;
    let run = |line: &str, code: i32| -> Outcome<Ran> {
        let env = environment(&calls.endpoint());
        let env = env.iter().map(|(name, value)| (*name, value.as_str()));
        let ran = Ran::of(command(line, env))?;
        if ran.code == Some(code) { Ok(ran) } else { Err(format!("{line}: {ran:#?}").into()) }
    };
    let taken = || -> Outcome<Actions> { Ok(actions::of(calls.take()?)) };

    run(&format!("ssmbak-stack {STACK} create --yes"), 0)?;
    // With nothing to change it lets go of the change set.
    run(&format!("ssmbak-stack {STACK} update --yes"), 0)?;
    run("ssmbak-stack list", 0)?;
    for what in ["status", "params", "resources", "bucketname", "lambdaname", "region", "template"] {
        run(&format!("ssmbak-stack {STACK} {what}"), 0)?;
    }
    let mut deploys = taken()?;

    // One message, and one undelivered event, so that there is something to look at and to put back.
    let store = Store::new(ssm_client(&ministack.endpoint()));
    let resources = run(&format!("ssmbak-stack {STACK} resources --output json"), 0)?.json()?;
    taken()?;
    for id in ["DeadLetters", "UndeliveredEvents"] {
        let found = resources.as_array().into_iter().flatten().find(|resource| resource["LogicalResourceId"] == id);
        let url = found.and_then(|found| found["PhysicalResourceId"].as_str()).ok_or(format!("no {id}"))?;
        sqs(ministack.port(), "SendMessage", &json!({"QueueUrl": url, "MessageBody": "x"}))?;
    }
    run("ssmbak doctor", 4)?;
    let doctor = taken()?;
    let of_doctor = page("Who looks after it")?;
    assert_same("the doctor", &doctor, &of_doctor, &[]);

    // Whoever may not look at something is told so, and sees the rest.
    calls.refuse("DescribeRule", &[], "AccessDeniedException");
    calls.refuse("GetQueueAttributes", &[], "AccessDeniedException");
    let told = run("ssmbak doctor --output json", 3)?.json()?;
    let count = |status: &str| {
        let findings = told["Findings"].as_array().into_iter().flatten();
        findings.filter(|finding| finding["Status"] == status).map(|finding| finding["Message"].to_string()).collect()
    };
    let unknown: Vec<String> = count("unknown");
    assert_eq!(unknown.len(), 5, "{told}");
    assert!(unknown.iter().any(|message| message.contains("events:DescribeRule")), "{told}");
    assert!(unknown.iter().any(|message| message.contains("sqs:GetQueueAttributes")), "{told}");
    assert!(count("ok").len() > 5, "{told}");
    taken()?;

    run("ssmbak doctor --canary", 4)?;
    let canary: Actions = taken()?.difference(&of_doctor).cloned().collect();
    assert_same("a canary", &canary, &page("Who sends a canary")?, &[]);
    assert!(store.described("/newvoll/ssmbak/canary-").await?.is_empty());

    // The checks of what not every stack has.
    let known: Actions = of_doctor.clone();
    let env = environment(&calls.endpoint());
    let env = env.iter().map(|(name, value)| (*name, value.as_str()));
    let mut update = command(&format!("ssmbak-stack {STACK} update --yes --param"), env);
    update.arg("Rehearsal=rate(1 day)");
    Ran::of(update)?.well()?;
    let updated = taken()?;
    assert!(!updated.contains("cloudwatch:GetMetricData"), "{updated:?}");
    run("ssmbak doctor", 4)?;
    let rehearsals: Actions = taken()?.difference(&known).cloned().collect();
    assert_same("who looks after rehearsals", &rehearsals, &page("Who looks after rehearsals")?, &[]);
    run("ssmbak-stack locked create-vault --source-account 000000000000 --yes", 0)?;
    let vault = run("ssmbak-stack locked resources --output json", 0)?.json()?;
    let bucket = vault.as_array().into_iter().flatten().find(|found| found["ResourceType"] == "AWS::S3::Bucket");
    let bucket = bucket.and_then(|found| found["PhysicalResourceId"].as_str()).ok_or("no vault")?;
    let update = format!("ssmbak-stack {STACK} update --param Rehearsal= --vault-bucket arn:aws:s3:::{bucket} --yes");
    run(&update, 0)?;
    taken()?;
    run("ssmbak doctor", 4)?;
    let vaults: Actions = taken()?.difference(&known).cloned().collect();
    let of_vaults: Actions = page("Who looks after a vault")?.difference(&known).cloned().collect();
    assert_same("who looks after a vault", &vaults, &of_vaults, &[]);

    run(&format!("ssmbak-stack {STACK} redrive"), 0)?;
    assert_same("a redrive", &taken()?, &page("Who redrives")?, &[]);

    run(&format!("ssmbak-stack {STACK} delete --yes"), 0)?;
    deploys.extend(taken()?);
    assert_same("who deploys", &deploys, &page("Who deploys")?, &BY_CLOUDFORMATION);
    Ok(())
}

#[tokio::test]
async fn a_first_sweep_that_is_refused_leaves_the_stack_and_says_what_to_do() -> Outcome {
    let ministack = Ministack::start()?;
    let calls = CallRecorder::before(ministack.port())?;
    let env = environment(&calls.endpoint());
    let run = |line: &str| Ran::of(command(line, env.iter().map(|(name, value)| (*name, value.as_str()))))?.well();
    calls.refuse("SendMessage", &[], "AccessDenied");
    let created = run(&format!("ssmbak-stack {STACK} create --yes"))?;
    for said in ["warning: the stack is deployed, but its first sweep was not started", "sqs:SendMessage", "ssmbak-all"]
    {
        assert!(created.err.contains(said), "{said}: {created:?}");
    }
    assert!(created.out.contains("Bucket: "), "{created:?}");
    assert_eq!(run(&format!("ssmbak-stack {STACK} status"))?.out, "CREATE_COMPLETE\n");
    run(&format!("ssmbak-stack {STACK} delete --yes"))?;

    calls.refuse("SendMessage", &[], "AccessDenied");
    let told = run(&format!("ssmbak-stack {STACK} create --yes --output json"))?.json()?;
    assert_eq!(told["FirstSweep"], "failed", "{told}");
    assert!(told["Warnings"][0].as_str().is_some_and(|warning| warning.contains("sqs:SendMessage")), "{told}");
    Ok(())
}

#[tokio::test]
async fn name_of_a_stack_that_is_gone_is_no_reason_against_a_creation() -> Outcome {
    let ministack = Ministack::start()?;
    let env = environment(&ministack.endpoint());
    let ssm = ssm_client(&ministack.endpoint());
    // As Parameter Store may still answer for a while after that stack was deleted.
    let put = ssm.put_parameter().name("/newvoll/ssmbak/stackname").value("gone");
    put.r#type(ParameterType::String).send().await?;
    let line = format!("ssmbak-stack {STACK} create --yes --no-sweep");
    let created = Ran::of(command(&line, env.iter().map(|(name, value)| (*name, value.as_str()))))?;
    // What CloudFormation makes of the parameter is its own business.
    assert!(!created.err.contains("already records") && created.err.contains("CREATE_IN_PROGRESS"), "{created:?}");
    Ok(())
}
