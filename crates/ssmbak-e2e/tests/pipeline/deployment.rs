//! The stack, as its command deploys it and tells about it.

use serde_json::json;
use ssmbak_e2e::Outcome;

use crate::pipeline::{Pipeline, STACK};

#[tokio::test]
async fn the_stack_is_deployed_and_tells_about_itself() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let ask = |what: &str| pipeline.run(&format!("ssmbak-stack {STACK} {what}"))?.well();
    assert_eq!(ask("status")?.out, "CREATE_COMPLETE\n");
    assert_eq!(ask("lambdaname")?.out, "e2e\n");
    assert_eq!(ask("region")?.out, "us-east-1\n");
    let bucket = ask("bucketname")?.out;
    let told = pipeline.store.value("/newvoll/ssmbak/bucketname").await;
    assert_eq!(told.as_deref(), Some(bucket.trim()));
    assert_eq!(pipeline.store.value("/newvoll/ssmbak/stackname").await.as_deref(), Some(STACK));
    let versioning = pipeline.s3.get_bucket_versioning().bucket(bucket.trim()).send().await?;
    assert_eq!(versioning.status().map(|status| status.as_str()), Some("Enabled"));
    let status = ask("status --output json")?.json()?;
    assert_eq!(status, json!({"StackName": STACK, "StackStatus": "CREATE_COMPLETE"}));
    Ok(())
}

#[tokio::test]
async fn an_update_without_changes_changes_nothing_and_succeeds() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let ran = pipeline.run(&format!("ssmbak-stack {STACK} update --yes"))?.well()?;
    assert_eq!(ran.out, "CREATE_COMPLETE\n");
    assert!(ran.err.contains("the stack e2e is up to date, there is nothing to change"), "{ran:?}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_done_to_a_stack_is_one_sentence() -> Outcome {
    let pipeline = Pipeline::shared()?;
    for (line, code) in [
        (format!("ssmbak-stack {STACK} create --yes"), "StackExists"),
        ("ssmbak-stack second create --yes".to_owned(), "StackExists"),
        ("ssmbak-stack nowhere status".to_owned(), "StackMissing"),
        ("ssmbak-stack nowhere update --yes".to_owned(), "StackMissing"),
        (format!("ssmbak-stack {STACK} update --yes --param Bogus=1"), "ParameterUnknown"),
    ] {
        let ran = pipeline.run(&format!("{line} --output json"))?;
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{line}: {ran:?}");
        let error: serde_json::Value = serde_json::from_str(&ran.err)?;
        assert_eq!(error["Error"]["Code"], code, "{ran:?}");
    }
    Ok(())
}
