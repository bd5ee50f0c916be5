//! Tags change without a new version.

use aws_sdk_ssm::types::{ResourceTypeForTagging, Tag};
use serde_json::json;

use crate::common::schema::check;
use crate::common::{Outcome, World};
use crate::{next_second, records};

fn team(name: &str) -> Tag {
    Tag::builder().key("team").value(name).build().unwrap()
}

#[tokio::test]
async fn of_changed_tags_the_row_shows_the_value_that_was_not_compared() -> Outcome {
    let world = World::new("tags").await;
    let put = world.ssm.put_parameter().name("/tags/a").value("the value").r#type("String".into());
    put.tags(team("blue")).send().await?;
    world.put("/tags/b", "unchanged", "String").await;
    records(&world, "/tags");
    next_second().await;
    let parameter = ResourceTypeForTagging::Parameter;
    let tag = world.ssm.add_tags_to_resource().resource_type(parameter.clone()).resource_id("/tags/a");
    tag.tags(team("red")).send().await?;

    // Number and date are the same on both sides, so no value is read to compare them.
    let shown = check("preview", &world.run("ssmbak preview /tags/ now -o json").json());
    let rows = shown["Changes"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{shown}");
    assert_eq!((&rows[0]["Action"], &rows[0]["Fields"]), (&json!("update"), &json!(["Tags"])), "{shown}");
    assert_eq!(rows[0]["Value"], json!("the value"));

    let ran = world.run("ssmbak restore /tags/ now");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let listed = world.ssm.list_tags_for_resource().resource_type(parameter).resource_id("/tags/a").send().await?;
    assert_eq!(listed.tag_list(), [team("blue")]);
    let read = world.ssm.get_parameter().name("/tags/a").send().await?.parameter;
    let now = read.map(|found| (found.value.unwrap_or_default(), found.version));
    assert_eq!(now, Some(("the value".to_owned(), 1)), "tags are set without a new version");
    Ok(())
}
