//! What cannot be recorded ends among the dead letters, and holds up nothing else.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, await_that};

use crate::pipeline::{Pipeline, STACK};

/// Defect: one bad record fails the whole batch.
#[tokio::test]
async fn a_poisoned_message_alone_ends_among_the_dead_letters() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let (queue, dead_letters) = (pipeline.resource(STACK, "Q")?, pipeline.resource(STACK, "DeadLetters")?);
    // Six minutes as deployed, which nobody waits for here.
    let attributes = json!({"VisibilityTimeout": "1"});
    pipeline.sqs("SetQueueAttributes", &json!({"QueueUrl": queue, "Attributes": attributes}))?;

    let poison = "{\"detail\": {\"name\": ";
    for number in 0..9 {
        if number == 4 {
            pipeline.sqs("SendMessage", &json!({"QueueUrl": queue, "MessageBody": poison}))?;
        }
        pipeline.store.put(&format!("/letters/p{number}"), "String", "value", "").await?;
    }
    pipeline.recorded("/letters").await?;
    let mut dead: Vec<Value> = Vec::new();
    await_that("the poison to be among the dead letters", async || {
        let asked = json!({"QueueUrl": dead_letters, "MaxNumberOfMessages": 10});
        let reply = pipeline.sqs("ReceiveMessage", &asked)?;
        dead.extend(reply["Messages"].as_array().into_iter().flatten().map(|message| message["Body"].clone()));
        Ok(!dead.is_empty())
    })
    .await?;
    assert_eq!(dead, [json!(poison)]);
    Ok(())
}
