//! How stacks look: aligned columns for people, AWS's own keys for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};
use ssmbak_stack::change_set::{Action, Replacement};
use ssmbak_stack::{Change, Deletion, ListedStack, Parameter, ParameterChange, Resource, StackEvent, template};

/// Rows as lines of aligned columns, without trailing blanks and without a last line end.
fn columns<const N: usize>(rows: &[[&str; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[&str; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// As [`columns`], of rows that own their cells.
pub(super) fn columns_of<const N: usize>(rows: &[[String; N]]) -> String {
    columns(&rows.iter().map(|row| row.each_ref().map(String::as_str)).collect::<Vec<_>>())
}

/// What a change set will do, for the question whether it should.
pub(super) fn changes_table(name: &str, changes: &[Change]) -> String {
    let mut text = format!("changes of the stack {name}:\n");
    let rows: Vec<[&str; 5]> = changes
        .iter()
        .map(|change| {
            let (sign, note) = match (change.action, change.replacement) {
                (Action::Add, _) => ("+", ""),
                (Action::Remove, _) => ("-", ""),
                // CloudFormation may not know yet, we do: a change set that replaces the bucket is never shown.
                (_, Replacement::Conditional) if change.logical_id == template::BUCKET => ("~", "stays"),
                (_, Replacement::Always) => ("~", "is replaced"),
                (_, Replacement::Conditional) => ("~", "may be replaced"),
                (_, Replacement::Never) => ("~", ""),
            };
            [sign, change.action.as_str(), &change.logical_id, &change.resource_type, note]
        })
        .collect();
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{}", columns(&rows));
    text
}

/// A parameter that gets another value, as one line.
pub(super) fn parameter_line(change: &ParameterChange) -> String {
    let shown = |value: &str| if value.is_empty() { "(empty)".to_owned() } else { value.to_owned() };
    format!("{}: {} → {}", change.key, shown(&change.before), shown(&change.after))
}

/// What a shorter retention costs.
pub(super) fn expiry(days: u32) -> String {
    let ago = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    format!(
        "values replaced or deleted more than {ago} ago expire within about two days and cannot be restored afterwards"
    )
}

/// The parameters that get other values, for programs.
pub(super) fn parameter_changes_json(changes: &[ParameterChange]) -> Value {
    let one =
        |change: &ParameterChange| json!({"ParameterKey": change.key, "Before": change.before, "After": change.after});
    changes.iter().map(one).collect()
}

/// The changes for programs, in CloudFormation's words.
pub(super) fn changes_json(changes: &[Change]) -> Value {
    let one = |change: &Change| {
        let mut object = json!({
            "Action": change.action.as_str(),
            "LogicalResourceId": change.logical_id,
            "ResourceType": change.resource_type,
        });
        if let Some(physical_id) = &change.physical_id {
            object["PhysicalResourceId"] = json!(physical_id);
        }
        if change.action == Action::Modify {
            object["Replacement"] = json!(match change.replacement {
                Replacement::Never => "False",
                Replacement::Conditional => "Conditional",
                Replacement::Always => "True",
            });
            object["Properties"] = json!(change.properties);
        }
        object
    };
    changes.iter().map(one).collect()
}

/// An event as one line: when, what, of which resource, why.
pub(super) fn event_line(event: &StackEvent) -> String {
    let time = event.time.strftime("%H:%M:%SZ");
    let mut line = format!("{time}  {:<20}  {} ({})", event.status, event.logical_id, event.resource_type);
    if let Some(reason) = &event.reason {
        let reason: Vec<&str> = reason.split_whitespace().collect();
        let _ = write!(line, "  {}", reason.join(" "));
    }
    line
}

/// What a deletion takes away and what it leaves, for the question whether it should.
pub(super) fn deletion_table(name: &str, region: &str, deletion: &Deletion) -> String {
    let row = |sign, word, resource: &Resource| {
        let Resource { logical_id, resource_type, physical_id, .. } = resource.clone();
        [sign, word, logical_id, resource_type, physical_id]
    };
    let own = |text: &str| text.to_owned();
    let goes = deletion.goes.iter().map(|resource| row(own("-"), own("delete"), resource));
    let stays = deletion.stays.iter().map(|resource| row(own(" "), own("keep"), resource));
    let rows: Vec<[String; 5]> = goes.chain(stays).collect();
    let mut text = format!("deletion of the stack {name} in {region}:\n{}", columns_of(&rows));
    if deletion.goes.iter().any(|resource| resource.resource_type == "AWS::SQS::Queue") {
        text.push_str("\nnothing will record changes any more, and those that wait in the queues are gone with them");
    }
    text
}

/// How to be rid of the bucket that a deletion leaves. S3 deletes up to a thousand versions with one request.
pub(super) fn how_to_remove(bucket: &str, region: &str) -> String {
    let query = "{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}}";
    format!(
        "to be rid of it and of all that was ever recorded, empty it, as often as there is something left, and remove it:\n  \
         aws s3api list-object-versions --region {region} --bucket {bucket} --max-items 1000 --output json --query \
         '{query}' > versions.json\n  \
         aws s3api delete-objects --region {region} --bucket {bucket} --delete file://versions.json\n  \
         aws s3 rb --region {region} s3://{bucket}"
    )
}

/// The parameters for people.
pub(super) fn parameters_table(parameters: &[Parameter]) -> String {
    let rows = parameters.iter().map(|parameter| [parameter.key.as_str(), &parameter.value]);
    columns(&rows.collect::<Vec<_>>())
}

/// The parameters for programs.
pub(super) fn parameters_json(parameters: &[Parameter]) -> Value {
    let one = |parameter: &Parameter| json!({"ParameterKey": parameter.key, "ParameterValue": parameter.value});
    parameters.iter().map(one).collect()
}

/// The resources for people.
pub(super) fn resources_table(resources: &[Resource]) -> String {
    let row = |resource: &Resource| resource.time.map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    let times: Vec<String> = resources.iter().map(|resource| row(resource).unwrap_or_default()).collect();
    let rows = resources.iter().zip(&times).map(|(resource, time)| {
        [time.as_str(), &resource.status, &resource.logical_id, &resource.resource_type, &resource.physical_id]
    });
    columns(&rows.collect::<Vec<_>>())
}

/// The resources for programs.
pub(super) fn resources_json(resources: &[Resource]) -> Value {
    let one = |resource: &Resource| {
        let mut object = json!({
            "LogicalResourceId": resource.logical_id,
            "ResourceType": resource.resource_type,
            "ResourceStatus": resource.status,
        });
        if !resource.physical_id.is_empty() {
            object["PhysicalResourceId"] = json!(resource.physical_id);
        }
        if let Some(time) = resource.time {
            object["Timestamp"] = json!(time.to_string());
        }
        object
    };
    resources.iter().map(one).collect()
}

/// A stack for people: name, status, version, bucket.
pub(super) fn stack_row(ListedStack { name, description }: &ListedStack) -> [String; 4] {
    let version = description.version().unwrap_or("-").to_owned();
    let bucket = description.bucket_output().unwrap_or_else(|| "-".to_owned());
    [name.clone(), description.status.to_string(), version, bucket]
}

/// A stack for programs. What it does not tell is absent.
pub(super) fn stack_json(ListedStack { name, description }: &ListedStack) -> Value {
    let mut object = json!({"StackName": name, "StackStatus": description.status.as_str()});
    if let Some(version) = description.version() {
        object["Version"] = json!(version);
    }
    if let Some(bucket) = description.bucket_output() {
        object["Bucket"] = json!(bucket);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn change(action: Action, logical_id: &str, replacement: Replacement) -> Change {
        Change {
            action,
            logical_id: logical_id.to_owned(),
            physical_id: None,
            resource_type: "AWS::SQS::Queue".to_owned(),
            replacement,
            properties: vec!["VisibilityTimeout".to_owned()],
        }
    }

    #[test]
    fn shows_changes() {
        let changes = [
            change(Action::Add, "DeadLetters", Replacement::Never),
            change(Action::Modify, "Q", Replacement::Never),
            change(Action::Modify, "Function", Replacement::Always),
            change(Action::Remove, "Old", Replacement::Never),
        ];
        insta::assert_snapshot!(changes_table("demo", &changes), @r"
        changes of the stack demo:
        +  Add     DeadLetters  AWS::SQS::Queue
        ~  Modify  Q            AWS::SQS::Queue
        ~  Modify  Function     AWS::SQS::Queue  is replaced
        -  Remove  Old          AWS::SQS::Queue
        ");
        assert_eq!(
            changes_json(&changes[2..3]),
            json!([{
                "Action": "Modify", "LogicalResourceId": "Function", "ResourceType": "AWS::SQS::Queue",
                "Replacement": "True", "Properties": ["VisibilityTimeout"],
            }])
        );
    }

    #[test]
    fn shows_a_changed_parameter_and_what_expires() {
        let change = |before: &str, after: &str| ParameterChange {
            key: "RetentionDays".to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        insta::assert_snapshot!(parameter_line(&change("365", "1")), @"RetentionDays: 365 → 1");
        insta::assert_snapshot!(parameter_line(&change("", "1")), @"RetentionDays: (empty) → 1");
        insta::assert_snapshot!(expiry(1), @"values replaced or deleted more than 1 day ago expire within about two days and cannot be restored afterwards");
        assert_eq!(
            parameter_changes_json(&[change("365", "1")]),
            json!([{"ParameterKey": "RetentionDays", "Before": "365", "After": "1"}])
        );
    }

    #[test]
    fn shows_an_event_as_one_line() {
        let event = StackEvent {
            id: "1".to_owned(),
            time: "2026-11-22T07:36:05Z".parse::<Timestamp>().unwrap(),
            logical_id: "Q".to_owned(),
            physical_id: String::new(),
            resource_type: "AWS::SQS::Queue".to_owned(),
            status: "CREATE_FAILED".to_owned(),
            reason: Some("no\nroom".to_owned()),
        };
        insta::assert_snapshot!(event_line(&event), @"07:36:05Z  CREATE_FAILED         Q (AWS::SQS::Queue)  no room");
    }
}
