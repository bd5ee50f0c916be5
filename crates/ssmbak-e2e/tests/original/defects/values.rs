//! Values, byte for byte.

use serde_json::json;
use ssmbak_e2e::{Outcome, Recorder as _, World, next_second};

use crate::scenario::theirs;

const PEM: &str = "-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n";

/// Defects: trailing newlines are stripped; a lone space cannot be restored.
#[tokio::test]
async fn line_ends_and_lone_spaces_come_back_from_the_originals_own_bucket() -> Outcome {
    let world = World::new("bytes").await?;
    let original = world.original()?;
    let events = [
        world.store.put("/bytes/pem", "SecureString", PEM, "").await?,
        world.store.put("/bytes/blank/space", "String", " ", "").await?,
    ];
    original.record(&events)?;
    let then = next_second().await;
    for name in ["/bytes/pem", "/bytes/blank/space"] {
        world.store.delete(name).await?;
    }

    original.restore("/bytes/", &theirs(then), false)?;
    assert_eq!(world.store.value("/bytes/pem").await.as_deref(), Some(PEM.trim_end()), "it breaks the key");
    let error = original.restore("/bytes/blank/", &theirs(then), false).map_err(|error| error.to_string());
    assert!(error.as_ref().is_err_and(|error| error.contains("length greater than or equal to 1")), "{error:?}");

    let ran = world.run(&format!("ssmbak restore /bytes/ {then} -R -o json"))?.well()?.json()?;
    assert_eq!(ran["Changes"].as_array().map(Vec::len), Some(2), "{ran}");
    assert_eq!(world.store.value("/bytes/pem").await.as_deref(), Some(PEM));
    assert_eq!(world.store.value("/bytes/blank/space").await.as_deref(), Some(" "));
    Ok(())
}

/// Defect: an untagged or non-UTF-8 object crashes the preview.
#[tokio::test]
async fn what_says_nothing_about_itself_is_told_and_the_rest_is_restored() -> Outcome {
    let world = World::new("strange").await?;
    let original = world.original()?;
    original.record(&[world.store.put("/strange/good", "String", "good", "").await?])?;
    let then = next_second().await;
    let tags = format!("ssmbakTime={}&ssmbakType=String", then.as_second());
    world.put_object("/strange/untagged", b"x", "").await?;
    world.put_object("/strange/binary/data", b"\xff\xfe", &tags).await?;
    world.store.delete("/strange/good").await?;
    let now = next_second().await;
    for (path, crash) in [("/strange/", "KeyError"), ("/strange/binary/", "UnicodeDecodeError")] {
        let error = original.preview(path, &theirs(now), false).map_err(|error| error.to_string());
        assert!(error.as_ref().is_err_and(|error| error.contains(crash)), "{error:?}");
    }

    let ran = world.run(&format!("ssmbak restore /strange/ {then} -R -o json"))?;
    assert_eq!(ran.code, Some(3), "what is unknown was not restored: {ran:?}");
    let ran = ran.json()?;
    assert_eq!((&ran["Changes"][0]["Name"], &ran["Changes"][0]["Outcome"]), (&json!("/strange/good"), &json!("done")));
    let told = [&ran["Unknown"][0]["Name"], &ran["Unknown"][1]["Name"]];
    assert_eq!(told, [&json!("/strange/binary/data"), &json!("/strange/untagged")], "{ran}");
    assert_eq!(world.store.value("/strange/good").await.as_deref(), Some("good"));
    Ok(())
}
