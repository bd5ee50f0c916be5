//! One command line for several regions of the account.

use serde_json::Value;
use ssmbak_e2e::Outcome;
use ssmbak_testkit::Ministack;

use crate::pipeline::Pipeline;
use crate::schema::check;

const STACK: &str = "wide";

/// What an entry says of its region: the status of the stack, or the code of the error.
fn outcomes(entries: &Value) -> Vec<(&str, &str)> {
    let entries = entries.as_array().map_or(&[][..], Vec::as_slice).iter();
    entries
        .map(|entry| {
            let status = entry["StackStatus"].as_str().or(entry["Error"]["Code"].as_str());
            (entry["Region"].as_str().unwrap_or_default(), status.unwrap_or_default())
        })
        .collect()
}

#[tokio::test]
async fn a_stack_lives_in_several_regions_by_one_command() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let told = |line: &str, code: i32| -> Outcome<Value> {
        let ran = pipeline.run(&format!("ssmbak-stack {line} --output json"))?;
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        ran.json()
    };

    let created = told(&format!("{STACK} create --regions us-east-1,eu-central-1 --no-sweep"), 0)?;
    let both = [("us-east-1", "CREATE_COMPLETE"), ("eu-central-1", "CREATE_COMPLETE")];
    assert_eq!(outcomes(&check("stack-regions", &created)), both);
    assert_ne!(created[0]["Bucket"], created[1]["Bucket"]);

    // A region that has it already keeps the others from nothing.
    let some = told(&format!("{STACK} create --regions eu-central-1,us-west-2 --no-sweep"), 3)?;
    assert_eq!(
        outcomes(&check("stack-regions", &some)),
        [("eu-central-1", "StackExists"), ("us-west-2", "CREATE_COMPLETE")]
    );
    let none = told(&format!("{STACK} status --regions ap-south-1,ap-south-1"), 1)?;
    assert_eq!(outcomes(&check("stack-regions", &none)), [("ap-south-1", "StackMissing")]);

    let listed = check("stack-list", &told("list --regions us-east-1,ap-south-1,us-west-2", 0)?);
    let places = [("us-east-1", "CREATE_COMPLETE"), ("us-west-2", "CREATE_COMPLETE")];
    assert_eq!(outcomes(&listed), places);
    for entry in listed.as_array().into_iter().flatten() {
        assert_eq!((&entry["StackName"], &entry["Version"]), (&STACK.into(), &env!("CARGO_PKG_VERSION").into()));
        assert!(
            ["ok", "warning", "problem", "unknown"].contains(&entry["Health"].as_str().ok_or("no health")?),
            "{entry}"
        );
    }

    let regions = "--regions us-east-1,eu-central-1,us-west-2";
    let updated = pipeline.run(&format!("ssmbak-stack {STACK} update {regions} --param RetentionDays=30"))?.well()?;
    let rows: Vec<Vec<&str>> = updated.out.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    let all = ["us-east-1", "eu-central-1", "us-west-2"];
    assert_eq!(rows, all.map(|region| vec![region, "UPDATE_COMPLETE"]));
    for region in all {
        assert!(updated.err.contains(&format!("{region}: changes of the stack {STACK}:\n")), "{}", updated.err);
    }

    let deleted = told(&format!("{STACK} delete {regions} --yes"), 0)?;
    assert_eq!(outcomes(&check("stack-regions", &deleted)), all.map(|region| (region, "DELETE_COMPLETE")));
    assert!(deleted.as_array().into_iter().flatten().all(|entry| entry["Kept"][0]["LogicalResourceId"] == "Bucket"));
    let nothing = pipeline.run(&format!("ssmbak-stack list {regions}"))?.well()?;
    assert_eq!(nothing.err, "no ssmbak stack found in us-east-1, eu-central-1, us-west-2\n");
    Ok(())
}

#[tokio::test]
async fn regions_are_given_once_and_after_the_command() -> Outcome {
    let ministack = Ministack::shared()?;
    let pipeline = Pipeline::on(ministack);
    for (line, sentence) in [
        ("ssmbak-stack s status --regions us-east-1 --region us-east-1", "--region and --regions"),
        ("ssmbak-stack s --regions us-east-1 status", "before the command"),
    ] {
        let ran = pipeline.run(line)?;
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.err.contains(sentence), "{ran:?}");
    }
    Ok(())
}
