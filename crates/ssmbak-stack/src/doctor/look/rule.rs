//! The rule at EventBridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::RuleState;

use super::Place;
use crate::call::{CallError, Task};
use crate::doctor::facts::{Look, Rule, Target};

const RULE: Task = Task::new("look at the rule", "events:DescribeRule");
const TARGETS: Task = Task::new("look at the rule's targets", "events:ListTargetsByRule");

pub(super) async fn look(events: &Client, rule: Place) -> Look<Rule> {
    rule.look(async |name| read(events, name).await).await
}

async fn read(events: &Client, name: &str) -> Result<Rule, CallError> {
    let described = events.describe_rule().name(name).send().await.map_err(|error| RULE.failed(error))?;
    // A rule has at most five.
    let listed = events.list_targets_by_rule().rule(name).send().await.map_err(|error| TARGETS.failed(error))?;
    let targets = listed.targets.unwrap_or_default().into_iter().map(|target| Target {
        arn: target.arn,
        keeps_failures: target.dead_letter_config.and_then(|config| config.arn).is_some_and(|arn| !arn.is_empty()),
    });
    Ok(Rule {
        name: name.to_owned(),
        enabled: described.state != Some(RuleState::Disabled),
        pattern: described.event_pattern.unwrap_or_default(),
        targets: targets.collect(),
    })
}
