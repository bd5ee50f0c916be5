//! Names for moments.

use serde_json::json;

use crate::common::schema::check;
use crate::common::{Outcome, Ran, World};
use crate::{of, past, records};

#[tokio::test]
async fn a_mark_stands_for_its_moment_wherever_a_time_does() -> Outcome {
    let world = World::new("marked").await;
    let then = past(&world, "/marked").await;
    records(&world, "/marked");
    let set =
        Ran::of(world.command(&format!("ssmbak mark before --at {then} -o json -m")).arg("the good \u{1b} state"));
    assert_eq!((set.code, &check("marks", &set.json())["Marks"][0]["Name"]), (Some(0), &json!("before")), "{set:?}");
    let taken = world.run("ssmbak mark before -o json");
    assert_eq!((taken.code, &taken.error()["Error"]["Code"]), (Some(1), &json!("AlreadyExists")), "{taken:?}");
    assert_eq!(world.run("ssmbak mark later").code, Some(0));
    assert_eq!(world.run("ssmbak mark bad/name").code, Some(2));
    assert_eq!(world.run("ssmbak mark future --at 2999-01-01").code, Some(2));
    let marks = check("marks", &world.run("ssmbak marks -o json").json());
    assert_eq!(of(&marks["Marks"], "Name"), ["before", "later"]);
    let shown = world.run("ssmbak marks");
    assert!(shown.out.contains("the good \\u{1b} state"), "{shown:?}");

    let by_time = world.run(&format!("ssmbak preview /marked/ {then} -o json")).json();
    for line in ["ssmbak preview /marked/ mark:before -o json", "ssmbak preview /marked/ --at mark:before -o json"] {
        let by_mark = check("preview", &world.run(line).json());
        assert_eq!(by_mark["Changes"], by_time["Changes"], "{line}");
        assert_eq!(by_mark["Warnings"], json!([]), "a mark is no foreign key");
    }
    assert_eq!(world.run("ssmbak get /marked/host mark:before").out, "alpha");
    assert_eq!(world.run("ssmbak get /marked/host --at mark:later").out, "omega");
    assert_eq!(world.run("ssmbak diff /marked/host mark:before mark:later -o json").code, Some(4));
    let log = world.run("ssmbak log /marked/host --since mark:before -o json").json();
    assert_eq!(of(&log["Entries"], "Operation"), ["update"]);
    let verified = world.run("ssmbak verify / -o json --include before").json();
    assert_eq!(verified["Findings"], json!([]), "{verified}");
    let unknown = world.run("ssmbak restore /marked/ mark:nowhere -o json");
    assert_eq!((unknown.code, &unknown.error()["Error"]["Code"]), (Some(1), &json!("NotFound")), "{unknown:?}");

    assert_eq!(world.run("ssmbak mark before --force").code, Some(0));
    assert_eq!(world.run("ssmbak marks --delete before").code, Some(0));
    assert_eq!(world.run("ssmbak marks --delete before").code, Some(1));
    let marks = world.run("ssmbak marks -o json").json();
    assert_eq!(of(&marks["Marks"], "Name"), ["later"]);
    assert_eq!(world.run("ssmbak mark before").code, Some(0), "a deleted mark can be set again");
    Ok(())
}
