//! A bad night, told over the whole pipeline: what happened, what differs, what is gone, back again.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, next_second};

use crate::pipeline::Pipeline;

fn of<'a>(rows: &'a Value, key: &str) -> Vec<&'a Value> {
    rows.as_array().into_iter().flatten().map(|row| &row[key]).collect()
}

#[tokio::test]
async fn what_happened_is_told_and_what_was_deleted_comes_back() -> Outcome {
    let pipeline = Pipeline::shared()?;
    let store = &pipeline.store;
    store.put("/night/db/host", "String", "alpha", "").await?;
    store.put("/night/db/password", "SecureString", "correct horse", "").await?;
    pipeline.recorded("/night").await?;
    next_second().await;
    pipeline.run("ssmbak mark evening -m quiet")?.well()?;
    next_second().await;
    store.put("/night/db/host", "String", "omega", "").await?;
    next_second().await;
    store.delete("/night/db/password").await?;
    pipeline.recorded("/night").await?;

    let told = |line: &str| pipeline.run(&format!("{line} --output json"))?.well()?.json();
    let log = told("ssmbak log /night/ -R --since mark:evening")?;
    // Deletions have the time of their event, and no uncertain span before them.
    assert_eq!(of(&log["Entries"], "Operation"), ["update", "delete"], "{log}");
    assert_eq!(log["Entries"][0]["Fields"], json!(["Value"]), "{log}");

    let diff = pipeline.run("ssmbak diff /night/ -R mark:evening --output json")?;
    let changes = diff.json()?;
    assert_eq!((diff.code, of(&changes["Changes"], "Action")), (Some(4), vec![&json!("update"), &json!("delete")]));
    assert_eq!(changes["Changes"][1]["Before"]["Value"], "correct horse");

    let trash = told("ssmbak trash /night/")?;
    assert_eq!(of(&trash["Parameters"], "Name"), ["/night/db/password"]);
    assert_eq!(trash["Parameters"][0]["Evidence"], "recorded");
    assert_eq!(trash["Parameters"][0]["Deleted"], log["Entries"][1]["Time"]);
    let back = told("ssmbak undelete /night/ -R")?;
    assert_eq!(of(&back["Changes"], "Outcome"), ["done"], "{back}");
    assert_eq!(store.value("/night/db/password").await.as_deref(), Some("correct horse"));
    pipeline.recorded("/night").await?;

    let verified = told("ssmbak verify /night/")?;
    assert_eq!((&verified["Findings"], &verified["Verified"]), (&json!([]), &json!(2)));
    let env = pipeline.run("ssmbak export /night/ -R now --format shell")?.well()?;
    assert_eq!(env.out, "export DB_HOST='omega'\nexport DB_PASSWORD='correct horse'\n");
    Ok(())
}
