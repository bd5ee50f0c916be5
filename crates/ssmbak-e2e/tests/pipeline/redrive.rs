//! What failed goes back into the queue once its cause is gone, and is recorded.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Ran, await_that};
use ssmbak_testkit::{Ministack, Venv};

use crate::pipeline::Pipeline;

const STACK: &str = "again";

#[tokio::test]
async fn dead_letters_and_undelivered_events_are_recorded_after_all() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    let bucket = pipeline.bucket(STACK)?;
    let (queue, dead) = (pipeline.resource(STACK, "Q")?, pipeline.resource(STACK, "DeadLetters")?);
    let undelivered = pipeline.resource(STACK, "UndeliveredEvents")?;
    let redrive = |options: &str| pipeline.run(&format!("ssmbak-stack {STACK} redrive{options}"));
    let empty = redrive("")?.well()?;
    assert_eq!(empty.out, "dead letters: 0 put back\nundelivered events: 0 put back\n", "{empty:?}");

    // Six minutes and ten tries as deployed, which nobody waits for here.
    let attributes = pipeline.sqs("GetQueueAttributes", &json!({"QueueUrl": dead, "AttributeNames": ["QueueArn"]}))?;
    let policy = json!({"deadLetterTargetArn": attributes["Attributes"]["QueueArn"], "maxReceiveCount": 1}).to_string();
    let attributes = json!({"VisibilityTimeout": "1", "RedrivePolicy": policy});
    pipeline.sqs("SetQueueAttributes", &json!({"QueueUrl": queue, "Attributes": attributes}))?;
    let aws = |arguments: &[&str]| -> Outcome<Ran> {
        let mut command = pipeline.command(&Venv::ready()?.executable("aws"));
        command.args(arguments);
        Ran::of(command)?.well()
    };
    let configure = |bucket: &str| -> Outcome {
        let variables = json!({"Variables": {"Stack": STACK, "SSMBAK_BUCKET": bucket, "LOGLEVEL": "INFO"}}).to_string();
        aws(&["lambda", "update-function-configuration", "--function-name", STACK, "--environment", &variables])?;
        Ok(())
    };
    configure("no-such-bucket")?;
    pipeline.store.put("/again/dead", "String", "value", "").await?;
    let poison = "{\"detail\": größe";
    pipeline.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": poison}))?;
    await_that("both among the dead letters", async || Ok(messages(&pipeline, &dead)? == 2)).await?;

    // An event as the rule puts it aside, which the queue has not seen.
    aws(&["events", "disable-rule", "--name", STACK])?;
    let mut event = pipeline.store.put("/again/undelivered", "String", "value", "").await?;
    // The account of the emulator, whose stack takes no other's events.
    event["account"] = "000000000000".into();
    aws(&["events", "enable-rule", "--name", STACK])?;
    let cause = json!({"ERROR_CODE": {"DataType": "String", "StringValue": "NO_PERMISSIONS"}});
    pipeline.sqs(
        "SendMessage",
        &json!({"QueueUrl": undelivered, "MessageBody": event.to_string(), "MessageAttributes": cause}),
    )?;

    let counted = redrive(" --dry-run --output json")?.well()?.json()?;
    assert_eq!((&counted["DryRun"], &counted["Queues"][0]["Messages"]), (&json!(true), &json!(2)), "{counted}");
    assert_eq!(counted["Queues"][1]["Messages"], 1, "{counted}");
    assert_eq!(messages(&pipeline, &dead)?, 2, "to count is to change nothing");

    configure(&bucket)?;
    let told = redrive(" --output json")?.well()?.json()?;
    assert_eq!((&told["Queues"][0]["Redriven"], &told["Queues"][1]["Redriven"]), (&json!(2), &json!(1)), "{told}");
    assert_eq!(told["Queues"][1]["Causes"], json!({"NO_PERMISSIONS": 1}));
    pipeline.recorded("/again").await?;
    assert_eq!(messages(&pipeline, &undelivered)?, 0);
    // What has a cause of its own is among them again, and is the only one.
    await_that("the poison among the dead letters again", async || Ok(messages(&pipeline, &dead)? == 1)).await?;
    Ok(())
}

fn messages(pipeline: &Pipeline<'_>, queue: &Value) -> Outcome<u64> {
    let asked = json!({"QueueUrl": queue, "AttributeNames": ["All"]});
    let attributes = pipeline.sqs("GetQueueAttributes", &asked)?;
    let count = |name: &str| attributes["Attributes"][name].as_str().and_then(|text| text.parse::<u64>().ok());
    let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
    Ok(names.iter().filter_map(|name| count(name)).sum())
}
