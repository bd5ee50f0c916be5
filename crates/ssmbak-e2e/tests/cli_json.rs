//! What programs read: the contract, over a bucket that our function wrote.

use serde_json::{Value, json};
use ssmbak_e2e::{Outcome, Recorder as _, World, next_second};

const SECRETS: [&str; 3] = ["hush-once", "hush-twice", "hush-thrice"];

/// The keys of a value and all within it that do not look as they should, and what is null.
fn offences(value: &Value, within: &str) -> Vec<String> {
    let pascal =
        |key: &str| key.starts_with(|c: char| c.is_ascii_uppercase()) && key.chars().all(|c| c.is_ascii_alphanumeric());
    match value {
        Value::Null => vec![format!("{within} is null")],
        Value::Array(items) => items.iter().flat_map(|item| offences(item, within)).collect(),
        // Tags are named by people.
        Value::Object(_) if within == "Tags" => Vec::new(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| {
                let own = (!pascal(key)).then(|| format!("{within} has a key {key}"));
                own.into_iter().chain(offences(value, key)).collect::<Vec<_>>()
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Secrets to be created, updated, deleted and unveiled by a restore to the time returned.
async fn story(world: &World, prefix: &str) -> Outcome<jiff::Timestamp> {
    let (store, function) = (&world.store, world.function()?);
    let name = |last: &str| format!("{prefix}/{last}");
    function.record(&[
        store.put(&name("updated"), "SecureString", SECRETS[0], "one").await?,
        store.put(&name("created"), "SecureString", SECRETS[1], "").await?,
        store.put(&name("veiled"), "String", "plain", "").await?,
        store.put(&name("deleted"), "String", "x", "").await?,
        store.put(&name("same"), "StringList", "a,b", "").await?,
    ])?;
    next_second().await;
    function.record(&[store.delete(&name("deleted")).await?])?;
    let then = next_second().await;
    function.record(&[
        store.delete(&name("created")).await?,
        store.put(&name("deleted"), "SecureString", SECRETS[2], "").await?,
        store.put(&name("updated"), "SecureString", SECRETS[1], "two").await?,
        store.put(&name("veiled"), "SecureString", SECRETS[2], "").await?,
        store.put(&name("young"), "SecureString", SECRETS[0], "").await?,
    ])?;
    Ok(then)
}

#[tokio::test]
async fn rows_have_exactly_the_keys_that_apply_to_them_and_are_sorted() -> Outcome {
    let world = World::new("rows").await?;
    let then = story(&world, "/rows").await?;
    let preview = world.run(&format!("ssmbak preview /rows/ {then} --output json"))?.well()?.json()?;
    let keys = |row: &Value| row.as_object().map(|row| row.keys().cloned().collect::<Vec<_>>().join(" "));
    let rows: Vec<_> =
        preview["Changes"].as_array().into_iter().flatten().map(|row| (row["Name"].clone(), keys(row))).collect();
    let expected = [
        ("created", "Action DataType KeyId LastModifiedUser Masked Modified Name Tier Type Version"),
        ("deleted", "Action Deleted Modified Name"),
        ("updated", "Action DataType Description Fields KeyId LastModifiedUser Masked Modified Name Tier Type Version"),
        ("veiled", "Action DataType Fields LastModifiedUser Modified Name Tier Type Value Version"),
        ("young", "Action Deleted Name"),
    ];
    assert_eq!(rows, expected.map(|(name, keys)| (format!("/rows/{name}").into(), Some(keys.to_owned()))));
    assert_eq!((&preview["Unchanged"], &preview["Unknown"], &preview["Warnings"]), (&json!(1), &json!([]), &json!([])));
    assert_eq!(preview["Changes"][2]["Fields"], json!(["Value", "Description"]));
    assert_eq!(preview["Changes"][3]["Fields"], json!(["Value", "Type"]));

    // The same rows, each with what became of it.
    let mut restore = world.run(&format!("ssmbak restore /rows/ {then} --output json"))?.well()?.json()?;
    let id = restore.as_object_mut().and_then(|restore| restore.remove("RestoreId"));
    assert!(id.is_some_and(|id| id.is_string()), "a restore has an id");
    let mut expected = preview.clone();
    for row in expected["Changes"].as_array_mut().into_iter().flatten() {
        row["Outcome"] = "done".into();
    }
    assert_eq!(restore, expected);
    let again = world.run(&format!("ssmbak restore /rows/ {then} --output json"))?.well()?.json()?;
    assert_eq!((&again["Changes"], &again["Unchanged"]), (&json!([]), &json!(4)), "{again}");
    Ok(())
}

#[tokio::test]
async fn nothing_printed_is_null_or_a_secret_however_much_is_asked_for() -> Outcome {
    let world = World::new("said").await?;
    let then = story(&world, "/said").await?;
    let lines = [
        format!("ssmbak preview /said/ {then}"),
        format!("ssmbak get /said/created {then}"),
        format!("ssmbak get /said/updated {then}"),
        "ssmbak-all".to_owned() + " -p /said",
        "ssmbak log /said/ -p".to_owned(),
        "ssmbak trash /said/".to_owned(),
        format!("ssmbak restore /said/ {then}"),
        "ssmbak all --do-it -p /said".to_owned(),
    ];
    for line in &lines {
        for verbose in ["", " -v", " -vvv"] {
            let ran = world.run(&format!("{line} --output json{verbose}"))?.well()?;
            assert_eq!(offences(&ran.json()?, line), [""; 0], "{ran:?}");
            let people = world.run(&format!("{line}{verbose}"))?;
            for secret in SECRETS {
                assert!(
                    !format!("{ran:?}{people:?}").contains(secret),
                    "{line}{verbose} told {secret}: {ran:?} {people:?}"
                );
            }
        }
    }
    let revealed = world.run(&format!("ssmbak get /said/created {then} --output json --reveal"))?.well()?.json()?;
    assert_eq!((&revealed["Value"], revealed.get("Masked")), (&json!(SECRETS[1]), None));
    Ok(())
}
