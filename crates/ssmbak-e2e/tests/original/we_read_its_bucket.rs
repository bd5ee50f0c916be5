//! Buckets that our function wrote, read by us and by ssmbak 0.5.2.

use serde_json::json;
use ssmbak_e2e::{Outcome, Recorder as _, World, after, as_the_original_reads_it, assert_same, next_second};

use crate::scenario::{Life, PARTS, theirs};

#[tokio::test]
async fn a_bucket_of_ours_is_previewed_and_restored_exactly() -> Outcome {
    let world = World::new("exact").await?;
    let function = world.function()?;
    let life = Life::live(&world, "/exact", [&function; PARTS]).await?;
    for moment in &life.moments {
        let plan = life.our_preview(&world, moment.at, "")?;
        assert_eq!(plan["Unknown"], json!([]), "moment {}", moment.number);
        let seen = after(life.present.clone(), &plan["Changes"])?;
        assert_same(&seen, &life.goal(moment), format!("moment {}", moment.number));
    }
    // Before it all there was none of it, which is known, for the first versions are.
    let plan = life.our_preview(&world, life.before, "")?;
    assert_eq!(plan["Unknown"], json!([]));
    let left = after(life.present.clone(), &plan["Changes"])?;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["/exact2/sibling"]);

    for number in [1, 3, 0, 4, 2] {
        let moment = &life.moments[number];
        assert_same(&life.restore(&world, moment).await?, &life.goal(moment), format!("restored to moment {number}"));
    }
    Ok(())
}

#[tokio::test]
async fn the_original_previews_and_restores_what_our_function_wrote() -> Outcome {
    let world = World::new("ours").await?;
    let (function, original) = (world.function()?, world.original()?);
    let life = Life::live(&world, "/ours", [&function; PARTS]).await?;
    for moment in &life.moments {
        life.check_the_originals_preview(&original, moment)?;
    }

    // Not to a moment for which it would have to take descriptions away, which it never does.
    let moment = &life.moments[2];
    original.restore("/ours/", &theirs(moment.at), true)?;
    original.restore("/ours-root", &theirs(moment.at), false)?;
    let restored = as_the_original_reads_it(&world.store.state(life.prefix).await?);
    assert_same(&restored, &as_the_original_reads_it(&life.goal(moment)), "restored by the original");
    Ok(())
}

#[tokio::test]
async fn the_original_knows_a_parameter_until_our_function_records_its_deletion() -> Outcome {
    let world = World::new("deletion").await?;
    let (function, original) = (world.function()?, world.original()?);
    function.record(&[world.store.put("/deletion/p", "SecureString", "value", "described").await?])?;
    let alive = next_second().await;
    function.record(&[world.store.delete("/deletion/p").await?])?;
    let gone = next_second().await;
    world.store.put("/deletion/p", "String", "again", "").await?;

    let rows = original.preview("/deletion/", &theirs(alive), false)?;
    let expected = json!({"Name": "/deletion/p", "Type": "SecureString", "Value": "value", "Description": "described"});
    for (key, value) in expected.as_object().into_iter().flatten() {
        assert_eq!(&rows[0][key], value, "{rows}");
    }
    let rows = original.preview("/deletion/", &theirs(gone), false)?;
    assert_eq!((&rows[0]["Name"], &rows[0]["Deleted"]), (&json!("/deletion/p"), &json!(true)), "{rows}");
    Ok(())
}

#[tokio::test]
async fn the_original_passes_the_record_of_a_sweep_over() -> Outcome {
    let world = World::new("sweep-record").await?;
    let (function, original) = (world.function()?, world.original()?);
    function.record(&[world.store.put("/sweep-record/p", "String", "value", "").await?])?;
    world.put_object("ssmbak-sweep/last", b"{\"format\":1}", "").await?;
    let at = next_second().await;
    world.store.put("/sweep-record/p", "String", "another", "").await?;
    for path in ["/", "/sweep-record/"] {
        let rows = original.preview(path, &theirs(at), true)?;
        let names: Vec<&str> = rows.as_array().into_iter().flatten().filter_map(|row| row["Name"].as_str()).collect();
        assert!(
            names.contains(&"/sweep-record/p") && names.iter().all(|name| !name.contains("ssmbak-sweep")),
            "{rows}"
        );
    }
    Ok(())
}
