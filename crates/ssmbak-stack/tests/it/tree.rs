//! The template as a tree, and ways to find one's way in it.

use std::sync::LazyLock;

use saphyr::{LoadableYamlNode as _, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Reads the template as CloudFormation does: `!Ref X` is `{"Ref": X}`, `!Sub X` is `{"Fn::Sub": X}`.
pub fn template() -> Value {
    static READ: LazyLock<Value> = LazyLock::new(|| parsed(ssmbak_stack::template::TEMPLATE));
    READ.clone()
}

fn parsed(template: &str) -> Value {
    let documents = Yaml::load_from_str(template).unwrap();
    assert_eq!(documents.len(), 1);
    tree(&documents[0])
}

fn tree(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(tree).collect(),
        Yaml::Mapping(entries) => {
            let text = |key: &Yaml| key.as_str().unwrap().to_owned();
            let entries = entries.iter().map(|(key, value)| (text(key), tree(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, node) => {
            let function = match tag.suffix.as_str() {
                "Ref" | "Condition" => tag.suffix.clone(),
                other => format!("Fn::{other}"),
            };
            let argument = match tree(node) {
                Value::String(path) if function == "Fn::GetAtt" => path.split('.').collect(),
                argument => argument,
            };
            json!({ function: argument })
        }
        other => panic!("not expected in a template: {other:?}"),
    }
}

/// The resources of a type, with their logical ids.
pub fn of_type<'a>(template: &'a Value, wanted: &str) -> Vec<(&'a str, &'a Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    resources.filter(|(_, resource)| resource["Type"] == wanted).map(|(id, resource)| (id.as_str(), resource)).collect()
}

/// The logical id in `{"Fn::GetAtt": [id, attribute]}`.
pub fn attribute_of<'a>(value: &'a Value, attribute: &str) -> &'a str {
    assert_eq!(value["Fn::GetAtt"][1], attribute, "{value}");
    value["Fn::GetAtt"][0].as_str().unwrap()
}

/// Every statement of a policy document, its actions and resources as lists.
pub fn statements(document: &Value) -> Vec<Value> {
    let list = |value: &Value| match value {
        Value::Array(_) => value.clone(),
        other => json!([other]),
    };
    let statements = document["Statement"].as_array().unwrap().iter();
    statements
        .map(|statement| {
            let mut statement = statement.clone();
            statement["Action"] = list(&statement["Action"]);
            statement["Resource"] = list(&statement["Resource"]);
            statement
        })
        .collect()
}

/// The template as CloudFormation acts on it for these values of its parameters: conditions decided, what they leave out
/// left out.
pub fn resolved(values: &[(&str, &str)]) -> Value {
    decide(template(), values)
}

/// As [`resolved`], of the vault's template.
pub fn resolved_vault(values: &[(&str, &str)]) -> Value {
    decide(parsed(ssmbak_stack::template::VAULT_TEMPLATE), values)
}

fn decide(mut template: Value, values: &[(&str, &str)]) -> Value {
    let defaults = template["Parameters"].as_object().unwrap().iter();
    let mut parameters: Map<String, Value> =
        defaults.map(|(name, parameter)| (name.clone(), text(&parameter["Default"]))).collect();
    parameters.extend(values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    parameters.insert("AWS::AccountId".to_owned(), json!(ACCOUNT));
    let all = template["Conditions"].as_object().unwrap();
    let conditions: Map<String, Value> =
        all.iter().map(|(name, condition)| (name.clone(), json!(holds(condition, all, &parameters)))).collect();
    for section in ["Resources", "Outputs"] {
        let parts = template[section].as_object_mut().unwrap();
        parts.retain(|_, part| part.get("Condition").is_none_or(|name| conditions[name.as_str().unwrap()] == true));
        for part in parts.values_mut() {
            *part = decided(part, &conditions).unwrap();
        }
    }
    template
}

fn text(value: &Value) -> Value {
    value.as_str().map_or_else(|| json!(value.to_string()), |text| json!(text))
}

/// The account of the stack.
pub const ACCOUNT: &str = "111122223333";

fn holds(condition: &Value, all: &Map<String, Value>, parameters: &Map<String, Value>) -> bool {
    let (function, argument) = condition.as_object().unwrap().iter().next().unwrap();
    match function.as_str() {
        "Fn::Not" => !holds(&argument[0], all, parameters),
        "Fn::And" => argument.as_array().unwrap().iter().all(|part| holds(part, all, parameters)),
        "Condition" => holds(&all[argument.as_str().unwrap()], all, parameters),
        "Fn::Equals" => {
            // Lists are texts here, and joined with nothing between.
            let joined = |side: &Value| side["Fn::Join"][1]["Ref"].as_str().map(str::to_owned);
            let side = |side: &Value| match side["Ref"].as_str().map(str::to_owned).or_else(|| joined(side)).as_deref()
            {
                Some(name) => parameters[name].clone(),
                None => text(side),
            };
            side(&argument[0]) == side(&argument[1])
        }
        other => panic!("{other} is not expected in a condition"),
    }
}

/// A value with its conditions decided; `None`: nothing.
fn decided(value: &Value, conditions: &Map<String, Value>) -> Option<Value> {
    match value {
        Value::Object(entries) => {
            if value["Ref"] == "AWS::NoValue" {
                return None;
            }
            if let Some(choice) = entries.get("Fn::If") {
                let chosen = if conditions[choice[0].as_str().unwrap()] == true { 1 } else { 2 };
                return decided(&choice[chosen], conditions);
            }
            let entries = entries.iter().filter_map(|(key, value)| Some((key.clone(), decided(value, conditions)?)));
            Some(Value::Object(entries.collect()))
        }
        Value::Array(items) => Some(items.iter().filter_map(|item| decided(item, conditions)).collect()),
        other => Some(other.clone()),
    }
}

/// Everything that a value refers to, as `Name` or `Name.Attribute`.
pub fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(entries) => entries
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("Ref", Value::String(name)) => vec![name.clone()],
                ("Fn::GetAtt", Value::Array(path)) => {
                    vec![path.iter().map(|part| part.as_str().unwrap()).collect::<Vec<_>>().join(".")]
                }
                ("Fn::Sub", Value::String(text)) => {
                    let names = text.split("${").skip(1).map(|rest| rest.split('}').next().unwrap().to_owned());
                    names.collect()
                }
                _ => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// The properties of a resource.
pub fn properties<'a>(template: &'a Value, id: &str) -> &'a Value {
    &template["Resources"][id]["Properties"]
}

/// What the function's role allows.
pub fn rights(template: &Value) -> Vec<Value> {
    let role = properties(template, "FunctionRole");
    assert_eq!(role["ManagedPolicyArns"], Value::Null);
    let policies = role["Policies"].as_array().unwrap();
    assert_eq!(policies.len(), 1);
    let statements = statements(&policies[0]["PolicyDocument"]);
    assert!(statements.iter().all(|statement| statement["Effect"] == "Allow"));
    statements
}
