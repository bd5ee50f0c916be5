//! The actions that the book and the template name.

use std::fs;

use ssmbak_e2e::Outcome;
use ssmbak_testkit::workspace_dir;

use crate::actions::Actions;

/// The actions in the table of the book's page on permissions for somebody: those between the words in bold that begin with these and the next.
pub fn page(who: &str) -> Outcome<Actions> {
    let text = fs::read_to_string(workspace_dir().join("docs/book/src/permissions.md"))?;
    let start = text.find(&format!("\n**{who}")).ok_or(format!("the page does not tell of {who}"))?;
    let section = &text[start + 1..];
    let end = section[2..].find("\n**").or(section.find("\n## ")).unwrap_or(section.len() - 2) + 2;
    let end = section.find("\n## ").map_or(end, |heading| end.min(heading));
    let rows = section[..end].lines().filter(|line| line.starts_with('|'));
    let actions: Actions =
        rows.flat_map(|row| row.split('`')).filter(|word| is_action(word)).map(str::to_owned).collect();
    if actions.is_empty() { Err(format!("the page names no action for {who}").into()) } else { Ok(actions) }
}

/// The actions that the policy in JSON allows which the page has for somebody, after the words in bold that begin with these.
pub fn json_policy(who: &str) -> Outcome<Actions> {
    let text = fs::read_to_string(workspace_dir().join("docs/book/src/permissions.md"))?;
    let section = text.split(&format!("\n**{who}")).nth(1).ok_or(format!("the page does not tell of {who}"))?;
    let block = section.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).ok_or("no policy")?;
    let policy: serde_json::Value = serde_json::from_str(block)?;
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().into_iter().flatten());
    let actions: Actions = actions.filter_map(|action| action.as_str()).map(str::to_owned).collect();
    if actions.is_empty() { Err(format!("the policy allows nothing for {who}").into()) } else { Ok(actions) }
}

/// The actions that the function's role allows.
pub fn role() -> Outcome<Actions> {
    policy("FunctionRole")
}

/// The actions that a role or policy of the template allows.
pub fn policy(logical_id: &str) -> Outcome<Actions> {
    let template = fs::read_to_string(workspace_dir().join("crates/ssmbak-stack/template.yml"))?;
    let role = template.split(&format!("\n  {logical_id}:\n")).nth(1).ok_or("no role")?;
    // The next resource begins at the same depth.
    let lines = role
        .lines()
        .take_while(|line| !line.starts_with("  ") || line.starts_with("   ") || line.trim().starts_with('#'));
    let words = lines.flat_map(|line| line.split(['[', ']', '{', '}', ',', ' '])).map(str::trim);
    let actions: Actions =
        words.filter(|word| is_action(word) && *word != "sts:AssumeRole").map(str::to_owned).collect();
    if actions.is_empty() { Err("the role allows nothing".into()) } else { Ok(actions) }
}

fn is_action(word: &str) -> bool {
    let services =
        ["s3", "ssm", "tag", "kms", "sqs", "logs", "cloudformation", "cloudwatch", "sts", "events", "lambda"];
    word.split_once(':').is_some_and(|(service, action)| {
        services.contains(&service)
            && action.starts_with(|first: char| first.is_ascii_uppercase())
            && action.chars().all(|char| char.is_ascii_alphabetic())
    })
}

#[test]
fn the_tables_and_the_role_can_be_read() -> Outcome {
    let previews = page("Who previews")?;
    assert!(previews.contains("s3:ListBucketVersions") && !previews.contains("s3:PutObject"), "{previews:?}");
    let role = role()?;
    assert!(role.contains("s3:PutObject") && role.contains("kms:Decrypt"), "{role:?}");
    assert!(role.iter().all(|action| !action.starts_with("cloudformation")), "{role:?}");
    Ok(())
}

#[test]
fn policies_for_people_allow_what_the_page_names() -> Outcome {
    let union = |whose: &[&str]| -> Outcome<Actions> {
        whose.iter().try_fold(Actions::new(), |all, who| Ok(all.into_iter().chain(page(who)?).collect()))
    };
    let viewer = policy("ViewerPolicy")?;
    assert_eq!(viewer, union(&["Who previews", "Who looks further"])?);
    let both: Actions = policy("RestorerPolicy")?.into_iter().chain(viewer).collect();
    let needed = union(&["Who previews", "Who looks further", "Who runs `ssmbak-all`", "Who restores"])?;
    assert_eq!(both, needed);
    Ok(())
}

#[test]
fn the_page_tells_of_the_roles_as_they_are() -> Outcome {
    assert_eq!(page("The function's role")?, role()?);
    assert_eq!(page("The rehearsal's role")?, policy("RehearsalRole")?);
    assert_eq!(page("The replication role")?, policy("ReplicationPolicy")?);
    Ok(())
}
