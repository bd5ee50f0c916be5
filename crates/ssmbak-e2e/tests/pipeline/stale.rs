//! The pipeline where Parameter Store's reads lag behind its events, as on AWS.

use std::time::{Duration, Instant};

use aws_sdk_ssm::types::ParameterType;
use serde_json::Value;
use ssmbak_e2e::{Outcome, await_that};
use ssmbak_testkit::{Delays, Ministack, ssm_client};

use crate::pipeline::Pipeline;

const STACK: &str = "stale";
/// For how long a read shows the state before a write.
const STALE: Duration = Duration::from_secs(3);
/// An early message comes back within some ten seconds, several times if need be; the next sweep is a day away.
const SECONDS: Duration = Duration::from_secs(60);

fn delays() -> Delays {
    Delays { reads: STALE, events: Duration::from_millis(200) }
}

/// What the bucket takes for the present value; `None`: it knows of no version that is in effect.
fn present(pipeline: &Pipeline<'_>, name: &str) -> Outcome<Option<String>> {
    let ran = pipeline.run(&format!("ssmbak get {name} now --output json"))?;
    if ran.code != Some(0) {
        return Ok(None);
    }
    Ok(ran.json()?["Value"].as_str().map(str::to_owned))
}

async fn until(pipeline: &Pipeline<'_>, name: &str, value: Option<&str>) -> Outcome {
    let started = Instant::now();
    await_that(&format!("{name} to be {value:?} in the bucket"), async || {
        Ok(present(pipeline, name)?.as_deref() == value)
    })
    .await?;
    assert!(started.elapsed() < SECONDS, "{name} took {:?}", started.elapsed());
    Ok(())
}

#[tokio::test]
async fn changes_read_late_are_recorded_within_seconds() -> Outcome {
    let ministack = Ministack::start_delayed(None, delays())?;
    let pipeline = Pipeline::on(&ministack);
    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    // The commands look the bucket up in Parameter Store.
    tokio::time::sleep(STALE + Duration::from_secs(1)).await;
    // Written without a look at what is read back, which is late.
    let ssm = ssm_client(&ministack.endpoint());
    let put = async |name: &str, value: &str| {
        let put = ssm.put_parameter().name(name).value(value).r#type(ParameterType::String).overwrite(true);
        put.send().await.map(drop)
    };

    put("/stale/created", "one").await?;
    until(&pipeline, "/stale/created", Some("one")).await?;
    put("/stale/created", "two").await?;
    until(&pipeline, "/stale/created", Some("two")).await?;

    // Three versions faster than any of them can be read.
    for value in ["a", "b", "c"] {
        put("/stale/rapid", value).await?;
    }
    until(&pipeline, "/stale/rapid", Some("c")).await?;
    let log = pipeline.run("ssmbak log /stale/rapid --output json")?.well()?.json()?;
    let versions = log.to_string().matches("\"Version\":").count();
    assert!(versions >= 3, "all three are recorded: {log}");

    // Deleted while reads still show it.
    ssm.delete_parameter().name("/stale/created").send().await?;
    until(&pipeline, "/stale/created", None).await?;
    // While reads show it still, the two contradict each other, and nothing is changed.
    await_that("the plan to be sure", async || {
        let plan = pipeline.preview("/stale/", "now")?;
        assert_eq!(plan["Changes"], Value::Array(Vec::new()), "{plan}");
        Ok(plan["Unknown"] == Value::Array(Vec::new()))
    })
    .await
}
