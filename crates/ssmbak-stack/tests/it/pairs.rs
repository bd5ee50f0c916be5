//! cfn-lint over the template with every pair of its options: for each two parameters, every two of their values are
//! together in one of the linted templates at least.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use ssmbak_emulators::target_dir;

use crate::lint::findings;
use crate::tree::{resolved, template};

/// A value of each parameter that has no list of values and no bounds; beside it, its default is taken.
const SAMPLES: [(&str, &str); 20] = [
    ("AccessLogBucket", "logs"),
    ("AlarmEmail", "ops@example.com"),
    ("CodeBucket", "artifacts"),
    ("CodeKey", "ssmbak-lambda/1.zip"),
    ("Exclude", "/ci/** *_token"),
    ("ExcludedNames", "/ci/*,*_token"),
    ("ExistingBucket", "mine"),
    ("Include", "/prod/**"),
    ("KmsKeyArn", "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    ("LogLevel", "DEBUG"),
    ("PermissionsBoundaryArn", "arn:aws:iam::123456789012:policy/bound"),
    ("PipelineKmsKeyArn", "arn:aws:kms:us-east-1:123456789012:key/5678abcd-12ab-34cd-56ef-1234567890ab"),
    ("PoliciesPath", "team-a/"),
    ("Rehearsal", "rate(3 days)"),
    ("SweepSchedule", "cron(0 3 * * ? *)"),
    ("ThresholdAgeOfOldestMessage", "60"),
    ("ThresholdNumberOfMessagesVisible", "10"),
    ("VaultAccountId", "444455556666"),
    ("VaultBucketArn", "arn:aws:s3:::the-vault"),
    ("VaultKmsKeyArn", "arn:aws:kms:us-east-1:444455556666:key/9abc5678-12ab-34cd-56ef-1234567890ab"),
];

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values of a parameter that are tried: the default, a sample, the bounds, and of a list the first and the last.
fn values(name: &str, parameter: &Value) -> Vec<String> {
    let allowed = parameter["AllowedValues"].as_array();
    let sample = SAMPLES.iter().find(|(of, _)| *of == name).map(|(_, value)| json!(value));
    let all = [
        parameter.get("Default").cloned(),
        sample,
        parameter.get("MinValue").cloned(),
        parameter.get("MaxValue").cloned(),
        allowed.and_then(|values| values.first().cloned()),
        allowed.and_then(|values| values.last().cloned()),
    ];
    let mut values: Vec<String> = all.iter().flatten().map(text).collect();
    values.sort();
    values.dedup();
    let is_filled_in = name.starts_with("Code");
    assert!(
        values.len() > 1 || is_filled_in,
        "give {name} a value in SAMPLES of crates/ssmbak-stack/tests/it/pairs.rs"
    );
    values
}

/// A parameter and one of its values, by their numbers.
type Choice = (usize, usize);

fn pair(one: Choice, other: Choice) -> (Choice, Choice) {
    (one.min(other), one.max(other))
}

/// Rows of one value for each parameter that have every pair of values but those that cannot be together. Greedy: a row
/// begins with a missing pair, and takes of each other parameter the value that brings most missing pairs.
fn rows(sizes: &[usize], fits: impl Fn(Choice, Choice) -> bool) -> Vec<Vec<Choice>> {
    let choices = |of: usize| (0..sizes[of]).map(move |value| (of, value));
    let all: Vec<Choice> = (0..sizes.len()).flat_map(choices).collect();
    let pairs = all.iter().flat_map(|one| all.iter().map(|other| (*one, *other)));
    let mut missing: BTreeSet<(Choice, Choice)> =
        pairs.filter(|(one, other)| one.0 < other.0 && fits(*one, *other)).collect();
    let mut rows = Vec::new();
    while let Some(&(one, other)) = missing.first() {
        let mut row = vec![one, other];
        for parameter in (0..sizes.len()).filter(|parameter| ![one.0, other.0].contains(parameter)) {
            let possible = choices(parameter).filter(|choice| row.iter().all(|taken| fits(*taken, *choice)));
            let brings = |choice: &Choice| row.iter().filter(|taken| missing.contains(&pair(**taken, *choice))).count();
            let best = possible.max_by_key(brings).unwrap();
            row.push(best);
        }
        missing.retain(|(one, other)| !(row.contains(one) && row.contains(other)));
        rows.push(row);
    }
    rows
}

/// The template as CloudFormation acts on it for these values, with the values in it.
fn concrete(values: &[(&str, &str)]) -> Value {
    let mut template = resolved(values);
    for section in ["Parameters", "Conditions", "Rules"] {
        template.as_object_mut().unwrap().remove(section);
    }
    for section in ["Resources", "Outputs"] {
        for (_, part) in template[section].as_object_mut().unwrap() {
            part.as_object_mut().unwrap().remove("Condition");
        }
    }
    values.iter().fold(template, |template, (name, value)| with(&template, name, value))
}

fn with(template: &Value, name: &str, value: &str) -> Value {
    match template {
        Value::Object(entries) if entries.get("Ref").is_some_and(|of| of == name) => json!(value),
        Value::Object(entries) => entries.iter().map(|(key, part)| (key.clone(), with(part, name, value))).collect(),
        Value::Array(items) => items.iter().map(|item| with(item, name, value)).collect(),
        Value::String(text) => json!(text.replace(&format!("${{{name}}}"), value)),
        other => other.clone(),
    }
}

#[test]
fn the_linter_finds_nothing_with_any_pair_of_options() {
    let template = template();
    let parameters: Vec<(&String, Vec<String>)> = template["Parameters"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, parameter)| (name, values(name, parameter)))
        .collect();
    let chosen =
        |(parameter, value): Choice| (parameters[parameter].0.as_str(), parameters[parameter].1[value].as_str());
    // The rules of the template: lock and replication of an existing bucket are its owner's, and both buckets have a key or
    // neither.
    let is_owners = |(name, value): (&str, &str)| {
        (name == "ObjectLockMode" && value != "NONE") || (name == "VaultBucketArn" && !value.is_empty())
    };
    let exists = |(name, value): (&str, &str)| name == "ExistingBucket" && !value.is_empty();
    let keys_differ = |(name, value): (&str, &str), (other, of_other): (&str, &str)| {
        (name, other) == ("KmsKeyArn", "VaultKmsKeyArn") && value.is_empty() != of_other.is_empty()
    };
    let fits = |one, other| {
        let (one, other) = (chosen(one), chosen(other));
        let refused = |one, other| is_owners(one) && exists(other) || keys_differ(one, other);
        !refused(one, other) && !refused(other, one)
    };
    let sizes: Vec<usize> = parameters.iter().map(|(_, values)| values.len()).collect();
    let rows = rows(&sizes, fits);
    let dir = target_dir().join("option-pairs");
    drop(fs::remove_dir_all(&dir));
    fs::create_dir_all(&dir).unwrap();
    let files = rows.iter().enumerate().map(|(number, row)| {
        let values: Vec<(&str, &str)> = row.iter().map(|choice| chosen(*choice)).collect();
        let file = dir.join(format!("{number}.json"));
        fs::write(&file, format!("{:#}", concrete(&values))).unwrap();
        file
    });
    let files: Vec<_> = files.collect();
    println!("{} combinations have every pair of {} values", files.len(), sizes.iter().sum::<usize>());
    let found = findings(&files, &["us-east-1"]);
    // A Sub whose only variable was a parameter, and an ARN that is a parameter's value: both are what `concrete` makes.
    let made = |line: &&str| [":W1020:", ":I3042:"].iter().any(|rule| line.contains(rule));
    let found: Vec<&str> = found.lines().filter(|line| !made(line)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn rows_have_every_pair() {
    let rows = rows(&[2, 3, 2, 4], |_, _| true);
    for (one, other) in [((0, 1), (3, 3)), ((1, 2), (2, 0)), ((2, 1), (3, 0))] {
        assert!(rows.iter().any(|row| row.contains(&one) && row.contains(&other)), "{one:?} {other:?}");
    }
    assert!(rows.len() < 20, "{}", rows.len());
}
