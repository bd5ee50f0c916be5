//! Buckets that ssmbak 0.5.2 wrote, read by us.

use std::collections::BTreeSet;

use serde_json::Value;
use ssmbak_e2e::{Outcome, State, World, as_the_original_records_it};

use crate::scenario::{Life, PARTS, same_as_recorded, theirs};

fn names(rows: &Value) -> BTreeSet<&str> {
    rows.as_array().into_iter().flatten().filter_map(|row| row["Name"].as_str()).collect()
}

#[tokio::test]
async fn a_bucket_of_the_original_is_previewed_and_restored_as_it_was() -> Outcome {
    let world = World::new("theirs").await?;
    let original = world.original()?;
    let life = Life::live(&world, "/theirs", [&original; PARTS]).await?;

    for moment in &life.moments {
        same_as_recorded(&life.by_us(&world, moment)?, &life.goal(moment), moment);

        // Without being told to assume anything, we touch nothing that was recorded later only, and say so.
        let careful = life.our_preview(&world, moment.at, "")?;
        let later: &[&str] = match moment.number {
            0 => &["/theirs/new", "/theirs/stray"],
            4 => &[],
            _ => &["/theirs/stray"],
        };
        assert_eq!(names(&careful["Unknown"]), later.iter().copied().collect(), "moment {}", moment.number);
        assert!(names(&careful["Changes"]).is_disjoint(&names(&careful["Unknown"])), "{careful}");

        // The original is right about it, as far as it can tell, and we agree with its every row.
        let rows = life.check_the_originals_preview(&original, moment)?;
        let ours = life.our_preview(&world, moment.at, " --assume-absent --exclude /theirs-root")?;
        agrees(&ours["Changes"], &rows)?;
    }
    let root = original.preview("/theirs-root", &theirs(life.moments[2].at), false)?;
    assert_eq!((&root[0]["Name"], &root[0]["Value"]), (&"/theirs-root".into(), &"r2".into()), "{root}");

    // There and back, each time from a state that the last restore has left and recorded.
    for number in [2, 0, 3, 1, 4] {
        let moment = &life.moments[number];
        same_as_recorded(&life.restore(&world, moment).await?, &life.goal(moment), moment);
    }
    Ok(())
}

/// The original may list more than we do, for it takes its own mangling of a description for a difference.
fn agrees(ours: &Value, theirs: &Value) -> Outcome {
    for row in ours.as_array().ok_or("no changes")? {
        let mut other = theirs.as_array().into_iter().flatten().find(|other| other["Name"] == row["Name"]).cloned();
        if let (None, Some(Value::Object(other))) = (row.get("Modified"), &mut other) {
            // We give no time where nothing has happened, the original gives the present one.
            other.remove("Modified");
        }
        let mut row = row.clone();
        if let Value::Object(row) = &mut row {
            row.remove("Action");
            row.remove("Fields");
            if let Some(Value::String(value)) = row.get_mut("Value") {
                *value = value.trim().to_owned();
            }
        }
        assert_eq!(Some(row), other);
    }
    Ok(())
}

#[tokio::test]
async fn recording_everything_over_a_bucket_of_the_original_changes_no_answer() -> Outcome {
    let world = World::new("all-over").await?;
    let original = world.original()?;
    let life = Life::live(&world, "/all-over", [&original; PARTS]).await?;
    let answers = || -> Outcome<Vec<State>> {
        life.moments.iter().map(|moment| Ok(as_the_original_records_it(&life.by_us(&world, moment)?))).collect()
    };
    let before = answers()?;

    let dry = world.run("ssmbak-all -p /all-over /all-over-root")?.well()?;
    assert!(dry.out.contains("/all-over/constant  versions 1–3\n"), "{dry:?}");
    assert_eq!(answers()?, before, "nothing is written unasked");
    world.run("ssmbak-all -p /all-over /all-over-root --do-it")?.well()?;
    let again = world.run("ssmbak-all -p /all-over /all-over-root --do-it")?.well()?;
    assert_eq!(again.out, "everything is recorded: 3 parameters up to date\n");
    assert_eq!(answers()?, before);
    for moment in &life.moments[2..4] {
        life.check_the_originals_preview(&original, moment)?;
    }

    // What it adds: that what exists now did not exist before its first version.
    let plan = life.our_preview(&world, life.moments[0].at, "")?;
    assert_eq!(names(&plan["Unknown"]), ["/all-over/new"].into());
    Ok(())
}
